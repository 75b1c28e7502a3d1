import type { TenantId } from '../../core/ids.js';
import type { Left, Told } from '../../core/journey/batch.js';
import type { JourneyState } from '../../core/journey/state.js';
import type { BatchOrder } from '../campaign/contract.js';

export const journeyBatchWorkflowType = 'journeyBatch';

/** Batches of a campaign are numbered when its audience is frozen; the row in `campaign_batches` decides that one ends once. */
export const journeyBatchWorkflowId = (tenantId: TenantId, campaignId: string, batch: number) =>
  `campaign/${tenantId}/${campaignId}/batch/${batch}`;

export type BatchRef = { readonly tenantId: TenantId; readonly campaignId: string; readonly batch: number };

export type JourneyBatchInput = BatchRef & {
  /** From the run before. */
  readonly carried?: { readonly states: readonly JourneyState[]; readonly left: readonly Left[]; readonly isPaused: boolean };
};

/** Up to 200 engagements. To be told one twice changes nothing. */
export type RecordEngagements = { readonly engagements: readonly Told[] };
export type OrderBatch = { readonly order: BatchOrder };

export const recordEngagementsSignalName = 'recordEngagements';
export const orderBatchSignalName = 'orderBatch';
export const journeyQueryName = 'journey';

/** Where one journey is. */
export type JourneyShown = {
  readonly idx: number;
  readonly phase: string;
  readonly stepKey: number | null;
  /** When it wants to be woken next. */
  readonly wakesAt: string | null;
  readonly left: { readonly because: string; readonly at: string } | null;
};
