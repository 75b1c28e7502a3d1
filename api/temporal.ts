import type { LocalDate, TenantId } from '../core/ids.js';

export type WalkRequest = {
  readonly tenantId: TenantId;
  readonly walkDate: LocalDate;
  /** Read the lake as it is now, although the day was walked before. */
  readonly refresh: boolean;
  /** Whose wish it was: an id of a key, never a name. */
  readonly requestedBy: string;
  /** Goes along to the workflow, so that its history and our log can be laid side by side. */
  readonly requestId: string;
};

/** What the API asks of Temporal. Both throw `unavailable` when it cannot be reached. */
export type WalkerControl = {
  /** Starts a walk; a walk of that day that is running already is the same walk. */
  startWalk(request: WalkRequest): Promise<{ readonly workflowId: string }>;
  /** Makes the Schedule of a tenant what its time zone asks for. Doing it again changes nothing. */
  applySchedule(tenant: { readonly tenantId: TenantId; readonly timeZone: string }): Promise<void>;
};
