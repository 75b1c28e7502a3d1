/** Whether a day, counted from 1970-01-01, is a holiday. */
export type Holidays = (day: number) => boolean;

/** A day of each year: of a year, the days since 1970-01-01 on which it is kept. */
export type Holiday = (year: number) => readonly number[];

const DAY_MS = 86_400_000;
const dayOf = (year: number, month: number, date: number): number => Date.UTC(year, month - 1, date) / DAY_MS;
/** 1 for Monday to 7 for Sunday. 1970-01-01, the day 0, was a Thursday. */
export const isoWeekdayOf = (day: number): number => ((((day + 3) % 7) + 7) % 7) + 1;

/** The same date each year. */
export const onDate =
  (month: number, date: number): Holiday =>
  (year) => [dayOf(year, month, date)];

/** The same date each year; on a weekend it is kept on the Friday before or the Monday after as well. */
export const onDateOrObserved =
  (month: number, date: number): Holiday =>
  (year) => {
    const day = dayOf(year, month, date);
    const weekday = isoWeekdayOf(day);
    return weekday === 6 ? [day, day - 1] : weekday === 7 ? [day, day + 1] : [day];
  };

/** The first, second … of a weekday in a month, or the last where `nth` is -1. */
export const onWeekday =
  (nth: number, weekday: number, month: number): Holiday =>
  (year) => {
    if (nth > 0) {
      const first = dayOf(year, month, 1);
      return [first + ((weekday - isoWeekdayOf(first) + 7) % 7) + 7 * (nth - 1)];
    }
    const last = dayOf(year, month + 1, 1) - 1;
    return [last - ((isoWeekdayOf(last) - weekday + 7) % 7)];
  };

/** So many days after Easter Sunday, or before it. */
export const afterEaster =
  (days: number): Holiday =>
  (year) => [easterOf(year) + days];

/** Election day in the United States, of even years: the Tuesday after the first Monday of November. */
export const onElectionDay: Holiday = (year) => (year % 2 === 0 ? onWeekday(1, 1, 11)(year).map((day) => day + 1) : []);

/** Easter Sunday of the Gregorian calendar, by the algorithm of Meeus ("Astronomical Algorithms", chapter 8). */
export function easterOf(year: number): number {
  const a = year % 19;
  const [b, c] = [Math.floor(year / 100), year % 100];
  const [d, e] = [Math.floor(b / 4), b % 4];
  const g = Math.floor((8 * b + 13) / 25);
  const h = (19 * a + b - d - g + 15) % 30;
  const [i, k] = [Math.floor(c / 4), c % 4];
  const l = (32 + 2 * e + 2 * i - h - k) % 7;
  const m = Math.floor((a + 11 * h + 19 * l) / 433);
  const month = Math.floor((h + l - 7 * m + 90) / 25);
  return dayOf(year, month, (h + l - 7 * m + 33 * month + 19) % 32);
}

export function holidays(...days: readonly Holiday[]): Holidays {
  const known = new Map<number, ReadonlySet<number>>();
  const ofYear = (year: number): ReadonlySet<number> => {
    const found = known.get(year) ?? new Set(days.flatMap((holiday) => holiday(year)));
    known.set(year, found);
    return found;
  };
  // New Year's Day of the next year may be kept on the last day of this one.
  return (day) => {
    const year = new Date(day * DAY_MS).getUTCFullYear();
    return ofYear(year).has(day) || ofYear(year + 1).has(day);
  };
}
