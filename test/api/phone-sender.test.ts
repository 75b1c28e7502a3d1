import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { createApiKey } from '../../db/queries/api-keys.js';
import { startTestApi, type TestApi } from '../harness/api.js';
import { createTestDatabase, type TestDatabase } from '../harness/database.js';
import { newNumber } from '../harness/texts.js';

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

describe('the senders of texts over HTTP', () => {
  it('are set as a whole, and read', async () => {
    const call = await tenant();
    assert.equal((await call('GET', '/v1/phone-sender')).status, 404);
    const number = newNumber();
    const spaced = number.replace(/(\d{3})(\d{4})$/, ' $1-$2');
    const put = await call('PUT', '/v1/phone-sender', { sms_number: spaced, whatsapp_number: number });
    assert.equal(put.status, 200, put.text);
    const expected = {
      sms_number: number,
      messaging_service_sid: null,
      whatsapp_number: number,
      updated_at: '2026-03-02T12:00:00.000Z',
    };
    assert.deepEqual((await call('GET', '/v1/phone-sender')).body, expected);
    const service = await call('PUT', '/v1/phone-sender', { messaging_service_sid: `MG${'a'.repeat(32)}` });
    assert.deepEqual([service.body.sms_number, service.body.whatsapp_number], [null, null]);
  });

  it('are refused where they are none, or two where one is meant, or another tenant’s', async () => {
    const [call, others] = [await tenant(), await tenant()];
    for (const body of [
      {},
      { sms_number: '0415 55' },
      { whatsapp_number: '12345' },
      { messaging_service_sid: 'MG1' },
      { sms_number: '12345', messaging_service_sid: `MG${'b'.repeat(32)}` },
    ]) {
      assert.equal((await call('PUT', '/v1/phone-sender', body)).status, 400, JSON.stringify(body));
    }
    const number = newNumber();
    assert.equal((await others('PUT', '/v1/phone-sender', { sms_number: number })).status, 200);
    assert.equal((await call('PUT', '/v1/phone-sender', { sms_number: number })).status, 409);
    assert.equal((await others('PUT', '/v1/phone-sender', { sms_number: number })).status, 200);
  });
});

describe('approved WhatsApp templates over HTTP', () => {
  it('are named, listed, and named anew', async () => {
    const call = await tenant();
    const body = { content_sid: `HX${'1'.repeat(32)}`, variables: { 1: '{{ first_name | default: "there" }}' } };
    const put = await call('PUT', '/v1/whatsapp-templates/win_back', body);
    assert.equal(put.status, 200, put.text);
    assert.deepEqual([put.body.family, put.body.content_sid, put.body.variables], ['win_back', body.content_sid, body.variables]);
    const again = await call('PUT', '/v1/whatsapp-templates/win_back', { content_sid: `HX${'2'.repeat(32)}` });
    assert.deepEqual((await call('GET', '/v1/whatsapp-templates')).body.items, [again.body]);
    assert.deepEqual((await call('GET', '/v1/whatsapp-templates/win_back')).body.variables, {});
    assert.equal((await call('GET', '/v1/whatsapp-templates/welcome')).status, 404);
  });

  it('are refused with all that is wrong with what fills them', async () => {
    const call = await tenant();
    const faulty = { content_sid: `HX${'1'.repeat(32)}`, variables: { 1: '{{ nobody_knows }}', 2: '{{ first_name ' } };
    const answer = await call('PUT', '/v1/whatsapp-templates/win_back', faulty);
    assert.equal(answer.status, 400);
    assert.deepEqual(answer.body.errors.map(({ path }: { path: string }) => path), ['variables.1', 'variables.2']); // prettier-ignore
    assert.equal((await call('PUT', '/v1/whatsapp-templates/win_back', { content_sid: 'HX1' })).status, 400);
  });
});
