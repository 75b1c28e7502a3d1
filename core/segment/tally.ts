import type { Activity } from './activity.js';
import type { Features } from './features.js';
import type { Memberships } from './membership.js';

/**
 * Sums over the members of a segment within one bucket. Whole numbers only (days become seconds, fractions millionths), so that
 * buckets may be added in any order, in any number, and give the same.
 */
export const sumNames = [
  'users',
  'recencySeconds',
  'frequency30d',
  'frequency',
  'points',
  'tenureSeconds',
  'trendMillionths',
  'scoreMillionths',
  'spentMinor',
  'spentMinor0To30',
  'spentMinor30To60',
  'paidMinor',
  'orders',
  'interactions0To30',
  'interactions30To60',
  'foreignAmounts',
  /** Of the people who were in the segment 30 days before: how many, how many of them reached the goal since, what they spent since. */
  'usersBefore',
  'convertedSince',
  'spentMinorSince',
] as const;
export type SumName = (typeof sumNames)[number];

export type SegmentTally = {
  readonly sums: Record<SumName, number>;
  /** Of the people of 30 days before, by the number of the segment that they are in now. */
  readonly movedTo: number[];
};

const DAY_SECONDS = 86_400;
const MILLION = 1_000_000;

export type BucketView = {
  readonly activity: Activity;
  readonly features: Features;
  readonly now: Memberships;
  readonly before: Memberships;
};

/** One tally for each of the model's segments, in their order. */
export function tallySegments({ activity, features, now, before }: BucketView, segments: number): SegmentTally[] {
  const tallies = Array.from({ length: segments }, () => emptyTally(segments));
  for (let i = 0; i < features.users; i++) {
    const sums = tallies[now.segment[i] ?? -1]?.sums;
    if (sums) {
      sums.users += 1;
      sums.recencySeconds += Math.round(at(features.recencyDays, i) * DAY_SECONDS);
      sums.frequency30d += at(features.frequency30d, i);
      sums.frequency += at(features.frequency, i);
      sums.points += at(features.engagementValue, i);
      sums.tenureSeconds += Math.round(at(features.tenureDays, i) * DAY_SECONDS);
      sums.trendMillionths += Math.round(at(features.trend, i) * MILLION);
      sums.scoreMillionths += Math.round(at(features.engagementScore, i) * MILLION);
      sums.spentMinor += at(activity.spentMinor, i);
      sums.spentMinor0To30 += at(activity.spentMinor0To30, i);
      sums.spentMinor30To60 += at(activity.spentMinor30To60, i);
      sums.paidMinor += at(activity.paidMinor, i);
      sums.orders += at(activity.orders, i);
      sums.interactions0To30 += at(activity.interactions0To15, i) + at(activity.interactions15To30, i);
      sums.interactions30To60 += at(activity.interactions30To45, i) + at(activity.interactions45To60, i);
      sums.foreignAmounts += at(activity.foreignAmounts, i);
    }
    const old = tallies[before.segment[i] ?? -1];
    if (old) {
      old.sums.usersBefore += 1;
      old.sums.convertedSince += at(activity.goals0To30, i) > 0 ? 1 : 0;
      old.sums.spentMinorSince += at(activity.spentMinor0To30, i);
      const to = now.segment[i] ?? 0;
      old.movedTo[to] = (old.movedTo[to] ?? 0) + 1;
    }
  }
  return tallies;
}

/** The tallies of all buckets, segment by segment. */
export function addTallies(buckets: readonly (readonly SegmentTally[])[], segments: number): SegmentTally[] {
  return Array.from({ length: segments }, (_, segment) => {
    const total = emptyTally(segments);
    for (const tally of buckets.map((bucket) => bucket[segment])) {
      if (!tally) continue;
      for (const name of sumNames) total.sums[name] += tally.sums[name];
      tally.movedTo.forEach((users, to) => (total.movedTo[to] = (total.movedTo[to] ?? 0) + users));
    }
    return total;
  });
}

export function emptyTally(segments: number): SegmentTally {
  const sums = Object.fromEntries(sumNames.map((name) => [name, 0])) as Record<SumName, number>;
  return { sums, movedTo: Array.from({ length: segments }, () => 0) };
}

function at(column: Float64Array, i: number): number {
  return column[i] ?? 0;
}
