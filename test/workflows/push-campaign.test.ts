import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { changeCampaign } from '../../api/campaign-control.js';
import { createLinkPages } from '../../api/links.js';
import type { TenantId } from '../../core/ids.js';
import { createApiKey } from '../../db/queries/api-keys.js';
import { waitUntil } from '../../sandbox/processes.js';
import { startSandboxPush, type SandboxPush } from '../../sandbox/push/push.js';
import type { BrowserSubscription } from '../../sandbox/push/subscriptions.js';
import { campaignWorkflowId, type CampaignSummary } from '../../workflows/campaign/contract.js';
import { startTestApi, type TestApi } from '../harness/api.js';
import { addSegment, ADDRESS_KEY } from '../harness/campaigns.js';
import { createTestDatabase, type TestDatabase } from '../harness/database.js';
import { countsOf } from '../harness/ledger.js';
import { skipWithout } from '../harness/needs.js';
import { VAPID } from '../harness/push.js';
import { startCampaignWorker, untilAllTold, type SendingWorker } from '../harness/sending.js';
import { startedTest } from '../harness/tests.js';
import { findTimeSkippingServer, startTimeSkipping, TIME_SKIPPING_NEEDS } from '../harness/time-skipping.js';

const executable = await findTimeSkippingServer();
const skip = skipWithout(executable, TIME_SKIPPING_NEEDS);

let database: TestDatabase;
let environment: TestWorkflowEnvironment;
let service: SandboxPush;
let api: TestApi;
let worker: SendingWorker;
before(async () => {
  if (!executable) return;
  database = await createTestDatabase();
  environment = await startTimeSkipping(executable);
  const { client, address } = environment;
  service = await startSandboxPush();
  api = await startTestApi(database, {
    push: { publicKey: VAPID.publicKey, onlyService: service.url },
    campaigns: { changeCampaign: (change) => changeCampaign(client, change) },
    outside: () => [createLinkPages({ database, ledgerKey: ADDRESS_KEY, now: () => new Date() })],
  });
  worker = await startCampaignWorker({ database, client, address, namespace: 'default', push: { service, publicUrl: api.url } });
});
after(async () => {
  await worker?.close();
  await api?.close();
  await service?.close();
  await environment?.teardown();
  await database?.drop();
});

type Shown = {
  readonly title: string;
  readonly body: string;
  readonly url?: string;
  readonly tag: string;
  readonly report_url: string;
};

/** A user's browser: its page tells of it, and its service worker does as that of docs/push.md. */
async function browserOf(tenantId: TenantId, user: string) {
  const { key } = await createApiKey(database, tenantId, { name: 'backend', scopes: ['inbox:tokens'] });
  const { body: minted } = await api.call('POST', '/v1/inbox/tokens', { key, body: { user_id: user } });
  const { body: ours } = await api.call('GET', '/v1/push/key', { key: minted.token });
  const subscription: BrowserSubscription = service.subscribe(ours.public_key);
  assert.equal((await api.call('PUT', '/v1/push/subscriptions', { key: minted.token, body: subscription })).status, 200);
  const shown = (): Shown[] =>
    service.journal
      .all()
      .filter(({ endpoint }) => endpoint === subscription.endpoint)
      .map(({ payload }) => JSON.parse(payload) as Shown);
  const report = async (nth: number, what: 'shown' | 'opened') => {
    const answer = await fetch(shown()[nth]?.report_url ?? '', { method: 'POST', body: JSON.stringify({ what }) });
    assert.equal(answer.status, 200, await answer.text());
  };
  return { endpoint: subscription.endpoint, shown, report, titles: () => shown().map(({ title }) => title) };
}

async function askerOf(tenantId: TenantId) {
  const { key } = await createApiKey(database, tenantId, { name: 'test', scopes: ['read', 'campaigns:write', 'templates:write'] });
  return async (method: string, path: string, body?: unknown) => {
    const answer = await api.call(method, path, { key, ...(body !== undefined && { body }) });
    assert.ok(answer.status < 300, answer.text);
    return answer.body;
  };
}

const SEQUENCE = [
  {
    day: 0,
    channel: 'push',
    template: 'limited_offer',
    subject: 'Hello {{ first_name | default: "you" }}',
    message: '{{ offer.label }}',
    url: 'https://shop.example/sale?who={{ first_name | default: "you" }}',
    offer: { value: 20, unit: 'percent', expiry_days: 2 },
  },
  { day: 1, channel: 'push', template: 'thanks', message: 'You had a look', trigger: 'push_opened', timeout_hours: 12, else: 3 },
  { day: 3, channel: 'push', template: 'last', message: 'The last one' },
];

describe('a campaign of push messages', () => {
  it('is shown on people’s devices, and goes on by what they do with it', { skip }, async () => {
    const tenantId = await database.newTenant();
    const segment = await addSegment(database, tenantId, ['ann', 'bob', 'cat', 'dan']);
    const ask = await askerOf(tenantId);
    const old = await browserOf(tenantId, 'bob');
    const [ann, bob, dan] = [await browserOf(tenantId, 'ann'), await browserOf(tenantId, 'bob'), await browserOf(tenantId, 'dan')];
    service.leave(bob.endpoint);
    const draft = await ask('POST', '/v1/campaigns', { segment, sequence: SEQUENCE });
    assert.deepEqual([draft.channel, draft.preflight.blockers], ['push', []]);
    assert.deepEqual(
      draft.preflight.channels.map((one: Record<string, unknown>) => [one['channel'], one['reachable'], one['no_address']]),
      [['push', 3, 1]],
    );
    await ask('POST', `${draft.url}/launch`);
    const isShown = () => Promise.resolve([ann, old, dan].every((one) => one.titles().length === 1));
    assert.ok(await waitUntil(isShown, 20_000, 20), JSON.stringify(service.journal.all()));
    await ann.report(0, 'shown');
    await old.report(0, 'opened');
    const followed = await fetch(ann.shown()[0]?.url ?? '', { redirect: 'manual', headers: { 'User-Agent': 'Mozilla/5.0 Firefox/140.0' } });
    assert.deepEqual([followed.status, followed.headers.get('location')], [302, 'https://shop.example/sale?who=you']);
    await dan.report(0, 'shown');
    await untilAllTold(database);

    const handle = environment.client.workflow.getHandle(campaignWorkflowId(tenantId, draft.campaign_id));
    assert.equal(((await handle.result()) as CampaignSummary).status, 'finished');
    for (const one of [ann, old]) assert.deepEqual(one.titles(), ['Hello you', 'You had a look', 'The last one']);
    assert.deepEqual(dan.titles(), ['Hello you', 'The last one']);
    assert.deepEqual(bob.titles(), []);
    assert.equal(ann.shown()[0]?.body, '20% off');
    assert.equal(service.journal.duplicates().size, 0);
    assert.deepEqual([...new Set(service.journal.all().map(({ ttl_seconds: ttl }) => ttl / 86_400))], [1, 2, 28]);

    const { rows } = await database.admin.query<{ told: string }>(
      `select concat_ws(' ', user_id, step_key, channel, status, reason) as told from messages where tenant_id = $1 order by user_id, step_key`,
      [tenantId],
    );
    assert.deepEqual(
      rows.map(({ told }) => told),
      [
        'ann 1 push clicked',
        'ann 2 push sent',
        'ann 3 push sent',
        'bob 1 push opened',
        'bob 2 push sent',
        'bob 3 push sent',
        'cat 1 push suppressed no address',
        'cat 3 push suppressed no address',
        'dan 1 push delivered',
        'dan 3 push sent',
      ],
    );
    const { kept, recounted } = await countsOf(database, tenantId);
    assert.deepEqual(kept, recounted);
    assert.deepEqual(kept, [{ sent: 8, delivered: 3, opened: 2, clicked: 1 }]);
  });

  it('shows each person their arm of a test, with a code of their own', { skip }, async () => {
    const tenantId = await database.newTenant();
    const people = Array.from({ length: 24 }, (_, i) => `p${i}`);
    const segment = await addSegment(database, tenantId, people);
    const browsers = new Map<string, Awaited<ReturnType<typeof browserOf>>>();
    for (const one of people) browsers.set(one, await browserOf(tenantId, one));
    const variations = [
      { id: 'control', name: 'As it is', parts: { subject: 'A fifth off' } },
      { id: 'short', name: 'Short', parts: { subject: 'Just today', content: 'Say {{ offer.code }}' } },
    ];
    const test = await startedTest(database, tenantId, new Date(Date.now() - 3_600_000), { channel: 'push', variations });
    const ask = await askerOf(tenantId);
    await ask('POST', '/v1/offers', { offer_id: 'spring', value: 20, unit: 'percent', expiry_days: 7 });
    await ask('POST', '/v1/offers/spring/codes', { codes: people.map((one) => `CODE-${one}`) });
    const words = {
      subject: 'Not in the test',
      message: 'Your code: {{ offer.code }}',
      url: 'https://shop.example/?code={{ offer.code }}',
    };
    const step = { day: 0, channel: 'push', template: 'spring', ...words, test: test.testKey, offer: { offer_id: 'spring' } };
    const draft = await ask('POST', '/v1/campaigns', { segment, sequence: [step] });
    assert.deepEqual([draft.preflight.blockers, draft.preflight.warnings], [[], []]);
    assert.deepEqual(draft.preflight.codes, [{ offer_id: 'spring', free: 24, people: 24 }]);
    await ask('POST', `${draft.url}/launch`);
    const handle = environment.client.workflow.getHandle(campaignWorkflowId(tenantId, draft.campaign_id));
    assert.equal(((await handle.result()) as CampaignSummary).status, 'finished');

    const { rows } = await database.admin.query<{ user_id: string; arm: string; code: string }>(
      `select x.user_id, x.variation_id as arm, c.code from ab_test_exposures x
       join offer_codes c on c.tenant_id = x.tenant_id and c.user_id = x.user_id where x.test_id = $1`,
      [test.id],
    );
    assert.deepEqual([rows.length, new Set(rows.map(({ code }) => code)).size, new Set(rows.map(({ arm }) => arm)).size], [24, 24, 2]);
    for (const { user_id: user, arm, code } of rows) {
      const [got, ...more] = browsers.get(user)?.shown() ?? [];
      const said = arm === 'control' ? ['A fifth off', `Your code: ${code}`] : ['Just today', `Say ${code}`];
      assert.deepEqual([got?.title, got?.body, more.length], [...said, 0], `${user} is in ${arm}`);
      const followed = await fetch(got?.url ?? '', { redirect: 'manual', headers: { 'User-Agent': 'Mozilla/5.0 Firefox/140.0' } });
      assert.equal(followed.headers.get('location'), `https://shop.example/?code=${code}`);
    }
  });

  it('is not launched with words that cannot be shown, and says which', { skip }, async () => {
    const tenantId = await database.newTenant();
    const segment = await addSegment(database, tenantId, ['ann']);
    await browserOf(tenantId, 'ann');
    const ask = await askerOf(tenantId);
    const step = { day: 0, channel: 'push', template: 'x' };
    const sequence = [
      step,
      { ...step, message: '{{ nobody }}' },
      { ...step, message: 'Hi', url: 'javascript:alert(1)' },
      { ...step, message: 'Hi', url: '{{ unsubscribe_url }}' },
    ];
    const { preflight } = await ask('POST', '/v1/campaigns', { segment, sequence });
    assert.equal(preflight.blockers.length, 4, JSON.stringify(preflight.blockers));
    for (const [i, fault] of [/subject or a message/, /nobody/, /no http or https/, /no unsubscribe_url/].entries()) {
      assert.match(preflight.blockers[i], fault);
    }
    const mail = { day: 0, channel: 'email', template: 'win_back', url: 'https://shop.example' };
    const { key } = await createApiKey(database, tenantId, { name: 'test', scopes: ['campaigns:write'] });
    const answer = await api.call('POST', '/v1/campaigns', { key, body: { segment, sequence: [mail] } });
    assert.match(answer.body.detail, /sequence\[0\]\.url: only a push message has one/);
  });
});
