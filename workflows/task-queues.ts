/** One queue: what must not wait behind scans goes before them by priority, and tenants take turns by fairness. */
export const walkTaskQueue = 'madansara';
/** What campaigns do in bulk, which must wait for nobody's scan. */
export const sendingTaskQueue = 'madansara-sending';
