import { and, asc, desc, eq, inArray, isNotNull, lt, sql, type SQL } from 'drizzle-orm';
import type { Exclusion, TestDesign } from '../../core/experiment/design.js';
import type { TestState } from '../../core/experiment/lifecycle.js';
import type { Look } from '../../core/experiment/look.js';
import type { TestPlan } from '../../core/experiment/plan.js';
import type { TenantId } from '../../core/ids.js';
import type { TenantTransaction } from '../client.js';
import { audienceSegments } from '../tables/segments.js';
import type { Goal } from '../tables/tenants.js';
import { abTestDecisions, abTestLooks, abTests, type DecisionKind } from '../tables/tests.js';

export type TestRow = typeof abTests.$inferSelect;
export type TestLookRow = typeof abTestLooks.$inferSelect;
export type TestDecisionRow = typeof abTestDecisions.$inferSelect;

export type NewTest = {
  readonly tenantId: TenantId;
  readonly design: TestDesign;
  readonly plan: TestPlan;
  readonly audienceSize: number;
  readonly goal: Pick<Goal, 'event' | 'filters'> | null;
  readonly by: string;
  readonly at: Date;
  /** What it came from, for the audit. */
  readonly origin?: Readonly<Record<string, unknown>>;
};

/** Writes a draft. Its key is drawn: it is the salt of the assignment, which must be like no other test's. */
export async function insertTest(
  tx: TenantTransaction,
  { tenantId, design, plan, audienceSize, goal, by, at, origin }: NewTest,
): Promise<TestRow> {
  const { primaryMetric } = design;
  const rows = await tx
    .insert(abTests)
    .values({
      tenantId,
      testKey: sql`'test_' || left(replace(gen_random_uuid()::text, '-', ''), 20)`,
      testName: design.name,
      channel: design.channel,
      variations: design.variations,
      audienceSize,
      design,
      plan,
      state: { mode: 'draft' },
      goal,
      valueCurrency: primaryMetric.kind === 'revenue_per_user' ? primaryMetric.currency : null,
      conversionWindow: `${design.conversionWindowHours} hours`,
      createdBy: by,
      createdAt: at,
    })
    .returning();
  const [row] = rows;
  if (!row) throw new Error('the row of the test was not written');
  await addDecision(tx, row, { kind: 'created', actor: by, at, detail: { ...origin } });
  return row;
}

export async function findTest(tx: TenantTransaction, tenantId: TenantId, testKey: string): Promise<TestRow | undefined> {
  const rows = await tx
    .select()
    .from(abTests)
    .where(and(eq(abTests.tenantId, tenantId), eq(abTests.testKey, testKey)));
  return rows[0];
}

/** Whether users are assigned and exposed. */
export const isUnderWay = (state: TestState): boolean => state.mode === 'running' || state.mode === 'looking';

/** The row, held until the transaction ends: what changes a test waits for each other. Exposures and outcomes do not wait. */
export async function lockTest(tx: TenantTransaction, tenantId: TenantId, testKey: string): Promise<TestRow | undefined> {
  const rows = await tx
    .select()
    .from(abTests)
    .where(and(eq(abTests.tenantId, tenantId), eq(abTests.testKey, testKey)))
    .for('no key update');
  return rows[0];
}

/** The latest first, before the test `before`. */
export function listTests(
  tx: TenantTransaction,
  tenantId: TenantId,
  {
    status,
    before,
    limit,
  }: { readonly status?: TestState['mode'] | undefined; readonly before: number | undefined; readonly limit: number },
): Promise<TestRow[]> {
  const conditions: SQL[] = [eq(abTests.tenantId, tenantId)];
  if (status !== undefined) conditions.push(eq(abTests.status, status));
  if (before !== undefined) conditions.push(lt(abTests.id, before));
  return tx
    .select()
    .from(abTests)
    .where(and(...conditions))
    .orderBy(desc(abTests.id))
    .limit(limit);
}

/** The stretches of exclusion groups that tests hold: those that run, and those that may yet. */
export async function takenExclusions(tx: TenantTransaction, tenantId: TenantId): Promise<Exclusion[]> {
  const rows = await tx
    .select({ exclusion: sql<Exclusion | null>`nullif(${abTests.design} -> 'exclusion', 'null')` })
    .from(abTests)
    .where(
      and(
        eq(abTests.tenantId, tenantId),
        inArray(abTests.status, ['draft', 'running', 'looking']),
        isNotNull(sql`nullif(${abTests.design} -> 'exclusion', 'null')`),
      ),
    );
  return rows.flatMap(({ exclusion }) => (exclusion === null ? [] : [exclusion]));
}

/** Two tests that are made at once must not be given the same stretch. */
export async function holdExclusions(tx: TenantTransaction, tenantId: TenantId): Promise<void> {
  await tx.execute(sql`select pg_advisory_xact_lock(hashtextextended(${`madansara exclusions ${tenantId}`}, 0))`);
}

/** How many users a segment has now, and how many were added in the last 30 days; of all users where no segment is named. */
export async function audienceOf(
  tx: TenantTransaction,
  tenantId: TenantId,
  segmentKey: string | undefined,
  now: Date,
): Promise<{ readonly users: number; readonly newIn30Days: number }> {
  const since = new Date(now.getTime() - 30 * 86_400_000).toISOString();
  // Of a younger segment nobody knows how many join it: at first all of them did.
  const members = sql`select case when s.created_at < ${since}::timestamptz then m.joined_at end as since from segment_membership m
    join audience_segments s on s.tenant_id = m.tenant_id and s.id = m.segment_id
    where m.tenant_id = ${tenantId} and s.segment_key = ${segmentKey ?? ''}`;
  const everybody = sql`select coalesce(first_seen, created_at) as since from users where tenant_id = ${tenantId}`;
  const { rows } = await tx.execute<{ users: number; lately: number }>(sql`
    select count(*)::int as users, count(*) filter (where since >= ${since}::timestamptz)::int as lately
    from (${segmentKey === undefined ? everybody : members}) audience`);
  return { users: rows[0]?.users ?? 0, newIn30Days: rows[0]?.lately ?? 0 };
}

export async function hasSegment(tx: TenantTransaction, tenantId: TenantId, segmentKey: string): Promise<boolean> {
  const rows = await tx
    .select({ id: audienceSegments.id })
    .from(audienceSegments)
    .where(and(eq(audienceSegments.tenantId, tenantId), eq(audienceSegments.segmentKey, segmentKey)));
  return rows.length > 0;
}

export type Decision = {
  readonly kind: DecisionKind;
  readonly actor: string;
  readonly at: Date;
  readonly detail: Readonly<Record<string, unknown>>;
};

export async function addDecision(
  tx: TenantTransaction,
  { tenantId, id }: Pick<TestRow, 'tenantId' | 'id'>,
  { kind, actor, at, detail }: Decision,
): Promise<void> {
  await tx.insert(abTestDecisions).values({ tenantId, testId: id, kind, actor, detail, decidedAt: at });
}

/** The first one first. */
export function listDecisions(tx: TenantTransaction, { tenantId, id }: Pick<TestRow, 'tenantId' | 'id'>): Promise<TestDecisionRow[]> {
  return tx
    .select()
    .from(abTestDecisions)
    .where(and(eq(abTestDecisions.tenantId, tenantId), eq(abTestDecisions.testId, id)))
    .orderBy(asc(abTestDecisions.decisionId));
}

export function listLooks(tx: TenantTransaction, { tenantId, id }: Pick<TestRow, 'tenantId' | 'id'>): Promise<TestLookRow[]> {
  return tx
    .select()
    .from(abTestLooks)
    .where(and(eq(abTestLooks.tenantId, tenantId), eq(abTestLooks.testId, id)))
    .orderBy(asc(abTestLooks.lookNumber));
}

export async function findLook(
  tx: TenantTransaction,
  { tenantId, id }: Pick<TestRow, 'tenantId' | 'id'>,
  number: number,
): Promise<TestLookRow | undefined> {
  const rows = await tx
    .select()
    .from(abTestLooks)
    .where(and(eq(abTestLooks.tenantId, tenantId), eq(abTestLooks.testId, id), eq(abTestLooks.lookNumber, number)));
  return rows[0];
}

/** The latest look. */
export async function findLastLook(
  tx: TenantTransaction,
  { tenantId, id }: Pick<TestRow, 'tenantId' | 'id'>,
): Promise<TestLookRow | undefined> {
  const rows = await tx
    .select()
    .from(abTestLooks)
    .where(and(eq(abTestLooks.tenantId, tenantId), eq(abTestLooks.testId, id)))
    .orderBy(desc(abTestLooks.lookNumber))
    .limit(1);
  return rows[0];
}

/** A look as it was taken. */
export const lookOf = ({ analysis, state }: TestLookRow): Look => ({ ...analysis, state });

/** How many were exposed when a look was taken. */
export const exposedAt = ({ lookedAt, analysis }: TestLookRow): { readonly atMs: number; readonly exposed: number } => ({
  atMs: lookedAt.getTime(),
  exposed: analysis.arms.reduce((sum, arm) => sum + arm.exposed, 0),
});

/** Tests that run and whose clock was not started, because the process that should have ended first. */
export async function testsWithoutClock(tx: TenantTransaction, tenantId: TenantId): Promise<string[]> {
  const rows = await tx
    .select({ testKey: abTests.testKey })
    .from(abTests)
    .where(and(eq(abTests.tenantId, tenantId), eq(abTests.status, 'running'), eq(abTests.isClocked, false)))
    .orderBy(asc(abTests.id))
    .limit(1_000);
  return rows.map(({ testKey }) => testKey);
}

/** Notes that a workflow takes the looks of a test that runs. */
export async function keepClocked(tx: TenantTransaction, { tenantId, id, status, isClocked }: TestRow): Promise<void> {
  if (status !== 'running' || isClocked) return;
  await tx
    .update(abTests)
    .set({ isClocked: true })
    .where(and(eq(abTests.tenantId, tenantId), eq(abTests.id, id), eq(abTests.status, 'running')));
}
