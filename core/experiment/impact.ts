import { formatSum } from '../brief/format.js';
import { minorDigitsOf } from '../event/money.js';
import { formatNumber } from '../numbers.js';
import type { Interval } from '../stats/verdict.js';
import type { Comparison } from './comparison.js';
import type { TestDesign } from './design.js';
import type { PrimaryMetric } from './metric.js';

const DAY_MS = 86_400_000;
const MONTH_DAYS = 30;

/** How many users a month get what is tested, and what that was observed on: the users exposed in a stretch of the test. */
export type MonthlyVolume = {
  readonly usersPerMonth: number;
  readonly exposed: number;
  readonly days: number;
  /** The part of all such users that the test took. */
  readonly share: number;
};

/**
 * The monthly volume, from the slower of the two parts into which the look nearest to its middle divides a test: a message that
 * was sent once to everybody has no volume, and neither is a backlog of the first days taken for one. Null where no look lies
 * between the start and the last look, or nobody was exposed in one of the parts.
 */
export function monthlyVolume(
  { exposureShare, exclusion }: Pick<TestDesign, 'exposureShare' | 'exclusion'>,
  startedAtMs: number,
  looks: readonly { readonly atMs: number; readonly exposed: number }[],
): MonthlyVolume | null {
  const last = looks.at(-1);
  if (last === undefined) return null;
  const middleMs = (startedAtMs + last.atMs) / 2;
  const [middle] = looks
    .filter(({ atMs }) => atMs > startedAtMs && atMs < last.atMs)
    .sort((left, right) => Math.abs(left.atMs - middleMs) - Math.abs(right.atMs - middleMs));
  if (middle === undefined) return null;
  const parts = [
    { exposed: middle.exposed, days: (middle.atMs - startedAtMs) / DAY_MS },
    { exposed: last.exposed - middle.exposed, days: (last.atMs - middle.atMs) / DAY_MS },
  ];
  const [slower] = parts.sort((left, right) => left.exposed / left.days - right.exposed / right.days);
  if (slower === undefined || slower.exposed <= 0) return null;
  const share = exposureShare * (exclusion === null ? 1 : exclusion.to - exclusion.from);
  return { ...slower, share, usersPerMonth: (MONTH_DAYS * slower.exposed) / slower.days / share };
}

/** What a winner is expected to bring in a year: more successes of a rate, or more of what a mean adds up, with its interval. */
export type AnnualImpact = { readonly expected: number; readonly interval: Interval };

/**
 * Twelve months of the observed volume times the shrunk effect: not the raw one, which is too big where a test stopped early.
 * Null where there is no effect to shrink.
 */
export function annualImpact({ shrunk }: Pick<Comparison, 'shrunk'>, { usersPerMonth }: MonthlyVolume): AnnualImpact | null {
  if (shrunk === null) return null;
  const perRelative = shrunk.relative === 0 ? 0 : shrunk.effect / shrunk.relative;
  const users = 12 * usersPerMonth;
  return {
    expected: users * shrunk.effect,
    interval: { low: users * perRelative * shrunk.interval.low, high: users * perRelative * shrunk.interval.high },
  };
}

/** `+2,800 conversions (+1,100 to +4,500)` */
export function impactInWords({ expected, interval }: AnnualImpact, metric: PrimaryMetric): string {
  const [signed, noun] = wordsOf(metric);
  return `${signed(expected)}${noun} (${signed(interval.low)} to ${signed(interval.high)})`;
}

const SUCCESSES = { conversion_rate: 'conversions', ctr: 'clicks', open_rate: 'opens', reply_rate: 'replies' } as const;
const SECONDS_AN_HOUR = 3600;

function wordsOf(metric: PrimaryMetric): [signed: (value: number) => string, noun: string] {
  switch (metric.kind) {
    case 'revenue_per_user': {
      const minor = 10 ** minorDigitsOf(metric.currency);
      return [(value) => `${value > 0 ? '+' : ''}${formatSum(value / minor, metric.currency)}`, ''];
    }
    case 'engagement_time':
      return [(value) => signedNumber(value / SECONDS_AN_HOUR), ' hours of engagement'];
    default:
      return [signedNumber, ` ${SUCCESSES[metric.kind]}`];
  }
}

const signedNumber = (value: number): string => (value > 0 ? `+${formatNumber(value)}` : formatNumber(value));
