import type { Frequency } from './campaign-request.js';
import type { Plan } from './plan.js';
import { localTimeAt, momentOf, type ZoneOffsets } from './zone-offsets.js';

const DAY_MS = 86_400_000;

/** A user's latest entry into a campaign. `leftMs` is null while they are still in it. */
export type LastEntry = { readonly number: number; readonly enteredMs: number; readonly leftMs: number | null };

/** `occurrence` counts a recurring campaign's runs from 1, and means nothing to others. */
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
  if (plan.reentry.kind === 'after_days' && atMs < last.enteredMs + plan.reentry.days * DAY_MS) {
    return { kind: 'stays_out', because: 'too_soon' };
  }
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

function occurrenceDay(frequency: Frequency, startDay: number, times: number): number {
  if (frequency !== 'monthly') return startDay + times * (frequency === 'daily' ? 1 : 7);
  const start = new Date(startDay * DAY_MS);
  const [year, month] = [start.getUTCFullYear(), start.getUTCMonth() + times];
  const lastOfMonth = new Date(Date.UTC(year, month + 1, 0)).getUTCDate();
  return Date.UTC(year, month, Math.min(start.getUTCDate(), lastOfMonth)) / DAY_MS;
}
