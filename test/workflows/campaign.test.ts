import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import type { CampaignChange } from '../../core/campaign/lifecycle.js';
import type { TenantId } from '../../core/ids.js';
import type { StepRequest } from '../../core/journey/campaign-request.js';
import { waitUntil } from '../../sandbox/processes.js';
import { startSandboxSendgrid, type SandboxSendgrid } from '../../sandbox/sendgrid/sendgrid.js';
import { campaignWorkflowId, type CampaignSummary } from '../../workflows/campaign/contract.js';
import { addSegment, askCampaign, draftCampaign } from '../harness/campaigns.js';
import { createTestDatabase, type TestDatabase } from '../harness/database.js';
import { skipWithout } from '../harness/needs.js';
import { startCampaignWorker, startWebhookReceiver, untilAllTold, type SendingWorker } from '../harness/sending.js';
import { quietHabits, SENDGRID_KEY } from '../harness/sendgrid.js';
import { findTimeSkippingServer, startTimeSkipping, TIME_SKIPPING_NEEDS } from '../harness/time-skipping.js';

const executable = await findTimeSkippingServer();
const skip = skipWithout(executable, TIME_SKIPPING_NEEDS);

let database: TestDatabase;
let environment: TestWorkflowEnvironment;
let sendgrid: SandboxSendgrid;
let webhook: Awaited<ReturnType<typeof startWebhookReceiver>>;
let worker: SendingWorker;
before(async () => {
  if (!executable) return;
  database = await createTestDatabase();
  environment = await startTimeSkipping(executable);
  // Whoever has "opens" in the address opens, and so on.
  const audience = (address: string) =>
    quietHabits({
      opened: Number(/opens|clicks|leaves/.test(address)),
      clicked: Number(/clicks/.test(address)),
      unsubscribed: Number(/leaves/.test(address)),
      bounced: Number(/bounces/.test(address)),
    });
  sendgrid = await startSandboxSendgrid({ keys: [SENDGRID_KEY], audience });
  webhook = await startWebhookReceiver(database, sendgrid.webhook.publicKey);
  sendgrid.webhook.setUrl(webhook.url);
  worker = await startCampaignWorker({
    database,
    client: environment.client,
    address: environment.address,
    namespace: 'default',
    sendgridUrl: sendgrid.url,
  });
});
after(async () => {
  await worker?.close();
  await webhook?.close();
  await sendgrid?.close();
  await environment?.teardown();
  await database?.drop();
});

/** A campaign of its own tenant to people who are called so. */
async function draft(people: readonly string[], sequence: readonly StepRequest[], more: { readonly goal?: string } = {}) {
  const tenantId = await database.newTenant();
  const segment = await addSegment(database, tenantId, people);
  const campaignId = await draftCampaign(database, tenantId, { segment, sequence, ...more });
  const ask = (change: CampaignChange) => askCampaign(environment.client, tenantId, campaignId, change);
  const handle = environment.client.workflow.getHandle(campaignWorkflowId(tenantId, campaignId));
  return { tenantId, campaignId, ask, end: async () => (await handle.result()) as CampaignSummary };
}

const sentTo = (tenantId: TenantId, person: string): string[] =>
  sendgrid.journal
    .all()
    .filter(({ to }) => to[0]?.email === `${person}.${tenantId}@example.test`)
    .map(({ subject }) => subject);

const untilSent = async (tenantId: TenantId, messages: number): Promise<void> => {
  const sent = () => sendgrid.journal.all().filter(({ to }) => to[0]?.email.includes(tenantId)).length;
  assert.ok(await waitUntil(() => Promise.resolve(sent() >= messages), 20_000, 20), `${sent()} of ${messages} were sent`);
};

/** Everything that the provider has to tell was told, and has reached the journeys. */
async function untilReacted(): Promise<void> {
  await sendgrid.webhook.drained();
  await untilAllTold(database);
}

async function endings(tenantId: TenantId): Promise<Record<string, string>> {
  const { rows } = await database.admin.query<{ user_id: string; left_because: string }>(
    'select user_id, left_because from journeys where tenant_id = $1 order by user_id',
    [tenantId],
  );
  return Object.fromEntries(rows.map(({ user_id, left_because }) => [user_id, left_because]));
}

const email = (step: Partial<StepRequest>): StepRequest => ({ day: 0, channel: 'email', template: 'welcome_series_1', ...step });

describe('a campaign', () => {
  // First: once a workflow has ended here, the clock has leapt by years, and events of then are not accepted.
  it('lets go of whoever unsubscribes, cannot be reached, or reaches the goal', { skip }, async () => {
    const people = ['ann-leaves', 'bob-bounces', 'cat', 'dan-opens'];
    const { tenantId, ask, end } = await draft(people, [email({}), email({ day: 3 })], { goal: 'convert_to_paid' });
    await ask('launch');
    await untilSent(tenantId, 4);
    await untilReacted();
    await buy(tenantId, 'dan-opens', await environment.currentTimeMs());
    await untilAllTold(database);
    await end();
    assert.deepEqual(await endings(tenantId), {
      'ann-leaves': 'unsubscribed',
      'bob-bounces': 'bounced',
      cat: 'completed',
      'dan-opens': 'goal_reached',
    });
    for (const person of people) assert.equal(sentTo(tenantId, person).length, person === 'cat' ? 2 : 1);
    const { rows } = await database.admin.query<{ user_id: string; step_key: number }>(
      'select user_id, step_key from messages where tenant_id = $1 and converted_at is not null',
      [tenantId],
    );
    assert.deepEqual(rows, [{ user_id: 'dan-opens', step_key: 1 }]);
  });

  it('sends its steps on their days to everybody in its segment, and is finished', { skip }, async () => {
    const { tenantId, ask, end } = await draft(['ann', 'bob'], [email({}), email({ day: 2, send_time: '10:00 AM user_timezone' })]);
    await ask('launch');
    const { status, recipients, batches } = await end();
    assert.deepEqual({ status, recipients, batches }, { status: 'finished', recipients: 2, batches: 2 });
    for (const person of ['ann', 'bob']) assert.deepEqual(sentTo(tenantId, person), ['Step 1', 'Step 2']);
    assert.equal(sendgrid.journal.duplicates().size, 0);
    assert.deepEqual(await endings(tenantId), { ann: 'completed', bob: 'completed' });
  });

  it('goes on by what people do: those who opened get the next step, those who did not another one', { skip }, async () => {
    const { tenantId, ask, end } = await draft(
      ['ann-opens', 'bob', 'cat-clicks'],
      [email({}), email({ day: 1, trigger: 'email_opened', else: 3 }), email({ day: 2, trigger: 'not_clicked', trigger_step: 1 })],
    );
    await ask('launch');
    await untilSent(tenantId, 3);
    await untilReacted();
    assert.equal((await end()).status, 'finished');
    assert.deepEqual(sentTo(tenantId, 'ann-opens'), ['Step 1', 'Step 2', 'Step 3']);
    assert.deepEqual(sentTo(tenantId, 'bob'), ['Step 1', 'Step 3']);
    assert.deepEqual(sentTo(tenantId, 'cat-clicks'), ['Step 1', 'Step 2']);
  });

  it('sends nothing while it is paused, and goes on from there', { skip }, async () => {
    const { tenantId, ask, end } = await draft(['ann', 'bob'], [email({}), email({ day: 1 })]);
    await ask('launch');
    await untilSent(tenantId, 2);
    assert.deepEqual((await ask('pause')).answer, { kind: 'done', status: 'paused' });
    assert.deepEqual((await ask('pause')).answer, { kind: 'unchanged', status: 'paused' });
    await environment.sleep('5 days');
    assert.deepEqual(sentTo(tenantId, 'ann'), ['Step 1']);
    await ask('resume');
    assert.equal((await end()).status, 'finished');
    assert.deepEqual(sentTo(tenantId, 'ann'), ['Step 1', 'Step 2']);
  });

  it('ends for everybody when it is cancelled, and is not launched again', { skip }, async () => {
    const { tenantId, ask, end } = await draft(['ann', 'bob'], [email({}), email({ day: 1 })]);
    await ask('launch');
    await untilSent(tenantId, 2);
    await ask('cancel');
    assert.equal((await end()).status, 'cancelled');
    const isOver = async () => Object.values(await endings(tenantId)).every((because) => because === 'cancelled');
    assert.ok(await waitUntil(isOver, 20_000, 20));
    assert.equal((await ask('launch')).answer.kind, 'refused');
    assert.deepEqual(sentTo(tenantId, 'ann'), ['Step 1']);
  });

  it('is launched once, however many launch it at the same time', { skip }, async () => {
    const { tenantId, ask, end } = await draft(['ann'], [email({})]);
    const answers = await Promise.all([ask('launch'), ask('launch'), ask('launch')]);
    assert.deepEqual(answers.map(({ answer }) => answer.kind).sort(), ['done', 'unchanged', 'unchanged']);
    await end();
    assert.deepEqual(sentTo(tenantId, 'ann'), ['Step 1']);
  });
});

async function buy(tenantId: TenantId, userId: string, atMs: number): Promise<void> {
  await database.admin.query(
    `select ingest_events($1, array[date_trunc('month', to_timestamp($3 / 1000.0))::date], '[]', $2, '[]', '[]')`,
    [tenantId, JSON.stringify([[`buy-${userId}`, userId, 'purchase', atMs, {}, 1_000, 'USD']]), atMs],
  );
}
