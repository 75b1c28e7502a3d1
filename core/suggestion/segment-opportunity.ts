import { minorDigitsOf } from '../event/money.js';
import type { LocalDate, TenantId } from '../ids.js';
import { formatNumber, formatPercent, roundTo } from '../numbers.js';
import { PERIOD_DAYS } from '../segment/statistics.js';
import { nearness } from '../stats/proportion.js';
import { basisFor, type Bases } from './basis.js';
import { betterSegments, expectedConversions, expectedSpendMinor, type MeasuredSegment } from './evidence.js';
import { suggestionId } from './id.js';
import type { Priority, SegmentOpportunity } from './payload.js';
import { describeAction, playFor } from './playbook.js';

/** What all suggestions of a walk have in common. */
export type WalkContext = { readonly tenantId: TenantId; readonly walkDate: LocalDate; readonly engardeAppUrl: string };

const TYPE = 'segment_opportunity';
/** To four places much would round to certainty, which a measured rate never is. */
const MOST_SURE = 0.9999;

/** By the segment's part of what the whole audience is expected to bring: high from a quarter, medium from a tenth. */
export function priorityOf(share: number): Priority {
  if (share >= 0.25) return 'high';
  return share >= 0.1 ? 'medium' : 'low';
}

/** The suggestion for a segment that was measured, with every figure that can be computed and the basis of each. */
export function segmentOpportunity(
  segment: MeasuredSegment,
  all: readonly MeasuredSegment[],
  share: number,
  context: WalkContext,
): SegmentOpportunity {
  const { name, segmentId, statistics } = segment;
  const id = suggestionId({ ...context, type: TYPE, subject: segmentId });
  const figures = figuresOf(segment, all);
  const { aim, actions } = playFor(statistics.archetype, name, figures.conversion_probability);
  const { characteristics, bases, ...impact } = figures;
  return {
    id,
    type: TYPE,
    title: `${name}: ${aim} for ${formatNumber(statistics.users)} users`,
    description: describe(segment),
    priority: priorityOf(share),
    impact: { ...impact, basis: bases },
    segment: { segment_id: segmentId, name, size: statistics.users, characteristics },
    recommended_actions: [...actions],
    actions: actions.map((action) => ({ action_type: action.action_type, description: describeAction(action) })),
    cta_url: `${context.engardeAppUrl}/segments/${slugOf(name)}?suggestion=${id}`,
    metadata: {
      walk_date: context.walkDate,
      as_of: statistics.asOf,
      currency: statistics.currency,
      period_days: PERIOD_DAYS,
      strategy: statistics.strategy,
    },
  };
}

type Figures = Omit<SegmentOpportunity['impact'], 'basis'> & {
  readonly characteristics: SegmentOpportunity['segment']['characteristics'];
  readonly bases: Bases;
};

/** Money to the currency's minor unit, probabilities and growth to four places, people to one. */
function figuresOf(segment: MeasuredSegment, all: readonly MeasuredSegment[]): Figures {
  const { statistics, measured } = segment;
  const digits = minorDigitsOf(statistics.currency);
  const major = (minor: number) => roundTo(minor / 10 ** digits, digits);
  const better = betterSegments(segment, all);
  const spend = expectedSpendMinor(segment);
  const raise = movingUp(segment, better);
  const potential = better.find(
    ({ statistics: other }) => (other.avgMonetaryMinor ?? -Infinity) > (statistics.avgMonetaryMinor ?? Infinity),
  );
  const growth = growthOf(segment);
  return {
    conversion_probability: roundTo(measured.converted / measured.users, 4),
    confidence_score: Math.min(MOST_SURE, roundTo(nearness(measured.converted, measured.users), 4)),
    ...(spend !== undefined && { potential_revenue: major(spend) }),
    ...(raise.spendMinor !== undefined && { estimated_revenue_increase: major(raise.spendMinor) }),
    ...(raise.conversions !== undefined && { estimated_conversion_increase: roundTo(raise.conversions, 1) }),
    characteristics: {
      ...(growth !== undefined && { avg_engagement_growth: roundTo(growth, 4) }),
      ...(statistics.avgMonetaryMinor !== undefined && { avg_current_value: major(statistics.avgMonetaryMinor) }),
      ...(potential?.statistics.avgMonetaryMinor !== undefined && { avg_potential_value: major(potential.statistics.avgMonetaryMinor) }),
      ...(statistics.topInterests?.length && { top_interests: statistics.topInterests.map(({ category }) => category) }),
    },
    bases: basisFor(segment, better, potential),
  };
}

/** Interactions of today's members in the last 30 days against the 30 days before. Nothing where there were none before. */
function growthOf({ statistics: { engagement } }: MeasuredSegment): number | undefined {
  if (engagement.previous30Days <= 0) return undefined;
  return (engagement.last30Days - engagement.previous30Days) / engagement.previous30Days;
}

/**
 * What it is worth, per 30 days, that members move to better segments in the share that was seen to move, and there do as
 * those do: nothing for the best segment. It was seen without a campaign; what a campaign adds is known only with a control group.
 */
function movingUp(segment: MeasuredSegment, better: readonly MeasuredSegment[]): { spendMinor?: number; conversions?: number } {
  if (better.length === 0) return {};
  const { statistics, measured } = segment;
  const own = { spend: expectedSpendMinor(segment), conversion: measured.converted / measured.users };
  let spendMinor = 0;
  let conversions = 0;
  for (const target of better) {
    const movers = (statistics.users * (measured.movedTo[target.segmentId] ?? 0)) / measured.users;
    spendMinor += movers * ((target.measured.spentMinor ?? 0) / target.measured.users - (measured.spentMinor ?? 0) / measured.users);
    conversions += movers * Math.max(0, target.measured.converted / target.measured.users - own.conversion);
  }
  return { conversions, ...(own.spend !== undefined && { spendMinor }) };
}

function describe(segment: MeasuredSegment): string {
  const { name, measured } = segment;
  const seen =
    `Of the ${formatNumber(measured.users)} people who were in "${name}" ${PERIOD_DAYS} days before, ${formatNumber(measured.converted)} ` +
    `(${formatPercent(measured.converted / measured.users)}) have converted since`;
  return `${seen}. At that rate about ${formatNumber(expectedConversions(segment))} of today's members convert in the next ${PERIOD_DAYS} days.`;
}

/** The segment's name in the path of a link: `potential-loyalists`. */
export function slugOf(name: string): string {
  const slug = name
    .normalize('NFKD')
    .toLowerCase()
    .replace(/\p{M}/gu, '')
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '');
  return slug || 'segment';
}
