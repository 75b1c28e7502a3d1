import { sql } from 'drizzle-orm';
import type { TenantId } from '../../core/ids.js';
import { userVariablesOf, type UserFacts, type UserLookups, type UserVariables } from '../../core/template/user-variables.js';
import { engagementOf } from '../../core/event/engagement.js';
import { isBookkeeping, vocabulary } from '../../core/event/vocabulary.js';
import type { TenantTransaction } from '../client.js';

/** Not what a user did: what a message made happen, and what systems noted. */
const NO_DEEDS = [...vocabulary.keys()].filter((event) => isBookkeeping(event) || engagementOf(event) !== undefined);

/**
 * What templates may say of each of these users, who are in their order in it; of an id that is nobody's, nothing. Their segment is
 * the one of behaviour that they belong to most; what they did last is looked for in the month before they were last seen, which
 * keeps the search in two partitions of the events. Both can be left out, as most templates do: they are most of the cost.
 */
export async function readUserVariables(
  tx: TenantTransaction,
  tenantId: TenantId,
  userIds: readonly string[],
  lookups: UserLookups = { segmentName: true, lastEvent: true },
): Promise<ReadonlyMap<string, UserVariables>> {
  const { rows } = await tx.execute<UserFacts & { userId: string }>(sql`
    select u.user_id as "userId", u.traits, s.segment_name as "segmentName", e.event as "lastEvent"
    from unnest(${sql.param([...userIds])}::text[]) with ordinality a(asked, place)
    cross join lateral (
      select u.user_id, u.traits, u.last_seen from users u where u.tenant_id = ${tenantId} and u.user_id = a.asked limit 1) u
    left join lateral ${lookups.segmentName ? segmentOf(tenantId) : sql`(select null as segment_name)`} s on true
    left join lateral ${lookups.lastEvent ? lastDeedOf(tenantId) : sql`(select null as event)`} e on true
    order by a.place`);
  return new Map(rows.map(({ userId, ...facts }) => [userId, userVariablesOf(facts)]));
}

const segmentOf = (tenantId: TenantId) => sql`(
  select s.segment_name from segment_membership m
  join audience_segments s on s.tenant_id = m.tenant_id and s.id = m.segment_id and s.is_active
  where m.tenant_id = ${tenantId} and m.user_id = u.user_id
  order by s.segment_type = 'behavioral' desc, m.confidence_score desc nulls last, s.id limit 1)`;

const lastDeedOf = (tenantId: TenantId) => sql`(
  select e.event from events e
  where e.tenant_id = ${tenantId} and e.user_id = u.user_id
    and e.occurred_at >= u.last_seen - interval '31 days' and e.occurred_at <= u.last_seen + interval '1 hour'
    and e.event <> all (${sql.param(NO_DEEDS)}::text[])
  order by e.occurred_at desc, e.message_id desc limit 1)`;

/** The address that a user's messages of a channel go to. */
export async function findAddress(
  tx: TenantTransaction,
  tenantId: TenantId,
  userId: string,
  channel: 'email' | 'sms' | 'whatsapp' | 'social' | 'push',
): Promise<string | undefined> {
  const { rows } = await tx.execute<{ address: string }>(sql`select address from address_of(${tenantId}, ${channel}, ${userId})`);
  return rows[0]?.address;
}
