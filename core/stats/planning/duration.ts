import { requirePositive } from '../rules.js';

/**
 * The days that a test needs to see so many users in all its arms: whole weeks, because weekdays differ, and at least one.
 *
 * @example daysNeeded({ users: 1000, usersPerDay: 100 }) // → 14
 */
export function daysNeeded(plan: { readonly users: number; readonly usersPerDay: number }): number {
  requirePositive(plan.users, 'users');
  requirePositive(plan.usersPerDay, 'users per day');
  return 7 * Math.max(1, Math.ceil(plan.users / plan.usersPerDay / 7));
}
