import { roundTo } from '../numbers.js';
import {
  isAboutSegment,
  isTestWinner,
  type Priority,
  type SegmentOpportunity,
  type Suggestion,
  type Summary,
  type SuggestionsPayload,
} from './payload.js';

/**
 * The users who are in exactly these segments and no others of those that suggestions are about. Overlapping audiences give
 * several of these, disjoint ones one per segment; every user is in one of them.
 */
export type Audience = { readonly segmentIds: readonly string[]; readonly users: number };

/**
 * What all suggestions come to. A user whom several suggestions are about counts once, with the largest of what each expects
 * of a user: revenue of overlapping audiences is not added twice, and neither are conversions.
 */
export function summarise(suggestions: readonly Suggestion[], audiences: readonly Audience[], moneyDigits: number): Summary {
  const about = new Map<string, SegmentOpportunity[]>();
  for (const suggestion of suggestions.filter(isAboutSegment)) {
    about.set(suggestion.segment.segment_id, [...(about.get(suggestion.segment.segment_id) ?? []), suggestion]);
  }
  const touched = audiences
    .map(({ segmentIds, users }) => ({ users, suggestions: segmentIds.flatMap((id) => about.get(id) ?? []) }))
    .filter((audience) => audience.suggestions.length > 0);
  const revenue = sumOfLargest(touched, ({ impact }) => impact.potential_revenue);
  const conversions = sumOfLargest(touched, ({ impact }) => impact.estimated_conversion_increase);
  const annual = suggestions.filter(isTestWinner).flatMap(({ impact }) => impact.annual_additional_conversions ?? []);
  const withPriority = (priority: Priority) => suggestions.filter((suggestion) => suggestion.priority === priority).length;
  return {
    total_suggestions: suggestions.length,
    high_priority: withPriority('high'),
    medium_priority: withPriority('medium'),
    low_priority: withPriority('low'),
    total_estimated_impact: {
      ...(revenue !== undefined && { revenue_opportunity: roundTo(revenue, moneyDigits) }),
      users_affected: touched.reduce((sum, { users }) => sum + users, 0),
      ...(conversions !== undefined && { conversion_improvements: roundTo(conversions, 0) }),
      ...(annual.length > 0 && {
        annual_additional_conversions: roundTo(
          annual.reduce((sum, each) => sum + each, 0),
          0,
        ),
      }),
    },
  };
}

type Touched = { readonly users: number; readonly suggestions: readonly SegmentOpportunity[] };

function sumOfLargest(touched: readonly Touched[], figure: (suggestion: SegmentOpportunity) => number | undefined): number | undefined {
  let sum: number | undefined;
  for (const { users, suggestions } of touched) {
    const perUser = suggestions.flatMap((suggestion) => {
      const value = figure(suggestion);
      return value === undefined || suggestion.segment.size === 0 ? [] : [value / suggestion.segment.size];
    });
    if (perUser.length > 0) sum = (sum ?? 0) + users * Math.max(...perUser);
  }
  return sum;
}

export type PayloadInput = {
  readonly tenantId: string;
  /** ISO 8601: the walk's. */
  readonly asOf: string;
  readonly suggestions: readonly Suggestion[];
  readonly audiences: readonly Audience[];
  readonly moneyDigits: number;
};

/** One batch for En Garde; nothing when there is nothing to suggest. Its priority is the highest of its suggestions. */
export function payloadOf({ tenantId, asOf, suggestions, audiences, moneyDigits }: PayloadInput): SuggestionsPayload | undefined {
  if (suggestions.length === 0) return undefined;
  const highest = (['high', 'medium', 'low'] as const).find((each) => suggestions.some(({ priority }) => priority === each)) ?? 'low';
  return {
    agent_type: 'audience_intelligence',
    tenant_id: tenantId,
    timestamp: asOf,
    priority: highest,
    suggestions: [...suggestions],
    summary: summarise(suggestions, audiences, moneyDigits),
  };
}
