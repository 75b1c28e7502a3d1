import { WithStartWorkflowOperation, type Client, type Workflow } from '@temporalio/client';
import type { CampaignChange } from '../core/campaign/lifecycle.js';
import type { TenantId } from '../core/ids.js';
import {
  campaignWorkflowId,
  campaignWorkflowType,
  changeCampaignUpdateName,
  type CampaignChanged,
  type CampaignInput,
  type ChangeCampaign,
} from '../workflows/campaign/contract.js';
import { campaignTaskQueue } from '../workflows/task-queues.js';

export type CampaignChangeRequest = {
  readonly tenantId: TenantId;
  readonly campaignId: string;
  readonly change: CampaignChange;
  /** An id of a key or of a suggestion, never a name. */
  readonly by: string;
  readonly requestId: string;
};

/** What the API asks of a campaign. Throws `unavailable` when Temporal cannot be reached. */
export type CampaignControl = {
  /** Passes a change to the workflow of the campaign, which is started where it does not run: a second launch finds the first. */
  changeCampaign(request: CampaignChangeRequest): Promise<CampaignChanged>;
};

export function changeCampaign(client: Client, { tenantId, campaignId, change, by, requestId }: CampaignChangeRequest) {
  const input: CampaignInput = { tenantId, campaignId };
  const startWorkflowOperation = new WithStartWorkflowOperation(campaignWorkflowType, {
    workflowId: campaignWorkflowId(tenantId, campaignId),
    taskQueue: campaignTaskQueue,
    args: [input],
    workflowIdConflictPolicy: 'USE_EXISTING',
    workflowIdReusePolicy: 'ALLOW_DUPLICATE',
    staticSummary: `Campaign ${campaignId}`,
    memo: { requestId },
    priority: { fairnessKey: tenantId },
  });
  return client.workflow.executeUpdateWithStart<Workflow, CampaignChanged, [ChangeCampaign]>(changeCampaignUpdateName, {
    args: [{ change, by, requestId }],
    startWorkflowOperation,
  });
}
