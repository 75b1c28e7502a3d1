import { requireNotNegative, requireProbability } from '../rules.js';

/**
 * The shares of the next batch of users under batched Thompson sampling: each arm's probability of being the best, with an
 * additive floor that no arm falls below. Where the floors alone would be more than everything, all shares are equal.
 *
 * Source: Scott, "A modern Bayesian look at the multi-armed bandit", 2010; the floor keeps proportions above it, which clipping
 * and renormalising does not.
 *
 * @example thompsonShares([0.995, 0.005, 0], 0.01) // → [0.97515, 0.01485, 0.01]
 */
export function thompsonShares(bestProbabilities: readonly number[], floor: number): number[] {
  requireNotNegative(floor, 'the floor');
  for (const probability of bestProbabilities) requireProbability(probability, 'each probability of being the best');
  const all = bestProbabilities.reduce((sum, probability) => sum + probability, 0);
  if (!(Math.abs(all - 1) < 1e-6)) throw new RangeError(`probabilities of being the best must add up to 1, and add up to ${all}`);
  const arms = bestProbabilities.length;
  if (arms * floor >= 1) return bestProbabilities.map(() => 1 / arms);
  return bestProbabilities.map((probability) => floor + ((1 - arms * floor) * probability) / all);
}
