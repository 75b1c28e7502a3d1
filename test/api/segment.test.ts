import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { gzipSync } from 'node:zlib';
import { createApiKey, revokeApiKey } from '../../db/queries/api-keys.js';
import { waitUntil } from '../../sandbox/processes.js';
import { startTestApi, type ApiAnswer, type TestApi } from '../harness/api.js';
import { createTestDatabase, type TestDatabase } from '../harness/database.js';
import { basicAuth, createSender, type Sender } from '../harness/segment.js';

let database: TestDatabase;
let api: TestApi;
let sender: Sender;

const NOW = Date.parse('2025-06-01T12:00:00Z');

before(async () => {
  database = await createTestDatabase();
  api = await startTestApi(database, { segment: { now: () => NOW } });
  sender = await createSender(api, database);
});
after(async () => {
  await api.close();
  await database.drop();
});

const ok = (stored: number, duplicates = 0, rejected = 0) => ({ success: true, stored, duplicates, rejected });

function assertProblem(answer: ApiAnswer, status: number, code: string, detail: RegExp): void {
  assert.equal(answer.status, status, answer.text);
  assert.equal(answer.body.code, code);
  assert.match(answer.body.detail, detail);
}

describe("Segment's endpoints", () => {
  it('each store one message of their kind', async () => {
    const one = await createSender(api, database);
    const timestamp = '2025-06-01T11:00:00.000Z';
    const common = { userId: 'u', timestamp };
    const sent: readonly [path: string, message: object][] = [
      ['track', { messageId: '1', event: 'Order Completed', properties: { total: 12.5, currency: 'EUR' } }],
      ['identify', { messageId: '2', traits: { email: 'Ada@Example.org', plan: 'pro', timezone: 'Europe/Berlin' } }],
      ['page', { messageId: '3', name: 'Pricing', properties: { path: '/pricing' } }],
      ['screen', { messageId: '4', name: 'Home' }],
      ['group', { messageId: '5', groupId: 'g1' }],
      ['alias', { messageId: '6', previousId: 'before' }],
      ['t', { messageId: '7', event: 'Song Played' }],
    ];
    for (const [path, message] of sent) {
      const answer = await one.post(`/v1/${path}`, { ...common, ...message });
      assert.equal(answer.status, 200, answer.text);
      assert.deepEqual(answer.body, ok(1));
    }
    const events = await one.events();
    assert.deepEqual(
      events.map(({ event, properties, revenue_minor: minor, currency }) => ({ event, properties, minor, currency })),
      [
        { event: 'purchase', properties: { total: 12.5, currency: 'EUR' }, minor: '1250', currency: 'EUR' },
        { event: 'identify', properties: {}, minor: null, currency: null },
        { event: 'page_view', properties: { name: 'Pricing', page: '/pricing' }, minor: null, currency: null },
        { event: 'screen_view', properties: { name: 'Home' }, minor: null, currency: null },
        { event: 'group', properties: { group_id: 'g1' }, minor: null, currency: null },
        { event: 'alias', properties: {}, minor: null, currency: null },
        { event: 'Song Played', properties: {}, minor: null, currency: null },
      ],
    );
    assert.ok(events.every(({ occurred_at: at, user_id: userId }) => at.toISOString() === timestamp && userId === 'u'));
    assert.deepEqual(await one.rows('select user_id, traits, time_zone, first_seen, last_seen from users where tenant_id = $1'), [
      {
        user_id: 'u',
        traits: { email: 'Ada@Example.org', plan: 'pro', timezone: 'Europe/Berlin' },
        time_zone: 'Europe/Berlin',
        first_seen: new Date(timestamp),
        last_seen: new Date(timestamp),
      },
    ]);
    assert.deepEqual(await one.rows('select user_id, channel, address, consent from contacts where tenant_id = $1'), [
      { user_id: 'u', channel: 'email', address: 'ada@example.org', consent: null },
    ]);
    assert.deepEqual(await one.rows('select alias_id, user_id from user_aliases where tenant_id = $1'), [
      { alias_id: 'before', user_id: 'u' },
    ]);
  });

  it('take many kinds at once, the clock of the sender corrected by what the batch says', async () => {
    const many = await createSender(api, database, { currency: 'JPY' });
    const body = {
      sentAt: '2028-06-01T12:00:00.000Z', // three years ahead
      batch: [
        {
          type: 'track',
          messageId: 'a',
          userId: 'u',
          event: 'purchase',
          properties: { revenue: 500 },
          timestamp: '2028-06-01T11:58:00.000Z',
        },
        { type: 'page', messageId: 'b', anonymousId: 'v', timestamp: '2028-06-01T11:59:59.500Z' },
      ],
    };
    assert.deepEqual((await many.post('/v1/batch', body)).body, ok(2));
    const events = await many.events();
    assert.deepEqual(
      events.map(({ occurred_at: at }) => at.toISOString()),
      ['2025-06-01T11:58:00.000Z', '2025-06-01T11:59:59.500Z'],
    );
    assert.deepEqual([events[0]?.revenue_minor, events[0]?.currency], ['500', 'JPY']);
  });

  it('take an empty batch for what it is', async () => assert.deepEqual((await sender.batch()).body, ok(0)));

  it('store a message id once, whatever else is sent under it later', async () => {
    const message = { type: 'track', messageId: 'once', userId: 'first', event: 'x' };
    assert.deepEqual((await sender.batch(message, { ...message, userId: 'second' })).body, ok(1, 1));
    assert.deepEqual((await sender.post('/v1/page', { messageId: 'once', userId: 'third' })).body, ok(0, 1));
    const rows = await sender.rows('select user_id from events where tenant_id = $1 and message_id = $2', 'once');
    assert.deepEqual(rows, [{ user_id: 'first' }]);
    assert.deepEqual(await sender.rows(`select from users where tenant_id = $1 and user_id in ('second', 'third')`), []);
  });

  it('understand gzip, and a byte order mark', async () => {
    const body = JSON.stringify({ userId: 'u', event: 'zipped', messageId: 'zipped' });
    for (const bytes of [gzipSync(body), Buffer.concat([gzipSync(body.slice(0, 10)), gzipSync(body.slice(10))])]) {
      const headers = { Authorization: basicAuth(sender.key), 'Content-Encoding': 'gzip' };
      const response = await fetch(`${api.url}/v1/track`, { method: 'POST', headers, body: bytes });
      assert.equal(response.status, 200, await response.text());
    }
    assert.deepEqual((await sender.post('/v1/track', `\ufeff${body}`)).body, ok(0, 1));
  });

  it('answer browsers: what may be sent from another page, and in plain text with the key in the body', async () => {
    const preflight = await api.call('OPTIONS', '/v1/t', {
      headers: { Origin: 'https://shop.example', 'Access-Control-Request-Method': 'POST' },
    });
    assert.equal(preflight.status, 204);
    assert.equal(preflight.headers.get('access-control-allow-origin'), '*');
    assert.equal(preflight.headers.get('access-control-allow-methods'), 'POST');
    assert.match(preflight.headers.get('access-control-allow-headers') ?? '', /authorization.*content-type.*x-retry-count/);
    const body = { userId: 'u', event: 'x', writeKey: sender.key };
    const answer = await api.call('POST', '/v1/t', { body, headers: { 'Content-Type': 'text/plain', Origin: 'https://shop.example' } });
    assert.deepEqual(answer.body, ok(1));
    assert.equal(answer.headers.get('access-control-allow-origin'), '*');
  });

  it('refuse other methods, and paths in another case', async () => {
    const answer = await api.call('GET', '/v1/batch');
    assertProblem(answer, 405, 'method_not_allowed', /POST/);
    assert.equal(answer.headers.get('allow'), 'POST, OPTIONS');
    assertProblem(await sender.post('/v1/Batch', {}), 404, 'not_found', /there is no POST route/);
  });

  it('name their route in the log and the metrics, and nothing of a person', async () => {
    await sender.post('/v1/t', { userId: 'secret-person', event: 'secret-event' });
    const line = JSON.parse(api.log.at(-1) ?? '{}');
    assert.deepEqual([line.route, line.status, line.tenantId], ['/v1/track', 200, sender.tenantId]);
    assert.ok(!api.log.join('').includes('secret-'));
    const { text } = await api.call('GET', '/metrics');
    assert.match(text, /madansara_http_requests_total\{method="POST",route="\/v1\/track",status="200"\} \d/);
  });
});

describe('a write key', () => {
  const message = { type: 'track', userId: 'u', event: 'x' };

  it('may stand in the header or in the body, and the header wins', async () => {
    const inBody = (writeKey: unknown, headers = {}) => api.call('POST', '/v1/batch', { body: { writeKey, batch: [message] }, headers });
    assert.equal((await inBody(sender.key)).status, 200);
    assertProblem(await inBody(sender.key, { Authorization: basicAuth('msw_wrong') }), 401, 'unauthorized', /unknown or revoked/);
    assertProblem(await inBody(undefined), 401, 'unauthorized', /send a write key/);
    assertProblem(await inBody({ a: 1 }), 401, 'unauthorized', /send a write key/);
    const answer = await inBody('msw_wrong');
    assertProblem(answer, 401, 'unauthorized', /unknown or revoked/);
    assert.equal(answer.headers.get('www-authenticate'), 'Basic realm="madansara"');
  });

  it('is refused when it is wrong, in whatever form', async () => {
    const wrong = [
      'Basic',
      'Basic ',
      'Basic ====',
      'Basic Og==',
      basicAuth(`msw_${'x'.repeat(43)}`),
      basicAuth('\0'),
      basicAuth('é'.repeat(500)),
    ];
    for (const authorization of [...wrong, `Bearer ${sender.key}`, sender.key]) {
      const answer = await api.call('POST', '/v1/track', { body: message, headers: { Authorization: authorization } });
      assert.equal(answer.status, 401, `${authorization}: ${answer.text}`);
    }
  });

  it('cannot be guessed for long from one address, and who has one is not held back by who guesses', async () => {
    const limited = await startTestApi(database, { rateLimits: { perKey: 1, perAddress: 3 } });
    const send = (authorization: string) => limited.call('POST', '/v1/track', { body: message, headers: { Authorization: authorization } });
    for (let guess = 0; guess < 3; guess += 1) assert.equal((await send(basicAuth(`msw_${'x'.repeat(43)}`))).status, 401);
    const answer = await send(basicAuth(`msw_${'y'.repeat(43)}`));
    assertProblem(answer, 429, 'rate_limited', /try again in \d+ s/);
    for (let sent = 0; sent < 5; sent += 1) assert.equal((await send(basicAuth(sender.key))).status, 200);
    await limited.close();
  });

  it('needs the scope events:write, and says so', async () => {
    const { key } = await createApiKey(database, sender.tenantId, { name: 'reader', scopes: ['read'] });
    const answer = await api.call('POST', '/v1/track', { body: message, headers: { Authorization: basicAuth(key) } });
    assertProblem(answer, 403, 'forbidden', /events:write/);
  });

  it('is refused soon after it was revoked', async () => {
    const { key, keyId } = await createApiKey(database, sender.tenantId, { name: 'brief', scopes: ['events:write'] });
    const send = () => api.call('POST', '/v1/track', { body: message, headers: { Authorization: basicAuth(key) } });
    assert.equal((await send()).status, 200);
    await revokeApiKey(database, sender.tenantId, keyId);
    assert.ok(await waitUntil(async () => (await send()).status === 401, 5_000, 100));
  });

  it('is looked up again after a look-up that failed', async () => {
    const { key } = await createApiKey(database, sender.tenantId, { name: 'later', scopes: [] });
    const send = () => api.call('POST', '/v1/track', { body: message, headers: { Authorization: basicAuth(key) } });
    assert.equal((await send()).status, 403);
    await database.admin.query(`update api_keys set scopes = '{events:write}' where name = 'later'`);
    assert.equal((await send()).status, 200);
  });
});

describe('a bad message', () => {
  it('does not take its neighbours with it, is kept with its reason, and is counted', async () => {
    const one = await createSender(api, database);
    const good = (messageId: string) => ({ type: 'track', messageId, userId: 'u', event: 'x' });
    const answer = await one.batch(
      good('g1'),
      { ...good('b1'), userId: 'nul\0' },
      null,
      { ...good('b2'), type: 'delete' },
      good('g2'),
      { ...good('b3'), properties: { note: 'x'.repeat(33 * 1024) } },
      { ...good('b4'), timestamp: '9999-12-31T00:00:00Z' },
      good('g3'),
      good('g1'),
    );
    assert.equal(answer.status, 200, answer.text);
    const { rejections, ...counts } = answer.body;
    assert.deepEqual(counts, ok(3, 1, 5));
    assert.deepEqual(rejections, [
      { index: 1, message_id: 'b1', reason: 'userId holds a NUL character (\\u0000)' },
      { index: 2, reason: 'a message must be an object' },
      { index: 3, message_id: 'b2', reason: 'type must be one of: track, identify, page, screen, group, alias' },
      { index: 5, message_id: 'b3', reason: 'the event is larger than 32 KB' },
      { index: 6, message_id: 'b4', reason: 'timestamp is not between 1990 and a day from now: 9999-12-31T00:00:00.000Z' },
    ]);
    assert.deepEqual(
      (await one.events()).map(({ message_id: id }) => id),
      ['g1', 'g2', 'g3'],
    );
    const kept = await one.rejected();
    assert.deepEqual(
      kept.map(({ message_id: id, reason }) => ({ id, reason })),
      rejections.map(({ message_id: id, reason }: { message_id?: string; reason: string }) => ({ id: id ?? null, reason })),
    );
    assert.ok(kept.every(({ payload }) => payload.length <= 4_000));
    assert.match(kept[0]?.payload ?? '', /"messageId":"b1"/);
  });

  it('that stands alone is answered 200 as well: sending it again would not make it better', async () => {
    const answer = await sender.post('/v1/track', { userId: 'u' });
    assert.equal(answer.status, 200);
    assert.equal(answer.body.rejected, 1);
  });

  it('names no more than twenty of many', async () => {
    const answer = await sender.batch(...Array.from({ length: 100 }, () => ({})));
    assert.equal(answer.body.rejected, 100);
    assert.equal(answer.body.rejections.length, 20);
  });

  it('that only the database refuses does not take its neighbours with it either', async () => {
    const one = await createSender(api, database);
    await database.admin.query(`alter table events add constraint no_poison check (user_id <> 'poison')`);
    try {
      const message = (messageId: string, userId: string) => ({ type: 'track', messageId, userId, event: 'x' });
      const answer = await one.batch(message('1', 'u'), message('2', 'poison'), message('3', 'u'), message('3', 'u'), {});
      assert.deepEqual([answer.status, answer.body.stored, answer.body.duplicates, answer.body.rejected], [200, 2, 1, 2], answer.text);
      assert.deepEqual(await one.users(), { u: 2 });
      assert.deepEqual(
        (await one.rejected()).map(({ reason, message_id: id }) => [reason, id]),
        [
          ['type must be one of: track, identify, page, screen, group, alias', null],
          ['the database cannot hold it (23514)', '2'],
        ],
      );
    } finally {
      await database.admin.query('alter table events drop constraint no_poison');
    }
  });
});
