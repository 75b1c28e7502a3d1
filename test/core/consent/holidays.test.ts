import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  afterEaster,
  easterOf,
  holidays,
  isoWeekdayOf,
  onDateOrObserved,
  onElectionDay,
  onWeekday,
} from '../../../core/consent/holidays.js';

const DAY_MS = 86_400_000;
const dateOf = (day: number): string => new Date(day * DAY_MS).toISOString().slice(0, 10);
const dayOf = (date: string): number => Date.parse(date) / DAY_MS;

describe('holidays', () => {
  it('have Easter where the churches’ tables have it', () => {
    const table = [
      '1818-03-22',
      '1943-04-25',
      '2000-04-23',
      '2008-03-23',
      '2011-04-24',
      '2024-03-31',
      '2025-04-20',
      '2026-04-05',
      '2027-03-28',
    ];
    table.push('2028-04-16', '2029-04-01', '2030-04-21', '2038-04-25', '2049-04-18', '2076-04-19', '2285-03-22');
    for (const date of table) assert.equal(dateOf(easterOf(Number(date.slice(0, 4)))), date);
  });

  it('fall on a weekday of a month', () => {
    assert.deepEqual(onWeekday(3, 1, 1)(2026).map(dateOf), ['2026-01-19']);
    assert.deepEqual(onWeekday(4, 4, 11)(2026).map(dateOf), ['2026-11-26']);
    assert.deepEqual(onWeekday(-1, 1, 5)(2026).map(dateOf), ['2026-05-25']);
    assert.deepEqual(onWeekday(-1, 1, 12)(2028).map(dateOf), ['2028-12-25']);
    assert.deepEqual(onElectionDay(2026).map(dateOf), ['2026-11-03']);
    assert.deepEqual(onElectionDay(2027), []);
  });

  it('on a weekend are kept on a day beside it as well, in another year if need be', () => {
    const newYear = holidays(onDateOrObserved(1, 1));
    assert.equal(newYear(dayOf('2027-12-31')), true, '2028-01-01 is a Saturday');
    assert.equal(newYear(dayOf('2028-01-01')), true);
    assert.equal(newYear(dayOf('2023-01-02')), true, '2023-01-01 was a Sunday');
    assert.equal(newYear(dayOf('2026-12-31')), false);
    assert.equal(holidays(afterEaster(39))(dayOf('2026-05-14')), true);
  });

  it('know the days of the week', () => {
    for (let day = -800; day < 40_000; day += 97) {
      const name = new Intl.DateTimeFormat('en', { weekday: 'short', timeZone: 'UTC' }).format(day * DAY_MS);
      assert.equal(['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'][isoWeekdayOf(day) - 1], name);
    }
  });
});
