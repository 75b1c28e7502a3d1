import type { TenantId } from '../../core/ids.js';

export const lakeUpkeepWorkflowType = 'lakeUpkeep';

/** The Schedule that keeps a tenant's lake at most an hour behind: one a tenant. */
export const lakeScheduleId = (tenantId: TenantId) => `lake/${tenantId}`;

/** The Schedule appends the time for which it was due, which makes it unique. */
export const lakeUpkeepWorkflowId = (tenantId: TenantId) => `lake-upkeep/${tenantId}`;

export type LakeUpkeepInput = { readonly tenantId: TenantId };
