import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
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
  sendgrid = await startSandboxSendgrid({ keys: [SENDGRID_KEY], audience: () => quietHabits({}) });
  api = await startTestApi(database);
  const { client, address } = environment;
  worker = await startCampaignWorker({ database, client, address, namespace: 'default', sendgridUrl: sendgrid.url });
});
after(async () => {
  await worker?.close();
  await api?.close();
  await sendgrid?.close();
  await environment?.teardown();
  await database?.drop();
});

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

describe('a campaign with in-app steps', () => {
  it('lands in inboxes, and goes on by what people do there', { skip }, async () => {
    const tenantId = await database.newTenant();
    const segment = await addSegment(database, tenantId, ['ann', 'bob', 'cat']);
    await database.admin.query(`delete from contacts where tenant_id = $1 and user_id = 'cat'`, [tenantId]);
    const campaignId = await draftCampaign(database, tenantId, {
      segment,
      sequence: [
        { day: 0, channel: 'in_app', template: 'feature_highlight', subject: 'Try it', message: 'There is something new.' },
        { day: 1, channel: 'email', template: 'educational_series', trigger: 'in_app_engaged', else: 3 },
        { day: 3, channel: 'in_app', template: 'feedback_request', subject: 'And?', message: 'How was it?' },
      ],
    });
    const [ann, bob, cat] = await Promise.all(['ann', 'bob', 'cat'].map((user) => pageOf(tenantId, user)));
    assert.ok(ann && bob && cat);
    const events = await readEvents(`${api.url}/v1/inbox/stream`, { token: ann.token, lastEventId: 0 });
    await askCampaign(environment.client, tenantId, campaignId, 'launch');
    await events.until((heard) => heard.some(({ event }) => event === 'item'));
    const isThere = async () => (await Promise.all([bob, cat].map(({ titles }) => titles()))).every(({ length }) => length === 1);
    assert.ok(await waitUntil(isThere, 20_000, 20));
    // Who only reads has not engaged.
    assert.equal((await ann.say('1/interacted')).status, 200);
    assert.equal((await bob.say('1/read')).status, 200);
    await untilAllTold(database);

    const handle = environment.client.workflow.getHandle(campaignWorkflowId(tenantId, campaignId));
    assert.equal(((await handle.result()) as CampaignSummary).status, 'finished');
    for (const { titles } of [ann, bob, cat]) assert.deepEqual(await titles(), ['And?', 'Try it']);
    assert.deepEqual(
      sendgrid.journal.all().map(({ to }) => to[0]?.email),
      [`ann.${tenantId}@example.test`],
    );
    await events.until((heard) => heard.filter(({ event }) => event === 'item').length === 2);
    events.close();

    const { rows } = await database.admin.query(
      `select user_id || ' ' || step_key || ' ' || channel || ' ' || status as message from messages where tenant_id = $1 order by 1`,
      [tenantId],
    );
    assert.deepEqual(
      rows.map(({ message }) => message),
      [
        'ann 1 in_app clicked',
        'ann 2 email sent',
        'ann 3 in_app delivered',
        'bob 1 in_app opened',
        'bob 3 in_app delivered',
        'cat 1 in_app delivered',
        'cat 3 in_app delivered',
      ],
    );
    const { kept, recounted } = await countsOf(database, tenantId);
    assert.deepEqual(kept, recounted);
  });

  it('says in the ledger why nothing was shown where a step has no words, or words with holes', { skip }, async () => {
    const tenantId = await database.newTenant();
    const segment = await addSegment(database, tenantId, ['ann']);
    const step = { channel: 'in_app', template: 'win_back', subject: 'Hello' } as const;
    const campaignId = await draftCampaign(database, tenantId, {
      segment,
      sequence: [
        { ...step, day: 0 },
        { ...step, day: 1, message: 'Hello {{ first_name }}' },
      ],
    });
    await askCampaign(environment.client, tenantId, campaignId, 'launch');
    await environment.client.workflow.getHandle(campaignWorkflowId(tenantId, campaignId)).result();
    const { rows } = await database.admin.query('select status, reason from messages where tenant_id = $1 order by step_key', [tenantId]);
    assert.deepEqual(rows, [
      { status: 'failed', reason: 'an in-app step needs a subject and a message of its own' },
      { status: 'failed', reason: 'the words of an in-app step cannot have variables' },
    ]);
  });
});
