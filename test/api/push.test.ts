import assert from 'node:assert/strict';
import { createECDH, randomBytes } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import fc from 'fast-check';
import type { TenantId } from '../../core/ids.js';
import { signToken } from '../../core/message/token.js';
import { createApiKey } from '../../db/queries/api-keys.js';
import { sendStep } from '../../activities/sending/send-step.js';
import { startSandboxPush, type SandboxPush } from '../../sandbox/push/push.js';
import type { BrowserSubscription } from '../../sandbox/push/subscriptions.js';
import { startTestApi, type TestApi } from '../harness/api.js';
import { ADDRESS_KEY } from '../harness/campaigns.js';
import { createTestDatabase, type TestDatabase } from '../harness/database.js';
import { pushSending, pushStep, VAPID } from '../harness/push.js';

let database: TestDatabase;
let api: TestApi;
let sandbox: SandboxPush;
before(async () => {
  database = await createTestDatabase();
  api = await startTestApi(database);
  sandbox = await startSandboxPush();
});
after(async () => {
  await api.close();
  await sandbox.close();
  await database.drop();
});

/** What a browser gives a page, at a push service that is not there. */
function browser(changes: Partial<BrowserSubscription> = {}): BrowserSubscription {
  const pair = createECDH('prime256v1');
  pair.generateKeys();
  return {
    endpoint: `https://push.example.com/${randomBytes(12).toString('base64url')}`,
    expirationTime: null,
    keys: { p256dh: pair.getPublicKey().toString('base64url'), auth: randomBytes(16).toString('base64url') },
    ...changes,
  };
}

/** The page of a user, with the token that the tenant's backend got for it. */
async function pageOf(user: string, known?: TenantId) {
  const tenantId = known ?? (await database.newTenant());
  await database.admin.query('insert into users (tenant_id, user_id, first_seen) values ($1, $2, now()) on conflict do nothing', [
    tenantId,
    user,
  ]);
  const { key } = await createApiKey(database, tenantId, { name: 'backend', scopes: ['inbox:tokens', 'consent:write', 'read'] });
  const { body: minted } = await api.call('POST', '/v1/inbox/tokens', { key, body: { user_id: user } });
  const token = String(minted.token);
  const say = (method: string, body: unknown) => api.call(method, '/v1/push/subscriptions', { key: token, body });
  const consentNow = async (): Promise<string | null> => {
    const { body } = await api.call('GET', `/v1/users/${user}/consent`, { key });
    const push = body.channels.find(({ channel }: { channel: string }) => channel === 'push');
    return push === undefined ? 'no device' : push.because;
  };
  return { tenantId, user, key, token, say, consentNow };
}

const devicesOf = async (tenantId: TenantId): Promise<string[]> => {
  const { rows } = await database.admin.query<{ told: string }>(
    `select user_id || ' ' || endpoint as told from push_devices where tenant_id = $1 order by device_id`,
    [tenantId],
  );
  return rows.map(({ told }) => told);
};
const wordsOf = async (tenantId: TenantId): Promise<string[]> => {
  const { rows } = await database.admin.query<{ told: string }>(
    `select user_id || ' ' || topic || ' ' || action || ' ' || source as told from consent_events where tenant_id = $1 order by event_id`,
    [tenantId],
  );
  return rows.map(({ told }) => told);
};

describe('a browser that a user has let show messages', () => {
  it('subscribes with our key', async () => {
    const { token } = await pageOf('ann');
    const { status, body } = await api.call('GET', '/v1/push/key', { key: token });
    assert.deepEqual([status, body], [200, { public_key: VAPID.publicKey }]);
  });

  it('is kept once, however often its page tells of it, as a yes to all topics', async () => {
    const ann = await pageOf('ann');
    assert.equal(await ann.consentNow(), 'no device');
    const one = browser();
    for (let i = 0; i < 3; i += 1) {
      const answer = await ann.say('PUT', { ...one, moreOfBrowsers: true });
      assert.deepEqual([answer.status, answer.body], [200, { kept: true }]);
    }
    assert.deepEqual(await devicesOf(ann.tenantId), [`ann ${one.endpoint}`]);
    assert.deepEqual(await wordsOf(ann.tenantId), ['ann * granted push subscription']);
    assert.equal(await ann.consentNow(), null);
  });

  it('is one of ten at most: of more, those that were seen last', async () => {
    const ann = await pageOf('ann');
    const all = Array.from({ length: 12 }, () => browser());
    for (const one of all) assert.equal((await ann.say('PUT', one)).status, 200);
    assert.deepEqual(await devicesOf(ann.tenantId), all.slice(2).map(({ endpoint }) => `ann ${endpoint}`)); // prettier-ignore
  });

  it('is taken over by whoever signs in there, and by nobody of another tenant', async () => {
    const ann = await pageOf('ann');
    const bob = await pageOf('bob', ann.tenantId);
    const other = await pageOf('bob');
    const one = browser();
    for (const { say } of [ann, bob, other]) assert.equal((await say('PUT', one)).status, 200);
    assert.deepEqual(await devicesOf(ann.tenantId), [`bob ${one.endpoint}`]);
    assert.deepEqual(await devicesOf(other.tenantId), [`bob ${one.endpoint}`]);
    assert.deepEqual((await ann.say('DELETE', one)).body, { dropped: false });
    assert.equal((await devicesOf(ann.tenantId)).length, 1);
  });

  it('is given up by its user, and with the last one the permission; a new one is a new yes', async () => {
    const ann = await pageOf('ann');
    const [one, two] = [browser(), browser()];
    await ann.say('PUT', one);
    await ann.say('PUT', two);
    assert.deepEqual((await ann.say('DELETE', { endpoint: one.endpoint })).body, { dropped: true });
    assert.equal(await ann.consentNow(), null);
    assert.deepEqual((await ann.say('DELETE', two)).body, { dropped: true });
    assert.deepEqual((await ann.say('DELETE', two)).body, { dropped: false });
    assert.equal(await ann.consentNow(), 'no device');
    await new Promise((resolve) => setTimeout(resolve, 2)); // of one time, a no counts more
    await ann.say('PUT', two);
    assert.equal(await ann.consentNow(), null);
    assert.deepEqual(await wordsOf(ann.tenantId), ['granted', 'granted', 'withdrawn', 'granted'].map((what) => `ann * ${what} push subscription`)); // prettier-ignore
  });

  it('shows nothing once its user has withdrawn, also when its page tells of it again', async () => {
    const ann = await pageOf('ann');
    const one = browser();
    await ann.say('PUT', one);
    const word = { channel: 'push', address: 'ann', user_id: 'ann', topic: '*', action: 'withdrawn', source: 'settings' };
    const answer = await api.call('POST', '/v1/consent', { key: ann.key, body: { words: [word] } });
    assert.equal(answer.status, 200, answer.text);
    await ann.say('PUT', one);
    assert.equal(await ann.consentNow(), 'no consent');
  });

  it('goes with a user who is deleted, and with an id that is merged into another; its page cannot bring it to the other', async () => {
    const ann = await pageOf('ann');
    const bob = await pageOf('bob', ann.tenantId);
    for (const { say } of [ann, bob]) await say('PUT', browser());
    await database.pool.query(`select merge_users($1, 'ann', 'cat')`, [ann.tenantId]);
    assert.deepEqual((await devicesOf(ann.tenantId)).map((told) => told.split(' ')[0]), ['bob']); // prettier-ignore
    const again = await ann.say('PUT', browser());
    assert.deepEqual([again.status, again.body.code], [409, 'conflict']);
    await database.pool.query(`select delete_user($1, 'bob')`, [ann.tenantId]);
    assert.deepEqual(await devicesOf(ann.tenantId), []);
  });

  it('is kept once when its page tells of it ten times at once, and each of two users at once gets it whole', async () => {
    const ann = await pageOf('ann');
    const bob = await pageOf('bob', ann.tenantId);
    const one = browser();
    const answers = await Promise.all(Array.from({ length: 20 }, (_, i) => (i % 2 ? ann : bob).say('PUT', one)));
    assert.ok(answers.every(({ status }) => status === 200));
    assert.equal((await devicesOf(ann.tenantId)).length, 1);
  });
});

describe('what is no browser', () => {
  const good = browser();
  const bad: readonly (readonly [string, unknown])[] = [
    ['nothing', ''],
    ['a list', []],
    ['no keys', { endpoint: good.endpoint }],
    ['http', { ...good, endpoint: 'http://push.example.com/x' }],
    ['this machine', { ...good, endpoint: 'https://127.0.0.1/x' }],
    ['a neighbour', { ...good, endpoint: 'https://postgres/x' }],
    ['the cloud’s own service', { ...good, endpoint: 'https://169.254.169.254/latest/meta-data' }],
    ['another port', { ...good, endpoint: 'https://push.example.com:5432/x' }],
    ['a long address', { ...good, endpoint: `https://push.example.com/${'x'.repeat(2_000)}` }],
    ['a key that is none', { ...good, keys: { ...good.keys, p256dh: randomBytes(65).toString('base64url') } }],
    ['a secret that is none', { ...good, keys: { ...good.keys, auth: 'x' } }],
  ];
  for (const [what, body] of bad) {
    it(`is refused in words: ${what}`, async () => {
      const { tenantId, say } = await pageOf('ann');
      const { status, body: problem } = await say('PUT', body);
      assert.deepEqual([status, problem.code], [400, 'invalid']);
      assert.deepEqual(await devicesOf(tenantId), []);
    });
  }

  it('is refused where only the service of a rehearsal is sent to', async (test) => {
    const rehearsal = await startTestApi(database, { push: { publicKey: VAPID.publicKey, onlyService: sandbox.url } });
    test.after(() => rehearsal.close());
    const { token } = await pageOf('ann');
    const put = (body: unknown) => rehearsal.call('PUT', '/v1/push/subscriptions', { key: token, body });
    assert.equal((await put(sandbox.subscribe())).status, 200);
    assert.match((await put(browser())).body.detail, /rehearsal/);
  });

  it('is told so where no push messages are sent', async (test) => {
    const silent = await startTestApi(database, { push: null });
    test.after(() => silent.close());
    const { token } = await pageOf('ann');
    for (const answer of [
      await silent.call('GET', '/v1/push/key', { key: token }),
      await silent.call('PUT', '/v1/push/subscriptions', { key: token, body: browser() }),
    ]) {
      assert.deepEqual([answer.status, answer.body.code], [501, 'not_available']);
    }
  });

  it('is let in by nothing but a token of its user', async () => {
    const { key } = await pageOf('ann');
    for (const other of [key, 'x', ''])
      assert.equal((await api.call('PUT', '/v1/push/subscriptions', { key: other, body: browser() })).status, 401);
    const asked = await api.call('OPTIONS', '/v1/push/subscriptions');
    assert.deepEqual([asked.status, asked.headers.get('access-control-allow-methods')], [204, 'PUT, DELETE']);
    assert.equal(asked.headers.get('access-control-allow-origin'), '*');
  });
});

describe('what a service worker tells', () => {
  /** A message that was sent to a device, and its token. */
  async function sent() {
    const { tenantId, step } = await pushStep(database, sandbox, { users: 1 });
    await sendStep(pushSending(database, sandbox), step);
    const { rows } = await database.admin.query<{ id: number }>('select message_id::float8 as id from messages where tenant_id = $1', [
      tenantId,
    ]);
    const messageId = rows[0]?.id ?? 0;
    return { tenantId, messageId, token: signToken(ADDRESS_KEY, { tenantId, messageId }) };
  }
  const report = (token: string, body: unknown) => api.call('POST', `/v1/push/reports/${token}`, { body });
  const messageOf = async (tenantId: TenantId) =>
    (
      await database.admin.query(
        `select m.status, c.delivered_count as delivered, c.opened_count as opened
         from messages m join outreach_campaigns c on c.tenant_id = m.tenant_id and c.id = m.campaign_id where m.tenant_id = $1`,
        [tenantId],
      )
    ).rows[0] as unknown;

  it('is noted once: shown is delivered, and opened is opened', async () => {
    const { tenantId, token } = await sent();
    for (let i = 0; i < 3; i += 1) assert.deepEqual((await report(token, { what: 'shown' })).body, { taken: true });
    assert.deepEqual(await messageOf(tenantId), { status: 'delivered', delivered: 1, opened: 0 });
    for (let i = 0; i < 3; i += 1) assert.equal((await report(token, { what: 'opened' })).status, 200);
    assert.equal((await report(token, { what: 'shown' })).status, 200);
    assert.deepEqual(await messageOf(tenantId), { status: 'opened', delivered: 1, opened: 1 });
  });

  it('settles a message of which nobody knew whether it arrived', async () => {
    const { tenantId, token } = await sent();
    await database.admin.query(`update messages set status = 'uncertain', sent_at = null where tenant_id = $1`, [tenantId]);
    await report(token, { what: 'shown' });
    assert.deepEqual(((await messageOf(tenantId)) as { status: string }).status, 'delivered');
  });

  it('is refused of what is no push message, and of whom is deleted', async () => {
    const { tenantId, token } = await sent();
    const elsewhere = signToken(ADDRESS_KEY, { tenantId, messageId: 999_999_999 });
    const forged = `${token.slice(0, -2)}${token.at(-2) === 'A' ? 'B' : 'A'}A`;
    for (const bad of [elsewhere, forged, 'x', '%00']) assert.equal((await report(bad, { what: 'shown' })).status, 404, bad);
    for (const body of ['', '[]', { what: 'closed' }, { what: 'shown', user_id: 'bob' }])
      assert.equal((await report(token, body)).status, 400);
    await database.admin.query(`update messages set channel = 'email' where tenant_id = $1`, [tenantId]);
    assert.equal((await report(token, { what: 'shown' })).status, 404);
    const other = await sent();
    await database.pool.query(`select delete_user($1, 'u1')`, [other.tenantId]);
    assert.equal((await report(other.token, { what: 'opened' })).status, 404);
  });
});

describe('the documentation of push', () => {
  it('describes every route that is served, and each answer satisfies the schema that is written there', async () => {
    const { body: document } = await api.call('GET', '/openapi.json');
    const served = api.expressPaths.filter((path) => path.startsWith('/v1/push'));
    assert.deepEqual(new Set(api.pushOperations.map(({ path }) => path)), new Set(served));
    const ajv = new Ajv2020({ strict: false });
    addFormats.default(ajv);
    const { token } = await pageOf('ann');
    for (const { method, path } of api.pushOperations.filter(({ path: one }) => !one.includes('reports'))) {
      const operation = document.paths[path][method];
      assert.deepEqual([operation.security, operation.tags], [[{ subscriberToken: [] }], ['Push']], path);
      const answer = await api.call(method.toUpperCase(), path, { key: token, ...(operation.requestBody && { body: browser() }) });
      const validate = ajv.compile(operation.responses[200].content['application/json'].schema);
      assert.ok(answer.status === 200 && validate(answer.body), `${path}: ${JSON.stringify(validate.errors)} in ${answer.text}`);
    }
  });
});

describe('whatever a page sends', () => {
  it('nothing fails on our side, every refusal is a problem, and the next request is served', async () => {
    const { token, say, tenantId } = await pageOf('ann');
    const wild = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 60 }),
      fc.constantFrom('', '\0', '\ud800', '__proto__', 'https://a.b/\ud800', browser().endpoint),
    );
    const good = browser();
    const subscription = fc.record(
      {
        endpoint: fc.oneof(wild, fc.webUrl({ validSchemes: ['https'] }), fc.constant(good.endpoint)),
        keys: fc.oneof(
          wild,
          fc.record({ p256dh: fc.oneof(wild, fc.constant(good.keys.p256dh)), auth: fc.oneof(wild, fc.constant(good.keys.auth)) }),
        ),
      },
      { requiredKeys: [] },
    );
    const body = fc.oneof(
      fc.json(),
      wild,
      subscription.map((one) => JSON.stringify(one)),
      fc.constant(JSON.stringify({ what: 'shown' })),
    );
    const path = fc.oneof(
      fc.constantFrom('/subscriptions', '/subscriptions', '/key'),
      wild.map((text) => `/reports/${text.isWellFormed() ? encodeURIComponent(text) : 'x'}`),
    );
    await fc.assert(
      fc.asyncProperty(fc.constantFrom('GET', 'POST', 'PUT', 'DELETE', 'OPTIONS'), path, body, async (method, where, text) => {
        const hasBody = !['GET', 'OPTIONS'].includes(method);
        const answer = await api.call(method, `/v1/push${where}`, { key: token, ...(hasBody && { body: text }) });
        assert.ok(answer.status < 500, `${method} ${where} ${text}: ${answer.status} ${answer.text}`);
        if (answer.status >= 400) assert.equal(answer.body?.status, answer.status, `${method} ${where}`);
      }),
      { numRuns: 400 },
    );
    assert.equal((await say('PUT', good)).status, 200);
    assert.ok((await devicesOf(tenantId)).includes(`ann ${good.endpoint}`));
  });
});
