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

/** The moment at which a day is over in a time zone: midnight, or where the clock jumps over it, the jump. */
export function endOfLocalDate(day: LocalDate, timeZone: string): Date {
  const nextMidnightUtcMs = Date.parse(`${day}T00:00:00Z`) + 24 * HOUR_MS;
  // Zones lie between 12 hours behind UTC and 14 ahead; one that skips a day only ends it earlier.
  let within = nextMidnightUtcMs - 40 * HOUR_MS;
  let over = nextMidnightUtcMs + 13 * HOUR_MS;
  while (over - within > 1) {
    const middle = Math.floor((within + over) / 2);
    if (localDateAt(new Date(middle), timeZone) > day) over = middle;
    else within = middle;
  }
  return new Date(over);
}
