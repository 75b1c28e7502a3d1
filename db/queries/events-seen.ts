import { sql } from 'drizzle-orm';
import type { TenantId } from '../../core/ids.js';
import type { EventsSeen } from '../../core/outreach/event-ideas.js';
import { PERIOD_DAYS } from '../../core/segment/statistics.js';
import type { TenantTransaction } from '../client.js';

type Row = { readonly event: string; readonly segment: string | null; readonly users: number };

/** How many people did each of some events in the days before a moment: of all, and of the members of each segment that holds. */
export async function countEventsSeen(
  tx: TenantTransaction,
  tenantId: TenantId,
  { events, asOf }: { readonly events: readonly string[]; readonly asOf: Date },
): Promise<EventsSeen> {
  const { rows } = await tx.execute<Row>(sql`
    with people as (
      select distinct e.event, e.user_id from events e
      where e.tenant_id = ${tenantId} and e.event = any (${sql.param([...events])}::text[])
        and e.occurred_at >= ${asOf.toISOString()}::timestamptz - make_interval(days => ${PERIOD_DAYS}) and e.occurred_at < ${asOf.toISOString()})
    select event, null as segment, count(*)::float8 as users from people group by event
    union all
    select p.event, s.segment_key, count(*)::float8 from people p
    join segment_membership m on m.tenant_id = ${tenantId} and m.user_id = p.user_id
    join audience_segments s on s.tenant_id = ${tenantId} and s.id = m.segment_id and s.is_active
    group by p.event, s.segment_key`);
  const bySegment: Record<string, Record<string, number>> = {};
  for (const { event, segment, users } of rows) if (segment !== null) bySegment[segment] = { ...bySegment[segment], [event]: users };
  return { ofAll: Object.fromEntries(rows.filter(({ segment }) => segment === null).map(({ event, users }) => [event, users])), bySegment };
}
