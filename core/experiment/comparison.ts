import { normalUpperQuantile } from '../stats/distributions/normal.js';
import { welchTest } from '../stats/means/welch.js';
import type { Sample } from '../stats/means/sample.js';
import { holm } from '../stats/multiplicity.js';
import { newcombeInterval } from '../stats/proportions/newcombe.js';
import { compareRates } from '../stats/proportions/two-proportions.js';
import { repeatedInterval } from '../stats/sequential/repeated-interval.js';
import { shrinkToPrior } from '../stats/shrinkage.js';
import type { Interval } from '../stats/verdict.js';
import type { ArmCounts } from './counts.js';
import { comparisonsOf, type TestDesign } from './design.js';
import { effectBetween } from './estimates.js';
import type { Decision } from './deciding.js';
import type { StoppingRule } from './look-state.js';
import { relativeInterval } from './relative-interval.js';
import type { SecondaryRate } from './shown-arm.js';
import type { Estimated } from './stopping.js';

/** One treatment against the control. Effects are differences in the metric's own unit unless said to be relative. */
export type Comparison = {
  readonly variationId: string;
  readonly effect: number;
  readonly standardError: number;
  readonly z: number;
  /** The difference as a part of the control's value; null where that is 0. Its interval leaves 0 out exactly where the other does. */
  readonly relative: { readonly effect: number; readonly standardError: number; readonly interval: Interval | null } | null;
  /**
   * Valid for one look at a sample fixed beforehand: for information, never for a decision. Newcombe for rates, Welch for means;
   * `adjustedP` is Holm's over the comparisons of the look.
   */
  readonly fixedHorizon: { readonly interval: Interval; readonly p: number; readonly adjustedP: number } | null;
  /** The rule's own interval: at all looks together it holds the truth, and leaves 0 out exactly where it decides. Null where this look has no boundary. */
  readonly sequential: { readonly interval: Interval; readonly level: number } | null;
  /** The confidence sequence, which needs no plan, and is wider. Null for a bandit. */
  readonly anytime: Interval | null;
  /** Valid at every look: at most alpha exactly where the rule decided, gates aside. Multiplied by the number of comparisons. Null for a bandit. */
  readonly alwaysValidP: number | null;
  readonly decided: 'better' | 'worse' | null;
  /**
   * The effect pulled towards what was known before: what to expect, with a credible interval. The raw effect of a test that
   * stopped early is too big.
   */
  readonly shrunk: Shrunk | null;
  readonly secondary: Readonly<Record<SecondaryRate, SecondaryDifference | null>>;
};

export type Shrunk = { readonly relative: number; readonly interval: Interval; readonly effect: number; readonly kept: number };
export type SecondaryDifference = { readonly effect: number; readonly interval: Interval; readonly p: number };

type Compared = {
  readonly design: TestDesign;
  readonly rule: StoppingRule;
  readonly decision: Decision;
  readonly estimate: NonNullable<Estimated['estimate']>;
  readonly control: ArmCounts;
  readonly treatment: ArmCounts;
  readonly samples: { readonly control: Sample; readonly treatment: Sample };
};

export function comparisonOf(compared: Compared): Comparison {
  const { design, rule, decision, estimate, control, treatment, samples } = compared;
  const { variationId } = treatment;
  const isBandit = rule.kind === 'bandit';
  const anytime = isBandit ? null : (decision.ruling.anytime[variationId] ?? null);
  const sequential = sequentialOf(compared, anytime);
  const relative = relativeOf(samples, reachOf(estimate, sequential?.interval ?? anytime));
  return {
    variationId,
    effect: estimate.effect,
    standardError: estimate.standardError,
    z: estimate.effect / estimate.standardError,
    relative,
    fixedHorizon: isBandit ? null : fixedHorizonOf(compared),
    sequential,
    anytime,
    alwaysValidP: isBandit ? null : (decision.ruling.alwaysValidP[variationId] ?? null),
    decided: decision.state.decided[variationId]?.side ?? null,
    shrunk: isBandit ? null : shrunkOf(design, relative, samples.control),
    secondary: {
      open_rate: differenceOf(control, treatment, ({ engaged }) => engaged.opened, design.alpha),
      click_rate: differenceOf(control, treatment, ({ engaged }) => engaged.clicked, design.alpha),
      conversion_rate: differenceOf(control, treatment, ({ engaged }) => engaged.converted, design.alpha),
    },
  };
}

/** Of group-sequential and fixed tests at their boundary; of confidence sequences, the sequence itself. */
function sequentialOf({ design, rule, decision, estimate }: Compared, anytime: Interval | null): Comparison['sequential'] {
  const level = 1 - rule.alpha / comparisonsOf(design);
  if (rule.kind === 'confidence_sequence' && anytime !== null) return { interval: anytime, level };
  if (decision.boundary === null) return null;
  return { interval: repeatedInterval(estimate, decision.boundary), level };
}

/** How many standard errors an interval reaches. */
const reachOf = ({ effect, standardError }: { readonly effect: number; readonly standardError: number }, interval: Interval | null) =>
  interval === null ? null : (interval.high - effect) / standardError;

function relativeOf({ control, treatment }: Compared['samples'], reach: number | null): Comparison['relative'] {
  const answer = effectBetween(control, treatment, 'relative');
  if (answer === null) return null;
  const { effect, standardError } = answer;
  return { effect, standardError, interval: reach === null ? null : relativeInterval(control, treatment, reach) };
}

function fixedHorizonOf({ design, control, treatment, samples }: Compared): Comparison['fixedHorizon'] {
  const answer = oneLook(design.alpha, { control, treatment, samples });
  return answer && { ...answer, adjustedP: answer.p };
}

function oneLook(alpha: number, { control, treatment, samples }: Pick<Compared, 'control' | 'treatment' | 'samples'>) {
  if (control.primary.kind === 'rate' && treatment.primary.kind === 'rate') {
    return rateDifference(
      { successes: control.primary.successes, trials: control.measured },
      { successes: treatment.primary.successes, trials: treatment.measured },
      alpha,
    );
  }
  const answer = welchTest(samples.control, samples.treatment, { alpha, scale: 'absolute' });
  return answer.status === 'ok' ? { interval: answer.interval, p: answer.p } : null;
}

/** The comparisons of a look with Holm's p-values among those that have one. */
export function withHolm(comparisons: readonly Comparison[]): Comparison[] {
  const some = comparisons.flatMap(({ variationId, fixedHorizon }) => (fixedHorizon === null ? [] : [{ variationId, p: fixedHorizon.p }]));
  const adjusted = holm(some.map(({ p }) => p));
  return comparisons.map((comparison) => {
    const place = some.findIndex(({ variationId }) => variationId === comparison.variationId);
    const { fixedHorizon } = comparison;
    return fixedHorizon === null
      ? comparison
      : { ...comparison, fixedHorizon: { ...fixedHorizon, adjustedP: adjusted[place] ?? fixedHorizon.p } };
  });
}

type Counts = { readonly successes: number; readonly trials: number };

function rateDifference(control: Counts, treatment: Counts, alpha: number): { interval: Interval; p: number } | null {
  const interval = newcombeInterval(control, treatment, alpha);
  const test = compareRates(control, treatment);
  if (interval.status !== 'ok') return null;
  return { interval: { low: interval.low, high: interval.high }, p: test.status === 'ok' ? test.p : 1 };
}

function shrunkOf({ prior }: TestDesign, relative: Comparison['relative'], control: Sample): Shrunk | null {
  if (relative === null || !(relative.standardError > 0)) return null;
  const { mean, deviation, kept } = shrinkToPrior(relative, prior);
  const reach = normalUpperQuantile(0.025) * deviation;
  return { relative: mean, interval: { low: mean - reach, high: mean + reach }, effect: mean * Math.abs(control.mean), kept };
}

function differenceOf(control: ArmCounts, treatment: ArmCounts, of: (arm: ArmCounts) => number, alpha: number): SecondaryDifference | null {
  const [left, right] = [control, treatment].map((arm) => ({ successes: of(arm), trials: arm.measured }));
  if (left === undefined || right === undefined || left.trials === 0 || right.trials === 0) return null;
  const answer = rateDifference(left, right, alpha);
  return answer && { effect: right.successes / right.trials - left.successes / left.trials, ...answer };
}
