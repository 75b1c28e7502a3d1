import type { SequentialState } from '../stats/sequential/look.js';

/** How the looks of a test are judged: fixed when it starts, and changed by an extension alone. */
export type StoppingRule =
  | { readonly kind: 'group_sequential'; readonly alpha: number; readonly maximumUsers: number }
  | { readonly kind: 'confidence_sequence'; readonly alpha: number; readonly tightestAt: number }
  | { readonly kind: 'fixed_horizon'; readonly alpha: number; readonly maximumUsers: number }
  | { readonly kind: 'bandit'; readonly alpha: number };

/** That a comparison was decided, at an earlier look or at this one, and its p-value then, for this comparison alone. */
export type DecidedComparison = { readonly side: 'better' | 'worse'; readonly p: number };

/**
 * What a look leaves for the next one. Plain JSON.
 *
 * `sequential` is shared by all comparisons, because each has the same part of alpha and the same information; `informations` are
 * the looks that it was spent at. `leastP` is, by variation, the least p of the confidence sequence so far, which belongs to the
 * level `sequenceAlpha`: another level starts anew.
 */
export type LookState = {
  readonly looks: number;
  readonly sequential: SequentialState | null;
  readonly informations: readonly number[];
  readonly sequenceAlpha: number;
  readonly leastP: Readonly<Record<string, number>>;
  readonly decided: Readonly<Record<string, DecidedComparison>>;
};
