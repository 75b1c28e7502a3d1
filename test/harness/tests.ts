import assert from 'node:assert/strict';
import type { TenantId } from '../../core/ids.js';
import { assignVariation } from '../../core/experiment/assignment.js';
import { changeTest } from '../../db/queries/test-changes.js';
import { createTest, type TestWish } from '../../db/queries/test-creation.js';
import { lookAtTest } from '../../db/queries/test-looks.js';
import { findTest, type TestRow } from '../../db/queries/tests.js';
import type { TestDatabase } from './database.js';

export const DAY_MS = 86_400_000;

/** Two subjects for everybody, 20 % against 25 %: 14 days, a window of a day. */
export const twoSubjects: TestWish = {
  name: 'Welcome subject',
  channel: 'email',
  variations: [
    { id: 'control', name: 'Welcome', parts: { subject: 'Welcome' } },
    { id: 'personal', name: 'Personal', parts: { subject: '{{first_name}}, your dashboard is ready' } },
  ],
  audience: { kind: 'rule', rule: 'everyone' },
  primaryMetric: 'conversion_rate',
  goal: 'convert_to_paid',
  baseline: { kind: 'rate', rate: 0.2, source: 'test', ageDays: 0 },
  minimumEffect: 0.25,
  conversionWindowHours: 24,
  applyTo: 'welcome',
};

/** Users `u1` … with no history. */
export async function addUsers(database: TestDatabase, tenantId: TenantId, count: number): Promise<void> {
  await database.admin.query(
    `insert into users (tenant_id, user_id, first_seen) select $1, 'u' || n, now() from generate_series(1, $2::int) n`,
    [tenantId, count],
  );
}

export async function makeTest(database: TestDatabase, tenantId: TenantId, at: Date, changes: Partial<TestWish> = {}): Promise<TestRow> {
  const created = await database.withTenant(tenantId, (tx) =>
    createTest(tx, { tenantId, wish: { ...twoSubjects, ...changes }, by: 'test', at }),
  );
  assert.ok(created.kind === 'created', JSON.stringify(created));
  return created.test;
}

export async function startedTest(database: TestDatabase, tenantId: TenantId, at: Date, changes: Partial<TestWish> = {}): Promise<TestRow> {
  const { testKey } = await makeTest(database, tenantId, at, changes);
  const change = { kind: 'start', acceptTooSmall: true } as const;
  const { test, answer } = await database.withTenant(tenantId, (tx) => changeTest(tx, { tenantId, testKey, change, by: 'test', at }));
  assert.deepEqual(answer, { kind: 'done' });
  return test;
}

export const planOf = (test: TestRow) => ({
  salt: test.testKey,
  variationIds: test.variations.map(({ id }) => id),
  exposureShare: test.design.exposureShare,
  exclusion: test.design.exclusion,
  periods: test.weightPeriods,
});

/**
 * Exposes users from..to by the test's own assignment at a moment, and lets so many of a hundred of each arm convert an hour later,
 * without the API: what a day of a large test leaves.
 */
export async function exposeMany(
  database: TestDatabase,
  test: TestRow,
  {
    from,
    to,
    at,
    converting,
  }: { readonly from: number; readonly to: number; readonly at: Date; readonly converting: Readonly<Record<string, number>> },
): Promise<void> {
  const plan = planOf(test);
  const rows = Array.from({ length: to - from }, (_, i) => {
    const userId = `u${from + i + 1}`;
    const assigned = assignVariation(plan, { userId, atMs: at.getTime(), exposedTo: null });
    assert.ok(assigned.kind === 'in');
    return { userId, arm: assigned.variationId };
  });
  const seen: Record<string, number> = {};
  const items = rows.map(({ userId, arm }) => {
    const place = (seen[arm] = (seen[arm] ?? 0) + 1);
    // Spread evenly: of each hundred the same number.
    const share = converting[arm] ?? 0;
    return [userId, arm, Math.floor((place * share) / 100) > Math.floor(((place - 1) * share) / 100)];
  });
  await database.admin.query(
    `insert into ab_test_exposures (tenant_id, test_id, user_id, variation_id, exposed_at, sent_at, converted_at)
     select $1, $2, i->>0, i->>1, $4, $4, case when (i->>2)::boolean then $4::timestamptz + interval '1 hour' end
     from jsonb_array_elements($3::jsonb) i`,
    [test.tenantId, test.id, JSON.stringify(items), at.toISOString()],
  );
}

export const reload = (database: TestDatabase, { tenantId, testKey }: TestRow): Promise<TestRow> =>
  database
    .withTenant(tenantId as TenantId, (tx) => findTest(tx, tenantId as TenantId, testKey))
    .then((row) => row ?? assert.fail('the test is gone'));

export const lookAt = (database: TestDatabase, { tenantId, testKey }: TestRow, number: number, at: Date) =>
  lookAtTest(database, { tenantId: tenantId as TenantId, testKey, number, at });

export const change = (
  database: TestDatabase,
  { tenantId, testKey }: TestRow,
  what: Parameters<typeof changeTest>[1]['change'],
  at: Date,
) =>
  database.withTenant(tenantId as TenantId, (tx) =>
    changeTest(tx, { tenantId: tenantId as TenantId, testKey, change: what, by: 'test', at }),
  );

export const columnsOf = async (database: TestDatabase, query: string, ...values: unknown[]) =>
  (await database.admin.query(query, values)).rows as unknown[];
