import type { LocalDate } from '../ids.js';
import type { OutreachChannel } from './channels.js';
import type { Unplanned } from './idea.js';
import type { OutreachPlan } from './plan.js';

export type OutreachOfChannel = {
  readonly channel: OutreachChannel;
  readonly walkDate: LocalDate;
  readonly asOf: string;
  readonly plans: readonly OutreachPlan[];
  readonly unplanned: readonly Unplanned[];
};

/** What a walk keeps of its plans on a channel, docs/outreach.md. Without a clock or a drawn id: the same plans give the same bytes. */
export function artifactOf({ channel, walkDate, asOf, plans, unplanned }: OutreachOfChannel) {
  return { channel, walk_date: walkDate, as_of: asOf, campaigns: plans.map(planShown), not_planned: unplanned.map(unplannedShown) };
}

export type OutreachArtifact = ReturnType<typeof artifactOf>;

const segmentShown = (segment: OutreachPlan['segment']) =>
  segment && { segment_id: segment.segmentId, name: segment.name, size: segment.statistics.users };

const planShown = ({ planId, kind, name, segment, request, inWords, figures, basis, sendTime, notes }: OutreachPlan) => ({
  plan_id: planId,
  kind,
  campaign_name: name,
  segment: segmentShown(segment),
  campaign: request,
  in_words: inWords,
  figures,
  basis,
  send_time: sendTime,
  notes,
});

const unplannedShown = ({ segment, name, because }: Unplanned) => ({ segment: segmentShown(segment), campaign_name: name, because });
