import { parseLocalDate, type LocalDate } from './ids.js';

/** The day that it is at a moment in a time zone (a name of the IANA database). */
export function localDateAt(moment: Date, timeZone: string): LocalDate {
  const parts = new Intl.DateTimeFormat('en', { timeZone, calendar: 'gregory', year: 'numeric', month: '2-digit', day: '2-digit' })
    .formatToParts(moment)
    .map(({ type, value }) => [type, value] as const);
  const { year = '', month = '', day = '' } = Object.fromEntries(parts);
  return parseLocalDate(`${year.padStart(4, '0')}-${month}-${day}`);
}

const HOUR_MS = 3_600_000;

/**
 * The moment at which a day is over in a time zone: midnight, or where the clock jumps over it, the jump; where the clock goes back
 * over midnight (St. John's did until 2011), the later one.
 */
export function endOfLocalDate(day: LocalDate, timeZone: string): Date {
  const nextMidnightUtcMs = Date.parse(`${day}T00:00:00Z`) + 24 * HOUR_MS;
  const isOver = (ms: number) => localDateAt(new Date(ms), timeZone) > day;
  // Zones lie between 12 hours behind UTC and 14 ahead; one that skips a day only ends it earlier.
  const latest = nextMidnightUtcMs + 13 * HOUR_MS;
  const end = firstMs(nextMidnightUtcMs - 40 * HOUR_MS, latest, isOver);
  const shortlyAfter = end + HOUR_MS / 2;
  return new Date(isOver(shortlyAfter) ? end : firstMs(shortlyAfter, latest, isOver));
}

/** The first of the moments after `before` up to `holds` of which something holds, which from then on it does. */
function firstMs(before: number, holds: number, condition: (ms: number) => boolean): number {
  let [not, yes] = [before, holds];
  while (yes - not > 1) {
    const middle = Math.floor((not + yes) / 2);
    if (condition(middle)) yes = middle;
    else not = middle;
  }
  return yes;
}
