import { decideLook, type Decision } from '../../core/experiment/deciding.js';
import type { LookFacts } from '../../core/experiment/counts.js';
import type { LookState } from '../../core/experiment/look-state.js';
import type { Verdict } from '../../core/experiment/verdict.js';
import { seededRandom } from '../../core/random.js';
import { effectOf } from '../../core/stats/means/effect.js';
import { compareManyRates } from '../../core/stats/proportions/chi-square-test.js';
import { newcombeInterval } from '../../core/stats/proportions/newcombe.js';
import { repeatedInterval } from '../../core/stats/sequential/repeated-interval.js';
import { shrinkToPrior } from '../../core/stats/shrinkage.js';
import { DAY_MS, dailyFacts, designSimulated, drawnArrivals, hashedArrivals, type SimulatedTest } from './simulated-test.js';

const BASE = 0.2;
const EFFECT = 0.25;

export type Row = {
  readonly name: string;
  readonly test: SimulatedTest;
  /** The true rate of each arm. */
  readonly rates: readonly number[];
  /** The true shares of the arms, where they are not the planned ones. */
  readonly shares?: readonly number[];
  /** Users are assigned one by one by the engine's hash, and not in numbers drawn. */
  readonly hashed?: boolean;
};

const planned = (arms: number, days: number, mode: 'sequential' | 'fixed' = 'sequential') =>
  designSimulated(arms, { days, baseline: BASE, minimumEffect: EFFECT, mode });
const equal = (arms: number): number[] => Array.from({ length: arms }, () => BASE);
const oneBetter = (arms: number): number[] => [...equal(arms - 1), BASE * (1 + EFFECT)];
const large = designSimulated(2, { days: 28, baseline: BASE, minimumEffect: 0.048 });

/** The rows of the table: tests in which nothing differs, tests with the planned effect, and a broken split. */
export const rows: readonly Row[] = [
  { name: 'A/A, every user hashed', test: planned(2, 14), rates: equal(2), hashed: true },
  ...[2, 3, 5].flatMap((arms) => [14, 28].map((days) => ({ name: 'A/A', test: planned(arms, days), rates: equal(arms) }))),
  ...[2, 3, 5].map((arms) => ({ name: 'planned effect', test: planned(arms, 14), rates: oneBetter(arms) })),
  { name: 'planned effect', test: planned(2, 28), rates: oneBetter(2) },
  { name: 'A/A, fixed', test: planned(2, 14, 'fixed'), rates: equal(2) },
  { name: 'planned effect, fixed', test: planned(2, 14, 'fixed'), rates: oneBetter(2) },
  {
    name: 'A/A, no planned end',
    test: designSimulated(2, { days: 28, baseline: BASE, minimumEffect: EFFECT, openEnded: true }),
    rates: equal(2),
  },
  { name: 'A/A, 2,000 users a day', test: { ...large, usersPerDay: 2000 }, rates: equal(2) },
  { name: 'split 51/49', test: { ...large, usersPerDay: 2000 }, rates: equal(2), shares: [0.51, 0.49] },
];

/** What one simulated test came to. */
type Run = {
  readonly verdict: Verdict['kind'];
  /** A comparison was decided, either way. */
  readonly found: boolean;
  readonly foundBest: boolean;
  readonly days: number;
  /** Measured and shrunk relative effect of the winner, as a part of the true one. */
  readonly inflation: { readonly raw: number; readonly shrunk: number } | null;
  /** Every interval of every look of every comparison held the truth. */
  readonly sequentialHeld: boolean;
  readonly fixedHeld: boolean;
  readonly document: 'best' | 'other' | 'none';
};

function simulate(row: Row, seed: number): Run {
  const { test, rates } = row;
  const random = seededRandom(seed);
  const shares = row.shares ?? test.design.variations.map(({ weight }) => weight);
  const arrivals = row.hashed === true ? hashedArrivals(test, `test-${seed}`) : drawnArrivals(test.usersPerDay, shares, random);
  let [state, ended, held]: [LookState | null, { verdict: Verdict; decision: Decision; day: number } | null, boolean] = [null, null, true];
  let [document, facts]: [Run['document'], LookFacts | null] = ['none', null];
  for (facts of dailyFacts(test, { rates, arrivals, random })) {
    const decision: Decision = decideLook(test, state, facts);
    state = decision.state;
    held &&= holdsTruth(decision, rates);
    const { verdict } = decision;
    if (ended === null && verdict.kind !== 'continue') ended = { verdict, decision, day: facts.atMs / DAY_MS };
    if (document === 'none') document = documentRule(facts, rates);
  }
  if (ended === null || facts === null) throw new Error('a test that never ends');
  const { verdict, decision, day } = ended;
  return {
    verdict: verdict.kind,
    found: Object.keys(decision.state.decided).length > 0,
    foundBest: verdict.kind === 'winner' && verdict.variationId === test.design.variations.at(-1)?.id,
    days: day,
    inflation: inflationOf(test, verdict, decision, rates),
    sequentialHeld: held,
    fixedHeld: fixedHolds(facts, rates),
    document,
  };
}

function holdsTruth({ boundary, estimates }: Decision, rates: readonly number[]): boolean {
  if (boundary === null) return true;
  return estimates.every(({ estimate }, i) => {
    if (estimate === null) return true;
    const { low, high } = repeatedInterval(estimate, boundary);
    const truth = (rates[i + 1] ?? 0) - (rates[0] ?? 0);
    return low <= truth && truth <= high;
  });
}

/** The interval of one look at the end, of the last arm. */
function fixedHolds({ arms }: LookFacts, rates: readonly number[]): boolean {
  const [control, treatment] = [arms[0], arms.at(-1)].map((arm) => ({
    trials: arm?.measured ?? 0,
    successes: arm?.primary.kind === 'rate' ? arm.primary.successes : 0,
  }));
  const interval = control === undefined || treatment === undefined ? null : newcombeInterval(control, treatment, 0.05);
  const truth = (rates.at(-1) ?? 0) - (rates[0] ?? 0);
  return interval?.status === 'ok' && interval.low <= truth && truth <= interval.high;
}

function inflationOf(test: SimulatedTest, verdict: Verdict, { samples }: Decision, rates: readonly number[]): Run['inflation'] {
  const truth = (rates.at(-1) ?? 0) / (rates[0] ?? 1) - 1;
  const [control, treatment] = [samples[0], samples.at(-1)];
  if (verdict.kind !== 'winner' || truth === 0 || control === undefined || treatment === undefined) return null;
  const effect = effectOf(control, treatment, 'relative');
  if (effect.status !== 'ok') return null;
  return { raw: effect.effect / truth, shrunk: shrinkToPrior(effect, test.design.prior).mean / truth };
}

/** The usual rule: chi-square over all arms, every day from the first, until p is below 0.05; then the highest rate has won. */
function documentRule({ arms }: LookFacts, rates: readonly number[]): Run['document'] {
  const counts = arms.map(({ measured, primary }) => ({ trials: measured, successes: primary.kind === 'rate' ? primary.successes : 0 }));
  if (counts.some(({ trials }) => trials === 0)) return 'none';
  const answer = compareManyRates(counts);
  if (answer.status !== 'ok' || answer.p >= 0.05) return 'none';
  const measured = counts.map(({ trials, successes }) => successes / trials);
  const highest = measured.indexOf(Math.max(...measured));
  return Math.max(...rates) > Math.min(...rates) && highest === rates.length - 1 ? 'best' : 'other';
}

/** Of a row: how often each thing happened, and means. Null where the row has no such thing. */
export type RowResult = {
  readonly name: string;
  readonly arms: number;
  readonly looks: number;
  readonly users: number;
  readonly isNull: boolean;
  readonly isBroken: boolean;
  /** Something was found (where nothing differs), or the right winner. */
  readonly found: number;
  readonly usualRule: number;
  readonly invalid: number;
  readonly sequentialHeld: number | null;
  readonly fixedHeld: number;
  readonly meanDay: number;
  readonly raw: number | null;
  readonly shrunk: number | null;
};

export function resultOf(index: number, simulations: number): RowResult {
  const row = rows[index];
  if (row === undefined) throw new RangeError(`there is no row ${index}`);
  const runs = Array.from({ length: simulations }, (_, i) => simulate(row, 1_000_003 * (index + 1) + 7919 * i));
  const isNull = new Set(row.rates).size === 1;
  const inflations = isNull ? [] : runs.flatMap(({ inflation }) => (inflation === null ? [] : [inflation]));
  return {
    name: row.name,
    arms: row.rates.length,
    looks: row.test.days,
    users: row.test.usersPerDay * row.test.days,
    isNull,
    isBroken: row.shares !== undefined,
    found: share(runs, (run) => (isNull ? run.found : run.foundBest)),
    usualRule: share(runs, ({ document }) => (isNull ? document !== 'none' : document === 'best')),
    invalid: share(runs, ({ verdict }) => verdict === 'invalid'),
    sequentialHeld: row.test.rule.kind === 'group_sequential' ? share(runs, (run) => run.sequentialHeld) : null,
    fixedHeld: share(runs, (run) => run.fixedHeld),
    meanDay: mean(runs.map(({ days }) => days)),
    raw: inflations.length === 0 ? null : mean(inflations.map(({ raw }) => raw)),
    shrunk: inflations.length === 0 ? null : mean(inflations.map(({ shrunk }) => shrunk)),
  };
}

const share = (runs: readonly Run[], of: (run: Run) => boolean): number => runs.filter(of).length / runs.length;
const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);
