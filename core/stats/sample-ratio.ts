import { chiSquareUpperTail } from './distributions/chi-square.js';
import { logGamma } from './distributions/gamma.js';
import { requireCount, requireNotNegative, requirePositive } from './rules.js';
import { notEnoughData, type Answer } from './verdict.js';

/** An arm's exposed users and its weight in the assignment. Weights need not add up to 1. */
export type WeightedArm = { readonly users: number; readonly weight: number };

/** A sample ratio this improbable makes a test invalid: safe to look at daily (0.9 % false alarms over 28 looks). */
export const SAMPLE_RATIO_ALARM = 0.001;

const LEAST_EXPECTED = 5;

/**
 * The sample ratio mismatch test: whether the arms have the users that their weights should bring. Arms of weight 0 are left out.
 * Assumes independent users and weights that were the same throughout. Refuses where an arm expects fewer than 5 users; one arm
 * alone always has its share (p = 1).
 *
 * Source: Pearson's chi-square; Fabijan et al., "Diagnosing sample ratio mismatch in online controlled experiments", 2019.
 *
 * @example sampleRatioTest([{ users: 1000, weight: 0.5 }, { users: 1200, weight: 0.5 }]).p // → 0.000020079
 */
export function sampleRatioTest(arms: readonly WeightedArm[]): Answer<{ chiSquare: number; p: number }> {
  const { weighted, users } = shares(arms);
  if (weighted.length === 1) return { status: 'ok', chiSquare: 0, p: 1 };
  const least = Math.min(...weighted.map(({ share }) => share * users));
  if (least < LEAST_EXPECTED) return notEnoughData(`an arm expects ${least.toFixed(1)} users, and the test needs ${LEAST_EXPECTED}`);
  const chiSquare = weighted.reduce((sum, arm) => sum + (arm.users - arm.share * users) ** 2 / (arm.share * users), 0);
  return { status: 'ok', chiSquare, p: chiSquareUpperTail(chiSquare, weighted.length - 1) };
}

/**
 * The sample ratio test that may be looked at after every user: a Bayes factor against the planned shares, with a Dirichlet prior
 * around them of the weight of so many users, and the always-valid p that is its inverse. The caller keeps the running minimum.
 * Slower to see a small mismatch than the daily chi-square test at 0.001. Without a user, p is 1.
 *
 * Source: Lindon and Malek, "Anytime-valid inference for multinomial count data", 2022, equation 5.
 *
 * @example anytimeSampleRatio([{ users: 50, weight: 0.5 }, { users: 50, weight: 0.5 }], 100).p // → 1
 */
export function anytimeSampleRatio(
  arms: readonly WeightedArm[],
  concentration: number,
): { readonly logBayesFactor: number; readonly p: number } {
  requirePositive(concentration, 'the concentration of the prior');
  const { weighted, users } = shares(arms);
  let logBayesFactor = logGamma(concentration) - logGamma(concentration + users);
  for (const arm of weighted) {
    const prior = concentration * arm.share;
    logBayesFactor += logGamma(prior + arm.users) - logGamma(prior) - arm.users * Math.log(arm.share);
  }
  return { logBayesFactor, p: Math.min(1, Math.exp(-logBayesFactor)) };
}

function shares(arms: readonly WeightedArm[]) {
  for (const { users, weight } of arms) {
    requireCount(users, 'users of an arm');
    requireNotNegative(weight, 'the weight of an arm');
  }
  const some = arms.filter(({ weight }) => weight > 0);
  if (some.length === 0) throw new RangeError('an arm with a weight above 0 is expected');
  const all = some.reduce((sum, { weight }) => sum + weight, 0);
  const weighted = some.map(({ users, weight }) => ({ users, share: weight / all }));
  return { weighted, users: some.reduce((sum, { users }) => sum + users, 0) };
}
