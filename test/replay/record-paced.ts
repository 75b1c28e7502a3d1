import type { Client } from '@temporalio/client';
import type { TenantId } from '../../core/ids.js';
import { putSendingPolicy } from '../../db/queries/sending-policy.js';
import { campaignWorkflowId } from '../../workflows/campaign/contract.js';
import { journeyBatchWorkflowId } from '../../workflows/journey-batch/contract.js';
import { addSegment, askCampaign, draftCampaign } from '../harness/campaigns.js';
import type { TestDatabase } from '../harness/database.js';

/** Records a batch of more people than their tenant lets be written to in a second. */
export async function recordPaced(
  database: TestDatabase,
  client: Client,
  record: (name: string, workflowId: string) => Promise<void>,
): Promise<void> {
  const tenantId: TenantId = await database.newTenant();
  await database.withTenant(tenantId, (tx) =>
    putSendingPolicy(tx, tenantId, { quietHours: {}, caps: [], topics: [], rates: { email: 50 } }),
  );
  const people = Array.from({ length: 250 }, (_, n) => `u${n}`);
  const campaignId = await draftCampaign(database, tenantId, {
    segment: await addSegment(database, tenantId, people),
    sequence: [{ day: 0, channel: 'email', template: 'welcome_series_1' }],
  });
  await askCampaign(client, tenantId, campaignId, 'launch');
  await client.workflow.getHandle(campaignWorkflowId(tenantId, campaignId)).result();
  await record('journeyBatch.paced', journeyBatchWorkflowId(tenantId, campaignId, 0));
}
