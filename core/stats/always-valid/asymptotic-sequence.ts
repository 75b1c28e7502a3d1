import { requireFinite, requireOpenProbability, requirePositive } from '../rules.js';
import type { Interval } from '../verdict.js';

/** An estimated effect, with the users of both arms from which it was estimated. */
export type Estimate = { readonly effect: number; readonly standardError: number; readonly users: number };

/** The level, and the users of both arms at which the sequence shall be tightest: fixed when the test starts, never after. */
export type SequencePlan = { readonly alpha: number; readonly tightestAt: number };

export type AlwaysValid = { readonly interval: Interval; readonly eValue: number; readonly p: number };

/**
 * The asymptotic confidence sequence of an effect: intervals that hold the truth at all looks together with probability
 * 1 - alpha, for any number of looks and no planned end, with the e-value and p-value that belong to them. The same as a mixture
 * sequential probability ratio test with the variance plugged in. The caller keeps the running minimum of p.
 *
 * Assumes independent users and enough of them that the estimate is nearly normal from the first look on.
 *
 * Source: Waudby-Smith, Arbour, Sinha, Kennedy and Ramdas, "Time-uniform central limit theory and asymptotic confidence
 * sequences", 2023, equations 9 and 161.
 *
 * @example confidenceSequence({ effect: 3, standardError: 1, users: 5000 }, { alpha: 0.05, tightestAt: 5000 }).p // → 0.05494761
 */
export function confidenceSequence(estimate: Estimate, plan: SequencePlan): AlwaysValid {
  const growth = mixtureGrowth(estimate, plan, plan.alpha);
  const share = growth / (1 + growth);
  const reach = estimate.standardError * Math.sqrt((2 * Math.log(1 / plan.alpha) + Math.log1p(growth)) / share);
  const z = estimate.effect / estimate.standardError;
  const eValue = finite(Math.exp((z * z * share) / 2 - Math.log1p(growth) / 2));
  return { interval: { low: estimate.effect - reach, high: estimate.effect + reach }, eValue, p: Math.min(1, 1 / eValue) };
}

/**
 * The one-sided asymptotic confidence sequence: a lower limit of the effect that holds at all looks together with probability
 * 1 - alpha, and the evidence that the effect is above 0. For harm, hand in the effect with the other sign. Assumes what
 * `confidenceSequence` does. The e-value is the one whose inverse is below alpha exactly where the limit is above 0: a little
 * smaller than that of the half-normal mixture behind it, and so as valid. An effect of 0 or less is no evidence.
 *
 * Source: Waudby-Smith et al., 2023, equation 134, with the mixture weight of twice alpha.
 *
 * @example lowerSequence({ effect: 4, standardError: 1, users: 5000 }, { alpha: 0.05, tightestAt: 5000 }).p // → 0.001354
 */
export function lowerSequence(estimate: Estimate, plan: SequencePlan): OneSided {
  const growth = mixtureGrowth(estimate, plan, Math.min(2 * plan.alpha, HIGHEST_LEVEL));
  const share = growth / (1 + growth);
  const reach = estimate.standardError * Math.sqrt((2 / share) * Math.log1p(Math.sqrt(1 + growth) / (2 * plan.alpha)));
  const z = Math.max(0, estimate.effect / estimate.standardError);
  const eValue = finite((2 * Math.expm1((z * z * share) / 2)) / Math.sqrt(1 + growth));
  return { low: estimate.effect - reach, eValue, p: Math.min(1, 1 / eValue) };
}

export type OneSided = { readonly low: number; readonly eValue: number; readonly p: number };

const HIGHEST_LEVEL = 0.999;

/** JSON has no infinity, and beyond this no evidence is stronger. */
const finite = (eValue: number): number => Math.min(Number.MAX_VALUE, eValue);

/**
 * The square of rho: the weight of a user in the mixture under which the sequence is tightest at the planned number of users.
 *
 * Source: Waudby-Smith et al., 2023, equation 155 (approximation of the optimum).
 *
 * @example Math.sqrt(mixtureWeight(0.05, 5000)) // → 0.03984006677
 */
export function mixtureWeight(alpha: number, tightestAt: number): number {
  requireOpenProbability(alpha, 'alpha');
  requirePositive(tightestAt, 'the users at which the sequence is tightest');
  return (-2 * Math.log(alpha) + Math.log(1 - 2 * Math.log(alpha))) / tightestAt;
}

function mixtureGrowth({ effect, standardError, users }: Estimate, plan: SequencePlan, alpha: number): number {
  requireOpenProbability(plan.alpha, 'alpha');
  requireFinite(effect, 'the effect');
  requirePositive(standardError, 'the standard error');
  requirePositive(users, 'users');
  return users * mixtureWeight(alpha, plan.tightestAt);
}
