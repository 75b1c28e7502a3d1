import type { LocalDate, TenantId } from '../../core/ids.js';

export const walkerTickWorkflowType = 'walkerTick';

/** The Schedule that makes a tenant's walks: one a tenant. */
export const walkScheduleId = (tenantId: TenantId) => `walker/${tenantId}`;

/** The Schedule appends the time for which it was due, which makes it unique. */
export const walkerTickWorkflowId = (tenantId: TenantId) => `walker-tick/${tenantId}`;

export type WalkerTickInput = { readonly tenantId: TenantId };

export type WalkerTickResult = {
  readonly walkDate: LocalDate;
  readonly outcome: 'walked' | 'walked before' | 'being walked already';
};
