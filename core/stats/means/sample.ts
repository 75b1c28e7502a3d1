import { requireCount, requireFinite, requireNotNegative } from '../rules.js';
import { requireCounts, type Counts } from '../proportions/counts.js';

/** What a test of means needs of an arm: users, the mean of their values, and the variance between users (not of the mean). */
export type Sample = { readonly users: number; readonly mean: number; readonly variance: number };

/** Sums over the users of an arm, as one query can count them; values may be negative (refunds). */
export type Sums = { readonly users: number; readonly sum: number; readonly sumOfSquares: number };

/**
 * Mean and unbiased variance of an arm from its sums. With fewer than two users the variance is 0, and the tests refuse.
 *
 * @example sampleFromSums({ users: 3, sum: 6, sumOfSquares: 14 }) // → { users: 3, mean: 2, variance: 1 }
 */
export function sampleFromSums({ users, sum, sumOfSquares }: Sums): Sample {
  requireCount(users, 'users');
  requireFinite(sum, 'the sum of values');
  requireNotNegative(sumOfSquares, 'the sum of squared values');
  if (users === 0) return { users, mean: 0, variance: 0 };
  const mean = sum / users;
  return { users, mean, variance: users < 2 ? 0 : Math.max(0, (sumOfSquares - sum * mean) / (users - 1)) };
}

/**
 * A rate as a mean of zeros and ones, with variance p(1 - p).
 *
 * @example sampleOfRate({ successes: 1, trials: 4 }) // → { users: 4, mean: 0.25, variance: 0.1875 }
 */
export function sampleOfRate(counts: Counts): Sample {
  requireCounts(counts, 'the arm');
  const rate = counts.trials === 0 ? 0 : counts.successes / counts.trials;
  return { users: counts.trials, mean: rate, variance: rate * (1 - rate) };
}

/**
 * Mean and unbiased variance of values that are at hand.
 *
 * @example sampleOf([1, 2, 3]) // → { users: 3, mean: 2, variance: 1 }
 */
export function sampleOf(values: ArrayLike<number>): Sample {
  let [mean, squares] = [0, 0];
  for (let i = 0; i < values.length; i += 1) {
    const value = values[i] ?? 0;
    requireFinite(value, 'each value');
    const distance = value - mean;
    mean += distance / (i + 1);
    squares += distance * (value - mean);
  }
  return { users: values.length, mean, variance: values.length < 2 ? 0 : squares / (values.length - 1) };
}
