import { createHash } from 'node:crypto';
import type { TenantId, UserId } from '../ids.js';

/** The name under which Postgres announces that a user's list has changed (`announce_inboxes`): it says to nobody who that is. */
export const inboxTopic = (tenantId: TenantId, userId: UserId): string =>
  createHash('sha256').update(`${tenantId}/${userId}`).digest('hex').slice(0, 16);
