import type { Interval } from '../stats/verdict.js';
import type { LookState } from './look-state.js';
import type { Gate } from './gates.js';
import type { Verdict } from './verdict.js';

/** A rate with its Wilson interval at 95 %. */
export type ShownRate = { readonly users: number; readonly successes: number; readonly rate: number; readonly interval: Interval };

export const secondaryRates = ['open_rate', 'click_rate', 'conversion_rate'] as const;
export type SecondaryRate = (typeof secondaryRates)[number];

/** What is shown of one arm. `value` is its rate or mean of the primary metric. Absent where nobody was measured yet. */
export type ShownArm = {
  readonly variationId: string;
  readonly exposed: number;
  readonly measured: number;
  readonly notDelivered: number;
  readonly value: number | null;
  readonly interval: Interval | null;
  readonly secondary: Readonly<Record<SecondaryRate, ShownRate | null>>;
  /** Probability of being the best arm, and what choosing it is expected to lose, by the posterior alone: no rule for stopping. */
  readonly best: number | null;
  readonly expectedLoss: number | null;
};

/** One treatment against the control. Effects are differences in the metric's own unit unless said to be relative. */
export type Comparison = {
  readonly variationId: string;
  readonly effect: number;
  readonly standardError: number;
  readonly z: number;
  /** The difference as a part of the control's value, with the interval of the same kind as `sequential`; absent where that is 0. */
  readonly relative: { readonly effect: number; readonly standardError: number; readonly interval: Interval } | null;
  /** Valid for one look at a sample fixed beforehand: for information, never for a decision. Newcombe for rates, Welch for means. */
  readonly fixedHorizon: { readonly interval: Interval; readonly p: number } | null;
  /** Holds the truth at all looks together. It leaves 0 out exactly where the test may be decided. Absent where a look has no boundary. */
  readonly sequential: { readonly interval: Interval; readonly level: number } | null;
  /** The confidence sequence, which needs no plan; wider than the sequential interval. */
  readonly anytime: Interval;
  /** Valid at every look: at most alpha exactly where the comparison was decided. Already multiplied by the number of comparisons. */
  readonly alwaysValidP: number;
  /** The effect pulled towards what was known before, relative and in the metric's unit: what to expect. Raw effects of tests that stopped early are too big. */
  readonly shrunk: { readonly relative: number; readonly effect: number; readonly interval: Interval; readonly kept: number } | null;
  readonly secondary: Readonly<Record<SecondaryRate, { readonly effect: number; readonly interval: Interval } | null>>;
};

/** One look, as its row keeps it: immutable, and enough for the next look to go on. */
export type Look = {
  readonly number: number;
  readonly atMs: number;
  readonly information: number;
  readonly boundary: number | null;
  readonly gates: readonly Gate[];
  readonly arms: readonly ShownArm[];
  readonly comparisons: readonly Comparison[];
  readonly verdict: Verdict;
  readonly state: LookState;
};
