import type { Frequency } from './campaign-request.js';
import type { Plan } from './plan.js';
import { localTimeAt, momentOf, type ZoneOffsets } from './zone-offsets.js';

const DAY_MS = 86_400_000;

/** A user's latest entry into a campaign. `leftMs` is null while they are still in it. */
export type LastEntry = { readonly number: number; readonly enteredMs: number; readonly leftMs: number | null };

/**
 * `atMs` is when what lets the user enter happened, which may be long ago where an event came late. `occurrence` counts a recurring
 * campaign's runs from 1, and means nothing to others.
 */
export type EntryMoment = { readonly atMs: number; readonly occurrence: number };

export type EntryAnswer =
  | { readonly kind: 'enters'; readonly number: number }
  | { readonly kind: 'stays_out'; readonly because: 'still_in' | 'entered_before' | 'too_soon' };

/**
 * Whether a user enters now, and as which entry: at most one message of a step goes to a user in each. A recurring campaign counts its
 * occurrences, so that everybody's third entry is in its third week; others count a user's own. Nobody is in a campaign twice at once.
 */
export function nextEntry(plan: Plan, last: LastEntry | null, { atMs, occurrence }: EntryMoment): EntryAnswer {
  if (last?.leftMs === null) return { kind: 'stays_out', because: 'still_in' };
  if (plan.frequency !== null) {
    const had = last !== null && last.number >= occurrence;
    return had ? { kind: 'stays_out', because: 'entered_before' } : { kind: 'enters', number: occurrence };
  }
  if (last === null) return { kind: 'enters', number: 1 };
  if (plan.reentry.kind === 'never') return { kind: 'stays_out', because: 'entered_before' };
  // What happened before the user had left belongs to the entry before, also where it was heard of late.
  const days = plan.reentry.kind === 'after_days' ? plan.reentry.days : 0;
  if (atMs < Math.max(last.leftMs ?? 0, last.enteredMs + days * DAY_MS)) return { kind: 'stays_out', because: 'too_soon' };
  return { kind: 'enters', number: last.number + 1 };
}

/**
 * When a recurring campaign enters its segment for the nth time: the 1st at its start, then daily, weekly or monthly at the same time
 * of the zone's clock. Where a month has no such day, on its last.
 */
export function occurrenceMs(frequency: Frequency, startMs: number, occurrence: number, zone: ZoneOffsets): number {
  if (occurrence <= 1) return startMs;
  const { day, minuteOfDay } = localTimeAt(zone, startMs);
  return momentOf(zone, occurrenceDay(frequency, day, occurrence - 1), minuteOfDay);
}

export type Occurrence = { readonly number: number; readonly dueMs: number };

/** `entered` is the latest occurrence that was entered; those that fell due up to `notBeforeMs` (the end of a pause) are left out. */
export type OccurrencesSoFar = { readonly startMs: number; readonly entered: number; readonly notBeforeMs: number; readonly nowMs: number };

/**
 * The occurrence that a recurring campaign enters next: where some are due that were not entered, since nobody could, only the latest of
 * them; otherwise the first that is to come.
 */
export function nextOccurrence(
  frequency: Frequency,
  zone: ZoneOffsets,
  { startMs, entered, notBeforeMs, nowMs }: OccurrencesSoFar,
): Occurrence {
  const dueOf = (number: number) => occurrenceMs(frequency, startMs, number, zone);
  let latest = Math.max(1, Math.floor((nowMs - startMs) / (LONGEST_DAYS[frequency] * DAY_MS))); // not later than what is due
  while (dueOf(latest + 1) <= nowMs) latest += 1;
  const isLeft = latest > entered && dueOf(latest) > notBeforeMs && dueOf(latest) <= nowMs;
  const number = isLeft ? latest : Math.max(latest, entered) + 1;
  return { number, dueMs: dueOf(number) };
}

const LONGEST_DAYS: Readonly<Record<Frequency, number>> = { daily: 1.05, weekly: 7.05, monthly: 31.05 };

function occurrenceDay(frequency: Frequency, startDay: number, times: number): number {
  if (frequency !== 'monthly') return startDay + times * (frequency === 'daily' ? 1 : 7);
  const start = new Date(startDay * DAY_MS);
  const [year, month] = [start.getUTCFullYear(), start.getUTCMonth() + times];
  const lastOfMonth = new Date(Date.UTC(year, month + 1, 0)).getUTCDate();
  return Date.UTC(year, month, Math.min(start.getUTCDate(), lastOfMonth)) / DAY_MS;
}
