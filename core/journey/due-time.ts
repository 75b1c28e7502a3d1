import type { EngagementChannel } from '../event/engagement.js';
import type { PlanStep } from './plan.js';
import { localDayAt, momentOf, type ZoneOffsets } from './zone-offsets.js';

/** A user's best time on a channel. Weekdays are ISO's, 1 for Monday; without one every day is as good. */
export type Slot = { readonly weekday?: number; readonly hour: number; readonly minute?: number };

/** What a journey's times depend on beside the plan. Does not change during an entry. */
export type EntryClock = {
  readonly enteredMs: number;
  readonly zone: ZoneOffsets;
  readonly slots: Readonly<Partial<Record<EngagementChannel, Slot>>>;
  readonly tickMs: number;
};

/** The step that was sent just before, and when. */
export type SentBefore = { readonly day: number; readonly atMs: number };

/** For `optimal` where nothing was learned, and on later days for messages without a send time that would disturb at midnight. */
export const DEFAULT_SLOT: Slot = { hour: 10 };
/** A best weekday that is further away than this is not worth delaying a sequence for; its hour still is. */
const MOST_DAYS_FOR_WEEKDAY = 2;
const SMALL_CAMPAIGN = 200;
const LARGE_CAMPAIGN = 10_000;

/** To what timed dues round up: many that fall due together are sent together, at a fraction of the cost. */
export function tickFor(recipients: number): number {
  if (recipients <= SMALL_CAMPAIGN) return 0;
  return recipients <= LARGE_CAMPAIGN ? 60_000 : 300_000;
}

/** Up to the campaign's tick, and always to whole seconds, which is what a journey's state keeps. */
export function roundedUp(ms: number, { tickMs }: Pick<EntryClock, 'tickMs'>): number {
  const unit = Math.max(tickMs, 1000);
  return Math.ceil(ms / unit) * unit;
}

/**
 * The earliest moment of a step, at or after `notBeforeMs`: on its day, counted from the day of entry on the user's own calendar,
 * at its send time. A step of a later day than the one just sent waits for another local day, however late that one was.
 */
export function earliestMs(step: PlanStep, clock: EntryClock, notBeforeMs: number, sentBefore: SentBefore | null): number {
  const entryDay = localDayAt(clock.zone, clock.enteredMs);
  const dayAfter = sentBefore !== null && step.day > sentBefore.day ? localDayAt(clock.zone, sentBefore.atMs) + 1 : entryDay;
  const firstDay = Math.max(entryDay + step.day, dayAfter);
  const slot = slotOf(step, clock);
  if (slot !== null) return slotMs(slot, clock.zone, firstDay, notBeforeMs);
  if (firstDay === entryDay) return notBeforeMs;
  const opensAt = step.channel === 'in_app' ? 0 : DEFAULT_SLOT.hour * 60;
  return Math.max(notBeforeMs, momentOf(clock.zone, firstDay, opensAt));
}

/** The step's next send time at or after a moment on or after its day; that moment itself, where the step has none. */
export function alignedMs(step: PlanStep, clock: EntryClock, atMs: number): number {
  const slot = slotOf(step, clock);
  return slot === null ? atMs : slotMs(slot, clock.zone, localDayAt(clock.zone, atMs), atMs);
}

/**
 * When a step is sent to whoever reacts at a moment. `earliest` is the step's earliest moment, rounded up to the tick: within that tick
 * it may have come, and then a reaction is not held. On the day before it has not.
 */
export function reactionMs(step: PlanStep, clock: EntryClock, atMs: number, earliest: number): number {
  if (atMs >= earliest) return alignedMs(step, clock, atMs);
  const isWithinTick = roundedUp(atMs, clock) === earliest && localDayAt(clock.zone, atMs) === localDayAt(clock.zone, earliest);
  return isWithinTick ? Math.min(earliest, earliestMs(step, clock, atMs, null)) : earliest;
}

function slotOf({ sendTime, channel }: PlanStep, { slots }: EntryClock): Slot | null {
  if (sendTime === null) return null;
  return sendTime === 'optimal' ? (slots[channel] ?? DEFAULT_SLOT) : { hour: 0, minute: sendTime };
}

function slotMs(slot: Slot, zone: ZoneOffsets, firstDay: number, notBeforeMs: number): number {
  const minuteOfDay = slot.hour * 60 + (slot.minute ?? 0);
  for (let day = Math.max(firstDay, localDayAt(zone, notBeforeMs)); ; day += 1) {
    const moment = momentOf(zone, preferredDay(day, slot), minuteOfDay);
    if (moment >= notBeforeMs) return moment;
  }
}

function preferredDay(day: number, { weekday }: Slot): number {
  if (weekday === undefined) return day;
  const daysUntil = (weekday - isoWeekday(day) + 7) % 7;
  return daysUntil <= MOST_DAYS_FOR_WEEKDAY ? day + daysUntil : day;
}

/** 1970-01-01, the day 0, was a Thursday. */
const isoWeekday = (day: number): number => ((((day + 3) % 7) + 7) % 7) + 1;
