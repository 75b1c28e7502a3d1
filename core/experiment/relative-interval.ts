import type { Sample } from '../stats/means/sample.js';
import type { Interval } from '../stats/verdict.js';

/**
 * Fieller's interval of a relative difference, (treatment - control) / |control|: the relative effects that a comparison reaching
 * `reach` standard errors does not reject. It leaves 0 out exactly where the interval of the difference does. Assumes means that
 * are nearly normal. Null where the control's mean is not known to differ from 0, so that no relative effect is excluded.
 *
 * Source: Fieller, "Some problems in interval estimation", 1954.
 *
 * @example relativeInterval({ users: 1000, mean: 0.1, variance: 0.09 }, { users: 1000, mean: 0.12, variance: 0.1056 }, 1.959964) // → { low: -0.06595, high: 0.55190 }
 */
export function relativeInterval(control: Sample, treatment: Sample, reach: number): Interval | null {
  const square = reach * reach;
  const own = control.mean * control.mean - (square * control.variance) / control.users;
  if (!(own > 0)) return null;
  const product = treatment.mean * control.mean;
  const other = treatment.mean * treatment.mean - (square * treatment.variance) / treatment.users;
  const root = Math.sqrt(Math.max(0, product * product - own * other));
  const [low, high] = [(product - root) / own, (product + root) / own];
  return control.mean > 0 ? { low: low - 1, high: high - 1 } : { low: 1 - high, high: 1 - low };
}
