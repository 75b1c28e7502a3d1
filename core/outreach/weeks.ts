import { parseLocalDate, type LocalDate } from '../ids.js';

const DAY_MS = 86_400_000;
const DAYS = 7;

export const daysAfter = (date: LocalDate, days: number): LocalDate =>
  parseLocalDate(new Date(Date.parse(date) + days * DAY_MS).toISOString().slice(0, 10));

/** 0 on a Monday, 6 on a Sunday. */
const weekdayOf = (date: LocalDate): number => (new Date(date).getUTCDay() + 6) % DAYS;

/** The Monday of a day's week: budgets hold from Monday to Sunday of the tenant's calendar. */
export const weekOf = (date: LocalDate): LocalDate => daysAfter(date, -weekdayOf(date));

/** The day itself included. */
export const daysLeftInWeek = (date: LocalDate): number => DAYS - weekdayOf(date);

/** A message may go so many days after its step's day: best weekdays, hours and the calendars of people put it off. */
export const SLACK_DAYS = 3;

export type WeekNeed = { readonly week: LocalDate; readonly messages: number };

/**
 * What a launch takes of the budgets: each step's messages in the week of its day, and where it may slip into the next week, there as
 * well. So each week's messages are within its budget wherever they fall, and a step near a Sunday is counted twice.
 */
export function needsOf(stepDays: readonly number[], recipients: number, launchDate: LocalDate): WeekNeed[] {
  const needs = new Map<LocalDate, number>();
  for (const day of stepDays) {
    const weeks = new Set([weekOf(daysAfter(launchDate, day)), weekOf(daysAfter(launchDate, day + SLACK_DAYS))]);
    for (const week of weeks) needs.set(week, (needs.get(week) ?? 0) + recipients);
  }
  return [...needs].sort(([a], [b]) => (a < b ? -1 : 1)).map(([week, messages]) => ({ week, messages }));
}
