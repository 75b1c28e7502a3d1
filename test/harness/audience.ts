import type { TenantId } from '../../core/ids.js';
import type { TestDatabase } from './database.js';

export type SeededAudience = {
  readonly walkDate: string;
  readonly segmentKey: string;
  readonly userId: string;
  readonly suggestionId: string;
};

/** Ids that every seeded tenant has: the same name, another row. */
export const SHARED = { userId: 'shared-user', walkDate: '2026-01-01', segmentKey: 'seg_shared' } as const;

/** Rows of every kind that the API shows, each with the word in it. */
export async function seedAudience(database: TestDatabase, tenantId: TenantId, word: string, walkDate: string): Promise<SeededAudience> {
  const { admin } = database;
  const insert = (sql: string, ...values: unknown[]) => admin.query(sql, [tenantId, ...values]);
  const userId = `user-${word}`;
  for (const id of [userId, `${userId}-2`, SHARED.userId]) {
    await insert(`insert into users (tenant_id, user_id, traits, first_seen, last_seen) values ($1, $2, $3, now(), now())`, id, { word });
    await insert(
      `insert into user_features (tenant_id, user_id, walk_date, recency_days, frequency_30d, frequency, monetary_minor, engagement_score, trend)
       values ($1, $2, $3, 1.5, 2, 3, 400, 0.5, 0.1)`,
      id,
      walkDate,
    );
  }
  await insert(`insert into user_aliases (tenant_id, alias_id, user_id) values ($1, $2, $3)`, `alias-${word}`, userId);
  await insert(`insert into contacts (tenant_id, user_id, channel, address) values ($1, $2, 'email', $3)`, userId, `${word}@example.org`);
  await insert(
    `insert into walks (tenant_id, walk_date, as_of, requested_by, record, error) values ($1, $2, now(), $3, $4, $3)`,
    walkDate,
    word,
    { word },
  );
  await insert(
    `insert into walks (tenant_id, walk_date, as_of, requested_by, status) values ($1, $2, now(), $3, 'succeeded')`,
    SHARED.walkDate,
    word,
  );
  await insert(
    `insert into audience_segments (tenant_id, segment_key, segment_name, segment_type, criteria, user_count, statistics)
     values ($1, $2, $3, 'behavioral', $4, 0, $4)`,
    SHARED.segmentKey,
    `Shared ${word}`,
    { word },
  );
  const segmentKey = `seg_${word}`;
  const { rows } = await insert(
    `insert into audience_segments (tenant_id, segment_key, segment_name, segment_type, criteria, user_count, statistics, walk_date)
     values ($1, $2, $3, 'behavioral', $4, 3, $4, $5) returning id`,
    segmentKey,
    `Champions ${word}`,
    { word },
    walkDate,
  );
  await insert(
    `insert into segment_membership (tenant_id, segment_id, user_id, confidence_score)
     select $1, $2, user_id, 87.5 from users where tenant_id = $1`,
    rows[0].id,
  );
  const suggestionId = `sg_aud_${word}`;
  await insert(
    `insert into suggestions (tenant_id, suggestion_id, walk_date, type, priority, payload) values ($1, $2, $3, 'segment_opportunity', 'high', $4)`,
    suggestionId,
    walkDate,
    { id: suggestionId, title: word },
  );
  await insert(
    `insert into suggestion_responses (tenant_id, response_id, suggestion_id, action, channel) values ($1, $2, $3, 'details', 'in_app')`,
    `response-${word}`,
    suggestionId,
  );
  return { walkDate, segmentKey, userId, suggestionId };
}
