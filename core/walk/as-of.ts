import { DomainError } from '../errors.js';
import type { LocalDate } from '../ids.js';
import { endOfLocalDate, localDateAt } from '../local-date.js';

export type WalkMoment = {
  readonly walkDate: LocalDate;
  readonly timeZone: string;
  readonly now: Date;
  /** A moment that was asked for; within the day or before it. */
  readonly asOf?: Date | undefined;
};

/**
 * The moment from which on a walk sees no event: the one that was asked for, else now, else the end of a day that is past.
 * Throws `invalid` for a day or a moment that has not come.
 */
export function decideAsOf({ walkDate, timeZone, now, asOf }: WalkMoment): Date {
  const today = localDateAt(now, timeZone);
  if (walkDate > today) {
    throw new DomainError('invalid', `${walkDate} cannot be walked yet: it is ${today} in ${timeZone}`);
  }
  const latest = walkDate === today ? now : endOfLocalDate(walkDate, timeZone);
  if (asOf === undefined) return latest;
  if (Number.isNaN(asOf.getTime())) throw new DomainError('invalid', 'asOf is not a moment (ISO 8601 is expected)');
  if (asOf > latest) {
    throw new DomainError(
      'invalid',
      `the walk of ${walkDate} cannot be as of ${asOf.toISOString()}: ${latest.toISOString()} is the latest`,
    );
  }
  return asOf;
}
