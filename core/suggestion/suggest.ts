import {
  evidenceOf,
  expectedConversions,
  expectedSpendMinor,
  type MeasuredSegment,
  type SegmentFinding,
  type Unmeasured,
} from './evidence.js';
import type { SegmentOpportunity } from './payload.js';
import { segmentOpportunity, type WalkContext } from './segment-opportunity.js';

/** A segment that brings less than this part of the whole is not worth a marketer's morning. */
export const LEAST_SHARE = 0.01;

/** Why there is no suggestion for a segment. */
export type Silence = Unmeasured | { readonly kind: 'small_share'; readonly share: number };

export type Findings = {
  /** The one that is expected to bring most first. */
  readonly suggestions: readonly SegmentOpportunity[];
  readonly silences: readonly { readonly segmentId: string; readonly because: Silence }[];
};

/**
 * A segment opportunity fires for every behavioural segment with at least 30 members, whose 30 or more people of 30 days ago
 * converted at least 5 times since, and which is expected to bring at least 1 % of what all measured segments are expected to
 * bring in the next 30 days (revenue; for a tenant without revenue, conversions). Who stays silent, stays silent with a reason.
 */
export function suggest(segments: readonly SegmentFinding[], context: WalkContext): Findings {
  const silences: { segmentId: string; because: Silence }[] = [];
  const measured: MeasuredSegment[] = [];
  for (const segment of segments) {
    const evidence = evidenceOf(segment.statistics);
    if (evidence.kind === 'measured') measured.push({ ...segment, measured: evidence.measured });
    else silences.push({ segmentId: segment.segmentId, because: evidence });
  }
  const worths = worthOf(measured);
  const total = worths.reduce((sum, { worth }) => sum + worth, 0);
  const suggestions: SegmentOpportunity[] = [];
  for (const { segment, worth } of worths) {
    const share = total > 0 ? worth / total : 0;
    if (share < LEAST_SHARE) silences.push({ segmentId: segment.segmentId, because: { kind: 'small_share', share } });
    else suggestions.push(segmentOpportunity(segment, measured, share, context));
  }
  return { suggestions, silences };
}

/** In money when every segment has some, else in conversions: shares of different things cannot be compared. */
function worthOf(measured: readonly MeasuredSegment[]): readonly { readonly segment: MeasuredSegment; readonly worth: number }[] {
  const inRevenue = measured.some((segment) => (expectedSpendMinor(segment) ?? 0) > 0);
  return measured
    .map((segment) => ({ segment, worth: inRevenue ? (expectedSpendMinor(segment) ?? 0) : expectedConversions(segment) }))
    .sort((a, b) => b.worth - a.worth || (a.segment.segmentId < b.segment.segmentId ? -1 : 1));
}
