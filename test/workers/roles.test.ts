import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { startSandboxSendgrid, type SandboxSendgrid } from '../../sandbox/sendgrid/sendgrid.js';
import type { RunningWorker } from '../../workers/main.js';
import { campaignWorkflowId, type CampaignSummary } from '../../workflows/campaign/contract.js';
import { addSegment, askCampaign, draftCampaign } from '../harness/campaigns.js';
import { sendingTo } from '../harness/sending.js';
import { quietHabits, SENDGRID_KEY } from '../harness/sendgrid.js';
import { openTestWalker, type TestWalker } from '../harness/walker.js';

let walker: TestWalker;
let sendgrid: SandboxSendgrid;
const workers: RunningWorker[] = [];
before(async () => {
  walker = await openTestWalker('roles');
  sendgrid = await startSandboxSendgrid({ keys: [SENDGRID_KEY], audience: () => quietHabits() });
});
after(async () => {
  for (const worker of workers) await worker.close();
  await sendgrid.close();
  await walker.close();
});

describe('two workers, one for workflows and one for activities', () => {
  it('carry a campaign to its end together', async () => {
    const { database, temporal } = walker;
    for (const role of ['workflows', 'activities'] as const) {
      workers.push(await walker.startWorker({ sending: sendingTo(sendgrid), worker: { port: 0, role } }));
    }
    const tenantId = await database.newTenant();
    const campaignId = await draftCampaign(database, tenantId, {
      segment: await addSegment(database, tenantId, ['ann', 'bob', 'eve']),
      sequence: [{ day: 0, channel: 'email', template: 'welcome_series_1' }],
    });
    await askCampaign(temporal.client, tenantId, campaignId, 'launch');
    const end = (await temporal.client.workflow.getHandle(campaignWorkflowId(tenantId, campaignId)).result()) as CampaignSummary;
    assert.deepEqual([end.status, end.recipients, sendgrid.journal.counts().messages], ['finished', 3, 3]);
  });
});
