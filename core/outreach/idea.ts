import { campaignFromAction } from '../campaign/from-action.js';
import type { CampaignRequest } from '../journey/campaign-request.js';
import type { SegmentFinding } from '../suggestion/evidence.js';
import { playFor } from '../suggestion/playbook.js';
import type { OutreachChannel } from './channels.js';
import { eventIdeas, type EventsSeen } from './event-ideas.js';
import { asSms, starterWords } from './starter-words.js';

/** A campaign that may be worth a draft, before it is known who can be reached by it. */
export type OutreachIdea = {
  /** `segment`: its members enter at the launch. `trigger`: members enter when they do something. `onboarding`: whoever signs up. */
  readonly kind: 'segment' | 'trigger' | 'onboarding';
  readonly channel: OutreachChannel;
  /** Null where an event lets anybody enter. */
  readonly segment: SegmentFinding | null;
  readonly name: string;
  readonly request: CampaignRequest;
  /** For whoever looks at the draft. */
  readonly notes: readonly string[];
};

/** What is not planned, and why, for people. */
export type Unplanned = { readonly segment: SegmentFinding | null; readonly name: string; readonly because: string };

export type Ideas = { readonly ideas: readonly OutreachIdea[]; readonly unplanned: readonly Unplanned[] };

export type IdeaContext = { readonly goal: string | null; readonly seen: EventsSeen };

/**
 * The campaigns of a channel: for each segment the first of its playbook there, or where templates have no words the starter's; in
 * inboxes also what events let enter. The same segments give the same ideas, in their order.
 */
export function ideasFor(channel: OutreachChannel, segments: readonly SegmentFinding[], context: IdeaContext): Ideas {
  const found = segments.map((segment) => segmentIdea(channel, segment, context.goal));
  const events = channel === 'in_app' ? eventIdeas(segments, context) : [];
  const all = [...found, ...events];
  return { ideas: all.filter((one) => 'request' in one), unplanned: all.filter((one) => 'because' in one) };
}

function segmentIdea(channel: OutreachChannel, segment: SegmentFinding, goal: string | null): OutreachIdea | Unplanned {
  if (channel !== 'email' && channel !== 'whatsapp') return starterIdea(channel, segment, goal);
  const { archetype } = segment.statistics;
  // The rate is no part of a campaign; a plan has it with its basis.
  const action = playFor(archetype, segment.name, 0).actions.find((one) => one.channel === channel);
  if (!action) return { segment, name: segment.name, because: `the playbook has nothing on ${channel} for such a segment` };
  const draft = campaignFromAction(action, { segmentId: segment.segmentId, goal });
  if (draft.kind === 'not_available') return { segment, name: action.campaign_name, because: draft.because };
  return { kind: 'segment', channel, segment, name: draft.name, request: draft.request, notes: draft.notes };
}

function starterIdea(channel: Exclude<OutreachChannel, 'email' | 'whatsapp'>, segment: SegmentFinding, goal: string | null): OutreachIdea {
  const { title, template, inApp, text } = starterWords[segment.statistics.archetype];
  const message = channel === 'sms' ? asSms(text) : text;
  const words = channel === 'in_app' ? inApp : { message, send_time: 'optimal' };
  return {
    kind: 'segment',
    channel,
    segment,
    name: `${segment.name} - ${title}`,
    request: { segment: segment.segmentId, ...(goal !== null && { goal }), sequence: [{ day: 0, channel, template, ...words }] },
    notes: ['its words are starters: read them before they go out'],
  };
}
