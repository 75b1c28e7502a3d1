import { and, asc, count, desc, eq, gt, inArray, isNull, lt, or, sql, type SQL } from 'drizzle-orm';
import type { LocalDate, TenantId } from '../../core/ids.js';
import type { SegmentFinding } from '../../core/suggestion/evidence.js';
import type { Priority, Suggestion } from '../../core/suggestion/payload.js';
import type { SuggestionStatus } from '../../core/suggestion/response.js';
import { parseSegmentStatistics } from '../../core/suggestion/stored-statistics.js';
import type { Audience } from '../../core/suggestion/summary.js';
import type { TenantTransaction } from '../client.js';
import { audienceSegments } from '../tables/segments.js';
import { suggestionResponses, suggestions } from '../tables/suggestions.js';

export type SuggestionRow = typeof suggestions.$inferSelect;
export type ResponseRow = typeof suggestionResponses.$inferSelect;

/** The behavioural segments that a walk published and that no later walk has replaced. */
export async function segmentsOfWalk(tx: TenantTransaction, tenantId: TenantId, walkDate: LocalDate): Promise<SegmentFinding[]> {
  const rows = await tx
    .select({ segmentId: audienceSegments.segmentKey, name: audienceSegments.segmentName, statistics: audienceSegments.statistics })
    .from(audienceSegments)
    .where(
      and(
        eq(audienceSegments.tenantId, tenantId),
        eq(audienceSegments.walkDate, walkDate),
        eq(audienceSegments.segmentType, 'behavioral'),
        eq(audienceSegments.isActive, true),
      ),
    )
    .orderBy(asc(audienceSegments.segmentKey));
  return rows.map(({ statistics, ...row }) => ({ ...row, statistics: parseSegmentStatistics(row.segmentId, statistics) }));
}

/** How many users are in exactly which of these segments: every user of any of them is counted in one row. */
export async function audiencesOf(tx: TenantTransaction, tenantId: TenantId, segmentIds: readonly string[]): Promise<Audience[]> {
  if (segmentIds.length === 0) return [];
  const { rows } = await tx.execute<{ segmentIds: string[]; users: number }>(sql`
    with wanted as (
      select id, segment_key from audience_segments where tenant_id = ${tenantId} and segment_key in ${[...segmentIds]}
    ), combined as (
      select array_agg(w.segment_key order by w.segment_key) as segment_ids
      from segment_membership m join wanted w on w.id = m.segment_id
      where m.tenant_id = ${tenantId}
      group by m.user_id
    )
    select segment_ids as "segmentIds", count(*)::int as users from combined group by segment_ids order by segment_ids`);
  return rows;
}

export type SuggestionsWritten = { readonly written: number; readonly removed: number };

/**
 * Makes the pending suggestions of a walk what the walk found. One that somebody has answered stays as it was answered; one
 * that does not hold any more goes, unless it may have reached En Garde, where somebody may still answer it.
 */
export async function replaceSuggestions(
  tx: TenantTransaction,
  tenantId: TenantId,
  walkDate: LocalDate,
  found: readonly Suggestion[],
): Promise<SuggestionsWritten> {
  const unanswered = sql`not exists (select from suggestion_responses r
    where r.tenant_id = ${tenantId} and r.suggestion_id = ${suggestions.suggestionId})`;
  const unseen = sql`not exists (select from outbox o where o.tenant_id = ${tenantId} and o.kind = 'engarde_suggestions'
    and o.subject = ${walkDate} and o.attempts > 0 and o.payload -> 'suggestion_ids' ? ${suggestions.suggestionId})`;
  const conditions = [
    eq(suggestions.tenantId, tenantId),
    eq(suggestions.walkDate, walkDate),
    eq(suggestions.status, 'pending'),
    isNull(suggestions.deliveredAt),
    unanswered,
    unseen,
  ];
  const ids = found.map(({ id }) => id);
  if (ids.length > 0) conditions.push(sql`${suggestions.suggestionId} not in ${ids}`);
  const { rowCount: removed } = await tx.delete(suggestions).where(and(...conditions));
  if (found.length === 0) return { written: 0, removed: removed ?? 0 };
  const { rowCount: written } = await tx
    .insert(suggestions)
    .values(
      found.map((payload) => ({ tenantId, suggestionId: payload.id, walkDate, type: payload.type, priority: payload.priority, payload })),
    )
    .onConflictDoUpdate({
      target: [suggestions.tenantId, suggestions.suggestionId],
      set: { payload: sql`excluded.payload`, priority: sql`excluded.priority`, updatedAt: sql`now()` },
      setWhere: sql`${suggestions.status} = 'pending' and ${unanswered}
        and (${suggestions.payload}, ${suggestions.priority}) is distinct from (excluded.payload, excluded.priority)`,
    });
  return { written: written ?? 0, removed: removed ?? 0 };
}

export type SuggestionFilter = {
  readonly status?: SuggestionStatus | undefined;
  readonly priority?: Priority | undefined;
  readonly type?: string | undefined;
  readonly walkDate?: LocalDate | undefined;
};
export type SuggestionPosition = { readonly walkDate: string; readonly suggestionId: string };

/** The latest walk first, within it by id, after `after`. */
export function listSuggestions(
  tx: TenantTransaction,
  tenantId: TenantId,
  { filter, after, limit }: { readonly filter: SuggestionFilter; readonly after: SuggestionPosition | undefined; readonly limit: number },
): Promise<SuggestionRow[]> {
  const conditions: (SQL | undefined)[] = [eq(suggestions.tenantId, tenantId)];
  if (filter.status !== undefined) conditions.push(eq(suggestions.status, filter.status));
  if (filter.priority !== undefined) conditions.push(eq(suggestions.priority, filter.priority));
  if (filter.type !== undefined) conditions.push(eq(suggestions.type, filter.type));
  if (filter.walkDate !== undefined) conditions.push(eq(suggestions.walkDate, filter.walkDate));
  if (after !== undefined) {
    const sameDay = and(eq(suggestions.walkDate, after.walkDate), gt(suggestions.suggestionId, after.suggestionId));
    conditions.push(or(lt(suggestions.walkDate, after.walkDate), sameDay));
  }
  return tx
    .select()
    .from(suggestions)
    .where(and(...conditions))
    .orderBy(desc(suggestions.walkDate), asc(suggestions.suggestionId))
    .limit(limit);
}

export async function findSuggestion(tx: TenantTransaction, tenantId: TenantId, suggestionId: string): Promise<SuggestionRow | undefined> {
  const rows = await tx
    .select()
    .from(suggestions)
    .where(and(eq(suggestions.tenantId, tenantId), eq(suggestions.suggestionId, suggestionId)));
  return rows[0];
}

/** The answers to a suggestion, the first one first. */
export function listResponses(tx: TenantTransaction, tenantId: TenantId, suggestionId: string): Promise<ResponseRow[]> {
  return tx
    .select()
    .from(suggestionResponses)
    .where(and(eq(suggestionResponses.tenantId, tenantId), eq(suggestionResponses.suggestionId, suggestionId)))
    .orderBy(asc(suggestionResponses.respondedAt), asc(suggestionResponses.responseId));
}

/** The suggestions of a walk that En Garde is not known to have, in the order of their ids. */
export async function undeliveredSuggestions(tx: TenantTransaction, tenantId: TenantId, walkDate: LocalDate): Promise<SuggestionRow[]> {
  return tx
    .select()
    .from(suggestions)
    .where(and(eq(suggestions.tenantId, tenantId), eq(suggestions.walkDate, walkDate), isNull(suggestions.deliveredAt)))
    .orderBy(asc(suggestions.suggestionId));
}

/** Notes that En Garde has them. The first note stands. */
export async function markDelivered(
  tx: TenantTransaction,
  tenantId: TenantId,
  delivered: { readonly suggestionIds: readonly string[]; readonly batchId: string | undefined },
): Promise<void> {
  if (delivered.suggestionIds.length === 0) return;
  await tx
    .update(suggestions)
    .set({ deliveredAt: sql`now()`, batchId: delivered.batchId ?? null })
    .where(
      and(
        eq(suggestions.tenantId, tenantId),
        inArray(suggestions.suggestionId, [...delivered.suggestionIds]),
        isNull(suggestions.deliveredAt),
      ),
    );
}

/** How many suggestions of a walk En Garde has. */
export async function countDelivered(tx: TenantTransaction, tenantId: TenantId, walkDate: LocalDate): Promise<number> {
  const rows = await tx
    .select({ delivered: count(suggestions.deliveredAt) })
    .from(suggestions)
    .where(and(eq(suggestions.tenantId, tenantId), eq(suggestions.walkDate, walkDate)));
  return rows[0]?.delivered ?? 0;
}
