import { formatNumber } from '../numbers.js';
import type { LocalDate } from '../ids.js';
import { daysLeftInWeek, weekOf, type WeekNeed } from './weeks.js';

/** What was reserved of a week's budget: on days before today, and today. */
export type Reserved = { readonly before: number; readonly today: number };

export type LaunchVerdict = { readonly kind: 'fits' } | { readonly kind: 'waits'; readonly because: string };

/**
 * How much of a week's budget may still be reserved today: what was left in the morning, spread evenly over the days that are left,
 * less what was reserved today. A day that takes less leaves the rest to those after it; the last one may take all that is left.
 */
export function roomToday(budget: number, { before, today }: Reserved, date: LocalDate): number {
  const share = Math.floor(Math.max(0, budget - before) / daysLeftInWeek(date));
  return Math.max(0, share - today);
}

/** Whether a launch fits into what its channel may still send: this week's is paced, that of weeks to come is taken whole. */
export function judgeLaunch(
  needs: readonly WeekNeed[],
  budget: number,
  reservedIn: (week: LocalDate) => Reserved,
  date: LocalDate,
): LaunchVerdict {
  for (const { week, messages } of needs) {
    const reserved = reservedIn(week);
    const room = week === weekOf(date) ? roomToday(budget, reserved, date) : Math.max(0, budget - reserved.before - reserved.today);
    if (messages <= room) continue;
    const when = week === weekOf(date) ? 'today' : `in the week of ${week}`;
    return {
      kind: 'waits',
      because: `it needs ${formatNumber(messages)} messages ${when}, and the budget has room for ${formatNumber(room)}`,
    };
  }
  return { kind: 'fits' };
}
