import type { EntryClock } from './due-time.js';
import { next, type ExitReason, type JourneyEvent, type LeaveReason } from './next.js';
import { usesReaction, type Plan } from './plan.js';
import { newJourney, phaseOf, wakesAtMs, type JourneyState } from './state.js';
import { reactions } from './triggers.js';

/** What all journeys of a batch go by. Clocks are few and members many, so that a member has the position of a clock. */
export type BatchCourse = {
  readonly plan: Plan;
  readonly enteredMs: number;
  /** When the campaign's clock began, where that was not at their entry. */
  readonly startMs?: number;
  /** Whether it has to be known at once that somebody has left, since they may enter again before the batch is over. */
  readonly notesLeavings?: boolean;
  /** How many times faster than ours the campaign's clock runs: 1, but in a rehearsal. */
  readonly speed: number;
  readonly tickMs: number;
  readonly clocks: readonly Pick<EntryClock, 'zone' | 'slots'>[];
  /** By idx. */
  readonly clockOf: readonly number[];
};

/** What a journey is told from outside, small: reactions to a step as an or of `reactionBits`, or what concerns all of it. */
export type Told = readonly [idx: number, stepKey: number, reactions: number] | readonly [idx: number, about: 'goal' | ExitReason];

export type WantedSend = { readonly idx: number; readonly stepKey: number; readonly dueMs: number };
export type Left = readonly [idx: number, because: LeaveReason, atMs: number];

const ORDERS = {
  pause: (atMs: number): JourneyEvent => ({ type: 'paused', atMs }),
  resume: (atMs: number): JourneyEvent => ({ type: 'resumed', atMs }),
  cancel: (atMs: number): JourneyEvent => ({ type: 'exit', atMs, reason: 'cancelled' }),
} as const;

/** The journeys of one batch. `states` and `left` are all that has to be carried from one run of a workflow to the next. */
export class JourneyBatch {
  readonly states: JourneyState[];
  readonly left: Left[];
  private readonly wanted: WantedSend[] = [];

  constructor(
    private readonly course: BatchCourse,
    carried?: { readonly states: readonly JourneyState[]; readonly left: readonly Left[] },
  ) {
    this.states = [...(carried?.states ?? course.clockOf.map((_, idx) => newJourney(idx)))];
    this.left = [...(carried?.left ?? [])];
    // A send that was wanted when the states were written down, and not answered, is wanted still.
    for (const [idx, step, , dueS] of this.states.filter((state) => phaseOf(state) === 'sending')) {
      this.wanted.push({ idx, stepKey: course.plan.steps[step]?.key ?? 0, dueMs: dueS * 1000 });
    }
  }

  /** Everybody enters who has not. */
  enter(atMs: number): void {
    for (const state of this.states) if (phaseOf(state) === 'new') this.move(state[0], { type: 'entered', atMs });
  }

  order(order: 'pause' | 'resume' | 'cancel', atMs: number): void {
    for (const [idx] of this.states) this.move(idx, ORDERS[order](atMs));
  }

  /** Wakes whoever is due. */
  wake(atMs: number): void {
    for (const state of this.states) {
      const dueMs = wakesAtMs(state);
      if (dueMs !== null && dueMs <= atMs) this.move(state[0], { type: 'due', atMs });
    }
  }

  tell(told: Told, atMs: number): void {
    const [idx] = told;
    if (told.length === 3) this.move(idx, { type: 'engaged', atMs, stepKey: told[1], reactions: told[2] });
    else this.move(idx, told[1] === 'goal' ? { type: 'goalReached', atMs } : { type: 'exit', atMs, reason: told[1] });
  }

  move(idx: number, event: JourneyEvent): void {
    const state = this.states[idx];
    const clock = this.course.clocks[this.course.clockOf[idx] ?? 0];
    if (state === undefined || clock === undefined) return;
    const { plan, enteredMs, tickMs } = this.course;
    const [moved, commands] = next(plan, state, event, { ...clock, enteredMs, tickMs });
    this.states[idx] = moved;
    for (const command of commands) {
      if (command.type === 'send') this.wanted.push({ idx, stepKey: command.stepKey, dueMs: command.dueMs });
      if (command.type === 'leave') this.left.push([idx, command.reason, event.atMs]);
    }
  }

  /** The sends that are wanted since this was asked last. Whoever has left meanwhile wants none. */
  takeWanted(): WantedSend[] {
    return this.wanted.splice(0).filter(({ idx }) => this.isSending(idx));
  }

  isSending(idx: number): boolean {
    const state = this.states[idx];
    return state !== undefined && phaseOf(state) === 'sending';
  }

  isOver(): boolean {
    return this.states.every((state) => phaseOf(state) === 'left');
  }

  /** When one of them, or the first of all, wants to be woken; nothing where only an answer moves them on. */
  wakesAtMs(idx?: number): number | null {
    const states = idx === undefined ? this.states : this.states.slice(idx, idx + 1);
    const times = states.flatMap((state) => wakesAtMs(state) ?? []);
    return times.length === 0 ? null : times.reduce((earliest, at) => Math.min(earliest, at));
  }
}

/** What journeys on a plan can use of what providers tell, as `<step key> <reaction>`: nobody need bring the rest. */
export const watchedReactions = (plan: Plan): string[] =>
  plan.steps.flatMap(({ key }) =>
    reactions.filter((reaction) => usesReaction(plan, key, reaction)).map((reaction) => `${key} ${reaction}`),
  );
