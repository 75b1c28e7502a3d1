import { parseLocalDate, type LocalDate } from './ids.js';

/** The day that it is at a moment in a time zone (a name of the IANA database). */
export function localDateAt(moment: Date, timeZone: string): LocalDate {
  const parts = new Intl.DateTimeFormat('en', { timeZone, calendar: 'gregory', year: 'numeric', month: '2-digit', day: '2-digit' })
    .formatToParts(moment)
    .map(({ type, value }) => [type, value] as const);
  const { year = '', month = '', day = '' } = Object.fromEntries(parts);
  return parseLocalDate(`${year.padStart(4, '0')}-${month}-${day}`);
}
