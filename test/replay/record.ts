import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Client } from '@temporalio/client';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import { parseLocalDate } from '../../core/ids.js';
import { startSandboxEngarde } from '../../sandbox/engarde.js';
import { waitUntil } from '../../sandbox/processes.js';
import { startSandboxSendgrid } from '../../sandbox/sendgrid/sendgrid.js';
import { exchangeWorkflowType } from '../../workflows/exchange/contract.js';
import { lakeUpkeepWorkflowType } from '../../workflows/lake-upkeep/contract.js';
import { connectWalker } from '../../api/temporal.js';
import { startTestClocks } from '../../workers/test-clocks.js';
import { abTestWorkflowId } from '../../workflows/ab-test/contract.js';
import { applySchedules } from '../../workflows/schedules.js';
import { batchesDoneSignalName, campaignWorkflowId } from '../../workflows/campaign/contract.js';
import { journeyBatchWorkflowId } from '../../workflows/journey-batch/contract.js';
import { walkTaskQueue } from '../../workflows/task-queues.js';
import { walkScheduleId } from '../../workflows/walker-tick/contract.js';
import { walkerWorkflowId } from '../../workflows/walker/contract.js';
import { addSegment, addSender, askCampaign, draftCampaign } from '../harness/campaigns.js';
import { storeEvents } from '../harness/entries.js';
import { sendingTo, startWebhookReceiver } from '../harness/sending.js';
import { quietHabits, SENDGRID_KEY } from '../harness/sendgrid.js';
import { DAY_MS, makeTest, startedTest } from '../harness/tests.js';
import { loadCdnow, openTestWalker } from '../harness/walker.js';
import { historiesFolder } from './histories.js';
import { recordPaced } from './record-paced.js';
import { recordSequence } from './record-sequence.js';

/**
 * Records a history of each workflow, for `npm test -- --record-histories`. Done once for new or intentionally changed workflows;
 * a history of older code is kept for as long as runs of that code may be under way.
 */
const API_KEY = 'wa_record';
const walker = await openTestWalker('record');
const engarde = await startSandboxEngarde({ keys: [API_KEY] });
const sendgrid = await startSandboxSendgrid({
  keys: [SENDGRID_KEY],
  audience: (address) => quietHabits({ opened: Number(!address.startsWith('dan.')) }),
});
const webhook = await startWebhookReceiver(walker.database, sendgrid.webhook.publicKey);
sendgrid.webhook.setUrl(webhook.url);
const worker = await walker.startWorker({
  engarde: { apiUrl: engarde.url, apiKey: API_KEY },
  sending: sendingTo(sendgrid),
});
const { client } = walker.temporal;

const record = (name: string, workflowId: string): Promise<void> => recordFrom(client, name, workflowId);

async function recordFrom({ workflow }: Client, name: string, workflowId: string): Promise<void> {
  const text = historyToJSON(await workflow.getHandle(workflowId).fetchHistory());
  const path = join(historiesFolder, `${name}.json`);
  // Who ran it and where its files lay is nobody's business, and no part of a replay.
  writeFileSync(path, `${text.replaceAll(/"(identity|stackTrace)": "(?:[^"\\]|\\.)*"/g, '"$1": ""')}\n`);
  console.log(`recorded ${name}`);
}

async function runAndRecord(name: string, type: string, input: unknown): Promise<void> {
  await client.workflow.execute(type, { workflowId: name, taskQueue: walkTaskQueue, args: [input] });
  await record(name, name);
}

async function untilCounted(what: string, rows: number): Promise<void> {
  const isSo = async () => (await walker.database.admin.query(`select 1 from ${what}`)).rows.length >= rows;
  if (!(await waitUntil(isSo, 60_000, 100))) throw new Error(`${what}: not ${rows} rows`);
}

try {
  const { tenantId, lastDay } = await loadCdnow(walker.database);
  await walker.walk(tenantId, lastDay);
  await record('walker.with-outreach', walkerWorkflowId(tenantId, lastDay));
  const notCome = parseLocalDate('2199-01-01');
  await walker.walk(tenantId, notCome).catch(() => undefined);
  await record('walker.failed', walkerWorkflowId(tenantId, notCome));
  await runAndRecord('lakeUpkeep.done', lakeUpkeepWorkflowType, { tenantId });
  await walker.database.admin.query('update suggestions set delivered_at = null');
  engarde.misbehave('POST suggestions', { kind: 'answer', status: 503, headers: { 'retry-after': '3600' } });
  await walker.walk(tenantId, lastDay);
  await walker.database.admin.query('update outbox set due_at = now()');
  await runAndRecord('exchange.delivered', exchangeWorkflowType, { tenantId });

  // One test whose last look is overdue ends by it; another is started and stopped by a person.
  const late = await startedTest(walker.database, tenantId, new Date(Date.now() - 40 * DAY_MS));
  await startTestClocks(walker.database, client, walkTaskQueue);
  await client.workflow.getHandle(abTestWorkflowId(tenantId, late.testKey)).result();
  await record('abTest.inconclusive', abTestWorkflowId(tenantId, late.testKey));
  const api = connectWalker(walker.config.temporal);
  const { testKey: testId } = await makeTest(walker.database, tenantId, new Date());
  const asked = { tenantId, testId, by: 'test', requestId: 'record' };
  await api.changeTest({ ...asked, change: { kind: 'start', acceptTooSmall: true } });
  await api.changeTest({ ...asked, change: { kind: 'stop' } });
  await api.close();
  await client.workflow.getHandle(abTestWorkflowId(tenantId, testId)).result();
  await record('abTest.stopped', abTestWorkflowId(tenantId, testId));

  // A campaign that is paused and resumed, whose second step waits for an opening.
  await addSender(walker.database, tenantId);
  const campaignId = await draftCampaign(walker.database, tenantId, {
    segment: await addSegment(walker.database, tenantId, ['ann']),
    sequence: [
      { day: 0, channel: 'email', template: 'welcome_series_1' },
      { day: 0, channel: 'email', template: 'feature_highlight', trigger: 'email_opened' },
    ],
  });
  for (const change of ['launch', 'pause', 'resume'] as const) await askCampaign(client, tenantId, campaignId, change);
  await client.workflow.getHandle(campaignWorkflowId(tenantId, campaignId)).result();
  await record('campaign.finished', campaignWorkflowId(tenantId, campaignId));
  await record('journeyBatch.reacted', journeyBatchWorkflowId(tenantId, campaignId, 0));

  await recordPaced(walker.database, client, record);

  // A daily one that enters at its launch, and is paused, resumed and cancelled; and one that an event lets two people enter, one again.
  const daily = await draftCampaign(walker.database, tenantId, {
    segment: await addSegment(walker.database, tenantId, ['bob']),
    frequency: 'daily',
    sequence: [{ day: 0, channel: 'email', template: 'welcome_series_1' }],
  });
  await askCampaign(client, tenantId, daily, 'launch');
  await untilCounted(`outreach_campaigns where campaign_key = '${daily}' and recipients = 1`, 1);
  // It began a day ago: its next occurrence is due.
  await walker.database.admin.query(
    `update outreach_campaigns set launched_at = launched_at - interval '1 day' where tenant_id = $1 and campaign_key = $2`,
    [tenantId, daily],
  );
  for (const change of ['pause', 'resume'] as const) await askCampaign(client, tenantId, daily, change);
  await walker.database.admin.query(`update outreach_campaigns set resumed_at = null where tenant_id = $1`, [tenantId]);
  await client.workflow.getHandle(campaignWorkflowId(tenantId, daily)).signal(batchesDoneSignalName);
  await untilCounted('campaign_occurrences', 2);
  await askCampaign(client, tenantId, daily, 'cancel');
  await client.workflow.getHandle(campaignWorkflowId(tenantId, daily)).result();
  await record('campaign.daily', campaignWorkflowId(tenantId, daily));

  const welcome = await draftCampaign(walker.database, tenantId, {
    entry: { event: 'signed_up' },
    re_entry: 'after_leaving',
    sequence: [
      { day: 0, channel: 'email', template: 'welcome_series_1' },
      { day: 0, channel: 'email', template: 'feature_highlight', trigger: 'email_opened' },
    ],
  });
  await addSegment(walker.database, tenantId, ['cat', 'dan']);
  await askCampaign(client, tenantId, welcome, 'launch');
  await untilCounted(`outreach_campaigns where campaign_key = '${welcome}' and recipients = 0`, 1);
  const signUp = (id: string, person: string) => [id, person, 'signed_up', Date.now()] as const;
  await storeEvents(walker.database, tenantId, [signUp('cat 1', 'cat'), signUp('dan 1', 'dan')]);
  await untilCounted(`journeys where user_id = 'cat' and left_at is not null`, 1); // Dan, in the same batch, never opens
  await storeEvents(walker.database, tenantId, [signUp('cat 2', 'cat')]);
  await untilCounted(`journeys where user_id = 'cat' and left_at is not null`, 2);
  await askCampaign(client, tenantId, welcome, 'cancel');
  await client.workflow.getHandle(campaignWorkflowId(tenantId, welcome)).result();
  await record('campaign.entered-by-event', campaignWorkflowId(tenantId, welcome));
  await client.workflow.getHandle(journeyBatchWorkflowId(tenantId, welcome, 0)).result();
  await record('journeyBatch.noting-leavings', journeyBatchWorkflowId(tenantId, welcome, 0));

  await recordSequence(recordFrom);

  await applySchedules(client.schedule, { tenantId, timeZone: 'UTC' });
  const schedule = client.schedule.getHandle(walkScheduleId(tenantId));
  for (const [i, name] of ['walkerTick.walked', 'walkerTick.walked-before'].entries()) {
    await schedule.trigger();
    await waitUntil(async () => (await schedule.describe()).info.recentActions.length > i, 60_000, 200);
    const workflowId = (await schedule.describe()).info.recentActions[i]?.action.workflow.workflowId ?? '';
    await client.workflow.getHandle(workflowId).result();
    await record(name, workflowId);
  }
} finally {
  await worker.close();
  await webhook.close();
  await sendgrid.close();
  await engarde.close();
  await walker.close();
}
