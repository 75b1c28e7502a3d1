import { takeLook, type Look } from '../core/experiment/look.js';
import type { LookFacts } from '../core/experiment/counts.js';
import type { LookState } from '../core/experiment/look-state.js';
import { seededRandom } from '../core/random.js';
import { compareWithGbstats } from './measuring/gbstats.js';
import { dailyFacts, designSimulated, drawnArrivals } from './measuring/simulated-test.js';

/**
 * How fast a test of two arms is judged on one core: full looks (gates, boundary, verdict, all intervals, Bayesian numbers), each
 * of another simulated test with another number of users a day, so that no two have the same information. One further look at the
 * 14th continues from the stored row, read back from its JSON text; from nothing, all 14 are taken. With the package gbstats in a
 * virtual environment (GBSTATS_PYTHON names its python), the same counts go through it too, and the numbers are compared.
 * `npm run bench -- ab-analyse [TESTS]`
 */
const TESTS = Number(process.argv[2] ?? 4000);
if (!Number.isSafeInteger(TESTS) || TESTS < 10)
  throw new Error(`how many tests? a whole number of 10 or more is expected, not ${process.argv[2]}`);
const LOOK = 14;
const GOAL_FURTHER = 2000;
const GOAL_FROM_NOTHING = 100;

type Prepared = { readonly test: ReturnType<typeof designSimulated>; readonly days: readonly LookFacts[]; readonly row: string };

const prepared = Array.from({ length: TESTS }, (_, i) => prepare(i));
warmUp();
const further = measured(() => {
  for (const { test, days, row } of prepared) used(takeLook(test, JSON.parse(row) as LookState, lookFacts(days)));
});
const fromNothing = prepared.slice(0, Math.max(10, TESTS / 10));
const all = measured(() => {
  for (const { test, days } of fromNothing) used(allLooks(test, days));
});
const informations = new Set(prepared.map(({ test, days }) => takeLook(test, null, lookFacts(days)).information));
const perSecond = Math.round(TESTS / further);
const fromNothingPerSecond = Math.round(fromNothing.length / all);
console.log(`one further look, the ${LOOK}th, from the stored row: ${perSecond.toLocaleString('en-US')} a second of one core`);
console.log(`all ${LOOK} looks from nothing: ${fromNothingPerSecond.toLocaleString('en-US')} tests a second`);
const peer = compareWithGbstats(prepared.slice(0, 200).map(({ test, days }) => takeLook(test, null, lookFacts(days))));
console.log(peer.inWords);
console.log(
  JSON.stringify({
    bench: 'ab-analyse',
    value: perSecond,
    unit: 'looks per processor second',
    goal: GOAL_FURTHER,
    from_nothing: fromNothingPerSecond,
    goal_from_nothing: GOAL_FROM_NOTHING,
    tests: TESTS,
    distinct_informations: informations.size,
    gbstats: peer.numbers,
  }),
);

function prepare(index: number): Prepared {
  const random = seededRandom(index + 1);
  // by another number of users a day, every test has information fractions of its own
  const designed = designSimulated(2, { days: 15, baseline: 0.2, minimumEffect: 0.25 });
  const rule = designed.rule.kind === 'group_sequential' ? { ...designed.rule, maximumUsers: 2400 + index } : designed.rule;
  const test = { ...designed, rule, usersPerDay: 150 };
  const rates = [0.2, 0.2 + 0.02 * random()];
  const arrivals = drawnArrivals(test.usersPerDay, [0.5, 0.5], random);
  const days = [...dailyFacts(test, { rates, arrivals, random })].slice(1, LOOK + 1);
  const last = allLooks(test, days.slice(0, LOOK - 1));
  return { test, days, row: JSON.stringify(last?.state ?? null) };
}

function allLooks(test: Prepared['test'], days: readonly LookFacts[]): Look | null {
  let look: Look | null = null;
  for (const facts of days) look = takeLook(test, look?.state ?? null, facts);
  return look;
}

function lookFacts(days: readonly LookFacts[]): LookFacts {
  const facts = days[LOOK - 1];
  if (facts === undefined) throw new Error(`a test of ${days.length} days has no look ${LOOK}`);
  return facts;
}

function warmUp(): void {
  for (const { test, days, row } of prepared.slice(0, 300)) used(takeLook(test, JSON.parse(row) as LookState, lookFacts(days)));
}

/** Processor seconds: the machine has other things to do. */
function measured(work: () => void): number {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1e6;
}

function used(look: Look | null): void {
  if (look === null || look.comparisons.length !== 1) throw new Error('a look without its comparison');
}
