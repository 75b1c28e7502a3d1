import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { createApiKey } from '../../db/queries/api-keys.js';
import { startTestApi, type TestApi } from '../harness/api.js';
import { createTestDatabase, type TestDatabase } from '../harness/database.js';

const TOKEN = 'EAAtopsecret';
let database: TestDatabase;
let api: TestApi;
before(async () => {
  database = await createTestDatabase();
  api = await startTestApi(database, { now: () => new Date('2026-03-02T12:00:00Z') });
});
after(async () => {
  await api.close();
  await database.drop();
});

async function tenant() {
  const { key } = await createApiKey(database, await database.newTenant(), { name: 'test', scopes: ['read', 'templates:write'] });
  return (method: string, path: string, body?: object) => api.call(method, path, { key, body });
}

describe('the accounts of social networks over HTTP', () => {
  it('are set, read, replaced and forgotten, and show their tokens to nobody', async () => {
    const call = await tenant();
    assert.equal((await call('GET', '/v1/social-accounts/messenger')).status, 404);
    const comment_keywords = [{ keyword: 'price', event: 'asked_price' }];
    const put = await call('PUT', '/v1/social-accounts/messenger', { account_id: '1001', access_token: TOKEN, comment_keywords });
    assert.equal(put.status, 200, put.text);
    const expected = { provider: 'messenger', account_id: '1001', comment_keywords, updated_at: '2026-03-02T12:00:00.000Z' };
    assert.deepEqual((await call('GET', '/v1/social-accounts/messenger')).body, expected);
    assert.equal((await call('PUT', '/v1/social-accounts/messenger', { account_id: '1002', access_token: TOKEN })).body.account_id, '1002');
    const { rows } = await database.admin.query<{ sealed: Buffer }>('select sealed_token as sealed from social_accounts');
    assert.ok(rows.length === 1 && !rows[0]?.sealed.includes(TOKEN));
    assert.ok(!api.log.some((line) => line.includes(TOKEN)));
    assert.equal((await call('DELETE', '/v1/social-accounts/messenger')).status, 200);
    assert.equal((await call('DELETE', '/v1/social-accounts/messenger')).status, 404);
  });

  it('are refused where they are none, and where they are another tenant’s', async () => {
    const [call, others] = [await tenant(), await tenant()];
    const fine = { account_id: '2001', access_token: TOKEN };
    for (const body of [
      {},
      { ...fine, account_id: 'shop' },
      { ...fine, access_token: 'two words' },
      { ...fine, comment_keywords: [{ keyword: '!', event: 'x' }] },
      { ...fine, comment_keywords: [{ keyword: 'x', event: '' }] },
      { ...fine, more: 1 },
    ]) {
      const answer = await call('PUT', '/v1/social-accounts/instagram', body);
      assert.equal(answer.status, 400, JSON.stringify(body));
      assert.ok(!answer.text.includes('two words'));
    }
    assert.equal((await call('PUT', '/v1/social-accounts/tiktok', fine)).status, 400);
    assert.equal((await others('PUT', '/v1/social-accounts/instagram', fine)).status, 200);
    assert.equal((await call('PUT', '/v1/social-accounts/instagram', fine)).status, 409);
    assert.equal((await call('PUT', '/v1/social-accounts/messenger', fine)).status, 200);
  });
});
