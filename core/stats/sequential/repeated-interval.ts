import { requireFinite, requirePositive } from '../rules.js';
import type { Interval } from '../verdict.js';

/**
 * The repeated confidence interval of an effect at a look of a group-sequential test: the effects that the look would not reject.
 * At all looks together they hold the true effect with probability 1 - alpha, whatever stops the test. `boundary` is the look's.
 *
 * Source: Jennison and Turnbull, "Interim analyses: the repeated confidence interval approach", 1989.
 *
 * @example repeatedInterval({ effect: 1, standardError: 0.5 }, 2) // → { low: 0, high: 2 }
 */
export function repeatedInterval(estimate: { readonly effect: number; readonly standardError: number }, boundary: number): Interval {
  requireFinite(estimate.effect, 'the effect');
  requirePositive(estimate.standardError, 'the standard error');
  requirePositive(boundary, 'the boundary');
  const reach = boundary * estimate.standardError;
  return { low: estimate.effect - reach, high: estimate.effect + reach };
}
