import { assertNever } from '../errors.js';
import { alignedMs, earliestMs, reactionMs, roundedUp, type EntryClock, type SentBefore } from './due-time.js';
import { LEAVE, marksFor, type Plan, type PlanStep } from './plan.js';
import { isPaused, phaseOf, phases, withPause, type JourneyState, type Phase } from './state.js';

/** Every event carries its own time, which is the only clock: when it is applied, not when somebody clicked. */
export type JourneyEvent =
  | { readonly type: 'entered'; readonly atMs: number }
  | { readonly type: 'due'; readonly atMs: number }
  /** `reactions` is an or of `reactionBits`. A machine that fetches pictures or follows links is nobody's reaction. */
  | { readonly type: 'engaged'; readonly atMs: number; readonly stepKey: number; readonly reactions: number; readonly machine?: boolean }
  /** What became of a send: of that one which the command with the same key and `dueMs` asked for, and of no other. */
  | { readonly type: 'answered'; readonly atMs: number; readonly stepKey: number; readonly dueMs: number; readonly answer: SendAnswer }
  | { readonly type: 'goalReached'; readonly atMs: number }
  | { readonly type: 'exit'; readonly atMs: number; readonly reason: ExitReason }
  | { readonly type: 'paused'; readonly atMs: number }
  | { readonly type: 'resumed'; readonly atMs: number }
  /** The campaign has reached its end: nobody gets another message. */
  | { readonly type: 'ended'; readonly atMs: number };

/** `uncertain` may have gone out, and so is never sent again: the journey goes on as if it had. */
export type SendAnswer =
  | { readonly kind: 'sent' | 'suppressed' | 'failed' | 'uncertain' }
  | { readonly kind: 'deferred'; readonly untilMs: number; readonly isExact?: true };

export type ExitReason = 'unsubscribed' | 'complained' | 'bounced' | 'deleted' | 'segment_left' | 'cancelled';
export type LeaveReason = ExitReason | 'completed' | 'trigger_missed' | 'goal_reached' | 'paused' | 'expired' | 'ended';

export type JourneyCommand =
  | { readonly type: 'send'; readonly stepKey: number; readonly dueMs: number }
  | { readonly type: 'wait'; readonly untilMs: number }
  | { readonly type: 'leave'; readonly reason: LeaveReason };

export type Moved = readonly [state: JourneyState, commands: readonly JourneyCommand[]];

/**
 * One user's way through a sequence, mode by mode (`phaseOf`). Pure: the same event twice changes nothing the second time, and what
 * a mode does not expect changes nothing at all.
 *
 * - new: the user has not entered. `entered` arrives at the first step.
 * - watching: the step's trigger is open. `dueS` is when patience ends.
 *   - A trigger that waits for something (`email_opened`): as soon as it is seen, the message is scheduled for the step's day and send
 *     time, or where both have come, sent at once. When `dueS` passes without it (the step's earliest moment and the time-out), else.
 *   - One that waits for nothing to happen (`not_opened`): as soon as it does happen, else. When `dueS` passes without (the step's
 *     earliest moment that is a time-out later than the arrival), sent.
 * - scheduled: nothing but time is missing. `dueS` is when to send.
 * - sending: a send was asked for and not answered yet. `dueS` tells this attempt from others. Sent or uncertain goes on; suppressed or
 *   failed goes on too, and the step counts as missed; deferred is scheduled again, for later than before, and where it is exact for
 *   just that second, without the campaign's tick.
 * - left: over. Sticky: late answers and reactions move nothing.
 *
 * Paused lies over any of them: reactions are noted and time-outs run on (a pause stops messages, not people), answers still count,
 * nothing is sent. A resumption then does what is due, at the step's next send time.
 *
 * Arriving at a step decides at once what can be decided: what was seen earlier counts. Where a trigger looks at a step that was not
 * sent, what it waits for cannot come: one that wants it goes to else, one that wants it not to happen has come true. Else leads to a later
 * step or out. A journey never goes back, so each step is sent at most once in an entry; and since every wait has an end (time-outs,
 * and no message later than the lifetime after entry), every journey ends once its sends are answered.
 */
export function next(plan: Plan, state: JourneyState, event: JourneyEvent, clock: EntryClock): Moved {
  const phase = phaseOf(state);
  if (phase === 'left') return unchanged(state);
  const course: Course = { plan, clock, atMs: event.atMs };
  switch (event.type) {
    case 'entered':
      return phase === 'new' ? arrive(course, state, 0, null) : unchanged(state);
    case 'due':
      return due(course, state);
    case 'engaged':
      return event.machine === true ? unchanged(state) : saw(course, state, marksOf(plan, state, event));
    case 'answered':
      return answered(course, state, event);
    case 'goalReached':
      return plan.exits.goal ? leave(state, 'goal_reached') : saw(course, state, plan.convertedBit);
    case 'exit':
      return event.reason === 'segment_left' && !plan.exits.segmentLeft ? unchanged(state) : leave(state, event.reason);
    case 'paused':
      return paused(course, state);
    case 'resumed':
      return isPaused(state) ? resumed(course, withPause(state, false)) : unchanged(state);
    case 'ended':
      return leave(state, 'ended');
    default:
      return assertNever(event);
  }
}

type Course = { readonly plan: Plan; readonly clock: EntryClock; readonly atMs: number };

const NOTHING: readonly JourneyCommand[] = [];
const unchanged = (state: JourneyState): Moved => [state, NOTHING];

const leave = ([idx, step, , , seen]: JourneyState, reason: LeaveReason): Moved => [
  [idx, step, phases.left, 0, seen],
  [{ type: 'leave', reason }],
];

/** At a step, from the one before or past some that were not sent: decides what can be decided, and goes on where that is else. */
function arrive(course: Course, state: JourneyState, position: number, sentBefore: SentBefore | null): Moved {
  const step = course.plan.steps[position];
  if (step === undefined) return leave(state, 'completed');
  const at = movedTo(state, position, 'watching', course.atMs);
  const { trigger } = step;
  const earliest = earliestMs(step, course.clock, course.atMs, sentBefore);
  if (trigger === null) return schedule(course, at, earliest);
  const seen = at[4];
  if ((seen & trigger.bit) !== 0) return trigger.wanted ? schedule(course, at, earliest) : otherwise(course, at, sentBefore);
  if ((seen & trigger.missedBit) !== 0) return trigger.wanted ? otherwise(course, at, sentBefore) : schedule(course, at, earliest);
  return watch(course, at, earliest, step);
}

const movedTo = ([idx, , phase, , seen]: JourneyState, position: number, to: Phase, dueMs: number): JourneyState =>
  withPause([idx, position, phases[to], Math.ceil(dueMs / 1000), seen], phase >= 8);

function watch(course: Course, state: JourneyState, earliest: number, step: PlanStep): Moved {
  const { clock, atMs } = course;
  const { trigger } = step;
  if (trigger === null) return unchanged(state);
  if (trigger.wanted) return waiting(movedTo(state, state[1], 'watching', roundedUp(earliest, clock) + trigger.timeoutMs));
  const judgedMs = Math.max(earliest, alignedMs(step, clock, atMs + trigger.timeoutMs));
  if (judgedMs <= atMs) return schedule(course, state, judgedMs);
  return waiting(movedTo(state, state[1], 'watching', roundedUp(judgedMs, clock)));
}

const waiting = (state: JourneyState): Moved =>
  isPaused(state) ? unchanged(state) : [state, [{ type: 'wait', untilMs: state[3] * 1000 }]];

/** Sends at once what is due: only what has to wait is rounded up to the campaign's tick. */
function schedule(course: Course, state: JourneyState, dueMs: number, clock: Pick<EntryClock, 'tickMs'> = course.clock): Moved {
  const isDue = dueMs <= course.atMs;
  const at = movedTo(state, state[1], 'scheduled', isDue ? dueMs : roundedUp(dueMs, clock));
  if (isDue && !isPaused(at)) return send(course, at);
  return isTooLate(course, at[3] * 1000) ? leave(state, 'expired') : waiting(at);
}

/** A message that was held for so long is out of place; and without an end to holding, a journey might have none. */
const isTooLate = ({ plan, clock }: Course, ms: number): boolean => ms > clock.enteredMs + plan.lifetimeMs;

function send(course: Course, state: JourneyState): Moved {
  if (isTooLate(course, course.atMs)) return leave(state, 'expired');
  const [idx, position, , dueS, seen] = state;
  const stepKey = course.plan.steps[position]?.key ?? 0;
  return [[idx, position, phases.sending, dueS, seen], [{ type: 'send', stepKey, dueMs: dueS * 1000 }]];
}

/** The trigger did not come true: to a later step, or out. Whatever is passed over was not sent. */
function otherwise(course: Course, state: JourneyState, sentBefore: SentBefore | null): Moved {
  const { steps } = course.plan;
  const target = steps[state[1]]?.otherwise ?? LEAVE;
  if (target === LEAVE) return leave(state, 'trigger_missed');
  return arrive(course, withMissed(steps, state, state[1], target), target, sentBefore);
}

function withMissed(steps: readonly PlanStep[], [idx, step, phase, dueS, seen]: JourneyState, from: number, to: number): JourneyState {
  const missed = steps.slice(from, to).reduce((all, { missedBit }) => all | missedBit, 0);
  return [idx, step, phase, dueS, seen | missed];
}

function due(course: Course, state: JourneyState): Moved {
  if (isPaused(state) || state[3] * 1000 > course.atMs) return unchanged(state);
  const phase = phaseOf(state);
  if (phase === 'scheduled') return send(course, state);
  if (phase !== 'watching') return unchanged(state);
  return course.plan.steps[state[1]]?.trigger?.wanted === true ? otherwise(course, state, null) : send(course, state);
}

/** Nobody reacts to a message that was not asked for yet: what says so is about another journey, or forged. */
function marksOf({ steps }: Plan, state: JourneyState, { stepKey, reactions }: Extract<JourneyEvent, { type: 'engaged' }>): number {
  const position = steps.findIndex(({ key }) => key === stepKey);
  const step = steps[position];
  const wasAsked = position < state[1] || (position === state[1] && phaseOf(state) === 'sending');
  return step !== undefined && wasAsked ? marksFor(step, reactions) : 0;
}

function saw(course: Course, state: JourneyState, marks: number): Moved {
  const [idx, position, phase, dueS, before] = state;
  const seen = before | marks;
  if (seen === before) return unchanged(state);
  const noted: JourneyState = [idx, position, phase, dueS, seen];
  return phase === phases.watching ? react(course, noted) : unchanged(noted);
}

/** What is seen while a trigger is open decides it; what does not concern it changes nothing. */
function react(course: Course, state: JourneyState): Moved {
  const step = course.plan.steps[state[1]];
  const trigger = step?.trigger;
  if (step === undefined || !trigger || (state[4] & trigger.bit) === 0) return unchanged(state);
  if (!trigger.wanted) return otherwise(course, state, null);
  return schedule(course, state, reactionMs(step, course.clock, course.atMs, state[3] * 1000 - trigger.timeoutMs));
}

function answered(course: Course, state: JourneyState, { stepKey, dueMs, answer }: Extract<JourneyEvent, { type: 'answered' }>): Moved {
  const step = course.plan.steps[state[1]];
  if (phaseOf(state) !== 'sending' || step?.key !== stepKey || state[3] * 1000 !== dueMs) return unchanged(state);
  switch (answer.kind) {
    case 'deferred':
      // Later than before in any case, so that every attempt has a time of its own.
      return schedule(course, state, Math.max(answer.untilMs, dueMs + 1000), answer.isExact ? { tickMs: 0 } : course.clock);
    case 'sent':
    case 'uncertain':
      return goOn(course, state, step, { day: step.day, atMs: course.atMs });
    case 'suppressed':
    case 'failed':
      return goOn(course, withMissed(course.plan.steps, state, state[1], state[1] + 1), step, null);
    default:
      return assertNever(answer);
  }
}

function goOn(course: Course, state: JourneyState, { next: position }: PlanStep, sentBefore: SentBefore | null): Moved {
  if (position === LEAVE) return leave(state, 'completed');
  return arrive(course, withMissed(course.plan.steps, state, state[1] + 1, position), position, sentBefore);
}

function paused({ plan }: Course, state: JourneyState): Moved {
  if (plan.exits.pause) return leave(state, 'paused');
  return unchanged(withPause(state, true));
}

/** What fell due meanwhile goes out at the step's next send time: a campaign resumed at night does not wake its audience. */
function resumed(course: Course, state: JourneyState): Moved {
  const step = course.plan.steps[state[1]];
  const phase = phaseOf(state);
  if (step === undefined || phase === 'new' || phase === 'sending') return unchanged(state);
  if (phase === 'watching' && step.trigger && (state[4] & step.trigger.bit) !== 0) return react(course, state);
  if (state[3] * 1000 > course.atMs) return waiting(state);
  if (phase === 'watching' && step.trigger?.wanted === true) return otherwise(course, state, null);
  return schedule(course, state, alignedMs(step, course.clock, course.atMs));
}
