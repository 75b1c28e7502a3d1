import type { Slot } from './due-time.js';

export type HourCount = { readonly hour: number; readonly count: number };

/** With fewer reactions than this an hour's lead is chance. */
const LEAST_REACTIONS = 200;

/**
 * The hour of the day at which most reactions come, its neighbours counting half: a peak that stands alone is chance more often than
 * one that its neighbours share. Nothing where too few have reacted.
 */
export function bestSlot(counts: readonly HourCount[]): Slot | undefined {
  const byHour = Array.from({ length: 24 }, () => 0);
  for (const { hour, count } of counts) byHour[hour] = (byHour[hour] ?? 0) + count;
  if (byHour.reduce((sum, count) => sum + count, 0) < LEAST_REACTIONS) return undefined;
  const at = (hour: number): number => byHour[(hour + 24) % 24] ?? 0;
  const smoothed = byHour.map((count, hour) => count + (at(hour - 1) + at(hour + 1)) / 2);
  return { hour: smoothed.indexOf(Math.max(...smoothed)) };
}
