import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { inboxMarks } from '../../core/inbox/item.js';
import type { TenantId } from '../../core/ids.js';
import { createApiKey } from '../../db/queries/api-keys.js';
import { startTestApi, type TestApi } from '../harness/api.js';
import { createTestDatabase, type TestDatabase } from '../harness/database.js';
import { openInboxPage } from '../harness/inbox-page.js';

let database: TestDatabase;
let api: TestApi;
before(async () => {
  database = await createTestDatabase();
  api = await startTestApi(database);
});
after(async () => {
  await api.close();
  await database.drop();
});

const page = (user: string, items = 0, tenantId?: TenantId) => openInboxPage({ database, api }, user, { items, tenantId });

describe('a token', () => {
  it('is not given for an id that was merged into another: who can send events could open that inbox', async () => {
    const { key, tenantId } = await page('ann', 1);
    await database.pool.query(`select merge_users($1, 'mallory', 'ann')`, [tenantId]);
    const answer = await api.call('POST', '/v1/inbox/tokens', { key, body: { user_id: 'mallory' } });
    assert.equal(answer.status, 409);
    assert.match(answer.body.detail, /merged into another user/);
  });

  it('that was given before its id was merged away opens an empty inbox', async () => {
    const { call, tenantId } = await page('mallory', 1);
    await page('ann', 2, tenantId);
    await database.pool.query(`select merge_users($1, 'mallory', 'ann')`, [tenantId]);
    assert.deepEqual((await call('GET')).body.counts, { unseen: 0, unread: 0, total: 0 });
  });
});

/** How a page can say that two ids are one person. */
const SAYINGS = [
  (from: string, to: string) => ['alias', { previousId: from, userId: to }] as const,
  (from: string, to: string) => ['identify', { anonymousId: from, userId: to }] as const,
];

describe('the write key of a page', () => {
  for (const [from, to] of [
    ['ann', 'mallory'],
    ['mallory', 'ann'],
  ] as const) {
    it(`opens nothing of ann's to mallory by calling ${from} an earlier ${to}`, async () => {
      for (const saying of SAYINGS) {
        const ann = await page('ann', 2);
        const mallory = await page('mallory', 0, ann.tenantId);
        const { key: writeKey } = await createApiKey(database, ann.tenantId, { name: 'page', scopes: ['events:write'] });
        const headers = { authorization: `Basic ${Buffer.from(`${writeKey}:`).toString('base64')}` };
        const [path, body] = saying(from, to);
        assert.equal((await api.call('POST', `/v1/${path}`, { headers, body })).status, 200);
        const { rows } = await database.admin.query('select user_id from user_aliases where tenant_id = $1 and alias_id = $2', [
          ann.tenantId,
          from,
        ]);
        assert.deepEqual(rows, [{ user_id: to }], 'they are merged indeed');

        const { body: seen } = await mallory.call('GET');
        assert.deepEqual([seen.items, seen.counts.total, seen.last_item], [[], 0, 0]);
        for (const what of inboxMarks) assert.equal((await mallory.call('POST', `/1/${what}`)).status, 404);
        const mint = (userId: string, key = ann.key) => api.call('POST', '/v1/inbox/tokens', { key, body: { user_id: userId } });
        const refused = await mint(from);
        assert.equal(refused.status, 409);
        assert.doesNotMatch(refused.body.detail, new RegExp(`\\b${to}\\b`), 'nor is it said whose inbox to ask for instead');
        const own = await mint(to);
        const shown = (await api.call('GET', '/v1/inbox', { key: own.body.token })).body.items.length;
        assert.equal(shown, to === 'ann' ? 2 : 0);
        assert.equal((await mint('ann', writeKey)).status, 403);
      }
    });
  }
});
