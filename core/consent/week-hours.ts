/** From a minute of the day on, up to another. */
export type DayHours = { readonly fromMinute: number; readonly toMinute: number };

/** The hours of each day of the week, Monday first; null on a day without any. */
export type WeekHours = readonly (DayHours | null)[];

const DAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'];
const PART = /^(?:(daily)|([a-z]{3})(?:\s*-\s*([a-z]{3}))?)\s+(\d{1,2}):(\d{2})\s*-\s*(\d{1,2}):(\d{2})$/;
const MOST_CHARS = 200;

/**
 * Hours as people write them: `daily 08:00-21:00`, or `Mon-Fri 09:00-18:00, Sat 10:00-17:00`. A day that is not named has none. What else
 * there is throws a RangeError that says what was expected.
 */
export function parseWeekHours(text: string): WeekHours {
  const week: (DayHours | null)[] = DAYS.map(() => null);
  if (text.length > MOST_CHARS) throw new RangeError(`hours of a week have at most ${MOST_CHARS} characters`);
  for (const part of text.toLowerCase().split(',')) {
    const match = PART.exec(part.trim());
    if (match === null)
      throw new RangeError(`not hours of a week (like "Mon-Fri 09:00-18:00, Sat 10:00-17:00" is expected): ${part.trim()}`);
    const hours = hoursBetween(minuteOf(match[4], match[5]), minuteOf(match[6], match[7]), part.trim());
    for (const day of match[1] === undefined ? daysBetween(match[2] ?? '', match[3]) : DAYS.keys()) {
      if (week[day] !== null) throw new RangeError(`a day has its hours once: ${part.trim()}`);
      week[day] = hours;
    }
  }
  return week;
}

function daysBetween(first: string, last: string | undefined): number[] {
  const [from, to] = [first, last ?? first].map((name) => DAYS.indexOf(name));
  if (from === undefined || to === undefined || from < 0 || to < from) {
    throw new RangeError(`not days of a week (Mon to Sun, in that order): ${last === undefined ? first : `${first}-${last}`}`);
  }
  return Array.from({ length: to - from + 1 }, (_, i) => from + i);
}

const minuteOf = (hours: string | undefined, minutes: string | undefined): number =>
  Number(minutes) > 59 ? NaN : Number(hours) * 60 + Number(minutes);

function hoursBetween(fromMinute: number, toMinute: number, shown: string): DayHours {
  if (!(fromMinute < toMinute && toMinute <= 1440))
    throw new RangeError(`not hours of a day (from 00:00 up to 24:00, the first earlier): ${shown}`);
  return { fromMinute, toMinute };
}
