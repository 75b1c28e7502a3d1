import type { Guardrail } from './metric.js';

/** What an arm's users did for the primary metric. For a mean, `before` may hold the same users' past, which CUPED takes out. */
export type PrimaryCounts =
  | { readonly kind: 'rate'; readonly successes: number }
  | {
      readonly kind: 'mean';
      readonly sum: number;
      readonly sumOfSquares: number;
      readonly notZero: number;
      readonly before: Past | null;
    };

/** Sums of the users' value from before the test, and of its products with the metric. */
export type Past = { readonly sum: number; readonly sumOfSquares: number; readonly products: number };

/** How many of an arm's measured users opened, clicked, replied, converted; machines' opens are kept apart and count for nothing. */
export type Engaged = {
  readonly opened: number;
  readonly clicked: number;
  readonly replied: number;
  readonly converted: number;
  readonly machineOpened: number;
};

/**
 * One arm's numbers at a look, as one query counts them. Every user counts in the arm of their first exposure.
 * `measured` are those whose conversion window has closed and who were exposed to no other arm: the only denominator of the
 * primary and secondary metrics. `closed` are all whose window has closed: what information is measured by. Guardrails count
 * among `exposed` less `exposedTwice`, at once and without waiting for windows.
 */
export type ArmCounts = {
  readonly variationId: string;
  readonly exposed: number;
  readonly exposedTwice: number;
  readonly closed: number;
  readonly measured: number;
  readonly notDelivered: number;
  readonly primary: PrimaryCounts;
  readonly engaged: Engaged;
  readonly harmed: Readonly<Partial<Record<Guardrail, number>>>;
};

/**
 * First exposures of each arm, in the order of the variations, while these weights held; for a bandit also what became of those
 * who were exposed then.
 */
export type PeriodCounts = {
  readonly weights: readonly number[];
  readonly exposed: readonly number[];
  readonly results: readonly PeriodResult[] | null;
};
export type PeriodResult = { readonly measured: number; readonly primary: PrimaryCounts };

/** All that a look is taken from. Arms are in the order of the variations; the control is the first. */
export type LookFacts = {
  readonly atMs: number;
  readonly startedAtMs: number;
  /** When the last conversion window of the planned duration closes: the first look from then on is the last. */
  readonly endsAtMs: number;
  readonly arms: readonly ArmCounts[];
  readonly periods: readonly PeriodCounts[];
};
