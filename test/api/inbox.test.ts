import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import fc from 'fast-check';
import type { TenantId } from '../../core/ids.js';
import { createApiKey } from '../../db/queries/api-keys.js';
import { startTestApi, type ApiAnswer, type TestApi } from '../harness/api.js';
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

const MARKS = ['seen', 'read', 'interacted', 'archived'] as const;

const page = (user: string, items = 0, tenantId?: TenantId) => openInboxPage({ database, api }, user, { items, tenantId });

const itemsOf = ({ body }: ApiAnswer): number[] => body.items.map(({ item }: { item: number }) => item);

describe('the list of an inbox', () => {
  it('has the newest first, with the counts of a badge', async () => {
    const { call, reader } = await page('ann', 3);
    await reader.receive([{ title: 'The last', body: 'A\ntext', actionUrl: '/orders', data: { plan: 'pro' } }]);
    const { status, body, headers } = await call('GET');
    assert.equal(status, 200);
    assert.deepEqual([body.counts, body.last_item, body.next_cursor], [{ unseen: 4, unread: 4, total: 4 }, 4, null]);
    const [{ created_at: createdAt, ...item }] = body.items;
    assert.ok(Math.abs(Date.now() - Date.parse(createdAt)) < 60_000);
    assert.deepEqual(item, {
      item: 4,
      title: 'The last',
      body: 'A\ntext',
      action_url: '/orders',
      data: { plan: 'pro' },
      seen_at: null,
      read_at: null,
      interacted_at: null,
      archived_at: null,
    });
    assert.equal(headers.get('cache-control'), 'no-store');
  });

  it('is of a user of whom nothing is known yet, empty', async () => {
    const { key, call } = await page('ann');
    const { body } = await api.call('POST', '/v1/inbox/tokens', { key, body: { user_id: 'nobody yet' } });
    const empty = { items: [], counts: { unseen: 0, unread: 0, total: 0 }, last_item: 0, next_cursor: null };
    for (const answer of [await call('GET'), await call('GET', '', { key: body.token })]) assert.deepEqual(answer.body, empty);
  });

  it('goes page by page, while items come in, without repeating or leaving out any', async () => {
    const { call, reader } = await page('ann', 7);
    const seen: number[] = [];
    let cursor: string | null = null;
    do {
      const { body }: ApiAnswer = await call('GET', `?limit=2${cursor === null ? '' : `&cursor=${cursor}`}`);
      seen.push(...body.items.map(({ item }: { item: number }) => item));
      cursor = body.next_cursor;
      await reader.receive([{}]);
    } while (cursor !== null);
    assert.deepEqual(seen, [7, 6, 5, 4, 3, 2, 1]);
  });

  it('may be of the unseen, the unread or the archived alone', async () => {
    const { call } = await page('ann', 5);
    await call('POST', '/1/seen');
    await call('POST', '/2/read');
    await call('POST', '/3/archived');
    await call('POST', '/4/interacted');
    const listed = async (filter: string) => itemsOf(await call('GET', `?filter=${filter}`));
    assert.deepEqual(await Promise.all(['all', 'unseen', 'unread', 'archived'].map(listed)), [[5, 4, 2, 1], [5], [5, 1], [3]]);
    const { body } = await call('GET');
    assert.deepEqual(body.counts, { unseen: 1, unread: 2, total: 4 });
  });

  it('refuses what it does not understand, in words', async () => {
    const { call } = await page('ann', 1);
    const { body: other } = await call('GET', '?filter=unread&limit=1');
    assert.equal(other.next_cursor, null);
    for (const query of [
      '?filter=x',
      '?limit=0',
      '?limit=101',
      '?cursor=x',
      '?user_id=bob',
      `?cursor=${Buffer.from('["inbox unread","1"]').toString('base64url')}`,
    ]) {
      const answer = await call('GET', query);
      assert.equal(answer.status, 400, query);
      assert.equal(answer.body.code, 'invalid');
    }
  });
});

describe('what a page says of an item', () => {
  it('is answered with the item and the counts, and said again changes nothing', async () => {
    const { call } = await page('ann', 2);
    const first = await call('POST', '/2/read');
    assert.deepEqual(first.body.counts, { unseen: 1, unread: 1, total: 2 });
    assert.equal(first.body.item.item, 2);
    assert.ok(first.body.item.read_at && first.body.item.seen_at && !first.body.item.interacted_at);
    assert.deepEqual((await call('POST', '/2/read')).body, first.body);
    assert.deepEqual((await call('POST', '/2/archived')).body.counts, { unseen: 1, unread: 1, total: 1 });
  });

  it('may be said of all items up to one, and of none behind it', async () => {
    const { call } = await page('ann', 5);
    assert.deepEqual((await call('POST', '/seen', { body: { up_to: 4 } })).body, {
      changed: 4,
      counts: { unseen: 1, unread: 5, total: 5 },
    });
    assert.deepEqual((await call('POST', '/read', { body: { up_to: 3 } })).body, {
      changed: 3,
      counts: { unseen: 1, unread: 2, total: 5 },
    });
    assert.deepEqual((await call('POST', '/read', { body: { up_to: 0 } })).body.changed, 0);
  });

  it('is refused of what is no item, in words', async () => {
    const { call } = await page('ann', 1);
    for (const mark of MARKS) {
      assert.equal((await call('POST', `/2/${mark}`)).status, 404);
      for (const no of ['0', '-1', '1.5', 'x', '9'.repeat(30), '%00']) assert.equal((await call('POST', `/${no}/${mark}`)).status, 400, no);
    }
    for (const body of [
      '',
      '{',
      '[]',
      '{}',
      '{"up_to":-1}',
      '{"up_to":1.5}',
      '{"up_to":"1"}',
      '{"up_to":1e400}',
      '{"up_to":1,"user_id":"bob"}',
    ])
      assert.equal((await call('POST', '/read', { body })).status, 400, body);
    assert.equal((await call('POST', '/read', { body: `{"up_to":1${' '.repeat(2_000)}}` })).status, 413);
    assert.equal((await call('POST', '/1/deleted')).status, 404);
    assert.equal((await call('DELETE', '/1/seen')).status, 405);
    assert.equal((await call('GET')).body.counts.unread, 1);
  });
});

describe('a token', () => {
  it('is given to a key with the scope, for an hour or as long as is asked, up to a day', async () => {
    const { key, tenantId } = await page('ann');
    const mint = (body: unknown, by = key) => api.call('POST', '/v1/inbox/tokens', { key: by, body });
    const lasts = async (body: object) => Date.parse((await mint({ user_id: 'ann', ...body })).body.expires_at) - Date.now();
    assert.ok(Math.abs((await lasts({})) - 3_600_000) < 60_000);
    assert.ok(Math.abs((await lasts({ expires_in_seconds: 86_400 })) - 86_400_000) < 60_000);
    for (const body of [
      {},
      { user_id: '' },
      { user_id: 'a\0' },
      { user_id: 'ann', expires_in_seconds: 86_401 },
      { user_id: 'ann', expires_in_seconds: 1 },
    ])
      assert.equal((await mint(body)).status, 400, JSON.stringify(body));
    const { key: reading } = await createApiKey(database, tenantId, { name: 'read', scopes: ['read'] });
    assert.equal((await mint({ user_id: 'ann' }, reading)).status, 403);
  });

  it('opens the inbox of its user alone, though others have items of the same number', async () => {
    const ann = await page('ann', 2);
    const bob = await page('bob', 3, ann.tenantId);
    const other = await page('ann', 4);
    assert.deepEqual(await Promise.all([ann, bob, other].map(async ({ call }) => itemsOf(await call('GET')).length)), [2, 3, 4]);
    await ann.call('POST', '/1/interacted');
    await ann.call('POST', '/read', { body: { up_to: 100 } });
    assert.equal((await ann.call('POST', '/3/seen')).status, 404);
    assert.deepEqual((await bob.call('GET')).body.counts, { unseen: 3, unread: 3, total: 3 });
    assert.deepEqual((await other.call('GET')).body.counts, { unseen: 4, unread: 4, total: 4 });
  });

  it('is the only thing that opens an inbox, and opens nothing else', async () => {
    const { key, token, call } = await page('ann', 1);
    for (const other of [key, 'ms_x', '', 'x'.repeat(5_000)]) assert.equal((await call('GET', '', { key: other })).status, 401);
    assert.equal((await api.call('GET', '/v1/inbox')).status, 401);
    assert.equal((await api.call('GET', `/v1/inbox?token=${token}`)).status, 401);
    for (const route of api.routes.filter(({ scope }) => scope !== 'public')) {
      const answer = await api.call(route.method.toUpperCase(), route.path.replace(/\{\w+\}/g, 'x'), { key: token });
      assert.equal(answer.status, 401, `${route.method} ${route.path}`);
    }
  });

  it('that was changed opens nothing, a thousand times', async () => {
    const { token, call } = await page('ann', 1);
    const bytes = Buffer.from(token, 'base64url');
    for (let i = 0; i < 1_000; i += 1) {
      const changed = Buffer.from(bytes);
      for (let n = randomInt(1, 4); n > 0; n -= 1) {
        const at = randomInt(changed.length);
        changed[at] = (changed[at] ?? 0) ^ randomInt(1, 256);
      }
      if (changed.equals(bytes)) continue;
      const { status } = await call('GET', i % 10 === 0 ? '/stream' : '', { key: changed.toString('base64url') });
      assert.equal(status, 401, changed.toString('base64url'));
    }
    assert.equal((await call('GET')).status, 200);
  });

  it('opens nothing when its time is over, and says that this is why', async (test) => {
    const { token } = await page('ann', 1);
    const tomorrow = await startTestApi(database, { now: () => new Date(Date.now() + 3_600_001) });
    test.after(() => tomorrow.close());
    const answer = await tomorrow.call('GET', '/v1/inbox', { key: token });
    assert.equal(answer.status, 401);
    assert.match(answer.body.detail, /expired/);
  });

  it('is in no log, nor is whose it is', async () => {
    const { token, call } = await page('ann.secret@example.test', 1);
    for (const [method, path] of [['GET', ''], ['POST', '/1/seen'], ['POST', '/9/seen'], ['GET', '?cursor=x']] as const) await call(method, path); // prettier-ignore
    const log = api.log.join('');
    assert.match(log, /"route":"\/v1\/inbox\/\{item\}\/seen","status":404/);
    assert.ok(!log.includes('ann.secret') && !log.includes(token.slice(0, 20)));
  });

  it('is not given, and nothing is opened, where nothing is sent', async (test) => {
    const { key, token } = await page('ann', 1);
    const silent = await startTestApi(database, { ledgerKey: null });
    test.after(() => silent.close());
    const answers = [
      await silent.call('POST', '/v1/inbox/tokens', { key, body: { user_id: 'ann' } }),
      await silent.call('GET', '/v1/inbox', { key: token }),
    ];
    assert.deepEqual(
      answers.map(({ status, body }) => [status, body.code]),
      [
        [501, 'not_available'],
        [501, 'not_available'],
      ],
    );
  });
});

describe('a page from another site', () => {
  it('may ask, is told so before it does, and can read refusals as well', async () => {
    const { call } = await page('ann', 1);
    const asked = await api.call('OPTIONS', '/v1/inbox/1/seen', { headers: { Origin: 'https://shop.example' } });
    assert.equal(asked.status, 204);
    assert.equal(asked.headers.get('access-control-allow-origin'), '*');
    assert.match(asked.headers.get('access-control-allow-headers') ?? '', /authorization, content-type, last-event-id/);
    assert.equal(asked.headers.get('access-control-allow-methods'), 'POST');
    for (const answer of [
      await call('GET'),
      await call('GET', '', { key: 'x' }),
      await call('POST', '/7/seen'),
      await call('PUT', '/7/seen'),
    ])
      assert.equal(answer.headers.get('access-control-allow-origin'), '*');
    const mint = await api.call('OPTIONS', '/v1/inbox/tokens');
    assert.equal(mint.headers.get('access-control-allow-origin'), null, 'a key has no business in a page');
  });

  it('is held to its share: those who ask without end are told to wait, and nobody else', async (test) => {
    const limited = await startTestApi(database, { rateLimits: { perKey: 1_000, perAddress: 20 } });
    test.after(() => limited.close());
    const [ann, bob] = [await page('ann', 1), await page('bob', 1)];
    const ask = (key: string) => limited.call('GET', '/v1/inbox', { key });
    const statuses = [];
    for (let i = 0; i < 21; i += 1) statuses.push((await ask(ann.token)).status);
    assert.deepEqual([statuses.slice(-2), (await ask(bob.token)).status], [[200, 429], 200]);
    for (let i = 0; i < 20; i += 1) assert.equal((await ask('wrong')).status, 401);
    assert.equal((await ask('wrong')).status, 429);
  });
});

describe('the documentation of inboxes', () => {
  it('describes every route that is served, and each answer satisfies the schema that is written there', async () => {
    const { body: document } = await api.call('GET', '/openapi.json');
    const served = api.expressPaths.filter((path) => path.startsWith('/v1/inbox') && path !== '/v1/inbox/tokens');
    assert.deepEqual(new Set(api.inboxOperations.map(({ path }) => path)), new Set(served));
    const ajv = new Ajv2020({ strict: false });
    addFormats.default(ajv);
    const { call } = await page('ann', 3);
    for (const { method, path } of api.inboxOperations) {
      const operation = document.paths[path][method];
      assert.deepEqual([operation.security, operation.tags], [[{ subscriberToken: [] }], ['Inbox']], path);
      const schema = operation.responses[200].content['application/json']?.schema;
      if (!schema) continue;
      const where = path.replace('/v1/inbox', '').replace('{item}', '2');
      const answer = await call(method.toUpperCase(), where, operation.requestBody ? { body: { up_to: 1 } } : {});
      const validate = ajv.compile(schema);
      assert.ok(answer.status === 200 && validate(answer.body), `${path}: ${JSON.stringify(validate.errors)} in ${answer.text}`);
    }
  });
});

describe('whatever a page sends', () => {
  const wild = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 60 }),
    fc.constantFrom('', '0', '1', '2', '\0', '\ud800', '..', '%', '__proto__', '1e400', '99999999999999999999', 'WyJpbmJveCBhbGwiLCIxIl0'),
  );
  const inAddress = (text: string): string => (text.isWellFormed() ? encodeURIComponent(text) : text.replace(/[^\w.-]/g, ''));

  it('nothing fails on our side, every refusal is a problem, and the next request is served', async () => {
    const { call } = await page('ann', 3);
    const wildCall = fc.record({
      method: fc.constantFrom('GET', 'POST', 'PUT', 'OPTIONS', 'DELETE'),
      path: fc.oneof(
        fc.constantFrom('', '/seen', '/read', '/stream/'),
        fc.tuple(wild, fc.constantFrom(...MARKS)).map(([item, mark]) => `/${inAddress(item)}/${mark}`),
        wild.map((text) => `/${inAddress(text)}`),
      ),
      query: fc.dictionary(fc.oneof(fc.constantFrom('limit', 'cursor', 'filter'), wild), wild, { maxKeys: 3 }),
      body: fc.option(
        fc.oneof(
          fc.json(),
          wild,
          fc.record({ up_to: fc.oneof(fc.integer(), fc.double(), wild) }).map((body) => JSON.stringify(body)),
        ),
      ),
      lastEventId: fc.string({ maxLength: 20 }).filter((text) => /^[\x21-\x7e]+$/.test(text) && !/^\d+$/.test(text)),
    });
    await fc.assert(
      fc.asyncProperty(wildCall, async ({ method, path, query, body, lastEventId }) => {
        const search = Object.entries(query).map(([name, value]) => `${inAddress(name)}=${inAddress(value)}`);
        const hasBody = body !== null && !['GET', 'OPTIONS'].includes(method);
        const answer = await call(method, `${path}?${search.join('&')}`, {
          headers: { 'Last-Event-ID': lastEventId },
          ...(hasBody && { body }),
        });
        assert.ok(answer.status < 500, `${method} ${path} ${body}: ${answer.status} ${answer.text}`);
        if (answer.status >= 400) assert.equal(answer.body?.status, answer.status, `${method} ${path}`);
      }),
      { numRuns: 500 },
    );
    assert.equal((await call('GET')).body.items.length + (await call('GET', '?filter=archived')).body.items.length, 3);
  });
});
