import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import type { TenantId } from '../../core/ids.js';
import { SCOPES } from '../../core/scopes.js';
import { createApiKey } from '../../db/queries/api-keys.js';
import { startTestApi, type TestApi } from '../harness/api.js';
import { ADDRESS_KEY, addReachableUsers } from '../harness/campaigns.js';
import { createTestDatabase, type TestDatabase } from '../harness/database.js';

const NOW = new Date('2026-03-02T12:00:00Z');
let database: TestDatabase;
let api: TestApi;
let tenantId: TenantId;
let key: string;
before(async () => {
  database = await createTestDatabase();
  api = await startTestApi(database, { now: () => NOW });
});
beforeEach(async () => {
  tenantId = await database.newTenant();
  ({ key } = await createApiKey(database, tenantId, { name: 'test', scopes: SCOPES.filter((scope) => scope !== 'events:write') }));
});
after(async () => {
  await api.close();
  await database.drop();
});

const call = (method: string, path: string, body?: object) => api.call(method, path, { key, body });
const yes = {
  channel: 'email',
  address: ' U1@Example.test',
  user_id: 'u1',
  action: 'granted',
  basis: 'consent',
  text_version: 'v3',
  source: 'form',
  evidence: { page: '/join' },
  at: '2026-03-01T10:00:00+02:00',
};
const say = (...words: object[]) => call('POST', '/v1/consent', { words });
const status = (channel: string, address: string) => call('POST', '/v1/consent/status', { channel, address });

describe('consent over HTTP', () => {
  it('is recorded with its proof, and shown by the address and by the user', async () => {
    await addReachableUsers(database, tenantId, 1);
    const said = await say(yes, { ...yes, topic: 'news', action: 'denied', basis: undefined, text_version: undefined, at: undefined });
    assert.equal(said.status, 200, said.text);
    assert.deepEqual(said.body.items, [
      { channel: 'email', topic: 'marketing', state: 'granted', basis: 'consent' },
      { channel: 'email', topic: 'news', state: 'denied', basis: null },
    ]);
    const { body } = await status('email', 'u1@example.TEST');
    assert.equal(body.suppressed, null);
    assert.deepEqual(body.topics, [
      { topic: 'marketing', state: 'granted', basis: 'consent', said_at: '2026-03-01T08:00:00.000Z' },
      { topic: 'news', state: 'denied', basis: null, said_at: NOW.toISOString() },
    ]);
    const { event_id: _, recorded_at: __, ...event } = body.events[0];
    assert.deepEqual(event, {
      channel: 'email',
      topic: 'marketing',
      action: 'granted',
      basis: 'consent',
      text_version: 'v3',
      source: 'form',
      evidence: { page: '/join' },
      at: '2026-03-01T08:00:00.000Z',
    });
    const of = async (topic: string) => (await call('GET', `/v1/users/u1/consent?topic=${topic}`)).body;
    const shown = await of('marketing');
    assert.equal(shown.events.length, 2);
    assert.deepEqual(shown.channels[0], {
      channel: 'email',
      address: 'u1@example.test',
      contact_consent: null,
      because: null,
      suppressed: null,
      topics: body.topics,
    });
    assert.equal((await of('news')).channels[0].because, 'no consent');
  });

  it('is needed on channels that ask for a yes: the answer is what a claim would decide', async () => {
    await addReachableUsers(database, tenantId, 1);
    await database.admin.query(`insert into contacts (tenant_id, user_id, channel, address) values ($1, 'u1', 'sms', '+14155550100')`, [
      tenantId,
    ]);
    const because = async () => {
      const { channels } = (await call('GET', '/v1/users/u1/consent')).body;
      return channels.map((one: { channel: string; because: string | null }) => [one.channel, one.because]);
    };
    assert.deepEqual(await because(), [
      ['email', null],
      ['in_app', null],
      ['sms', 'no consent'],
    ]);
    await say(
      { ...yes, channel: 'sms', address: '+1 (415) 555-0100' },
      { channel: 'in_app', address: 'u1', action: 'denied', source: 'settings' },
    );
    assert.deepEqual(await because(), [
      ['email', null],
      ['in_app', 'no consent'],
      ['sms', null],
    ]);
    assert.equal((await call('GET', '/v1/users/nobody/consent')).status, 404);
  });

  it('lifts an unsubscription by a yes that came after it, and never a complaint', async () => {
    const suppress = (address: string, reason: string) =>
      database.admin.query(
        `insert into suppressions (tenant_id, channel, address_hash, reason) values ($1, 'email', hash_address($2, $1, 'email', $3), $4)`,
        [tenantId, ADDRESS_KEY, address, reason],
      );
    for (const [address, reason, left] of [
      ['ann@example.test', 'unsubscribed', null],
      ['bob@example.test', 'complained', 'complained'],
    ] as const) {
      const { user_id: _, at: __, ...mine } = { ...yes, address };
      await suppress(address, reason);
      const no = { channel: 'email', address, topic: '*', action: 'withdrawn', source: 'link', at: '2026-03-02T09:00:00Z' };
      await say({ ...mine, at: '2026-03-02T08:00:00Z' }, no);
      assert.equal((await status('email', address)).body.suppressed, reason, 'an older yes lifts nothing');
      await say({ ...mine, at: '2026-03-02T10:00:00Z' });
      assert.equal((await status('email', address)).body.suppressed, left);
    }
  });

  it('is refused where it makes no sense, with all that is wrong', async () => {
    for (const [word, expected] of [
      [{ ...yes, address: 'nobody' }, /not an e-mail address/],
      [{ ...yes, channel: 'sms', address: '555' }, /not a telephone number/],
      [{ ...yes, channel: 'pigeon' }, /channel/],
      [{ ...yes, basis: undefined }, /a basis is expected/],
      [{ ...yes, action: 'denied' }, /a basis is expected/],
      [{ ...yes, topic: 'No topic' }, /not a topic/],
      [{ ...yes, source: '' }, /source/],
      [{ ...yes, at: 'yesterday' }, /at/],
      [{ ...yes, evidence: { page: 'a\0b' } }, /without NUL/],
      [{ ...yes, evidence: { page: '\ud800' } }, /unpaired/],
      [{ ...yes, evidence: { page: 'x'.repeat(5_000) } }, /at most 4000/],
      [{ ...yes, more: 1 }, /more/],
    ] as const) {
      const { status: code, body } = await say(word);
      assert.equal(code, 400, JSON.stringify(word));
      assert.match(body.detail, expected);
    }
    assert.equal((await say()).status, 400);
  });

  it('says what is missing where nothing can be sent', async () => {
    const NOTHING = 'nothing is configured';
    const blind = await startTestApi(database, {
      sending: { email: NOTHING, in_app: NOTHING, sms: NOTHING, whatsapp: NOTHING, social: NOTHING, push: NOTHING, ledgerKey: null },
    });
    const answer = await blind.call('POST', '/v1/consent', { key, body: { words: [yes] } });
    assert.deepEqual([answer.status, /LEDGER_KEY/.test(answer.text)], [409, true]);
    await blind.close();
  });

  it('belongs to a tenant', async () => {
    await say(yes);
    const other = await database.newTenant();
    const { key: theirs } = await createApiKey(database, other, { name: 'theirs', scopes: ['read'] });
    const { body } = await api.call('POST', '/v1/consent/status', { key: theirs, body: { channel: 'email', address: 'u1@example.test' } });
    assert.deepEqual(body, { suppressed: null, topics: [], events: [] });
    assert.equal((await api.call('POST', '/v1/consent', { key: theirs, body: { words: [yes] } })).status, 403);
  });
});

describe('the sending policy over HTTP', () => {
  const policy = {
    quiet_hours: { email: 'Mon-Fri 09:00-18:00' },
    caps: [{ cap_id: 'week', channel: 'all', most: 3, within_minutes: 10_080, priority: 2 }],
    topics: [{ topic: 'orders', double_opt_in: false, requires_consent: ['sms'], is_transactional: true }],
    rates: { email: 50, sms: 0.5 },
    auto_launch: { weekly_messages: { email: 5_000, in_app: 20_000 } },
  };

  it('is empty at first, and then what was put there, whole', async () => {
    const empty = { quiet_hours: {}, caps: [], topics: [], rates: {}, auto_launch: { weekly_messages: {} } };
    assert.deepEqual((await call('GET', '/v1/sending-policy')).body, empty);
    const put = await call('PUT', '/v1/sending-policy', policy);
    assert.deepEqual([put.status, put.body], [200, policy], put.text);
    assert.deepEqual((await call('GET', '/v1/sending-policy')).body, policy);
    const [cap] = policy.caps;
    const other = { caps: [{ ...cap, cap_id: 'day', most: 1 }] };
    assert.deepEqual((await call('PUT', '/v1/sending-policy', other)).body, { ...empty, ...other });
    assert.deepEqual((await call('PUT', '/v1/sending-policy', {})).body, empty);
  });

  it('is refused where it makes no sense', async () => {
    const [cap] = policy.caps;
    for (const [changed, expected] of [
      [{ quiet_hours: { email: '9 to 5' } }, /not hours of a week/],
      [{ quiet_hours: { email: 'daily 21:00-08:00' } }, /the first earlier/],
      [{ quiet_hours: { pigeon: 'daily 08:00-21:00' } }, /not a channel/],
      [{ caps: [{ ...cap, most: 0 }] }, /most/],
      [{ caps: [cap, cap] }, /once/],
      [{ topics: [{ topic: '*' }] }, /one topic/],
      [{ rates: { email: 0 } }, /rates.email/],
      [{ rates: { pigeon: 1 } }, /rates/],
      [{ rates: { email: '50' } }, /rates.email/],
      [{ topics: [{ topic: 'a' }, { topic: 'a' }] }, /once/],
      [{ auto_launch: { weekly_messages: { email: 0 } } }, /weekly_messages/],
      [{ auto_launch: { weekly_messages: { pigeon: 10 } } }, /weekly_messages/],
      [{ auto_launch: { daily_messages: {} } }, /auto_launch/],
    ] as const) {
      const { status: code, body } = await call('PUT', '/v1/sending-policy', changed);
      assert.equal(code, 400, JSON.stringify(changed));
      assert.match(body.detail, expected);
    }
  });

  it('lets nobody have campaigns launched who may not launch them; to keep or to end it is allowed', async () => {
    const { key: others } = await createApiKey(database, tenantId, { name: 'hours', scopes: ['read', 'consent:write'] });
    const put = (body: object) => api.call('PUT', '/v1/sending-policy', { key: others, body });
    assert.equal((await call('PUT', '/v1/sending-policy', policy)).status, 200);
    const more = await put({ ...policy, auto_launch: { weekly_messages: { email: 5_001 } } });
    assert.deepEqual([more.status, (await call('GET', '/v1/sending-policy')).body], [403, policy]);
    assert.match(more.body.detail, /campaigns:write/);
    assert.equal((await put({ ...policy, caps: [] })).status, 200);
    assert.equal((await put({})).status, 200);
    assert.equal((await put(policy)).status, 403);
  });

  it('is one of two whole ones when two are set at once', async () => {
    const of = (n: number) => ({ ...policy, caps: [1, 2, 3].map((i) => ({ ...policy.caps[0], cap_id: `c${n}-${i}` })) });
    await Promise.all(Array.from({ length: 8 }, (_, n) => call('PUT', '/v1/sending-policy', of(n))));
    const { caps } = (await call('GET', '/v1/sending-policy')).body;
    assert.equal(new Set(caps.map(({ cap_id }: { cap_id: string }) => cap_id.split('-')[0])).size, 1);
    assert.equal(caps.length, 3);
  });
});
