import { normalUpperQuantile, normalUpperTail } from '../distributions/normal.js';
import { requireOpenProbability, requirePositive } from '../rules.js';
import { notEnoughData, type Answer } from '../verdict.js';

/**
 * What a plan promises: `alpha` for the whole test, two-sided, shared by `comparisons` with the control (each gets its part, after
 * Bonferroni), and the power of each comparison. `ratio` is users of a treatment for each user of the control.
 */
export type PlannedRates = {
  readonly baseline: number;
  readonly rate: number;
  readonly alpha: number;
  readonly comparisons?: number;
  readonly ratio?: number;
};

/**
 * The sample size of a comparison of two rates: users needed in the control's arm (times `ratio` in a treatment's), not rounded.
 * Assumes one look at the end; a sequential test multiplies by `sequentialInflation`. Throws a RangeError for a baseline or rate
 * of 0 or 1 or beyond, and for equal rates.
 *
 * Source: Fleiss, Tytun and Ury, "A simple approximation for calculating sample sizes …", 1980, as R's power.prop.test.
 *
 * @example usersPerArm({ baseline: 0.2, rate: 0.25, alpha: 0.05, power: 0.8 }) // → 1093.739046
 */
export function usersPerArm(plan: PlannedRates & { readonly power: number }): number {
  const { errorOfNull, errorOfEffect, difference, critical } = requirePlan(plan);
  requireOpenProbability(plan.power, 'power');
  return (Math.max(0, critical * errorOfNull + normalUpperQuantile(1 - plan.power) * errorOfEffect) / difference) ** 2;
}

/**
 * The power of the two-sided test of two rates with so many users in the control's arm. Counts only discoveries in the right
 * direction, as R does, or with `eitherSide` also the few in the wrong one, as Stata, statsmodels and G*Power do. Refuses as
 * `usersPerArm` does.
 *
 * Source: as `usersPerArm`, solved for power; R's power.prop.test.
 *
 * @example powerOfRates({ baseline: 0.5, rate: 0.75, alpha: 0.05, users: 50 }) // → 0.740165901
 */
export function powerOfRates(plan: PlannedRates & { readonly users: number; readonly eitherSide?: boolean }): number {
  requirePositive(plan.users, 'users');
  const { errorOfNull, errorOfEffect, difference, critical } = requirePlan(plan);
  const [reach, shift] = [(critical * errorOfNull) / errorOfEffect, (Math.sqrt(plan.users) * difference) / errorOfEffect];
  return normalUpperTail(reach - shift) + (plan.eitherSide === true ? normalUpperTail(reach + shift) : 0);
}

function requirePlan(plan: PlannedRates) {
  const { baseline, rate, alpha, comparisons = 1, ratio = 1 } = plan;
  requireOpenProbability(baseline, 'the baseline rate');
  requireOpenProbability(rate, 'the rate to be found');
  if (baseline === rate) throw new RangeError(`no sample finds a difference between ${rate} and itself`);
  requirePositive(ratio, 'the ratio of the arms');
  const pooled = (baseline + ratio * rate) / (1 + ratio);
  return {
    errorOfNull: Math.sqrt((1 + 1 / ratio) * pooled * (1 - pooled)),
    errorOfEffect: Math.sqrt(baseline * (1 - baseline) + (rate * (1 - rate)) / ratio),
    difference: Math.abs(rate - baseline),
    critical: normalUpperQuantile(alphaOfComparison(alpha, comparisons) / 2),
  };
}

/**
 * The part of alpha that each of several comparisons with the control may spend.
 *
 * Source: Bonferroni; Dunn, "Multiple comparisons among means", 1961.
 *
 * @example alphaOfComparison(0.05, 2) // → 0.025
 */
export function alphaOfComparison(alpha: number, comparisons: number): number {
  requireOpenProbability(alpha, 'alpha');
  if (!(Number.isSafeInteger(comparisons) && comparisons >= 1)) throw new RangeError(`comparisons must be 1 or more, not ${comparisons}`);
  return alpha / comparisons;
}

/**
 * The minimum detectable effect: the smallest relative rise of the baseline that so many users in the control's arm find with the
 * power asked for. Refuses where not even the doubling of everything to 1 would be found.
 *
 * @example detectableEffect({ baseline: 0.2, alpha: 0.05, power: 0.8, users: 1093.73904583 }).effect // → 0.25
 */
export function detectableEffect(
  plan: Omit<PlannedRates, 'rate'> & { readonly power: number; readonly users: number },
): Answer<{ rate: number; effect: number }> {
  requireOpenProbability(plan.baseline, 'the baseline rate');
  requireOpenProbability(plan.power, 'power');
  let [low, high] = [plan.baseline, 1];
  for (let step = 0; step < 100; step += 1) {
    const middle = (low + high) / 2;
    if (middle <= low || middle >= high) break;
    if (powerOfRates({ ...plan, rate: middle }) < plan.power) low = middle;
    else high = middle;
  }
  if (high === 1) return notEnoughData(`${Math.floor(plan.users)} users an arm would not show even a rate of 1`);
  return { status: 'ok', rate: high, effect: high / plan.baseline - 1 };
}
