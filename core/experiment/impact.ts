import type { Interval } from '../stats/verdict.js';
import type { Comparison } from './comparison.js';
import type { MetricFamily } from './metric.js';

/** What a winner is expected to bring in a year, in conversions or in the metric's own unit, with its interval. */
export type AnnualImpact = {
  readonly unit: 'conversions' | 'value';
  readonly expected: number;
  readonly interval: Interval;
  readonly usersPerMonth: number;
};

/**
 * Twelve months of the observed volume times the shrunk effect: not the raw one, which is too big where a test stopped early.
 * Null where there is no effect to shrink.
 */
export function annualImpact(
  comparison: Comparison,
  volume: { readonly usersPerMonth: number; readonly family: MetricFamily },
): AnnualImpact | null {
  const { shrunk } = comparison;
  if (shrunk === null) return null;
  const perRelative = shrunk.relative === 0 ? 0 : shrunk.effect / shrunk.relative;
  const users = 12 * volume.usersPerMonth;
  return {
    unit: volume.family === 'rate' ? 'conversions' : 'value',
    expected: users * shrunk.effect,
    interval: { low: users * perRelative * shrunk.interval.low, high: users * perRelative * shrunk.interval.high },
    usersPerMonth: volume.usersPerMonth,
  };
}
