import assert from 'node:assert/strict';
import type { CampaignRequest } from '../../../core/journey/campaign-request.js';
import type { EntryClock } from '../../../core/journey/due-time.js';
import { makePlan } from '../../../core/journey/make-plan.js';
import { next, type JourneyEvent, type LeaveReason, type SendAnswer } from '../../../core/journey/next.js';
import type { Plan } from '../../../core/journey/plan.js';
import { newJourney, wakesAtMs, type JourneyState } from '../../../core/journey/state.js';
import { reactionBits, type Reaction } from '../../../core/journey/triggers.js';
import { zoneOffsets } from '../../../core/journey/zone-offsets.js';

export const HOUR_MS = 3_600_000;
export const DAY_MS = 24 * HOUR_MS;

/** The solution document's campaign, without its comment. */
export const fourSteps: CampaignRequest = {
  campaign_id: 'camp_12345',
  segment: 'Potential Loyalists',
  goal: 'convert_to_paid',
  sequence: [
    {
      day: 0,
      channel: 'email',
      template: 'welcome_series_1',
      subject: '{{first_name}}, discover your personalized recommendations',
      send_time: 'optimal',
      trigger: 'segment_entry',
    },
    {
      day: 1,
      channel: 'whatsapp',
      template: 'engagement_follow_up',
      message: 'Hi {{first_name}}! Did you see our recommendations? Reply YES for a quick demo 🎁',
      send_time: '10:00 AM user_timezone',
      trigger: 'email_opened',
    },
    { day: 2, channel: 'in_app', template: 'feature_highlight', content: 'Interactive product tour', trigger: 'whatsapp_replied' },
    {
      day: 4,
      channel: 'email',
      template: 'limited_offer',
      subject: '{{first_name}}, 20% off ends tomorrow!',
      send_time: 'optimal',
      trigger: 'in_app_engaged',
    },
  ],
};

/** The document's sequence diagram: days 1 to 7, "if opened / clicked / engaged / not converted". */
export const fiveSteps: CampaignRequest = {
  segment: 'Potential Loyalists',
  goal: 'convert_to_paid',
  sequence: [
    { day: 1, channel: 'email', template: 'welcome_series_1' },
    { day: 2, channel: 'whatsapp', template: 'engagement_follow_up', trigger: 'opened' },
    { day: 3, channel: 'in_app', template: 'feature_highlight', trigger: 'clicked' },
    { day: 5, channel: 'email', template: 'limited_offer', trigger: 'engaged' },
    { day: 7, channel: 'whatsapp', template: 'engagement_follow_up', trigger: 'not_converted' },
  ],
};

export function planOf(request: CampaignRequest): Plan {
  const made = makePlan(request);
  assert.ok(made.status === 'made', JSON.stringify(made));
  return made.plan;
}

/** A Wednesday; Berlin is an hour ahead of UTC. */
export const ENTERED_MS = Date.parse('2026-11-25T08:00:00Z');

export function clockIn(timeZone: string, more: Partial<EntryClock> = {}): EntryClock {
  const enteredMs = more.enteredMs ?? ENTERED_MS;
  return {
    enteredMs,
    zone: zoneOffsets(timeZone, { fromMs: enteredMs - DAY_MS, toMs: enteredMs + 400 * DAY_MS }),
    slots: {},
    tickMs: 0,
    ...more,
  };
}

export const reacted = (stepKey: number, reaction: Reaction, atMs: number): JourneyEvent => ({
  type: 'engaged',
  stepKey,
  reactions: reactionBits[reaction],
  atMs,
});

/** What a person does after a message: hours after it was sent. */
export type Doing = { readonly afterHours: number; readonly event: Reaction | 'machine_opened' | 'converted' | 'unsubscribed' };
export type Person = {
  readonly does?: Readonly<Record<number, readonly Doing[]>>;
  readonly answers?: (stepKey: number, attempt: number, atMs: number) => SendAnswer;
  readonly others?: readonly JourneyEvent[];
};

export type Story = { readonly sends: readonly string[]; readonly left: LeaveReason | null; readonly state: JourneyState };

/** Lives a journey to its end: wakes it when it wants to be woken, answers its sends at once. */
export function live(plan: Plan, clock: EntryClock, person: Person = {}): Story {
  const queue: JourneyEvent[] = [{ type: 'entered', atMs: clock.enteredMs }, ...(person.others ?? [])];
  const sends: string[] = [];
  const attempts = new Map<number, number>();
  let [state, left] = [newJourney(7), null as LeaveReason | null];
  for (let turns = 0; turns < 1000; turns += 1) {
    queue.sort((a, b) => a.atMs - b.atMs);
    const wakes = wakesAtMs(state);
    const isWoken = wakes !== null && (queue[0] === undefined || wakes <= queue[0].atMs);
    const event: JourneyEvent | undefined = isWoken ? { type: 'due', atMs: wakes } : queue.shift();
    if (event === undefined) return { sends, left, state };
    const [after, commands] = next(plan, state, event, clock);
    state = after;
    for (const command of commands) {
      if (command.type === 'leave') left = command.reason;
      if (command.type !== 'send') continue;
      const { stepKey, dueMs } = command;
      const attempt = (attempts.get(stepKey) ?? 0) + 1;
      attempts.set(stepKey, attempt);
      const answer = person.answers?.(stepKey, attempt, event.atMs) ?? { kind: 'sent' };
      queue.push({ type: 'answered', stepKey, dueMs, answer, atMs: event.atMs });
      if (answer.kind !== 'sent' && answer.kind !== 'uncertain') continue;
      sends.push(`${stepKey} ${new Date(event.atMs).toISOString().slice(5, 16)}`);
      queue.push(...(person.does?.[stepKey] ?? []).map((doing) => eventOf(doing, stepKey, event.atMs)));
    }
  }
  throw new Error('the journey has no end');
}

function eventOf({ afterHours, event }: Doing, stepKey: number, sentMs: number): JourneyEvent {
  const atMs = sentMs + afterHours * HOUR_MS;
  if (event === 'converted') return { type: 'goalReached', atMs };
  if (event === 'unsubscribed') return { type: 'exit', reason: 'unsubscribed', atMs };
  if (event === 'machine_opened') return { type: 'engaged', stepKey, reactions: reactionBits.opened, atMs, machine: true };
  return reacted(stepKey, event, atMs);
}
