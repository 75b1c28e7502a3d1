import { betaCdf } from './distributions/beta.js';

/** How far the true proportion may lie from the measured one, as a part of the measured one, and still count as near it. */
export const NEARNESS = 0.1;

/**
 * How sure a measured proportion is: the probability that the true one lies within a tenth (±10 %) of it.
 *
 * By the posterior of a proportion after `successes` of `trials` with Jeffreys' prior, Beta(successes + ½, failures + ½).
 * Assumes that the people were independent of each other and that what is asked about is like what was measured: it knows
 * nothing of seasons. Without a success there is no tenth of anything: 0.
 *
 * @example nearness(20, 100) // → 0.38
 */
export function nearness(successes: number, trials: number): number {
  if (!(trials > 0 && successes >= 0 && successes <= trials)) throw new RangeError('successes among trials are expected');
  const { a, b } = jeffreys(successes, trials);
  const measured = successes / trials;
  const within = betaCdf((1 + NEARNESS) * measured, a, b) - betaCdf((1 - NEARNESS) * measured, a, b);
  return Math.min(1, Math.max(0, within));
}

/**
 * The parameters of the posterior of a proportion with Jeffreys' prior.
 *
 * @example jeffreys(1, 4) // → { a: 1.5, b: 3.5 }
 */
export const jeffreys = (successes: number, trials: number) => ({ a: successes + 0.5, b: trials - successes + 0.5 });
