import type { TenantId } from '../../core/ids.js';
import { putEmailSender } from '../../db/queries/email-senders.js';
import { addTemplateVersion, publishTemplate } from '../../db/queries/templates.js';
import { recordExposures, recordOutcomes } from '../../db/queries/test-exposures.js';
import { compiled, text } from '../core/template/samples.js';
import type { TestDatabase } from './database.js';
import { lookAt, startedTest } from './tests.js';

export type SeededAudience = {
  readonly walkDate: string;
  readonly segmentKey: string;
  readonly userId: string;
  readonly suggestionId: string;
  /** Of a test that is decided. */
  readonly testId: string;
  readonly templateFamily: string;
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
  const testId = await seedTest(database, tenantId, word);
  const templateFamily = await seedTemplate(database, tenantId, word);
  return { walkDate, segmentKey, userId, suggestionId, testId, templateFamily };
}

/** A family of the tenant's own with a version in force, and a sender. */
async function seedTemplate(database: TestDatabase, tenantId: TenantId, word: string): Promise<string> {
  const family = `spring_${word}`;
  const source = text(`Hi from ${word}`, { subject: `Subject ${word}` });
  const version = { tenantId, family, source, compiled: await compiled(source), actor: word, at: new Date() };
  const sender = {
    fromEmail: `${word}@example.org`,
    fromName: word,
    replyTo: null,
    brandName: `Brand ${word}`,
    brandUrl: null,
    postalAddress: `${word} Street`,
  };
  await database.withTenant(tenantId, async (tx) => {
    await addTemplateVersion(tx, version);
    await publishTemplate(tx, { tenantId, family, version: 1, actor: word, at: new Date() });
    await putEmailSender(tx, tenantId, sender, new Date());
  });
  return family;
}

/** A test that ran and ended by its last look, with a row in every table of tests. */
async function seedTest(database: TestDatabase, tenantId: TenantId, word: string): Promise<string> {
  const start = new Date('2026-01-02T12:00:00Z');
  const hours = (count: number) => new Date(start.getTime() + count * 3_600_000);
  const test = await startedTest(database, tenantId, start, { name: `Subject ${word}` });
  const exposed = { userId: `user-${word}`, variationId: 'control', at: hours(1) };
  const bought = {
    outcomeId: `bought ${word}`,
    userId: exposed.userId,
    kind: 'converted',
    at: hours(2),
    byMachine: false,
    value: null,
  } as const;
  await database.withTenant(tenantId, async (tx) => {
    await recordExposures(tx, test, [exposed]);
    await recordOutcomes(tx, test, [bought]);
  });
  await lookAt(database, test, 1, hours(24 * 30));
  const { admin } = database;
  const values = [tenantId, test.id, word];
  await admin.query(
    `insert into ab_test_learnings (tenant_id, test_id, variation_id, channel, metric, verdict, changes, effect, standard_error, learned_at)
     values ($1, $2, $3, 'email', 'ctr', 'winner', '[]', 0.1, 0.1, now())`,
    values,
  );
  await admin.query(
    `insert into template_defaults (tenant_id, template_family, version, action, test_id, variation_id, actor, changed_at)
     values ($1, $3, 1, 'apply', $2, $3, $3, now())`,
    values,
  );
  await admin.query(
    `insert into metric_baselines (tenant_id, metric, subject, window_hours, users, sum, sum_of_squares, measured_from, measured_to)
     values ($1, 'conversion_rate', $2, 72, 100, 5, 5, '2025-12-01', '2026-01-01')`,
    [tenantId, word],
  );
  return test.testKey;
}
