import { requireFinite, requireProbability } from '../rules.js';
import { notEnoughData, type Answer, type Interval } from '../verdict.js';

/**
 * The limits beyond which values are pulled in: the quantiles at `lower` and `upper` of the values of all arms together, so that
 * every arm has the same. Assumes that the extreme tail is noise to the question asked. Refuses without values.
 *
 * Source: quantiles of type 7, Hyndman and Fan, "Sample quantiles in statistical packages", 1996.
 *
 * @example winsorLimits([1, 2, 3, 4, 100], { lower: 0, upper: 0.75 }) // → { status: 'ok', low: 1, high: 4 }
 */
export function winsorLimits(values: ArrayLike<number>, shares: { readonly lower: number; readonly upper: number }): Answer<Interval> {
  requireProbability(shares.lower, 'the lower share');
  requireProbability(shares.upper, 'the upper share');
  if (shares.lower > shares.upper) throw new RangeError(`the lower share ${shares.lower} is above the upper one ${shares.upper}`);
  if (values.length === 0) return notEnoughData('there are no values');
  const sorted = Float64Array.from(values);
  for (const value of sorted) requireFinite(value, 'each value');
  sorted.sort();
  return { status: 'ok', low: quantileOf(sorted, shares.lower), high: quantileOf(sorted, shares.upper) };
}

function quantileOf(sorted: Float64Array, share: number): number {
  const place = share * (sorted.length - 1);
  const below = Math.floor(place);
  const value = sorted[below] ?? 0;
  return value + (place - below) * ((sorted[Math.min(below + 1, sorted.length - 1)] ?? 0) - value);
}

/**
 * The values with those beyond the limits pulled in to them.
 *
 * Source: Tukey, "The future of data analysis", 1962, 18.
 *
 * @example winsorise([1, 5, 100], { low: 2, high: 10 }) // → [2, 5, 10]
 */
export const winsorise = (values: readonly number[], { low, high }: Interval): number[] =>
  values.map((value) => Math.min(high, Math.max(low, value)));
