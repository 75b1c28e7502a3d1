import { archetypes, type SegmentStatistics } from '../segment/statistics.js';

/** A segment as a walk published it. */
export type SegmentFinding = {
  /** `seg_…` */
  readonly segmentId: string;
  readonly name: string;
  readonly statistics: SegmentStatistics;
};

/** Fewer people than this say nothing about a rate, and are no audience. */
export const LEAST_USERS = 30;
/** Fewer conversions than this are not measured but told as anecdotes. */
export const LEAST_CONVERSIONS = 5;

/** What the people who were in the segment 30 days before did since, where there is enough of it to measure by. */
export type Measured = {
  readonly users: number;
  readonly converted: number;
  /** Net of refunds. Absent for a tenant without revenue. */
  readonly spentMinor?: number;
  readonly movedTo: Readonly<Record<string, number>>;
};

/** Why a segment was not measured, for people. */
export type Unmeasured =
  | { readonly kind: 'too_small'; readonly users: number }
  | { readonly kind: 'no_cohort' }
  | { readonly kind: 'cohort_too_small'; readonly users: number }
  | { readonly kind: 'no_goal' }
  | { readonly kind: 'few_conversions'; readonly converted: number; readonly users: number };

export type Evidence = { readonly kind: 'measured'; readonly measured: Measured } | Unmeasured;

/** Whether a segment's coming 30 days can be told from what its people of 30 days ago did since. */
export function evidenceOf({ users, cohort }: SegmentStatistics): Evidence {
  if (users < LEAST_USERS) return { kind: 'too_small', users };
  if (!cohort || cohort.users === 0) return { kind: 'no_cohort' };
  if (cohort.users < LEAST_USERS) return { kind: 'cohort_too_small', users: cohort.users };
  if (cohort.converted === undefined) return { kind: 'no_goal' };
  if (cohort.converted < LEAST_CONVERSIONS) return { kind: 'few_conversions', converted: cohort.converted, users: cohort.users };
  return {
    kind: 'measured',
    measured: {
      users: cohort.users,
      converted: cohort.converted,
      ...(cohort.spentMinor !== undefined && { spentMinor: cohort.spentMinor }),
      movedTo: cohort.movedTo,
    },
  };
}

export type MeasuredSegment = SegmentFinding & { readonly measured: Measured };

/** Conversions that a segment's members are expected to make in the next 30 days, one a person. */
export const expectedConversions = ({ statistics, measured }: MeasuredSegment): number =>
  (statistics.users * measured.converted) / measured.users;

/** What a segment's members are expected to spend in the next 30 days. Nothing when refunds were more than purchases. */
export function expectedSpendMinor({ statistics, measured }: MeasuredSegment): number | undefined {
  if (measured.spentMinor === undefined || measured.spentMinor < 0) return undefined;
  return (statistics.users * measured.spentMinor) / measured.users;
}

const spendPerUser = ({ measured }: MeasuredSegment): number | undefined =>
  measured.spentMinor === undefined ? undefined : measured.spentMinor / measured.users;
const conversionOf = ({ measured }: MeasuredSegment): number => measured.converted / measured.users;

/**
 * The segments that a member would be better off in, the nearest first: those of a kind that is no worse, whose people did
 * better in the last 30 days, by what they spent, and for a tenant without revenue by how many converted. Nobody moves up by
 * becoming at risk, however much those who are spent.
 */
export function betterSegments(segment: MeasuredSegment, all: readonly MeasuredSegment[]): readonly MeasuredSegment[] {
  const inRevenue = spendPerUser(segment) !== undefined;
  const rank = (other: MeasuredSegment) => (inRevenue ? (spendPerUser(other) ?? -Infinity) : conversionOf(other));
  const kind = ({ statistics }: MeasuredSegment) => archetypes.indexOf(statistics.archetype);
  return all
    .filter((other) => rank(other) > rank(segment) && kind(other) <= kind(segment))
    .sort((a, b) => rank(a) - rank(b) || (a.segmentId < b.segmentId ? -1 : 1));
}
