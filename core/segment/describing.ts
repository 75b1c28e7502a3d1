import { momentMs } from './features.js';
import type { ModelSegment, SegmentModel } from './model.js';
import { strategies } from './naming.js';
import type { ChannelRate, SegmentCohort, SegmentGrowth, SegmentStatistics } from './statistics.js';
import { addTallies, type SegmentTally } from './tally.js';

/** What members' interactions and messages were about, over all buckets. */
export type SegmentAffinities = {
  readonly categories: readonly { readonly name: string; readonly interactions: number }[];
  readonly channels: readonly { readonly name: string; readonly users: number; readonly delivered: number; readonly engaged: number }[];
};

export type Description = {
  readonly model: SegmentModel;
  readonly asOfMs: number;
  readonly currency: string;
  /** Whether the tenant has a goal `convert_to_paid`. */
  readonly hasGoal: boolean;
  /** One for each segment, in the model's order. */
  readonly tallies: readonly SegmentTally[];
  readonly affinities: readonly SegmentAffinities[];
};

/** Rates of fewer users are an anecdote. */
const LEAST_USERS_FOR_RATE = 30;
const MOST_INTERESTS = 5;

/** The statistics of each of the model's segments. A segment without members has none: undefined. */
export function describeSegments(description: Description): (SegmentStatistics | undefined)[] {
  const [total] = addTallies(
    description.tallies.map((tally) => [tally]),
    1,
  );
  return description.model.segments.map((segment, i) => {
    const tally = description.tallies[i];
    if (!tally || tally.sums.users === 0 || !total) return undefined;
    const figures = figuresOf(description, segment, tally, total);
    return { ...figures, ...affinitiesOf(description.affinities[i]), ...wordsOf(segment, tally, total) };
  });
}

type Figures = Omit<SegmentStatistics, 'topInterests' | 'channelRates' | 'traits' | 'strategy'>;

function figuresOf(
  { model, asOfMs, currency, hasGoal }: Description,
  segment: ModelSegment,
  { sums, movedTo }: SegmentTally,
  { sums: all }: SegmentTally,
): Figures {
  const each = (sum: number) => rounded(sum / sums.users, 4);
  const hasRevenue = model.monetary === 'spend';
  return {
    asOf: new Date(asOfMs).toISOString(),
    currency,
    archetype: segment.archetype,
    users: sums.users,
    share: rounded(sums.users / all.users, 6),
    avgRecencyDays: each(sums.recencySeconds / 86_400),
    avgFrequency30d: each(sums.frequency30d),
    avgFrequency: each(sums.frequency),
    ...(hasRevenue && { avgMonetaryMinor: each(sums.spentMinor) }),
    ...(sums.orders > 0 && { avgOrderValueMinor: rounded(sums.paidMinor / sums.orders, 4) }),
    avgEngagementValue: each(sums.points),
    avgTenureDays: each(sums.tenureSeconds / 86_400),
    avgTrend: each(sums.trendMillionths / 1e6),
    avgEngagementScore: each(sums.scoreMillionths / 1e6),
    engagement: { last30Days: sums.interactions0To30, previous30Days: sums.interactions30To60 },
    ...(hasRevenue && {
      spendMinor: { last30Days: sums.spentMinor0To30, previous30Days: sums.spentMinor30To60, total: sums.spentMinor },
    }),
    ...(all.usersBefore > 0 && { growth: growthOf(sums.users, sums.usersBefore, asOfMs) }),
    ...(sums.usersBefore > 0 && { cohort: cohortOf(model, { sums, movedTo }, hasGoal) }),
  };
}

function growthOf(users: number, usersBefore: number, asOfMs: number): SegmentGrowth {
  return {
    asOf: new Date(momentMs(asOfMs, 'before')).toISOString(),
    usersBefore,
    ...(usersBefore > 0 && { rate: rounded((users - usersBefore) / usersBefore, 6) }),
  };
}

function cohortOf(model: SegmentModel, { sums, movedTo }: SegmentTally, hasGoal: boolean): SegmentCohort {
  return {
    users: sums.usersBefore,
    ...(hasGoal && { converted: sums.convertedSince }),
    ...(model.monetary === 'spend' && { spentMinor: sums.spentMinorSince }),
    movedTo: Object.fromEntries(model.segments.flatMap(({ key }, i) => (movedTo[i] ? [[key, movedTo[i]] as const] : []))),
  };
}

function affinitiesOf(affinities: SegmentAffinities | undefined): Pick<SegmentStatistics, 'topInterests' | 'channelRates'> {
  const all = affinities?.categories.reduce((sum, { interactions }) => sum + interactions, 0) ?? 0;
  const interests = [...(affinities?.categories ?? [])]
    .sort((a, b) => b.interactions - a.interactions || (a.name < b.name ? -1 : 1))
    .slice(0, MOST_INTERESTS)
    .map(({ name, interactions }) => ({ category: name, share: rounded(interactions / all, 6) }));
  const rates = (affinities?.channels ?? [])
    .filter(({ users }) => users >= LEAST_USERS_FOR_RATE)
    .map(({ name, users, delivered, engaged }): [string, ChannelRate] => [
      name,
      { users, delivered, engaged, rate: rounded(engaged / delivered, 6) },
    ]);
  return {
    ...(interests.length > 0 && { topInterests: interests }),
    ...(rates.length > 0 && { channelRates: Object.fromEntries(rates.sort(([a], [b]) => (a < b ? -1 : 1))) }),
  };
}

/** Traits compare members with everyone who was clustered. */
function wordsOf(
  segment: ModelSegment,
  { sums }: SegmentTally,
  { sums: all }: SegmentTally,
): Pick<SegmentStatistics, 'traits' | 'strategy'> {
  const timesAverage = (what: 'spentMinor' | 'frequency' | 'points') =>
    all[what] > 0 && sums[what] >= 0 ? sums[what] / sums.users / (all[what] / all.users) : undefined;
  const recencyDays = Math.round(sums.recencySeconds / sums.users / 86_400);
  const interactions = timesAverage('frequency');
  const worth = all.spentMinor > 0 ? timesAverage('spentMinor') : undefined;
  const trend = sums.trendMillionths / sums.users / 1e6;
  return {
    traits: [
      `last active ${recencyDays === 1 ? 'a day' : `${recencyDays} days`} ago on average`,
      ...(interactions === undefined ? [] : [`${comparison(interactions)} interactions`]),
      ...(worth === undefined ? [] : [`${comparison(worth)} spend`]),
      `${trend > 0.05 ? 'more' : trend < -0.05 ? 'less' : 'as'} active of late ${Math.abs(trend) > 0.05 ? 'than' : 'as'} in their own past`,
    ],
    strategy: strategies[segment.archetype],
  };
}

/** `2.4 times the average`, `31 % of the average`, `about the average`. */
function comparison(times: number): string {
  if (times >= 1.1) return `${times.toFixed(1)} times the average`;
  return times > 0.9 ? 'about the average' : `${Math.round(100 * times)} % of the average`;
}

/** Enough digits for people and for adding up; so that JSON is short and a last bit cannot differ. */
function rounded(value: number, digits: number): number {
  const scale = 10 ** digits;
  const result = Math.round(value * scale) / scale;
  return Object.is(result, -0) ? 0 : result;
}
