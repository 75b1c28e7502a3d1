import type { LocalDate } from '../ids.js';
import { formatNumber } from '../numbers.js';
import { archetypes } from '../segment/statistics.js';
import type { SegmentFinding } from '../suggestion/evidence.js';
import type { ToldPlan } from '../outreach/told.js';
import { isAboutSegment, isTestWinner, type SuggestionsPayload } from '../suggestion/payload.js';
import type { Silence } from '../suggestion/suggest.js';
import { campaignLines, type CampaignFinding } from './campaign-section.js';
import { counted, formatMoment, formatSum, wrap } from './format.js';
import { outreachLines } from './outreach-section.js';
import { nextTestLines, testLines, type NextTests, type TestFinding } from './test-section.js';
import { segmentLines, silenceLine, suggestionLines, WIDTH } from './segment-section.js';

export type BriefInput = {
  readonly tenantName: string;
  readonly walkDate: LocalDate;
  /** ISO 8601, UTC. */
  readonly asOf: string;
  readonly currency: string;
  readonly segments: readonly SegmentFinding[];
  /** Absent when there is nothing to suggest. */
  readonly payload: SuggestionsPayload | undefined;
  readonly silences: readonly { readonly segmentId: string; readonly because: Silence }[];
  readonly tests: readonly TestFinding[];
  readonly nextTests: readonly NextTests[];
  readonly campaigns: readonly CampaignFinding[];
  readonly outreach: readonly ToldPlan[];
  readonly engardeAppUrl: string;
};

/** The brief of a walk as text, up to 100 columns wide but for links. The same input gives the same bytes. */
export function renderBrief(input: BriefInput): string {
  const lines = [
    '🎯 Audience Intelligence Walker Agent',
    '',
    ...headLines(input),
    '',
    ...inOrder(input.segments).flatMap((segment) => [...section(segment, input), '']),
    ...testLines(input.tests, (input.payload?.suggestions ?? []).filter(isTestWinner), input),
    ...nextTestLines(input.nextTests),
    ...outreachLines(input.outreach),
    ...campaignLines(input.campaigns),
    ...(input.payload ? totalLines(input.payload, input.currency) : []),
    `👉 View full segmentation report: ${input.engardeAppUrl}/walker-agents/audience-intelligence`,
    '',
    ...methodLines(input),
  ];
  return `${lines.join('\n')}\n`;
}

function headLines({ tenantName, walkDate, asOf, currency, segments, payload }: BriefInput): readonly string[] {
  const users = segments.reduce((sum, { statistics }) => sum + statistics.users, 0);
  const suggestions = payload?.suggestions.length ?? 0;
  const found =
    segments.length === 0
      ? 'Nobody to group yet: there are no events of users before that moment.'
      : `${counted(users, 'user')} in ${counted(segments.length, 'segment')} · ${suggestions === 0 ? 'no suggestions' : counted(suggestions, 'suggestion')}`;
  const hasMoney = segments.some(({ statistics }) => statistics.avgMonetaryMinor !== undefined);
  const head = `${tenantName} · walk of ${walkDate} · as of ${formatMoment(asOf)}${hasMoney ? ` · money in ${currency}` : ''}`;
  return [...wrap(head, WIDTH, '', ''), found];
}

/** The document's order of the five kinds; within one, the largest first. */
function inOrder(segments: readonly SegmentFinding[]): readonly SegmentFinding[] {
  const rank = ({ statistics }: SegmentFinding) => archetypes.indexOf(statistics.archetype);
  return [...segments].sort((a, b) => rank(a) - rank(b) || b.statistics.users - a.statistics.users || (a.segmentId < b.segmentId ? -1 : 1));
}

function section(segment: SegmentFinding, { payload, silences }: BriefInput): readonly string[] {
  const suggestions = (payload?.suggestions ?? []).filter(isAboutSegment).filter((each) => each.segment.segment_id === segment.segmentId);
  const silence = silences.find(({ segmentId }) => segmentId === segment.segmentId);
  return [
    ...segmentLines(segment),
    ...suggestions.flatMap((suggestion) => ['', ...suggestionLines(suggestion)]),
    ...(silence ? ['', silenceLine(silence.because)] : []),
  ];
}

function totalLines({ summary }: SuggestionsPayload, currency: string): readonly string[] {
  const { total_estimated_impact: impact, high_priority, medium_priority, low_priority } = summary;
  const parts = impact.users_affected > 0 ? [counted(impact.users_affected, 'user')] : [];
  if (impact.revenue_opportunity !== undefined)
    parts.push(`${formatSum(impact.revenue_opportunity, currency)} expected in the next 30 days`);
  if (impact.conversion_improvements !== undefined && impact.conversion_improvements > 0) {
    parts.push(`+${formatNumber(impact.conversion_improvements)} conversions as members move up`);
  }
  if (impact.annual_additional_conversions !== undefined) {
    parts.push(`${formatNumber(impact.annual_additional_conversions)} conversions a year by winners of A/B tests`);
  }
  return [
    '━'.repeat(16),
    ...(parts.length > 0 ? wrap(`Total: ${parts.join(' · ')}`, WIDTH, '', '  ') : []),
    `Priorities: ${high_priority} high, ${medium_priority} medium, ${low_priority} low`,
  ];
}

function methodLines({ segments, tests, payload, asOf }: BriefInput): readonly string[] {
  if (segments.length === 0 && tests.length === 0) return [`Figures as of ${formatMoment(asOf)}.`];
  const notes = [
    `Figures as of ${formatMoment(asOf)}; "last 30 days" are the 720 hours before.`,
    ...(tests.some(({ look }) => look !== null)
      ? ['A/B tests: verdict, interval and p-value hold at every look; what is to be expected is the effect after shrinkage.']
      : []),
    ...(payload
      ? [
          'Expected conversion and revenue: what the people who were in the segment 30 days before did since, applied to the people who are in ' +
            'it now. No campaign is in these figures: what one adds is known only against a control group.',
          'Confidence: the probability that the true conversion rate lies within a tenth of the measured one.',
          "Each suggestion's impact.basis holds formula, inputs and period of every figure; docs/how-to/check-a-brief.md has a query for each.",
        ]
      : []),
  ];
  return ['How these figures were computed', ...notes.flatMap((note) => wrap(note, WIDTH, '  - ', '    '))];
}
