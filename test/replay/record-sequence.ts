import type { Client } from '@temporalio/client';
import { journeyBatchWorkflowId } from '../../workflows/journey-batch/contract.js';
import { draftSequence, endOf, entryDay, openDocumentStage, sleepUntil } from '../harness/document-campaigns.js';
import { findTimeSkippingServer } from '../harness/time-skipping.js';

/** Records the batch of somebody who goes all the way through the document's sequence: five steps on three channels, over seven days. */
export async function recordSequence(record: (client: Client, name: string, workflowId: string) => Promise<void>): Promise<void> {
  const executable = await findTimeSkippingServer();
  if (executable === undefined) throw new Error('the time-skipping test server of Temporal is needed for the history of a sequence');
  const stage = await openDocumentStage(executable, { ann: ['opens', 'clicks'] }, { text: 'Hi {{1}}, this is for you: {{2}}' });
  try {
    const { environment, ask, settled, tenantId } = stage;
    const { campaign_id: campaignId, url } = await draftSequence(stage);
    const { midnightMs } = await entryDay(environment);
    await ask('POST', `${url}/launch`);
    for (const [hours, mails, texts, items] of [
      [34.5, 1, 0, 0],
      [58.5, 1, 1, 0],
      [72.5, 1, 1, 1],
      [130.5, 2, 1, 1],
      [202.5, 2, 2, 1],
    ] as const) {
      await sleepUntil(environment, midnightMs, hours);
      await settled({ mails, texts, items });
      if (hours === 72.5) await stage.interact('ann');
    }
    await endOf(stage, campaignId);
    await record(environment.client, 'journeyBatch.sequence', journeyBatchWorkflowId(tenantId, campaignId, 0));
  } finally {
    await stage.close();
  }
}
