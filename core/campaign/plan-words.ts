import { LEAVE, type Plan, type PlanStep, type Trigger } from '../journey/plan.js';
import type { SendTime } from '../journey/send-time.js';
import { reactions, type Watched } from '../journey/triggers.js';

const HOUR_MS = 3_600_000;
const DAY_HOURS = 24;

/** A plan as a person would tell it: one sentence for each step, in their order. */
export const stepsInWords = (plan: Plan): string[] => plan.steps.map((_, i) => stepInWords(plan, i));

function stepInWords(plan: Plan, position: number): string {
  const step = plan.steps[position];
  if (step === undefined) return '';
  const { channel, provider, template, trigger, day, sendTime } = step;
  const parts = [`${whenInWords(day, sendTime)}: ${channel}${provider === undefined ? '' : ` (${provider})`} ${template}`];
  if (step.test !== undefined) parts.push(`in the arms of ${step.test}`);
  if (trigger) parts.push(`to those ${triggerInWords(plan, trigger)}; others ${targetInWords(plan, step.otherwise)}`);
  if (step.next !== position + 1) parts.push(`then ${step.next === LEAVE ? 'the journey ends' : `on with step ${keyAt(plan, step.next)}`}`);
  return parts.join(', ');
}

function whenInWords(day: number, sendTime: SendTime): string {
  const date = day === 0 ? 'On the day of entry' : `From day ${day} on`;
  if (sendTime === 'optimal') return `${date}, at the best hour of each`;
  return sendTime === null ? date : `${date}, at ${clockTime(sendTime)} of each one's clock`;
}

/** `07:05` of a minute of the day. */
export const clockTime = (minuteOfDay: number): string =>
  `${String(Math.floor(minuteOfDay / 60)).padStart(2, '0')}:${String(minuteOfDay % 60).padStart(2, '0')}`;

const DID: Readonly<Record<Watched, string>> = {
  delivered: 'who were reached by',
  opened: 'who opened',
  clicked: 'who clicked in',
  replied: 'who replied to',
  engaged: 'who clicked in or replied to',
  converted: 'who reached',
};

const DID_NOT: Readonly<Record<Watched, string>> = {
  delivered: 'who were not reached by',
  opened: 'who did not open',
  clicked: 'who did not click in',
  replied: 'who did not reply to',
  engaged: 'who neither clicked in nor replied to',
  converted: 'who have not reached',
};

/** A click in an inbox is that a message's action was taken; nobody replies there. */
const IN_APP_ACTION = { did: 'who interacted with', didNot: 'who did not interact with' };

function triggerInWords(plan: Plan, trigger: Trigger): string {
  const { watches, wanted, timeoutMs } = trigger;
  const watched = watchedStep(plan, trigger);
  const what = watches === 'converted' ? (plan.goal ?? 'the goal') : `step ${watched?.key ?? '?'}`;
  const isAction = watches === 'engaged' || watches === 'clicked';
  const words = watched?.channel === 'in_app' && isAction ? IN_APP_ACTION : { did: DID[watches], didNot: DID_NOT[watches] };
  return `${wanted ? words.did : words.didNot} ${what} within ${hoursInWords(timeoutMs / HOUR_MS)}`;
}

/** The step that gives a trigger its bit: no two things have the same. */
const watchedStep = (plan: Plan, { bit }: Trigger): PlanStep | undefined =>
  plan.steps.find(({ marks }) => reactions.some((reaction) => ((marks[reaction] ?? 0) & bit) !== 0));

function hoursInWords(hours: number): string {
  const isDays = hours >= 2 * DAY_HOURS && hours % DAY_HOURS === 0;
  return isDays ? `${hours / DAY_HOURS} days` : `${hours} ${hours === 1 ? 'hour' : 'hours'}`;
}

const keyAt = (plan: Plan, position: number): number | string => plan.steps[position]?.key ?? '?';

function targetInWords(plan: Plan, position: number): string {
  if (position === LEAVE) return 'leave';
  return position >= plan.steps.length ? 'are at the end' : `go on with step ${keyAt(plan, position)}`;
}

const EVERY = { daily: 'day', weekly: 'week', monthly: 'month' } as const;

/** At which moments people enter, and whether again. */
export function entryInWords({ entry, frequency, reentry }: Plan): string {
  if (frequency !== null)
    return `The segment enters every ${EVERY[frequency]}, at the hour of the launch; whoever is still under way stays out.`;
  if (entry.kind === 'launch') return 'The segment enters at the launch.';
  const who =
    entry.kind === 'event' ? `Whoever does ${entry.event} enters` : 'The segment enters at the launch, and whoever comes into it later';
  if (reentry.kind === 'never') return `${who}, once.`;
  return reentry.kind === 'after_leaving' ? `${who}, again after leaving.` : `${who}, again ${reentry.days} days after the entry before.`;
}

/** Who leaves before the last step, beside those whom nothing may be sent to any more. */
export function exitsInWords({ goal, exits, lifetimeMs }: Plan): string[] {
  const days = Math.floor(lifetimeMs / (DAY_HOURS * HOUR_MS));
  return [
    ...(exits.goal ? [`Whoever reaches ${goal ?? 'the goal'} leaves.`] : []),
    ...(exits.segmentLeft ? ['Whoever leaves the segment leaves.'] : []),
    ...(exits.pause ? ['A pause ends it for everybody.'] : []),
    `No message goes out later than ${days} ${days === 1 ? 'day' : 'days'} after entry.`,
  ];
}
