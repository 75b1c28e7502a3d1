import { and, asc, count, desc, eq, gt, inArray, type SQL } from 'drizzle-orm';
import type { TenantId, UserId } from '../../core/ids.js';
import type { TenantTransaction } from '../client.js';
import { audienceSegments, segmentMembership, userFeatures } from '../tables/segments.js';
import { userAliases, users } from '../tables/users.js';

/** Reads for people who look at an audience. Confidences are fractions here; the column is percent. */

export type SegmentRow = typeof audienceSegments.$inferSelect;
export type MemberRow = { readonly userId: string; readonly confidence: number | null; readonly joinedAt: Date };

/** The largest first; those that no longer hold only on request. */
export function listSegments(tx: TenantTransaction, tenantId: TenantId, options: { readonly inactiveToo: boolean }): Promise<SegmentRow[]> {
  const conditions: SQL[] = [eq(audienceSegments.tenantId, tenantId)];
  if (!options.inactiveToo) conditions.push(eq(audienceSegments.isActive, true));
  return tx
    .select()
    .from(audienceSegments)
    .where(and(...conditions))
    .orderBy(desc(audienceSegments.isActive), desc(audienceSegments.userCount), asc(audienceSegments.segmentKey));
}

export async function findSegment(tx: TenantTransaction, tenantId: TenantId, segmentKey: string): Promise<SegmentRow | undefined> {
  const rows = await tx
    .select()
    .from(audienceSegments)
    .where(and(eq(audienceSegments.tenantId, tenantId), eq(audienceSegments.segmentKey, segmentKey)));
  return rows[0];
}

/** The segments of these rows by their numbers, whether they hold or not. */
export async function segmentsOf(
  tx: TenantTransaction,
  tenantId: TenantId,
  rows: readonly { readonly segmentId: number | null }[],
): Promise<ReadonlyMap<number, SegmentRow>> {
  const wanted = [...new Set(rows.flatMap(({ segmentId }) => segmentId ?? []))];
  const found = await tx
    .select()
    .from(audienceSegments)
    .where(and(eq(audienceSegments.tenantId, tenantId), inArray(audienceSegments.id, wanted)));
  return new Map(found.map((row) => [row.id, row]));
}

/** Members in the order of their ids, after `after`: an order in which nobody moves while others come and go. */
export async function listMembers(
  tx: TenantTransaction,
  tenantId: TenantId,
  { segmentId, after, limit }: { readonly segmentId: number; readonly after: string | undefined; readonly limit: number },
): Promise<MemberRow[]> {
  const conditions: SQL[] = [eq(segmentMembership.tenantId, tenantId), eq(segmentMembership.segmentId, segmentId)];
  if (after !== undefined) conditions.push(gt(segmentMembership.userId, after));
  const rows = await tx
    .select({ userId: segmentMembership.userId, percent: segmentMembership.confidenceScore, joinedAt: segmentMembership.joinedAt })
    .from(segmentMembership)
    .where(and(...conditions))
    .orderBy(asc(segmentMembership.userId))
    .limit(limit);
  return rows.map(({ percent, ...row }) => ({ ...row, confidence: fractionOf(percent) }));
}

export type UserRow = typeof users.$inferSelect;
export type UserFeaturesRow = typeof userFeatures.$inferSelect;
export type UserSegmentRow = Omit<MemberRow, 'userId'> & { readonly segmentKey: string; readonly name: string };
export type UserView = {
  readonly user: UserRow;
  readonly features: UserFeaturesRow | undefined;
  readonly segments: readonly UserSegmentRow[];
};

/** A person with what the last walk knew of them; an id that was merged into another one leads to that one. */
export async function findUser(tx: TenantTransaction, tenantId: TenantId, id: UserId): Promise<UserView | undefined> {
  const aliases = await tx
    .select({ userId: userAliases.userId })
    .from(userAliases)
    .where(and(eq(userAliases.tenantId, tenantId), eq(userAliases.aliasId, id)));
  const userId = aliases[0]?.userId ?? id;
  const found = await tx
    .select()
    .from(users)
    .where(and(eq(users.tenantId, tenantId), eq(users.userId, userId)));
  const user = found[0];
  if (!user) return undefined;
  const features = await tx
    .select()
    .from(userFeatures)
    .where(and(eq(userFeatures.tenantId, tenantId), eq(userFeatures.userId, userId)));
  return { user, features: features[0], segments: await segmentsOfUser(tx, tenantId, userId) };
}

async function segmentsOfUser(tx: TenantTransaction, tenantId: TenantId, userId: string): Promise<UserSegmentRow[]> {
  const rows = await tx
    .select({
      segmentKey: audienceSegments.segmentKey,
      name: audienceSegments.segmentName,
      percent: segmentMembership.confidenceScore,
      joinedAt: segmentMembership.joinedAt,
    })
    .from(segmentMembership)
    .innerJoin(
      audienceSegments,
      and(eq(audienceSegments.tenantId, segmentMembership.tenantId), eq(audienceSegments.id, segmentMembership.segmentId)),
    )
    .where(and(eq(segmentMembership.tenantId, tenantId), eq(segmentMembership.userId, userId), eq(audienceSegments.isActive, true)))
    .orderBy(asc(audienceSegments.segmentKey));
  return rows.map(({ percent, ...row }) => ({ ...row, confidence: fractionOf(percent) }));
}

/** How many people the tenant knows. */
export async function countUsers(tx: TenantTransaction, tenantId: TenantId): Promise<number> {
  const rows = await tx.select({ users: count() }).from(users).where(eq(users.tenantId, tenantId));
  return rows[0]?.users ?? 0;
}

const fractionOf = (percent: number | null): number | null => (percent === null ? null : percent / 100);
