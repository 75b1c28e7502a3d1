/** One queue: what must not wait behind scans goes before them by priority, and tenants take turns by fairness. */
export const walkTaskQueue = 'madansara';
/** Campaigns with all that they do, which must wait for nobody's scan. */
export const campaignTaskQueue = 'madansara-campaigns';
