import { requireCount, requireFinite } from '../rules.js';
import { notEnoughData, type Answer } from '../verdict.js';
import type { Sample } from './sample.js';

/** Sums over the users of an arm of two values each: what is counted (clicks) and what it is counted per (messages). */
export type RatioSums = {
  readonly users: number;
  readonly numerator: number;
  readonly numeratorSquares: number;
  readonly denominator: number;
  readonly denominatorSquares: number;
  readonly products: number;
};

/**
 * A ratio of two sums as a sample that tests of means can take: its variance is that of a user's part in the ratio, by the delta
 * method with the covariance of numerator and denominator. Assumes independent users (not independent messages). Refuses with
 * fewer than two users, or where the denominator is 0.
 *
 * Source: Deng, Knoblich and Lu, "Applying the delta method in metric analytics", 2018, equation 5.
 *
 * @example sampleOfRatio({ users: 3, numerator: 6, numeratorSquares: 14, denominator: 6, denominatorSquares: 14, products: 14 }) // → { status: 'ok', users: 3, mean: 1, variance: 0 }
 */
export function sampleOfRatio(sums: RatioSums): Answer<Sample> {
  requireCount(sums.users, 'users');
  for (const [name, value] of Object.entries(sums)) requireFinite(value, name);
  if (sums.users < 2) return notEnoughData('an arm needs at least two users');
  if (sums.denominator === 0) return notEnoughData('the denominator is 0');
  const perUser = sums.denominator / sums.users;
  const ratio = sums.numerator / sums.denominator;
  const covariance = (squares: number, left: number, right: number) => (squares - (left * right) / sums.users) / (sums.users - 1);
  const variance =
    covariance(sums.numeratorSquares, sums.numerator, sums.numerator) -
    2 * ratio * covariance(sums.products, sums.numerator, sums.denominator) +
    ratio * ratio * covariance(sums.denominatorSquares, sums.denominator, sums.denominator);
  return { status: 'ok', users: sums.users, mean: ratio, variance: Math.max(0, variance) / (perUser * perUser) };
}
