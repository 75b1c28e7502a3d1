import type { Client } from '@temporalio/client';
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
import { updateWithStart } from './update-with-start.js';

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
  return updateWithStart<CampaignChanged>(client, {
    workflowType: campaignWorkflowType,
    workflowId: campaignWorkflowId(tenantId, campaignId),
    taskQueue: campaignTaskQueue,
    input: { tenantId, campaignId } satisfies CampaignInput,
    summary: `Campaign ${campaignId}`,
    update: changeCampaignUpdateName,
    change: { change, by, requestId } satisfies ChangeCampaign,
    tenantId,
    requestId,
  });
}
