import { documentAnswer } from '../../core/experiment/answer.js';
import { variationNamer } from '../../core/experiment/design.js';
import { verdictInWords } from '../../core/experiment/verdict.js';
import { parseLocalDate, parseTenantId, type LocalDate, type TenantId } from '../../core/ids.js';
import type { Database } from '../../db/client.js';
import { findWalk } from '../../db/queries/walks.js';
import { findLookBefore, listLiveTests, lookOf, type TestLookRow, type TestRow } from '../../db/queries/tests.js';
import type { ObjectStore } from '../../store/objects.js';

export type TestsTold = { readonly running: number; readonly ended: number; readonly winners: number };

export function testingKeys(tenantId: TenantId, walkDate: LocalDate) {
  const folder = `${tenantId}/ab-tests/${walkDate.replaceAll('-', '')}`;
  return { active: `${folder}/active-tests.json`, results: `${folder}/test-results.json`, winners: `${folder}/winners.json` };
}

const DAY_MS = 86_400_000;
/** A test that ended longer ago than this was told of by earlier walks. */
const TOLD_DAYS = 30;

/** Writes what the walk tells of tests: those that run, what their latest looks say, and the winners of the last 30 days. */
export async function writeTestArtifacts(
  { database, objects }: { readonly database: Database; readonly objects: ObjectStore },
  input: { readonly tenantId: string; readonly walkDate: string },
): Promise<TestsTold> {
  const tenantId = parseTenantId(input.tenantId);
  const walkDate = parseLocalDate(input.walkDate);
  const tests = await database.withTenant(tenantId, async (tx) => {
    const walk = await findWalk(tx, tenantId, walkDate);
    if (!walk) throw new Error(`there is no walk of ${walkDate}`);
    const live = await listLiveTests(tx, tenantId, { before: walk.asOf, endedAfter: new Date(walk.asOf.getTime() - TOLD_DAYS * DAY_MS) });
    const told = [];
    for (const test of live) told.push({ test, look: await findLookBefore(tx, test, walk.asOf) });
    return told;
  });
  const running = tests.filter(({ test }) => test.status === 'running');
  const winners = tests.filter(({ test }) => test.winningVariation !== null);
  const keys = testingKeys(tenantId, walkDate);
  await objects.put(keys.active, textOf(running.map(({ test }) => activeOf(test))));
  await objects.put(keys.results, textOf(tests.flatMap(({ test, look }) => (look ? [resultOf(test, look)] : []))));
  await objects.put(keys.winners, textOf(winners.flatMap(({ test, look }) => (look ? [winnerOf(test, look)] : []))));
  return { running: running.length, ended: tests.length - running.length, winners: winners.length };
}

const textOf = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;

const activeOf = (test: TestRow) => ({
  test_id: test.testKey,
  test_name: test.testName,
  channel: test.channel,
  variations: test.variations,
  primary_metric: test.design.primaryMetric,
  audience_size: test.audienceSize,
  start_date: test.startDate,
  end_date: test.endDate,
  users_needed: test.plan.maximumUsers,
});

const resultOf = (test: TestRow, row: TestLookRow) => ({
  test_id: test.testKey,
  test_name: test.testName,
  look: row.lookNumber,
  looked_at: row.lookedAt,
  ...documentAnswer(test.design, lookOf(row)),
  verdict: verdictInWords(row.verdict, variationNamer(test.design)),
  information: row.information,
  arms: row.analysis.arms,
});

const winnerOf = (test: TestRow, row: TestLookRow) => ({
  ...resultOf(test, row),
  confidence_level: test.confidenceLevel,
  parts: test.variations.find(({ id }) => id === test.winningVariation)?.parts ?? {},
  apply_to: test.design.applyTo,
  applied: test.status === 'applied',
});
