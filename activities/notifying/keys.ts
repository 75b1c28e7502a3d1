import type { LocalDate, TenantId } from '../../core/ids.js';

/** Where a walk keeps what it tells: the brief for people, and the suggestions as they are sent. */
export function notifyingKeys(tenantId: TenantId, walkDate: LocalDate) {
  const day = walkDate.replaceAll('-', '');
  return { brief: `${tenantId}/briefs/${day}/brief.txt`, suggestions: `${tenantId}/suggestions/${day}/suggestions.json` };
}
