import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import type { TenantId } from '../../core/ids.js';
import { SENDGRID_TOKEN_ARG } from '../../core/message/sendgrid-mail.js';
import { startSandboxSendgrid, type SandboxSendgrid } from '../../sandbox/sendgrid/sendgrid.js';
import { waitUntil } from '../../sandbox/processes.js';
import { campaignWorkflowId, type CampaignSummary } from '../../workflows/campaign/contract.js';
import { addSegment, draftCampaign, launch } from '../harness/campaigns.js';
import { createTestDatabase, type TestDatabase } from '../harness/database.js';
import { skipWithout } from '../harness/needs.js';
import { startCampaignWorker, type SendingWorker } from '../harness/sending.js';
import { quietHabits, SENDGRID_KEY } from '../harness/sendgrid.js';
import { findTimeSkippingServer, startTimeSkipping, TIME_SKIPPING_NEEDS } from '../harness/time-skipping.js';

const executable = await findTimeSkippingServer();
const skip = skipWithout(executable, TIME_SKIPPING_NEEDS);

let database: TestDatabase;
let environment: TestWorkflowEnvironment;
let sendgrid: SandboxSendgrid;
let worker: SendingWorker;
before(async () => {
  if (!executable) return;
  database = await createTestDatabase();
  environment = await startTimeSkipping(executable);
  sendgrid = await startSandboxSendgrid({ keys: [SENDGRID_KEY], audience: () => quietHabits() });
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
  await sendgrid?.close();
  await environment?.teardown();
  await database?.drop();
});

const sentSubjects = (address: string): string[] =>
  sendgrid.journal
    .all()
    .filter(({ to }) => to[0]?.email === address)
    .map(({ subject }) => subject);

describe('a campaign', () => {
  it('sends its steps on their days to everybody in its segment, and is finished', { skip }, async () => {
    const tenantId = await database.newTenant();
    const segment = await addSegment(database, tenantId, 3);
    const campaignId = await draftCampaign(database, tenantId, {
      segment,
      sequence: [
        { day: 0, channel: 'email', template: 'welcome_series_1' },
        { day: 2, channel: 'email', template: 'feature_highlight', send_time: '10:00 AM user_timezone' },
      ],
    });
    await launch(environment.client, tenantId, campaignId);
    const handle = environment.client.workflow.getHandle(campaignWorkflowId(tenantId, campaignId));
    const end = (await handle.result()) as CampaignSummary;
    assert.deepEqual([end.status, end.recipients, end.batches], ['finished', 3, 3]);
    for (const user of [1, 2, 3]) assert.deepEqual(sentSubjects(`u${user}@example.test`), ['Step 1', 'Step 2']);
    assert.equal(sendgrid.journal.duplicates().size, 0);
    void SENDGRID_TOKEN_ARG;
    void waitUntil;
    void (tenantId satisfies TenantId);
  });
});
