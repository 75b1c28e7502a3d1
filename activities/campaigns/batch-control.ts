import { WorkflowNotFoundError, type Client, type WorkflowStartOptions } from '@temporalio/client';
import type { TenantId } from '../../core/ids.js';
import type { Database } from '../../db/client.js';
import { listOpenBatches } from '../../db/queries/campaign-audience.js';
import { requireCampaign } from '../../db/queries/campaigns.js';
import { batchesDoneSignalName, campaignWorkflowId, type BatchOrder, type CampaignInput } from '../../workflows/campaign/contract.js';
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
  /** Starts those in a range that are not over. */
  start(database: Database, ref: CampaignRef, range: Starting): Promise<void>;
  order(database: Database, ref: CampaignRef, order: BatchOrder): Promise<void>;
  reportDone(ref: CampaignRef): Promise<void>;
};

/** Calls to Temporal that are under way at once. */
const AT_ONCE = 10;
const LISTED = 500;

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

/** How a campaign's workflow is started where it was lost, by whoever has something for it. Its row says where it goes on. */
export function campaignStart(ref: CampaignRef): WorkflowStartOptions & { args: [CampaignInput] } {
  return {
    workflowId: campaignWorkflowId(ref.tenantId, ref.campaignId),
    taskQueue: campaignTaskQueue,
    args: [ref],
    workflowIdConflictPolicy: 'USE_EXISTING',
    workflowIdReusePolicy: 'ALLOW_DUPLICATE',
    staticSummary: `Campaign ${ref.campaignId}`,
    priority: { fairnessKey: ref.tenantId },
    typedSearchAttributes: [{ key: tenantIdAttribute, value: ref.tenantId }],
  };
}

export function createBatchControl(client: Client): BatchControl {
  return {
    async start(database, ref, { from, to, onStarted }) {
      await forOpenBatches(database, ref, { from, to }, async (batches) => {
        await Promise.all(batches.map((batch) => client.workflow.start(journeyBatchWorkflowType, batchStart({ ...ref, batch }))));
        onStarted((batches.at(-1) ?? from) + 1);
      });
    },
    order: (database, ref, order) =>
      forOpenBatches(database, ref, { from: 0, to: Infinity }, async (batches) => {
        await Promise.all(batches.map((batch) => orderBatch(client, { ...batchStart({ ...ref, batch }), order })));
      }),
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

async function forOpenBatches(
  database: Database,
  ref: CampaignRef,
  { from, to }: { readonly from: number; readonly to: number },
  work: (batches: readonly number[]) => Promise<void>,
): Promise<void> {
  for (let after = from - 1; ;) {
    const open = await database.withTenant(ref.tenantId, async (tx) => {
      const campaign = await requireCampaign(tx, ref.tenantId, ref.campaignId);
      return listOpenBatches(tx, campaign, { after, limit: LISTED });
    });
    const batches = open.filter((batch) => batch < to);
    for (let i = 0; i < batches.length; i += AT_ONCE) await work(batches.slice(i, i + AT_ONCE));
    if (batches.length < LISTED) return;
    after = batches.at(-1) ?? after;
  }
}

const orderBatch = (client: Client, { order, ...start }: ReturnType<typeof batchStart> & { readonly order: BatchOrder }) =>
  client.workflow.signalWithStart(journeyBatchWorkflowType, {
    ...start,
    signal: orderBatchSignalName,
    signalArgs: [{ order }] satisfies [OrderBatch],
  });
