import { and, asc, desc, eq, inArray, lt, sql } from 'drizzle-orm';
import type { TestFinding } from '../../core/brief/test-section.js';
import type { TestDesign } from '../../core/experiment/design.js';
import { monthlyVolume } from '../../core/experiment/impact.js';
import { standingAt } from '../../core/experiment/standing.js';
import type { LocalDate, TenantId } from '../../core/ids.js';
import type { WonTest } from '../../core/suggestion/test-winner.js';
import type { TenantTransaction } from '../client.js';
import { audienceSegments } from '../tables/segments.js';
import { suggestions } from '../tables/suggestions.js';
import { abTestLooks, abTests } from '../tables/tests.js';
import { lookOf, type TestLookRow, type TestRow } from './tests.js';

export type ToldTest = TestFinding & { readonly test: TestRow };

const DAY_MS = 86_400_000;
/** A test that ended longer ago than this was told of by earlier walks. */
const TOLD_DAYS = 30;

/** The tests that a walk tells of, the first one first: those that ran as of then, and those that had ended in the 30 days before. */
export async function testsToTell(tx: TenantTransaction, tenantId: TenantId, asOf: Date): Promise<ToldTest[]> {
  const asOfMs = asOf.getTime();
  const endedMs = sql`coalesce((${abTests.state} ->> 'decidedAtMs')::double precision, 'infinity')`;
  const rows = await tx
    .select()
    .from(abTests)
    .where(
      and(eq(abTests.tenantId, tenantId), lt(abTests.startDate, asOf), sql`${endedMs} >= ${asOfMs - TOLD_DAYS * DAY_MS}::double precision`),
    )
    .orderBy(asc(abTests.id));
  const names = await segmentNames(tx, tenantId);
  const looks = await looksBefore(tx, tenantId, { asOf, testIds: rows.map(({ id }) => id) });
  return rows.flatMap((test): ToldTest[] => {
    if (test.state.mode === 'draft') return [];
    const { design, testKey: testId, state } = test;
    const { audience } = design;
    const { last, exposed } = looks.get(test.id) ?? { last: null, exposed: [] };
    const told = {
      testId,
      design,
      standing: standingAt(state, asOfMs),
      startedAtMs: state.startedAtMs,
      asOfMs,
      plannedUsers: test.plan.maximumUsers,
      audienceName: audience.kind === 'segment' ? (names.get(audience.segmentId) ?? audience.segmentId) : audience.rule,
      look: last && lookOf(last),
      volume: monthlyVolume(design, state.startedAtMs, exposed),
    };
    return [{ ...told, test }];
  });
}

type Looks = { readonly last: TestLookRow | null; readonly exposed: readonly { readonly atMs: number; readonly exposed: number }[] };

/** Of each test its latest look before a moment, and how many were exposed at each: of thousands of tests, in two queries. */
async function looksBefore(
  tx: TenantTransaction,
  tenantId: TenantId,
  { asOf, testIds }: { readonly asOf: Date; readonly testIds: readonly number[] },
): Promise<ReadonlyMap<number, Looks>> {
  if (testIds.length === 0) return new Map();
  const taken = and(eq(abTestLooks.tenantId, tenantId), inArray(abTestLooks.testId, [...testIds]), lt(abTestLooks.lookedAt, asOf));
  const lasts = await tx
    .selectDistinctOn([abTestLooks.testId])
    .from(abTestLooks)
    .where(taken)
    .orderBy(asc(abTestLooks.testId), desc(abTestLooks.lookNumber));
  const exposed = sql<number>`(select sum((arm ->> 'exposed')::int)::int from jsonb_array_elements(${abTestLooks.analysis} -> 'arms') arm)`;
  const all = await tx
    .select({ testId: abTestLooks.testId, lookedAt: abTestLooks.lookedAt, exposed })
    .from(abTestLooks)
    .where(taken)
    .orderBy(asc(abTestLooks.testId), asc(abTestLooks.lookNumber));
  const looks = new Map(lasts.map((last) => [last.testId, { last, exposed: [] as { atMs: number; exposed: number }[] }]));
  for (const row of all) looks.get(row.testId)?.exposed.push({ atMs: row.lookedAt.getTime(), exposed: row.exposed });
  return looks;
}

/** The designs of those that ran as of the walk. */
export const runningOf = (tests: readonly ToldTest[]): TestDesign[] =>
  tests.filter(({ standing }) => standing === 'running').map(({ design }) => design);

async function segmentNames(tx: TenantTransaction, tenantId: TenantId): Promise<ReadonlyMap<string, string>> {
  const rows = await tx
    .select({ id: audienceSegments.segmentKey, name: audienceSegments.segmentName })
    .from(audienceSegments)
    .where(eq(audienceSegments.tenantId, tenantId));
  return new Map(rows.map(({ id, name }) => [id, name]));
}

/**
 * The winners that a walk suggests to apply: each once, by the first walk after it was found, whatever became of the suggestion.
 * None that was applied before, and none without a template family that it could become the default of.
 */
export async function winnersToSuggest(
  tx: TenantTransaction,
  tenantId: TenantId,
  { walkDate, tests }: { readonly walkDate: LocalDate; readonly tests: readonly ToldTest[] },
): Promise<WonTest[]> {
  const testId = sql<string>`${suggestions.payload} -> 'test_results' ->> 'test_id'`;
  const earlier = await tx
    .select({ testId })
    .from(suggestions)
    .where(and(eq(suggestions.tenantId, tenantId), eq(suggestions.type, 'ab_test_winner'), lt(suggestions.walkDate, walkDate)));
  const told = new Set(earlier.map((row) => row.testId));
  return tests.flatMap(({ testId, design, standing, look, startedAtMs, volume }) => {
    const { applyTo } = design;
    if (standing !== 'decided' || look?.verdict.kind !== 'winner' || applyTo === null || told.has(testId)) return [];
    return [{ testId, design: { ...design, applyTo }, startedAtMs, look, volume }];
  });
}
