import { assertNever } from '../errors.js';
import { minorDigitsOf } from '../event/money.js';
import { formatChange, formatNumber, formatPercent } from '../numbers.js';
import { PERIOD_DAYS, type Archetype, type SegmentStatistics } from '../segment/statistics.js';
import type { SegmentFinding } from '../suggestion/evidence.js';
import type { SegmentOpportunity } from '../suggestion/payload.js';
import type { Silence } from '../suggestion/suggest.js';
import { counted, formatMoney, formatSum, wrap } from './format.js';

export const WIDTH = 96;

const HEADINGS: Readonly<Record<Archetype, string>> = {
  champions: '✨',
  loyal_customers: '⭐',
  potential_loyalists: '📈',
  at_risk: '⚠️',
  lost: '💤',
};

/** A segment with what is known of it, each line only where there is data behind it. */
export function segmentLines({ name, statistics }: SegmentFinding): readonly string[] {
  const share = statistics.share > 0 ? `, ${formatPercent(statistics.share)} of all` : '';
  return [
    `${HEADINGS[statistics.archetype]} ${name} (${counted(statistics.users, 'user')}${share})`,
    ...figureLines(statistics).map((line) => `   ${line}`),
    ...(statistics.traits.length > 0 ? wrap(`Traits: ${statistics.traits.join('; ')}`, WIDTH, '   ', '   ') : []),
    ...wrap(`Strategy: ${statistics.strategy}`, WIDTH, '   ', '   '),
  ];
}

function figureLines(statistics: SegmentStatistics): readonly string[] {
  const { growth, topInterests } = statistics;
  const lines = [
    `Avg. engagement: ${formatNumber(statistics.avgFrequency30d, 2)} interactions/month, ${formatNumber(statistics.avgFrequency, 1)} in all`,
    `Last engagement: ${formatNumber(statistics.avgRecencyDays)} days ago on average`,
  ];
  const value = valueLine(statistics);
  if (value !== undefined) lines.push(value);
  const trend = trendOf(statistics);
  if (trend !== undefined) lines.push(`Engagement trend: ${trend}`);
  if (growth?.rate !== undefined) {
    lines.push(`Growth: ${formatChange(growth.rate)} in ${PERIOD_DAYS} days (from ${counted(growth.usersBefore, 'user')})`);
  }
  if (topInterests?.length) {
    lines.push(`Top interests: ${topInterests.map(({ category, share }) => `${category} (${formatPercent(share)})`).join(', ')}`);
  }
  return lines.flatMap((line) => wrap(line, WIDTH - 3, '', '  '));
}

function valueLine({ avgMonetaryMinor, avgOrderValueMinor, currency }: SegmentStatistics): string | undefined {
  const money = (minor: number) => formatMoney(minor / 10 ** minorDigitsOf(currency), currency);
  if (avgMonetaryMinor === undefined) return undefined;
  const order = avgOrderValueMinor === undefined ? '' : `, ${money(avgOrderValueMinor)}/order`;
  return `Avg. value: ${money(avgMonetaryMinor)}/user${order}`;
}

function trendOf({ engagement: { last30Days, previous30Days } }: SegmentStatistics): string | undefined {
  if (previous30Days <= 0) return undefined;
  const change = (last30Days - previous30Days) / previous30Days;
  return `${change > 0 ? '↗' : change < 0 ? '↘' : '→'} ${formatChange(change)} against the ${PERIOD_DAYS} days before`;
}

/** What to do about the segment, what it may bring, how sure that is, and where to go. */
export function suggestionLines({ impact, segment, actions, priority, cta_url, metadata }: SegmentOpportunity): readonly string[] {
  const [main, ...others] = actions;
  const { basis } = impact;
  const cohort = basis['conversion_probability']?.inputs;
  const seen = cohort
    ? ` (${formatNumber(Number(cohort['cohort_converted']))} of the ${counted(Number(cohort['cohort_users']), 'person').replace('persons', 'people')} who were here ${metadata.period_days} days before did)`
    : '';
  const characteristics = segment.characteristics;
  return [
    ...wrap(`💡 Recommendation (${priority} priority): ${main?.description ?? metadata.strategy}`, WIDTH, '   ', '      '),
    ...others.flatMap(({ description }) => wrap(`Also: ${description}`, WIDTH, '      ', '      ')),
    ...wrap(
      `Expected conversion: ${formatPercent(impact.conversion_probability)} in ${metadata.period_days} days${seen}`,
      WIDTH,
      '      ',
      '      ',
    ),
    ...(impact.potential_revenue === undefined
      ? []
      : [`      💰 ${formatSum(impact.potential_revenue, metadata.currency)} expected in the next ${metadata.period_days} days`]),
    ...raiseLines(impact, metadata.currency),
    ...valueGapLines(characteristics, metadata.currency, basis['avg_potential_value']?.inputs['segment']),
    `      🎯 Confidence: ${impact.confidence_score > 0.99 ? 'over 99 %' : formatPercent(impact.confidence_score)}`,
    `      👉 ${cta_url}`,
  ];
}

function valueGapLines(
  { avg_current_value: current, avg_potential_value: potential }: SegmentOpportunity['segment']['characteristics'],
  currency: string,
  betterSegment: string | number | undefined,
): readonly string[] {
  if (current === undefined || potential === undefined) return [];
  const line = `Value: ${formatMoney(current, currency)} → ${formatMoney(potential, currency)} per user in "${betterSegment ?? ''}"`;
  return wrap(line, WIDTH, '      ', '      ');
}

function raiseLines(impact: SegmentOpportunity['impact'], currency: string): readonly string[] {
  const { estimated_revenue_increase: revenue, estimated_conversion_increase: conversions } = impact;
  const parts: string[] = [];
  if (revenue !== undefined && revenue > 0) parts.push(`+${formatSum(revenue, currency)}`);
  if (conversions !== undefined && conversions >= 0.5) parts.push(`+${counted(Math.round(conversions), 'conversion')}`);
  return parts.length === 0 ? [] : [`      📈 ${parts.join(' and ')} a month as members move up at the pace of the last 30 days`];
}

/** Why nothing is suggested for a segment. */
export function silenceLine(because: Silence): string {
  const reason = reasonOf(because);
  return `   No suggestion: ${reason}`;
}

function reasonOf(because: Silence): string {
  switch (because.kind) {
    case 'too_small':
      return `${counted(because.users, 'user')} are too few for a campaign and for a rate.`.replace('1 user are', '1 user is');
    case 'no_cohort':
      return 'nobody would have been in it 30 days before, so nothing is measured yet.';
    case 'cohort_too_small':
      return `only ${counted(because.users, 'user')} would have been in it 30 days before, too few to measure a rate.`;
    case 'no_goal':
      return 'the tenant has no goal "convert_to_paid" to measure by.';
    case 'few_conversions':
      return `${formatNumber(because.converted)} of ${counted(because.users, 'user')} have converted in 30 days, too few to measure a rate.`;
    case 'small_share':
      return `it is expected to bring ${formatPercent(because.share)} of the whole.`;
    default:
      return assertNever(because);
  }
}
