import { legendreRule } from '../quadrature.js';
import { logGamma } from '../distributions/gamma.js';
import { normalUpperQuantile, normalUpperTail } from '../distributions/normal.js';
import { studentQuantile } from '../distributions/student-t.js';
import { requireOpenProbability, requirePositive } from '../rules.js';
import { alphaOfComparison } from './rates.js';

/** A difference of means to be found, among users whose values have that standard deviation. */
export type PlannedMeans = {
  readonly difference: number;
  readonly deviation: number;
  readonly alpha: number;
  readonly comparisons?: number;
  readonly ratio?: number;
};

/**
 * The sample size of a comparison of two means by the normal approximation: users in the control's arm (times `ratio` in a
 * treatment's), not rounded. Throws a RangeError for a difference of 0 and a deviation of 0 or less.
 *
 * Source: Chow, Shao and Wang, "Sample size calculations in clinical research", 2008, 3.2.
 *
 * @example usersPerArmOfMeans({ difference: 0.3, deviation: 10, alpha: 0.05, power: 0.85 }) // → 19951.994
 */
export function usersPerArmOfMeans(plan: PlannedMeans & { readonly power: number }): number {
  requireOpenProbability(plan.power, 'power');
  const { effect, critical, ratio } = requirePlan(plan);
  return (1 + 1 / ratio) * ((critical + normalUpperQuantile(1 - plan.power)) / effect) ** 2;
}

function requirePlan({ difference, deviation, alpha, comparisons = 1, ratio = 1 }: PlannedMeans) {
  requirePositive(deviation, 'the standard deviation');
  requirePositive(Math.abs(difference), 'the size of the difference');
  requirePositive(ratio, 'the ratio of the arms');
  const level = alphaOfComparison(alpha, comparisons);
  return { effect: Math.abs(difference) / deviation, level, critical: normalUpperQuantile(level / 2), ratio };
}

/**
 * The power of Student's two-sided t test of two means with so many users in the control's arm, counting only discoveries in the
 * right direction. Assumes normal values of one deviation; exact for samples of any size.
 *
 * Source: the noncentral t distribution, integrated over the chi distribution of the deviation; R's power.t.test.
 *
 * @example powerOfMeans({ difference: 1, deviation: 1, alpha: 0.05, users: 20 }) // → 0.868952802
 */
export function powerOfMeans(plan: PlannedMeans & { readonly users: number }): number {
  const { effect, level, ratio } = requirePlan(plan);
  if (!(plan.users * Math.min(1, ratio) >= 2)) throw new RangeError(`at least two users an arm are needed, not ${plan.users}`);
  const degrees = plan.users * (1 + ratio) - 2;
  const shift = effect * Math.sqrt(plan.users / (1 + 1 / ratio));
  const critical = -studentQuantile(level / 2, degrees);
  return overDeviations(degrees, (share) => normalUpperTail(critical * share - shift));
}

/** The mean of a function of the estimated deviation as a part of the true one: √(χ² / degrees). */
function overDeviations(degrees: number, of: (share: number) => number): number {
  const width = 9 / Math.sqrt(2 * degrees);
  const [low, high] = [Math.max(0, 1 - width), 1 + width];
  const { nodes, weights } = legendreRule(64);
  const constant = Math.LN2 + (degrees / 2) * Math.log(degrees / 2) - logGamma(degrees / 2);
  let sum = 0;
  for (let i = 0; i < nodes.length; i += 1) {
    const share = low + ((high - low) / 2) * (1 + (nodes[i] ?? 0));
    const density = Math.exp(constant + (degrees - 1) * Math.log(share) - (degrees * share * share) / 2);
    sum += (weights[i] ?? 0) * density * of(share);
  }
  return (sum * (high - low)) / 2;
}
