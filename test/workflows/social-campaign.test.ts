import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { changeCampaign } from '../../api/campaign-control.js';
import type { TenantId } from '../../core/ids.js';
import { createApiKey } from '../../db/queries/api-keys.js';
import { SANDBOX_APP } from '../../sandbox/meta/accounts.js';
import { startSandboxMeta, type SandboxMeta } from '../../sandbox/meta/meta.js';
import { waitUntil } from '../../sandbox/processes.js';
import { startSandboxSendgrid, type SandboxSendgrid } from '../../sandbox/sendgrid/sendgrid.js';
import { startTestApi, type TestApi } from '../harness/api.js';
import { addSegment } from '../harness/campaigns.js';
import { createTestDatabase, type TestDatabase } from '../harness/database.js';
import { countsOf } from '../harness/ledger.js';
import { skipWithout } from '../harness/needs.js';
import { startCampaignWorker, startWebhookReceiver, untilAllTold, type SendingWorker } from '../harness/sending.js';
import { quietHabits, SENDGRID_KEY } from '../harness/sendgrid.js';
import { newPerson, quietSocialHabits } from '../harness/social.js';
import { findTimeSkippingServer, startTimeSkipping, TIME_SKIPPING_NEEDS } from '../harness/time-skipping.js';

const executable = await findTimeSkippingServer();
const skip = skipWithout(executable, TIME_SKIPPING_NEEDS);

let database: TestDatabase;
let environment: TestWorkflowEnvironment;
let sendgrid: SandboxSendgrid;
let meta: SandboxMeta;
let webhooks: Awaited<ReturnType<typeof startWebhookReceiver>>;
let api: TestApi;
let worker: SendingWorker;
before(async () => {
  if (!executable) return;
  database = await createTestDatabase();
  environment = await startTimeSkipping(executable);
  const { client, address } = environment;
  sendgrid = await startSandboxSendgrid({ keys: [SENDGRID_KEY], audience: () => quietHabits({}) });
  const faults = [
    { probability: 0.3, fault: { kind: 'duplicate', copies: 3 } as const },
    { probability: 0.1, fault: { kind: 'forged' } as const },
  ];
  meta = await startSandboxMeta({ audience: () => quietSocialHabits(), webhook: { chances: { seed: 4, faults } } });
  webhooks = await startWebhookReceiver(database, sendgrid.webhook.publicKey);
  sendgrid.webhook.setUrl(webhooks.url);
  meta.webhook.setUrl(`${webhooks.origin}/v1/webhooks/meta`);
  api = await startTestApi(database, { campaigns: { changeCampaign: (change) => changeCampaign(client, change) } });
  const social = { metaUrl: meta.url, publicUrl: webhooks.origin };
  worker = await startCampaignWorker({ database, client, address, namespace: 'default', sendgridUrl: sendgrid.url, social });
});
after(async () => {
  await worker?.close();
  await api?.close();
  await webhooks?.close();
  await meta?.close();
  await sendgrid?.close();
  await environment?.teardown();
  await database?.drop();
});

async function tenant(people: readonly string[]) {
  const tenantId = await database.newTenant();
  const segment = await addSegment(database, tenantId, people);
  const { key } = await createApiKey(database, tenantId, { name: 'test', scopes: ['read', 'campaigns:write', 'templates:write'] });
  const ask = async (method: string, path: string, body?: unknown) => {
    const answer = await api.call(method, path, { key, ...(body !== undefined && { body }) });
    assert.ok(answer.status < 300, answer.text);
    return answer.body;
  };
  const open = (provider: 'messenger' | 'instagram', comment_keywords: readonly object[] = []) => {
    const account = SANDBOX_APP.accounts.find((one) => one.provider === provider);
    return ask('PUT', `/v1/social-accounts/${provider}`, {
      account_id: account?.accountId,
      access_token: account?.accessToken,
      comment_keywords,
    });
  };
  return { tenantId, segment, ask, open };
}

async function rowsOf(tenantId: TenantId, sql: string): Promise<string[]> {
  const { rows } = await database.admin.query<{ told: string }>(sql, [tenantId]);
  return rows.map(({ told }) => told);
}
const until = async (what: string, isSo: () => Promise<boolean>) => assert.ok(await waitUntil(isSo, 30_000, 50), what);
const messagesOf = (tenantId: TenantId) =>
  rowsOf(tenantId, `select concat_ws(' ', user_id, step_key, status, reason) as told from messages where tenant_id = $1 order by 1`);

/** So many messages stand in the ledger, and whatever anybody did so far has reached the journeys. */
async function untilReacted(tenantId: TenantId, messages: number): Promise<void> {
  await until(`${messages} messages`, async () => {
    const settled = (await messagesOf(tenantId)).filter((row) => !row.includes('claimed'));
    return settled.length >= messages;
  });
  await meta.webhook.drained();
  await sendgrid.webhook.drained();
  await untilAllTold(database);
}

describe('a campaign on a social network', () => {
  it(
    'answers a comment with a keyword, goes on with those who reply, and hears who wants no more',
    { skip, timeout: 120_000 },
    async () => {
      const { tenantId, ask, open } = await tenant(['somebody']);
      await open('instagram', [{ keyword: 'price', event: 'asked_price' }]);
      const sequence = [
      { day: 0, channel: 'social', provider: 'instagram', template: 'price', message: 'It is $9. Shall we send you a code?' },
      { day: 0, channel: 'social', template: 'code', message: 'Here it is: NINE', trigger: 'social_replied', timeout_hours: 20, else: 3, next: 'leave' },
      { day: 1, channel: 'social', template: 'again', message: 'Still thinking?' },
    ]; // prettier-ignore
      const campaign = await ask('POST', '/v1/campaigns', { entry: { event: 'asked_price' }, sequence });
      assert.deepEqual([campaign.channel, campaign.provider, campaign.preflight.blockers], ['social', null, []]);
      await ask('POST', `${campaign.url}/launch`);
      await until('the launch', async () => {
        const { rows } = await database.admin.query('select 1 from outreach_campaigns where tenant_id = $1 and recipients is not null', [
          tenantId,
        ]);
        return rows.length > 0;
      });

      const [ann, bob, cat, dan] = [newPerson(), newPerson(), newPerson(), newPerson()];
      const provider = 'instagram' as const;
      const comments = new Map([ann, bob, cat].map((from) => [meta.comment({ provider, from, text: 'What is the PRICE?' }), from]));
      meta.comment({ provider, from: dan, text: 'Lovely!' });
      await untilReacted(tenantId, 3);
      meta.write({ provider, from: ann, text: 'Yes please' });
      meta.write({ provider, from: cat, text: 'STOP' });
      await untilReacted(tenantId, 4);
      await environment.sleep('2 days');
      await untilReacted(tenantId, 5);

      const said = meta.journal.all().map(({ to, comment_id, text }) => [to, comment_id === null ? null : comments.get(comment_id), text]);
      const first = (to: string) => [to, to, 'It is $9. Shall we send you a code?'];
      assert.deepEqual(said.toSorted(), [first(ann), [ann, null, 'Here it is: NINE'], first(bob), first(cat)].toSorted()); // prettier-ignore
      assert.equal(meta.journal.duplicates().size, 0);
      assert.deepEqual(await messagesOf(tenantId), [
        `instagram:${ann} 1 replied`,
        `instagram:${ann} 2 sent`,
        `instagram:${bob} 1 sent`,
        `instagram:${bob} 3 suppressed window closed`,
        `instagram:${cat} 1 delivered`,
      ]);
      const journeys = await rowsOf(
        tenantId,
        `select concat_ws(' ', user_id, left_because) as told from journeys where tenant_id = $1 order by 1`,
      );
      assert.deepEqual(journeys, [`instagram:${ann} completed`, `instagram:${bob} completed`, `instagram:${cat} unsubscribed`]);
      const { kept, recounted } = await countsOf(database, tenantId);
      assert.deepEqual(kept, recounted);
      await ask('POST', `${campaign.url}/cancel`);
    },
  );

  it('goes on by mail with those whose window is closed', { skip, timeout: 120_000 }, async () => {
    const { tenantId, segment, ask, open } = await tenant(['eve', 'fay', 'gil']);
    const [eve, fay] = [newPerson(), newPerson()];
    await database.admin.query(
      `insert into contacts (tenant_id, user_id, channel, provider, address) values ($1, 'eve', 'social', 'messenger', $2), ($1, 'fay', 'social', 'messenger', $3)`,
      [tenantId, eve, fay],
    );
    const sequence = [
      { day: 0, channel: 'social', provider: 'facebook', template: 'news', message: 'News: https://shop.example/new' },
      { day: 0, channel: 'social', template: 'more', message: 'More of it', trigger: 'social_delivered', else: 3, next: 'leave' },
      { day: 0, channel: 'email', template: 'welcome_series_1' },
    ]; // prettier-ignore
    const campaign = await ask('POST', '/v1/campaigns', { segment, sequence });
    assert.deepEqual(campaign.preflight.blockers, [
      'the tenant has no account on messenger (PUT /v1/social-accounts/{provider} sets one)',
      'the tenant has no account on any network (PUT /v1/social-accounts/{provider} sets one)',
    ]);
    await open('messenger');
    const { blockers, channels } = await ask('GET', `${campaign.url}/preflight`);
    assert.deepEqual(blockers, []);
    const [social] = channels;
    assert.deepEqual([social.channel, social.reachable, social.no_address, social.window_closed], ['social', 2, 1, 2]);
    meta.write({ provider: 'messenger', from: eve, text: 'Hello' });
    await meta.webhook.drained();
    assert.equal((await ask('GET', `${campaign.url}/preflight`)).channels[0].window_closed, 1);

    await ask('POST', `${campaign.url}/launch`);
    await untilReacted(tenantId, 6);
    assert.deepEqual(await messagesOf(tenantId), [
      'eve 1 delivered',
      'eve 2 delivered',
      'fay 1 suppressed window closed',
      'fay 3 delivered',
      'gil 1 suppressed no address',
      'gil 3 delivered',
    ]);
    const [first] = meta.journal.all().filter(({ to }) => to === eve);
    assert.match(first?.text ?? '', new RegExp(`^News: ${webhooks.origin}/l/[\\w-]{24}$`));
    const story = await ask('GET', '/v1/users/eve/messages');
    assert.deepEqual([story.items[0].channel, story.items[0].provider], ['social', 'messenger']);
    assert.equal((await ask('GET', campaign.url)).provider, null);
  });
});
