import type { TenantId } from '../../core/ids.js';

export const exchangeWorkflowType = 'exchange';

/** The Schedule of a tenant's exchange with En Garde: one a tenant. */
export const exchangeScheduleId = (tenantId: TenantId) => `engarde/${tenantId}`;

/** The Schedule appends the time for which it was due, which makes it unique. */
export const exchangeWorkflowId = (tenantId: TenantId) => `engarde-exchange/${tenantId}`;

export type ExchangeInput = { readonly tenantId: TenantId };

export type ExchangeResult = {
  /** How each delivery that was due ended, by the date of its walk. */
  readonly deliveries: Readonly<Record<string, string>>;
  /** The answers that were read, by what became of them. */
  readonly responses: Readonly<Record<string, number>>;
};
