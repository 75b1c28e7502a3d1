import { WorkflowNotFoundError, type Client, type WorkflowStartOptions } from '@temporalio/client';
import type { TenantId } from '../../core/ids.js';
import type { Database } from '../../db/client.js';
import { listOpenBatches } from '../../db/queries/campaign-audience.js';
import { requireCampaign } from '../../db/queries/campaigns.js';
import { batchesDoneSignalName, campaignWorkflowId, type BatchOrder } from '../../workflows/campaign/contract.js';
import {
  journeyBatchWorkflowId,
  journeyBatchWorkflowType,
  orderBatchSignalName,
  type BatchRef,
  type JourneyBatchInput,
  type OrderBatch,
} from '../../workflows/journey-batch/contract.js';
import { tenantIdAttribute } from '../../workflows/search-attributes.js';
import { campaignTaskQueue } from '../../workflows/task-queues.js';

type CampaignRef = { readonly tenantId: TenantId; readonly campaignId: string };
type Starting = { readonly from: number; readonly to: number; readonly onStarted: (next: number) => void };

/** What is asked of the workflows of batches. They are nobody's children: a workflow may have no more than two thousand. */
export type BatchControl = {
  start(ref: CampaignRef, range: Starting): Promise<void>;
  order(database: Database, ref: CampaignRef, order: BatchOrder): Promise<void>;
  reportDone(ref: CampaignRef): Promise<void>;
};

/** Calls to Temporal that are under way at once. */
const AT_ONCE = 10;

/** How a batch is started, by whoever has something for it first. Its row decides whether there is something left to do. */
export function batchStart(ref: BatchRef): WorkflowStartOptions & { args: [JourneyBatchInput] } {
  return {
    workflowId: journeyBatchWorkflowId(ref.tenantId, ref.campaignId, ref.batch),
    taskQueue: campaignTaskQueue,
    args: [ref],
    workflowIdConflictPolicy: 'USE_EXISTING',
    workflowIdReusePolicy: 'ALLOW_DUPLICATE',
    staticSummary: `Batch ${ref.batch} of campaign ${ref.campaignId}`,
    priority: { fairnessKey: ref.tenantId },
    typedSearchAttributes: [{ key: tenantIdAttribute, value: ref.tenantId }],
  };
}

export function createBatchControl(client: Client): BatchControl {
  return {
    async start(ref, { from, to, onStarted }) {
      for (let batch = from; batch < to; batch += AT_ONCE) {
        const together = Array.from({ length: Math.min(AT_ONCE, to - batch) }, (_, i) => ({ ...ref, batch: batch + i }));
        await Promise.all(together.map((one) => client.workflow.start(journeyBatchWorkflowType, batchStart(one))));
        onStarted(batch + together.length);
      }
    },
    async order(database, ref, order) {
      for (let after = -1; ;) {
        const batches = await database.withTenant(ref.tenantId, async (tx) => {
          const campaign = await requireCampaign(tx, ref.tenantId, ref.campaignId);
          return listOpenBatches(tx, campaign, { after, limit: AT_ONCE });
        });
        await Promise.all(batches.map((batch) => orderBatch(client, { ...batchStart({ ...ref, batch }), order })));
        const last = batches.at(-1);
        if (last === undefined) return;
        after = last;
      }
    },
    async reportDone({ tenantId, campaignId }) {
      await client.workflow
        .getHandle(campaignWorkflowId(tenantId, campaignId))
        .signal(batchesDoneSignalName)
        .catch((error: unknown) => {
          // It is over already, or was cancelled.
          if (!(error instanceof WorkflowNotFoundError)) throw error;
        });
    },
  };
}

const orderBatch = (client: Client, { order, ...start }: ReturnType<typeof batchStart> & { readonly order: BatchOrder }) =>
  client.workflow.signalWithStart(journeyBatchWorkflowType, {
    ...start,
    signal: orderBatchSignalName,
    signalArgs: [{ order }] satisfies [OrderBatch],
  });
