import { randomUUID } from 'node:crypto';
import { parseLocalDate, type LocalDate, type TenantId } from '../../core/ids.js';
import type { SegmentFinding } from '../../core/suggestion/evidence.js';
import { AS_OF, threeSegments } from './segments.js';
import type { TestDatabase } from './database.js';

export const WALK_DATE = parseLocalDate('2025-12-28');

/** A walk of that day with its segments, and as many members in each as its statistics say (up to `mostMembers`). */
export async function seedWalk(
  database: TestDatabase,
  tenantId: TenantId,
  {
    segments = threeSegments,
    walkDate = WALK_DATE,
    mostMembers = 100,
  }: { readonly segments?: readonly SegmentFinding[]; readonly walkDate?: LocalDate; readonly mostMembers?: number } = {},
): Promise<void> {
  const { admin } = database;
  await admin.query(`insert into walks (tenant_id, walk_date, as_of, requested_by) values ($1, $2, $3, 'test') on conflict do nothing`, [
    tenantId,
    walkDate,
    AS_OF,
  ]);
  await admin.query(`update audience_segments set is_active = false where tenant_id = $1`, [tenantId]);
  for (const { segmentId, name, statistics } of segments) {
    const { rows } = await admin.query<{ id: string }>(
      `insert into audience_segments (tenant_id, segment_key, segment_name, segment_type, criteria, user_count, statistics, walk_date)
       values ($1, $2, $3, 'behavioral', '{}', $4, $5, $6)
       on conflict (tenant_id, segment_key) do update set statistics = excluded.statistics, walk_date = excluded.walk_date, is_active = true
       returning id`,
      [tenantId, segmentId, name, statistics.users, statistics, walkDate],
    );
    await admin.query(
      `insert into segment_membership (tenant_id, segment_id, user_id)
       select $1, $2, $3 || i from generate_series(1, $4::int) i on conflict do nothing`,
      [tenantId, rows[0]?.id, `${segmentId}-`, Math.min(mostMembers, statistics.users)],
    );
  }
}

export const newKey = (): string => `wa_${randomUUID().replaceAll('-', '')}`;
