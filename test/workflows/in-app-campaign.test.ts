import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { changeCampaign } from '../../api/campaign-control.js';
import type { TenantId } from '../../core/ids.js';
import { createApiKey } from '../../db/queries/api-keys.js';
import { waitUntil } from '../../sandbox/processes.js';
import { startSandboxSendgrid, type SandboxSendgrid } from '../../sandbox/sendgrid/sendgrid.js';
import { campaignWorkflowId, type CampaignSummary } from '../../workflows/campaign/contract.js';
import { startTestApi, type TestApi } from '../harness/api.js';
import { addSegment, askCampaign, draftCampaign } from '../harness/campaigns.js';
import { createTestDatabase, type TestDatabase } from '../harness/database.js';
import { readEvents } from '../harness/events.js';
import { countsOf } from '../harness/ledger.js';
import { skipWithout } from '../harness/needs.js';
import { startCampaignWorker, untilAllTold, type SendingWorker } from '../harness/sending.js';
import { quietHabits, SENDGRID_KEY } from '../harness/sendgrid.js';
import { findTimeSkippingServer, startTimeSkipping, TIME_SKIPPING_NEEDS } from '../harness/time-skipping.js';

const executable = await findTimeSkippingServer();
const skip = skipWithout(executable, TIME_SKIPPING_NEEDS);

let database: TestDatabase;
let environment: TestWorkflowEnvironment;
let sendgrid: SandboxSendgrid;
let api: TestApi;
let worker: SendingWorker;
before(async () => {
  if (!executable) return;
  database = await createTestDatabase();
  environment = await startTimeSkipping(executable);
  const { client, address } = environment;
  sendgrid = await startSandboxSendgrid({ keys: [SENDGRID_KEY], audience: () => quietHabits({}) });
  api = await startTestApi(database, { campaigns: { changeCampaign: (change) => changeCampaign(client, change) } });
  worker = await startCampaignWorker({ database, client, address, namespace: 'default', sendgridUrl: sendgrid.url });
});
after(async () => {
  await worker?.close();
  await api?.close();
  await sendgrid?.close();
  await environment?.teardown();
  await database?.drop();
});

/** What people ask of the API with a key that may do all of this. */
async function askerOf(tenantId: TenantId) {
  const { key } = await createApiKey(database, tenantId, { name: 'test', scopes: ['read', 'campaigns:write'] });
  return async (method: string, path: string, body?: unknown) => {
    const answer = await api.call(method, path, { key, ...(body !== undefined && { body }) });
    assert.ok(answer.status < 300, answer.text);
    return answer.body;
  };
}

/** The page of a user, with the token that the tenant's backend got for it. */
async function pageOf(tenantId: TenantId, user: string) {
  const { key } = await createApiKey(database, tenantId, { name: 'backend', scopes: ['inbox:tokens'] });
  const { body } = await api.call('POST', '/v1/inbox/tokens', { key, body: { user_id: user } });
  return {
    token: String(body.token),
    titles: async (): Promise<string[]> =>
      (await api.call('GET', '/v1/inbox', { key: body.token })).body.items.map(({ title }: { title: string }) => title),
    say: (what: string) => api.call('POST', `/v1/inbox/${what}`, { key: body.token }),
  };
}

const SEQUENCE = [
  { day: 0, channel: 'in_app', template: 'feature_highlight', subject: 'Try it', message: 'There is something new.' },
  { day: 1, channel: 'email', template: 'educational_series', trigger: 'in_app_engaged', else: 3 },
  { day: 3, channel: 'in_app', template: 'feedback_request', message: 'How was it?' },
  { day: 4, channel: 'email', template: 'win_back' },
];

/** What became of each message of a tenant: whose, of which step, over what, how far. */
async function messagesOf(tenantId: TenantId): Promise<string[]> {
  const { rows } = await database.admin.query<{ message: string }>(
    `select concat_ws(' ', user_id, step_key, channel, status, reason) as message from messages where tenant_id = $1
     order by user_id, step_key`,
    [tenantId],
  );
  return rows.map(({ message }) => message);
}

describe('a campaign of mails and in-app messages', () => {
  it('lands in inboxes and mailboxes, and goes on by what people do in the one', { skip }, async () => {
    const tenantId = await database.newTenant();
    const segment = await addSegment(database, tenantId, ['ann', 'bob', 'cat']);
    await database.admin.query(`delete from contacts where tenant_id = $1 and user_id = 'cat'`, [tenantId]);
    const ask = await askerOf(tenantId);
    const draft = await ask('POST', '/v1/campaigns', { segment, sequence: SEQUENCE });
    assert.deepEqual([draft.channel, draft.preflight.blockers], ['multi', []]);
    assert.deepEqual(
      draft.preflight.channels.map((one: Record<string, unknown>) => [one['channel'], one['reachable'], one['no_address']]),
      [
        ['in_app', 3, 0],
        ['email', 2, 1],
      ],
    );
    const [ann, bob, cat] = await Promise.all(['ann', 'bob', 'cat'].map((user) => pageOf(tenantId, user)));
    assert.ok(ann && bob && cat);
    const events = await readEvents(`${api.url}/v1/inbox/stream`, { token: ann.token, lastEventId: 0 });
    await ask('POST', `${draft.url}/launch`);
    await events.until((heard) => heard.some(({ event }) => event === 'item'));
    const isThere = async () => (await Promise.all([bob, cat].map(({ titles }) => titles()))).every(({ length }) => length === 1);
    assert.ok(await waitUntil(isThere, 20_000, 20));
    // Who only reads has not engaged.
    assert.equal((await ann.say('1/interacted')).status, 200);
    assert.equal((await bob.say('1/read')).status, 200);
    await untilAllTold(database);

    const handle = environment.client.workflow.getHandle(campaignWorkflowId(tenantId, draft.campaign_id));
    assert.equal(((await handle.result()) as CampaignSummary).status, 'finished');
    for (const { titles } of [ann, bob, cat]) assert.deepEqual(await titles(), ['How was it?', 'Try it']);
    await events.until((heard) => heard.filter(({ event }) => event === 'item').length === 2);
    events.close();
    const mails = sendgrid.journal.all().flatMap(({ to }) => to.map(({ email }) => email));
    assert.deepEqual(
      mails.sort(),
      ['ann', 'ann', 'bob'].map((who) => `${who}.${tenantId}@example.test`),
    );

    assert.deepEqual(await messagesOf(tenantId), [
      'ann 1 in_app clicked',
      'ann 2 email sent',
      'ann 3 in_app delivered',
      'ann 4 email sent',
      'bob 1 in_app opened',
      'bob 3 in_app delivered',
      'bob 4 email sent',
      'cat 1 in_app delivered',
      'cat 3 in_app delivered',
      'cat 4 email suppressed no address',
    ]);
    const { kept, recounted } = await countsOf(database, tenantId);
    assert.deepEqual(kept, recounted);
    await isToldToWhoeverAsks(ask, draft.campaign_id);
  });

  it('says in the ledger why nothing was shown where a step has no words, or words of which nothing is left', { skip }, async () => {
    const tenantId = await database.newTenant();
    const segment = await addSegment(database, tenantId, ['ann']);
    const step = { channel: 'in_app', template: 'win_back' } as const;
    const campaignId = await draftCampaign(database, tenantId, {
      segment,
      sequence: [
        { ...step, day: 0 },
        { ...step, day: 1, message: '{{ first_name }}' },
        { ...step, day: 1, message: 'Hello {{ first_name | default: "you" }}' },
      ],
    });
    await askCampaign(environment.client, tenantId, campaignId, 'launch');
    await environment.client.workflow.getHandle(campaignWorkflowId(tenantId, campaignId)).result();
    assert.deepEqual(await messagesOf(tenantId), [
      'ann 1 in_app failed an in-app step needs a subject or a message of its own: no template has its words',
      'ann 2 in_app failed it has no title',
      'ann 3 in_app delivered',
    ]);
  });
});

/** The list, the counts and the stories of the campaign, as the API has them. */
async function isToldToWhoeverAsks(ask: Awaited<ReturnType<typeof askerOf>>, campaignId: string): Promise<void> {
  const { items } = await ask('GET', '/v1/campaigns');
  assert.deepEqual(
    items.map(({ channel, status, recipients }: Record<string, unknown>) => [channel, status, recipients]),
    [['multi', 'finished', 3]],
  );
  const { counts, counted } = await ask('GET', `/v1/campaigns/${campaignId}`);
  assert.deepEqual(counts, { sent: 9, delivered: 6, opened: 2, clicked: 1, converted: 0 });
  assert.deepEqual(
    counted.by_step.map(({ step_key, sent, delivered, opened, clicked }: Record<string, unknown>) => [
      step_key,
      sent,
      delivered,
      opened,
      clicked,
    ]),
    [
      [1, 3, 3, 2, 1],
      [2, 1, 0, 0, 0],
      [3, 3, 3, 0, 0],
      [4, 2, 0, 0, 0],
    ],
  );
  const story = await ask('GET', '/v1/users/ann/messages');
  assert.deepEqual(
    story.items.map(({ step_key, channel, status }: Record<string, unknown>) => [step_key, channel, status]),
    [
      [4, 'email', 'sent'],
      [3, 'in_app', 'delivered'],
      [2, 'email', 'sent'],
      [1, 'in_app', 'clicked'],
    ],
  );
}
