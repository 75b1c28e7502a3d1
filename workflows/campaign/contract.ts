import type { CampaignAnswer, CampaignChange, CampaignStatus } from '../../core/campaign/lifecycle.js';
import type { TenantId } from '../../core/ids.js';

export const campaignWorkflowType = 'campaign';

/** A campaign's key is unique in its tenant for ever; its row in `outreach_campaigns` decides that it is launched once. */
export const campaignWorkflowId = (tenantId: TenantId, campaignId: string) => `campaign/${tenantId}/${campaignId}`;

export type CampaignInput = {
  readonly tenantId: TenantId;
  /** `camp_…`, or as whoever made it called it. */
  readonly campaignId: string;
  /** From the run before. */
  readonly carried?: { readonly startedBatches: number; readonly areWaiting: boolean };
};

/** Who asks is an id of a key or of a suggestion: never a name. */
export type ChangeCampaign = { readonly change: CampaignChange; readonly by: string; readonly requestId?: string };
export type CampaignChanged = { readonly answer: CampaignAnswer };

export const changeCampaignUpdateName = 'changeCampaign';
/** Sent by whoever closes the last batch. */
export const batchesDoneSignalName = 'batchesDone';
/** Sent by the relay when somebody waits to enter; more than once is harmless. */
export const entrantsWaitSignalName = 'entrantsWait';
export const campaignProgressQueryName = 'campaignProgress';

/** Where a campaign is, as its row says: what the workflow needs of it. */
export type CampaignSummary = {
  readonly status: CampaignStatus;
  readonly launchedAt: string | null;
  readonly recipients: number | null;
  readonly batches: number | null;
  /** Of a recurring one that runs: what it enters next, by the campaign's clock, which is so many times faster than ours. */
  readonly next?: { readonly number: number; readonly dueMs: number; readonly speed: number };
};

export type CampaignProgress = {
  readonly tenantId: TenantId;
  readonly campaignId: string;
  readonly summary: CampaignSummary | null;
  readonly startedBatches: number;
};

/** What all batches of a campaign are told. */
export type BatchOrder = 'pause' | 'resume' | 'cancel';
