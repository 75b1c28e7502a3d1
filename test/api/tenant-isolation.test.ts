import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import type { Route } from '../../api/route.js';
import type { TenantId } from '../../core/ids.js';
import { SCOPES } from '../../core/scopes.js';
import { createApiKey } from '../../db/queries/api-keys.js';
import { text } from '../core/template/samples.js';
import { startTestApi, type TestApi } from '../harness/api.js';
import { createTestDatabase, type TestDatabase } from '../harness/database.js';
import { seedAudience, SHARED, type SeededAudience } from '../harness/audience.js';

let database: TestDatabase;
let api: TestApi;
let ours: { readonly tenantId: TenantId; readonly key: string; readonly audience: SeededAudience };
let theirs: { readonly tenantId: TenantId; readonly key: string; readonly keyId: string; readonly audience: SeededAudience };

/** Every row of the other tenant holds this word, and nothing else in the database does. */
const MARK = `mark${randomBytes(8).toString('hex')}`;

before(async () => {
  database = await createTestDatabase();
  api = await startTestApi(database, { now: () => new Date('2026-03-02T12:00:00Z') });
  const ourTenant = await database.newTenant({ name: 'Ours' });
  const theirTenant = await database.newTenant({ name: `Theirs ${MARK}` });
  const { key } = await createApiKey(database, ourTenant, { name: 'all', scopes: SCOPES.filter((scope) => scope !== 'events:write') });
  const { key: theirKey, keyId } = await createApiKey(database, theirTenant, { name: MARK, scopes: ['read'] });
  ours = { tenantId: ourTenant, key, audience: await seedAudience(database, ourTenant, 'ours', '2026-03-01') };
  theirs = { tenantId: theirTenant, key: theirKey, keyId, audience: await seedAudience(database, theirTenant, MARK, '2026-02-28') };
});
after(async () => {
  await api.close();
  await database.drop();
});

/** For each name that a path may hold: a value of the other tenant, and one of our own. A new name must be added here. */
function pathValues(name: string): { readonly their: string; readonly our: string } {
  const values: Record<string, { their: string; our: string }> = {
    tenant_id: { their: theirs.tenantId, our: ours.tenantId },
    walk_date: { their: theirs.audience.walkDate, our: ours.audience.walkDate },
    segment_id: { their: theirs.audience.segmentKey, our: ours.audience.segmentKey },
    user_id: { their: theirs.audience.userId, our: ours.audience.userId },
    suggestion_id: { their: theirs.audience.suggestionId, our: ours.audience.suggestionId },
    campaign_id: { their: theirs.audience.campaignId, our: ours.audience.campaignId },
    test_id: { their: theirs.audience.testId, our: ours.audience.testId },
    offer_id: { their: theirs.audience.offerKey, our: ours.audience.offerKey },
    family: { their: theirs.audience.templateFamily, our: ours.audience.templateFamily },
    reply_id: { their: theirs.audience.replyId, our: ours.audience.replyId },
    provider: { their: 'instagram', our: 'messenger' },
    rule_id: { their: theirs.audience.ruleId, our: ours.audience.ruleId },
    key_id: { their: theirs.keyId, our: 'key_0000000000000000' },
  };
  const found = values[name];
  assert.ok(found, `a route has the path parameter {${name}}, of which this test seeds no rows: add them`);
  return found;
}

const campaignBody = () => ({
  segment: theirs.audience.segmentKey,
  sequence: [{ day: 0, channel: 'email', template: 'welcome_series_1' }],
});

/** These make, show or remove a thing of the tenant's own under whatever name. */
const OWN_NAMES = new Set([
  'put /v1/whatsapp-templates/{family}',
  'get /v1/social-accounts/{provider}',
  'put /v1/social-accounts/{provider}',
  'delete /v1/social-accounts/{provider}',
]);

/** A body that each writing route accepts. A new writing route must be added here. */
const BODIES: Record<string, () => unknown> = {
  'post /v1/walks': () => ({ walk_date: theirs.audience.walkDate }),
  'post /v1/suggestions/{suggestion_id}/responses': () => ({
    suggestion_id: theirs.audience.suggestionId,
    action: 'reject',
    channel: 'in_app',
  }),
  'post /v1/tests': () => ({
    name: 'x',
    channel: 'email',
    variations: [
      { id: 'a', parts: {} },
      { id: 'b', parts: {} },
    ],
    audience_segment: theirs.audience.segmentKey,
    primary_metric: 'ctr',
    baseline: { rate: 0.1 },
  }),
  'post /v1/campaigns': () => campaignBody(),
  'put /v1/campaigns/{campaign_id}': () => campaignBody(),
  'post /v1/reply-rules': () => ({ name: 'x', keywords: ['x'], message: 'x' }),
  'put /v1/reply-rules/{rule_id}': () => ({ name: 'x', keywords: ['x'], message: 'x' }),
  'put /v1/replies/{reply_id}/verdict': () => ({ verdict: 'none' }),
  'post /v1/tests/{test_id}/start': () => ({ accept_too_small: true }),
  'post /v1/tests/{test_id}/extend': () => ({ days: 7 }),
  'post /v1/tests/{test_id}/apply': () => ({ again: true }),
  'post /v1/tests/{test_id}/exposures': () => ({ exposures: [{ user_id: theirs.audience.userId, variation_id: 'control' }] }),
  'post /v1/tests/{test_id}/outcomes': () => ({ outcomes: [{ outcome_id: 'x', user_id: theirs.audience.userId, kind: 'converted' }] }),
  'post /v1/offers': () => ({ offer_id: 'begun', type: 'gift' }),
  'post /v1/offers/{offer_id}/codes': () => ({ codes: ['begun'] }),
  'post /v1/templates': () => ({ family: 'begun', ...text('Hi') }),
  'post /v1/templates/{family}/versions': () => text('Hi'),
  'post /v1/templates/{family}/publish': () => ({ version: 1 }),
  'post /v1/templates/{family}/preview': () => ({ user_id: theirs.audience.userId }),
  'put /v1/phone-sender': () => ({ sms_number: ours.audience.phoneNumber }),
  'put /v1/social-accounts/{provider}': () => ({ account_id: '1', access_token: 'ours' }),
  'put /v1/whatsapp-templates/{family}': () => ({ content_sid: `HX${'1'.repeat(32)}` }),
  'put /v1/email-sender': () => ({ from_email: 'a@b.example', from_name: 'ours', brand_name: 'ours', postal_address: 'ours' }),
  'post /v1/consent': () => ({
    words: [{ channel: 'email', address: `${MARK}@example.test`, user_id: theirs.audience.userId, action: 'denied', source: 'form' }],
  }),
  'post /v1/consent/status': () => ({ channel: 'email', address: `${MARK}@example.test` }),
  'put /v1/sending-policy': () => ({ quiet_hours: { email: 'daily 08:00-21:00' } }),
  'post /v1/inbox/tokens': () => ({ user_id: theirs.audience.userId }),
  'post /v1/tenants': () => ({ tenant_id: theirs.tenantId, name: 'x' }),
  'patch /v1/tenants/{tenant_id}': () => ({ name: 'x' }),
  'post /v1/tenants/{tenant_id}/keys': () => ({ name: 'x', scopes: ['read'] }),
};

function bodyOf({ method, path, schemas }: Route): { readonly body?: unknown } {
  if (!schemas.body) return {};
  const make = BODIES[`${method} ${path}`];
  assert.ok(make, `this test knows no body for ${method} ${path}: add one`);
  return { body: make() };
}

const fill = (path: string, whose: 'their' | 'our'): string =>
  path.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(pathValues(name)[whose]));

const everyRow = async (): Promise<string> => {
  const { rows } = await database.admin.query<{ table_name: string }>(
    `select table_name from information_schema.columns c join pg_class k on k.relname = c.table_name and not k.relispartition
     where c.table_schema = 'madansara_analytics' and c.column_name = 'tenant_id' order by 1`,
  );
  const contents = [];
  for (const { table_name: table } of rows) {
    const found = await database.admin.query(`select to_jsonb(t) as row from ${table} t where tenant_id = $1 order by 1`, [
      theirs.tenantId,
    ]);
    contents.push({ table, rows: found.rows });
  }
  return JSON.stringify(contents);
};

/** Segment's paths, the short ones too: all that Express serves there, so that a new one is tried without being named here. */
const segmentPaths = (): readonly string[] =>
  api.expressPaths.filter((path) => api.segmentOperations.some((operation) => operation.path.startsWith(path)));

const writeAs = (path: string, key: string, body: object) => {
  const basic = { Authorization: `Basic ${Buffer.from(`${key}:`).toString('base64')}` };
  return api.call('POST', path, { body, headers: basic });
};

describe("a tenant's key", () => {
  it('is tried on every route with the ids of another tenant, sees nothing of it and changes nothing of it', async () => {
    const rowsBefore = await everyRow();
    for (const table of [
      'users',
      'audience_segments',
      'segment_membership',
      'suggestions',
      'walks',
      'contacts',
      'user_features',
      'api_keys',
      'ab_tests',
      'ab_test_exposures',
      'ab_test_results',
      'ab_test_looks',
      'ab_test_decisions',
      'ab_test_learnings',
      'template_defaults',
      'metric_baselines',
      'outreach_campaigns',
      'campaign_plans',
      'campaign_clocks',
      'campaign_batches',
      'journeys',
      'messages',
      'calls',
      'suppressions',
      'provider_events',
      'send_slots',
      'engagement_outbox',
      'template_versions',
      'template_publications',
      'email_senders',
      'phone_senders',
      'whatsapp_templates',
      'texts',
      'replies',
      'social_accounts',
      'social_comments',
      'offers',
      'offer_codes',
      'test_slots',
    ]) {
      assert.match(rowsBefore, new RegExp(`"table":"${table}","rows":\\[\\{`), `the other tenant has rows in ${table}`);
    }
    for (const route of api.routes) {
      const answer = await api.call(route.method.toUpperCase(), fill(route.path, 'their'), { key: ours.key, ...bodyOf(route) });
      const name = `${route.method} ${route.path}`;
      const shown = OWN_NAMES.has(name) ? answer.text.replace(theirs.audience.templateFamily, '') : answer.text;
      assert.ok(!shown.includes(MARK), `${name} shows a row of another tenant: ${answer.text.slice(0, 300)}`);
      assert.ok(!answer.text.includes(theirs.audience.phoneNumber), `${name} shows a number of another tenant`);
      assert.ok(!JSON.stringify([...answer.headers]).includes(MARK), `${name} shows another tenant in its headers`);
      if (route.scope === 'admin') assert.equal(answer.status, 401, name);
      else if (/\{(?!walk_date)/.test(route.path) && !OWN_NAMES.has(name))
        assert.equal(answer.status, 404, `${name} answered ${answer.text}`);
    }
    assert.equal(await everyRow(), rowsBefore, 'rows of the other tenant have changed');
    assert.ok(
      api.started.every(({ tenantId }) => tenantId === ours.tenantId),
      'a walk was started for another tenant',
    );
  });

  it('sees its own rows by the same routes, so that silence above means something', async () => {
    for (const route of api.routes.filter(
      ({ method, scope, path }) => method === 'get' && scope !== 'admin' && scope !== 'public' && path,
    )) {
      const answer = await api.call('GET', fill(route.path, 'our'), { key: ours.key });
      assert.equal(answer.status, 200, `${route.path}: ${answer.text}`);
      assert.ok(
        answer.text.includes('ours') || answer.text.includes(ours.audience.phoneNumber),
        `${route.path} shows a row of its own tenant`,
      );
    }
  });

  it('sees its own row where both tenants use the same id', async () => {
    for (const path of [`/v1/users/${SHARED.userId}`, `/v1/walks/${SHARED.walkDate}`, `/v1/segments/${SHARED.segmentKey}`]) {
      const answer = await api.call('GET', path, { key: ours.key });
      assert.equal(answer.status, 200, path);
      assert.match(answer.text, /ours/);
      assert.ok(!answer.text.includes(MARK), path);
    }
  });

  it('gets nowhere with a cursor that another tenant was given', async () => {
    const { key } = await createApiKey(database, theirs.tenantId, { name: MARK, scopes: ['read'] });
    const first = await api.call('GET', `/v1/segments/${theirs.audience.segmentKey}/members?limit=1`, { key });
    assert.equal(first.status, 200);
    assert.ok(first.body.next_cursor);
    const cursor = encodeURIComponent(first.body.next_cursor);
    for (const segment of [theirs.audience.segmentKey, ours.audience.segmentKey]) {
      const answer = await api.call('GET', `/v1/segments/${segment}/members?cursor=${cursor}`, { key: ours.key });
      assert.ok(answer.status === 404 || answer.status === 400, answer.text);
    }
  });
});

// After what reads: from here on the tenant has a user of the other's name itself.
describe("a tenant's write key", () => {
  /** A body that every path of Segment's protocol takes, in which all that can name a tenant or a person names the other's. */
  const hostile = (messageId: string) => {
    const userId = theirs.audience.userId;
    const context = { tenant_id: theirs.tenantId, traits: { tenant_id: theirs.tenantId } };
    const names = { tenant_id: theirs.tenantId, tenantId: theirs.tenantId, writeKey: theirs.key };
    const message = { messageId, userId, previousId: `alias-${MARK}`, groupId: MARK, event: 'Order Completed', ...names, context };
    return {
      ...message,
      traits: { email: `${MARK}@example.org` },
      batch: [
        { ...message, type: 'alias' },
        { ...message, type: 'identify' },
      ],
    };
  };

  it('is tried on every path of the protocol with the ids of another tenant, and writes its own rows alone', async () => {
    assert.deepEqual(segmentPaths().length, 14);
    const { key } = await createApiKey(database, ours.tenantId, { name: 'write', scopes: ['events:write'] });
    const rowsBefore = await everyRow();
    for (const path of segmentPaths()) {
      const answer = await writeAs(path, key, hostile(`at ${path}`));
      assert.equal(answer.status, 200, `${path}: ${answer.text}`);
      assert.ok(answer.body.stored >= 1, `${path}: ${answer.text}`);
    }
    assert.equal(await everyRow(), rowsBefore, 'rows of the other tenant have changed');
    const { rows } = await database.admin.query('select tenant_id, count(*)::int as events from events where user_id = $1 group by 1', [
      theirs.audience.userId,
    ]);
    assert.deepEqual(rows, [{ tenant_id: ours.tenantId, events: segmentPaths().length }]);
  });

  it('does not hide the events of another tenant that have the same message id', async () => {
    const keys = await Promise.all(
      [ours, theirs].map(({ tenantId }) => createApiKey(database, tenantId, { name: MARK, scopes: ['events:write'] })),
    );
    for (const { key } of keys) {
      const answer = await writeAs('/v1/track', key, { messageId: 'shared', userId: SHARED.userId, event: MARK });
      assert.deepEqual(answer.body, { success: true, stored: 1, duplicates: 0, rejected: 0 });
    }
  });

  it('opens no other route, and no other key opens these', async () => {
    const { key } = await createApiKey(database, ours.tenantId, { name: 'write', scopes: ['events:write'] });
    for (const route of api.routes.filter(({ scope }) => scope !== 'public')) {
      const answer = await api.call(route.method.toUpperCase(), fill(route.path, 'our'), { key, ...bodyOf(route) });
      assert.equal(answer.status, route.scope === 'admin' ? 401 : 403, `${route.path}: ${answer.text}`);
    }
    for (const path of segmentPaths()) assert.equal((await writeAs(path, ours.key, hostile('no'))).status, 403, path);
  });
});

describe('the table of routes', () => {
  it('is all that the application serves', async () => {
    const undocumented = ['/openapi.json', '/metrics', '/docs', '/docs/start.js'];
    const served = await api.call('GET', '/openapi.json');
    const others = [...api.segmentOperations, ...api.inboxOperations, ...api.pushOperations];
    const documented = new Set([...api.routes, ...others].map(({ path }) => path));
    assert.deepEqual(new Set(Object.keys(served.body.paths)), documented);
    for (const path of api.expressPaths) {
      const known =
        documented.has(path) || undocumented.includes(path) || path.startsWith('/docs/assets/') || segmentPaths().includes(path);
      assert.ok(known, `${path} is served, and is in no table of routes: no test of isolation tries it`);
    }
    assert.ok(api.expressPaths.length >= documented.size);
  });
});
