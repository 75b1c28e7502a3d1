import { createOffsets } from '../zone-clock.js';

const DAY_MS = 86_400_000;

/**
 * Turns what a clock on the wall of a time zone shows into a point in time; both in milliseconds, the wall's as if it were UTC. An
 * hour that the clock shows twice is taken as the first of the two; a time that it jumps over as if it had not jumped yet.
 */
export function createZoneClock(timeZone: string): (wallMs: number) => number {
  if (timeZone === 'UTC') return (wallMs) => wallMs;
  const offsetAt = createOffsets(timeZone);
  /** By day: the offset, or null on a day close to a change of it. To ask costs microseconds, which many rows of a day share. */
  const known = new Map<number, number | null>();
  const aroundDay = (day: number): number | null => {
    const before = offsetAt((day - 1) * DAY_MS);
    return before === offsetAt((day + 2) * DAY_MS) ? before : null;
  };
  return (wallMs) => {
    const day = Math.floor(wallMs / DAY_MS);
    let offset = known.get(day);
    if (offset === undefined) {
      offset = aroundDay(day);
      known.set(day, offset);
    }
    return offset === null ? nearChange(wallMs, offsetAt) : wallMs - offset;
  };
}

function nearChange(wallMs: number, offsetAt: (utcMs: number) => number): number {
  const before = offsetAt(wallMs - DAY_MS);
  const after = offsetAt(wallMs + DAY_MS);
  if (offsetAt(wallMs - before) === before) return wallMs - before;
  return offsetAt(wallMs - after) === after ? wallMs - after : wallMs - before;
}
