import { createWriteStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { and, eq, inArray, not, or, sql } from 'drizzle-orm';
import { to as copyTo } from 'pg-copy-streams';
import type { LocalDate, TenantId } from '../../core/ids.js';
import type { SegmentStatistics } from '../../core/segment/statistics.js';
import type { Database, TenantTransaction } from '../client.js';
import { audienceSegments } from '../tables/segments.js';

/** A segment as a walk found it. */
export type FoundSegment = {
  readonly key: string;
  readonly name: string;
  readonly type: 'behavioral' | 'rule';
  readonly criteria: Readonly<Record<string, unknown>>;
  readonly statistics: SegmentStatistics;
};

/**
 * Writes the segments that a walk found, and lays aside those of earlier walks that it did not find: behavioural ones, and
 * the one rule (`ruleKey`) that stands for all users. Gives the ids of all of these, found or laid aside, by key.
 */
export async function writeSegments(
  tx: TenantTransaction,
  tenantId: TenantId,
  walkDate: LocalDate,
  found: readonly FoundSegment[],
  ruleKey: string,
): Promise<ReadonlyMap<string, number>> {
  for (const { key, name, type, criteria, statistics } of found) {
    const values = { segmentName: name, segmentType: type, criteria, statistics, userCount: statistics.users, walkDate, isActive: true };
    const changed = await tx
      .update(audienceSegments)
      .set({ ...values, updatedAt: sql`now()` })
      .where(and(eq(audienceSegments.tenantId, tenantId), eq(audienceSegments.segmentKey, key)))
      .returning({ id: audienceSegments.id });
    if (changed.length === 0) await tx.insert(audienceSegments).values({ ...values, tenantId, segmentKey: key });
  }
  const madeByWalks = and(
    eq(audienceSegments.tenantId, tenantId),
    or(eq(audienceSegments.segmentType, 'behavioral'), eq(audienceSegments.segmentKey, ruleKey)),
  );
  const keys = found.map(({ key }) => key);
  await tx
    .update(audienceSegments)
    .set({ isActive: false, userCount: 0, updatedAt: sql`now()` })
    .where(
      and(madeByWalks, eq(audienceSegments.isActive, true), keys.length > 0 ? not(inArray(audienceSegments.segmentKey, keys)) : undefined),
    );
  const rows = await tx.select({ key: audienceSegments.segmentKey, id: audienceSegments.id }).from(audienceSegments).where(madeByWalks);
  return new Map(rows.map(({ key, id }) => [key, id]));
}

/** Writes to a file who is in which of the segments: user_id, segment_key, confidence in hundredths of a percent. */
export function copyMemberships(database: Database, tenantId: TenantId, segmentIds: readonly number[], path: string): Promise<void> {
  const ids = segmentIds.map(Number).join(', ');
  return copyOut(
    database,
    tenantId,
    `select m.user_id, s.segment_key, (coalesce(m.confidence_score, -1) * 100)::integer
     from segment_membership m join audience_segments s on s.tenant_id = m.tenant_id and s.id = m.segment_id
     where m.tenant_id = '${tenantId}' and m.segment_id = any (array[${ids}]::bigint[])`,
    'user_id, segment_key',
    path,
  );
}

/** Writes to a file what is shown of all users: user_id and the columns that are named. */
export function copyUserFeatures(database: Database, tenantId: TenantId, columns: string, path: string): Promise<void> {
  return copyOut(database, tenantId, `select user_id, ${columns} from user_features where tenant_id = '${tenantId}'`, 'user_id', path);
}

/** COPY takes no parameters: what stands in the query are an id that was parsed, numbers, and names of ours. */
async function copyOut(database: Database, tenantId: TenantId, query: string, quoted: string, path: string): Promise<void> {
  const client = await database.pool.connect();
  let broken: Error | undefined;
  try {
    await client.query('begin read only');
    await client.query(`select set_config('app.tenant_id', $1, true)`, [tenantId]);
    const stream = client.query(copyTo(`copy (${query}) to stdout (format csv, force_quote (${quoted}))`));
    await pipeline(stream, createWriteStream(path));
    await client.query('rollback');
  } catch (error) {
    broken = error instanceof Error ? error : new Error(String(error));
    throw error;
  } finally {
    client.release(broken);
  }
}

/** One after the other in a list; each gives how many rows it changed. */
export const publishing = (database: Database, tenantId: TenantId) => ({
  putMembers: (segmentIds: readonly number[], userIds: readonly string[], confidences: readonly number[]) =>
    changed(database, 'select put_members($1, $2, $3, $4) as changed', [tenantId, segmentIds, userIds, confidences]),
  removeMembers: (segmentIds: readonly number[], userIds: readonly string[]) =>
    changed(database, 'select remove_members($1, $2, $3) as changed', [tenantId, segmentIds, userIds]),
  /** The columns in the order of the function's arguments. */
  putFeatures: (walkDate: LocalDate, userIds: readonly string[], columns: readonly (readonly number[])[]) =>
    changed(database, 'select put_user_features($1, $2, $3, $4, $5, $6, $7, $8, $9) as changed', [tenantId, walkDate, userIds, ...columns]),
  removeFeatures: (userIds: readonly string[]) => changed(database, 'select remove_user_features($1, $2) as changed', [tenantId, userIds]),
});

async function changed(database: Database, statement: string, values: unknown[]): Promise<number> {
  const { rows } = await database.pool.query<{ changed: number }>(statement, values);
  return rows[0]?.changed ?? 0;
}
