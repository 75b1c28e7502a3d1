import { documentAnswer } from '../../core/experiment/answer.js';
import { variationNamer } from '../../core/experiment/design.js';
import { verdictInWords } from '../../core/experiment/verdict.js';
import type { Look } from '../../core/experiment/look.js';
import { parseLocalDate, parseTenantId, type LocalDate, type TenantId } from '../../core/ids.js';
import type { Database } from '../../db/client.js';
import { findWalk } from '../../db/queries/walks.js';
import { hypothesesOfTenant, type NextHypotheses } from '../../db/queries/test-hypotheses.js';
import { runningOf, testsToTell, type ToldTest } from '../../db/queries/test-telling.js';
import type { ObjectStore } from '../../store/objects.js';

export type TestsTold = { readonly running: number; readonly ended: number; readonly winners: number };

export function testingKeys(tenantId: TenantId, walkDate: LocalDate) {
  const folder = `${tenantId}/ab-tests/${walkDate.replaceAll('-', '')}`;
  return {
    active: `${folder}/active-tests.json`,
    results: `${folder}/test-results.json`,
    winners: `${folder}/winners.json`,
    next: `${folder}/next-hypotheses.json`,
  };
}

/** Writes what the walk tells of tests: those that ran as of it, what their latest looks say, the winners of the last 30 days, and what to test next. */
export async function writeTestArtifacts(
  { database, objects }: { readonly database: Database; readonly objects: ObjectStore },
  input: { readonly tenantId: string; readonly walkDate: string },
): Promise<TestsTold> {
  const tenantId = parseTenantId(input.tenantId);
  const walkDate = parseLocalDate(input.walkDate);
  const { tests, next } = await database.withTenant(tenantId, async (tx) => {
    const walk = await findWalk(tx, tenantId, walkDate);
    if (!walk) throw new Error(`there is no walk of ${walkDate}`);
    const tests = await testsToTell(tx, tenantId, walk.asOf);
    return { tests, next: await hypothesesOfTenant(tx, tenantId, { asOf: walk.asOf, running: runningOf(tests) }) };
  });
  const running = tests.filter(({ standing }) => standing === 'running');
  const winners = tests.flatMap((told) => {
    const { look } = told;
    return look?.verdict.kind === 'winner' ? [winnerOf(told, look, look.verdict.variationId)] : [];
  });
  const keys = testingKeys(tenantId, walkDate);
  await objects.put(keys.active, textOf(running.map(activeOf)));
  await objects.put(keys.results, textOf(tests.flatMap((told) => (told.look ? [resultOf(told, told.look)] : []))));
  await objects.put(keys.winners, textOf(winners));
  await objects.put(keys.next, textOf(next.flatMap(hypothesesShown)));
  return { running: running.length, ended: tests.length - running.length, winners: winners.length };
}

const textOf = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;

const activeOf = ({ test }: ToldTest) => ({
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

const resultOf = ({ testId, design, standing }: ToldTest, look: Look) => ({
  test_id: testId,
  test_name: design.name,
  standing,
  look: look.number,
  looked_at: new Date(look.atMs).toISOString(),
  ...documentAnswer(design, look),
  verdict: verdictInWords(look.verdict, variationNamer(design)),
  information: look.information,
  arms: look.arms,
});

const winnerOf = (told: ToldTest, look: Look, variationId: string) => ({
  ...resultOf(told, look),
  parts: told.design.variations.find(({ id }) => id === variationId)?.parts ?? {},
  apply_to: told.design.applyTo,
  applied: told.standing === 'applied',
});

const hypothesesShown = ({ channel, metric, baselineRate, hypotheses }: NextHypotheses) =>
  hypotheses.map(({ statement, change, evidence, minimumEffect, usersPerArm, chance }) => ({
    channel,
    metric,
    statement,
    trait: change.trait,
    direction: change.sign === 1 ? 'more' : 'less',
    chance,
    evidence: { tests: evidence.tests, in_words: evidence.inWords },
    baseline: baselineRate,
    minimum_effect: minimumEffect,
    users_per_arm: usersPerArm,
  }));
