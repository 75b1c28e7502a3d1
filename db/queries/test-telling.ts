import { and, asc, eq, lt, sql } from 'drizzle-orm';
import type { TestFinding } from '../../core/brief/test-section.js';
import type { TestDesign } from '../../core/experiment/design.js';
import { monthlyVolume } from '../../core/experiment/impact.js';
import { standingAt } from '../../core/experiment/standing.js';
import type { LocalDate, TenantId } from '../../core/ids.js';
import type { WonTest } from '../../core/suggestion/test-winner.js';
import type { TenantTransaction } from '../client.js';
import { audienceSegments } from '../tables/segments.js';
import { suggestions } from '../tables/suggestions.js';
import { abTests } from '../tables/tests.js';
import { exposedAt, listLooks, lookOf, type TestRow } from './tests.js';

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
  const told: ToldTest[] = [];
  for (const test of rows) {
    if (test.state.mode === 'draft') continue;
    const looks = (await listLooks(tx, test)).filter(({ lookedAt }) => lookedAt < asOf);
    const last = looks.at(-1);
    const { design, testKey: testId, state } = test;
    const { startedAtMs } = state;
    const { audience } = design;
    told.push({
      test,
      testId,
      design,
      standing: standingAt(state, asOfMs),
      startedAtMs,
      asOfMs,
      plannedUsers: test.plan.maximumUsers,
      audienceName: audience.kind === 'segment' ? (names.get(audience.segmentId) ?? audience.segmentId) : audience.rule,
      look: last ? lookOf(last) : null,
      volume: monthlyVolume(design, startedAtMs, looks.map(exposedAt)),
    });
  }
  return told;
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
