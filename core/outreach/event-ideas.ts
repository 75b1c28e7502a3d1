import type { KnownEvent } from '../event/vocabulary.js';
import { LEAST_USERS, type SegmentFinding } from '../suggestion/evidence.js';
import type { IdeaContext, OutreachIdea, Unplanned } from './idea.js';

/** How many people did an event in the 30 days before the walk, by its name: of all, and by segment. */
export type EventsSeen = {
  readonly ofAll: Readonly<Record<string, number>>;
  readonly bySegment: Readonly<Record<string, Readonly<Record<string, number>>>>;
};

/** With which somebody begins; the first that enough people did is what the onboarding waits for. */
export const beginnings = ['sign_up', 'trial_started', 'app_installed'] as const satisfies readonly KnownEvent[];

/** After which somebody may not come to an end, the nearest to it first. */
export const intentions = ['cart_abandoned', 'checkout_started', 'product_added'] as const satisfies readonly KnownEvent[];

/** How long after an intention somebody is left alone. */
const PATIENCE_HOURS = 1;
const REENTRY_DAYS = 30;

/** In-app campaigns that people enter by what they do: one onboarding for all, and for each segment what its members leave unfinished. */
export function eventIdeas(segments: readonly SegmentFinding[], context: IdeaContext): (OutreachIdea | Unplanned)[] {
  return [onboarding(context), ...segments.map((segment) => trigger(segment, context))];
}

const most = (events: readonly string[], seen: Readonly<Record<string, number>> = {}): string | undefined =>
  events.find((event) => (seen[event] ?? 0) >= LEAST_USERS);

function onboarding({ goal, seen }: IdeaContext): OutreachIdea | Unplanned {
  const event = most(beginnings, seen.ofAll);
  if (event === undefined) {
    const because = `fewer than ${LEAST_USERS} people did any of ${beginnings.join(', ')} in the 30 days before`;
    return { segment: null, name: 'Onboarding', because };
  }
  return {
    kind: 'onboarding',
    channel: 'in_app',
    segment: null,
    name: 'Onboarding',
    request: {
      ...(goal !== null && { goal }),
      entry: { event },
      sequence: [
        {
          day: 0,
          channel: 'in_app',
          template: 'welcome_series_1',
          subject: 'Welcome{% if first_name %}, {{ first_name }}{% endif %}',
          content: 'Good that you are here. Begin with the one thing that you came for.',
        },
        {
          day: 2,
          channel: 'in_app',
          template: 'educational_drip',
          subject: 'A good next step',
          content: 'Try one thing that you have not used before. Most of it takes less than five minutes.',
          ...(goal !== null && { trigger: 'not_converted' }),
        },
      ],
    },
    notes: [`whoever does ${event} enters, from the launch on`, 'its words are starters: read them before they go out'],
  };
}

function trigger(segment: SegmentFinding, { goal, seen }: IdeaContext): OutreachIdea | Unplanned {
  const name = `${segment.name} - Left Unfinished`;
  if (goal === null) return { segment, name, because: 'the tenant has no goal convert_to_paid, so nobody can tell what is unfinished' };
  const event = most(intentions, seen.bySegment[segment.segmentId]);
  if (event === undefined) {
    return { segment, name, because: `fewer than ${LEAST_USERS} members did any of ${intentions.join(', ')} in the 30 days before` };
  }
  return {
    kind: 'trigger',
    channel: 'in_app',
    segment,
    name,
    request: {
      segment: segment.segmentId,
      goal,
      entry: { event },
      re_entry: { after_days: REENTRY_DAYS },
      sequence: [
        {
          day: 0,
          channel: 'in_app',
          template: 'engagement_follow_up',
          subject: 'You left something unfinished',
          content: 'What you had chosen is where you left it. Go on whenever it suits you.',
          trigger: 'not_converted',
          timeout_hours: PATIENCE_HOURS,
        },
      ],
    },
    notes: [
      `members enter when they do ${event}, at most every ${REENTRY_DAYS} days`,
      'its words are starters: read them before they go out',
    ],
  };
}
