import { sql } from 'drizzle-orm';
import type { TenantTransaction } from '../client.js';
import type { CampaignRow } from './campaigns.js';

export const LATELY_DAYS = 30;

/**
 * Of a campaign that people enter as they come: how many would have by the same rule in the days before, each counted once. Nothing of
 * others. Of a segment those are its members who came into it then: whoever has left since is not known.
 */
export async function countLately(tx: TenantTransaction, row: CampaignRow, at: Date): Promise<number | null> {
  const { tenantId, segmentId, enters, entryEvent } = row;
  const [from, to] = [new Date(at.getTime() - LATELY_DAYS * 86_400_000).toISOString(), at.toISOString()];
  if (enters !== 'event' && enters !== 'segment') return null;
  const { rows } = await tx.execute<{ users: number }>(
    enters === 'segment'
      ? sql`
      select count(*)::float8 as users from segment_membership
      where tenant_id = ${tenantId} and segment_id = ${segmentId} and joined_at > ${from} and joined_at <= ${to}`
      : sql`
      select count(distinct e.user_id)::float8 as users from events e
      where e.tenant_id = ${tenantId} and e.event = ${entryEvent} and e.occurred_at > ${from} and e.occurred_at <= ${to}
        and (${segmentId}::bigint is null or exists (
          select from segment_membership m where m.tenant_id = ${tenantId} and m.segment_id = ${segmentId} and m.user_id = e.user_id))`,
  );
  return rows[0]?.users ?? 0;
}
