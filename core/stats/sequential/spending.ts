import { normalUpperQuantile, normalUpperTail } from '../distributions/normal.js';
import { requireNotNegative, requireOpenProbability, requirePositive } from '../rules.js';

/** How the error of a test is spent over its information: hardly at first (O'Brien and Fleming), evenly (Pocock), or between. */
export type Spending =
  { readonly kind: 'obrien_fleming' } | { readonly kind: 'pocock' } | { readonly kind: 'power'; readonly exponent: number };

/**
 * The alpha-spending function: the two-sided error that may be spent once a share `information` of the planned maximum is in.
 * All of it from 1 on. Assumes that information grows for reasons that have nothing to do with the outcome.
 *
 * Source: Lan and DeMets, "Discrete sequential boundaries for clinical trials", 1983; power family: Kim and DeMets, 1987.
 *
 * @example alphaSpent({ kind: 'obrien_fleming' }, 0.05, 0.5) // → 0.00305
 */
export function alphaSpent(spending: Spending, alpha: number, information: number): number {
  requireOpenProbability(alpha, 'alpha');
  requireNotNegative(information, 'the information fraction');
  if (information >= 1) return alpha;
  if (information === 0) return 0;
  switch (spending.kind) {
    case 'obrien_fleming':
      return 4 * normalUpperTail(normalUpperQuantile(alpha / 4) / Math.sqrt(information));
    case 'pocock':
      return alpha * Math.log1p((Math.E - 1) * information);
    case 'power':
      requirePositive(spending.exponent, 'the exponent of the spending function');
      return alpha * information ** spending.exponent;
  }
}
