import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { parseLocalDate, type LocalDate } from '../../../core/ids.js';
import { judgeLaunch, roomToday, type Reserved } from '../../../core/outreach/pacing.js';
import { daysAfter, daysLeftInWeek, needsOf, SLACK_DAYS, weekOf, type WeekNeed } from '../../../core/outreach/weeks.js';

const MONDAY = parseLocalDate('2026-03-02');
const anyDate = fc.integer({ min: 0, max: 40_000 }).map((days) => daysAfter(parseLocalDate('1990-01-01'), days));
const budgets = fc.integer({ min: 0, max: 100_000 });
const amount = fc.integer({ min: 0, max: 100_000 });

/** Reservations as the database keeps them. */
function ledger() {
  const kept: { week: LocalDate; messages: number; on: LocalDate }[] = [];
  const sum = (week: LocalDate, counts: (on: LocalDate) => boolean) =>
    kept.reduce((total, one) => (one.week === week && counts(one.on) ? total + one.messages : total), 0);
  return {
    kept,
    reservedOn:
      (date: LocalDate) =>
      (week: LocalDate): Reserved => ({
        before: sum(week, (on) => on < date),
        today: sum(week, (on) => on >= date),
      }),
    take: (needs: readonly WeekNeed[], on: LocalDate) => void kept.push(...needs.map((need) => ({ ...need, on }))),
  };
}

describe('a week of the calendar', () => {
  it('goes from Monday to Sunday', () => {
    for (let day = 0; day < 7; day += 1)
      assert.deepEqual([weekOf(daysAfter(MONDAY, day)), daysLeftInWeek(daysAfter(MONDAY, day))], [MONDAY, 7 - day]);
    assert.equal(weekOf(daysAfter(MONDAY, 7)), daysAfter(MONDAY, 7));
  });

  it('is needed by each step that falls into it, or may slip into it', () => {
    const next = daysAfter(MONDAY, 7);
    assert.deepEqual(needsOf([0, 3, 7], 10, MONDAY), [
      { week: MONDAY, messages: 20 },
      { week: next, messages: 10 },
    ]);
    assert.deepEqual(needsOf([0], 10, daysAfter(MONDAY, 4)), [
      { week: MONDAY, messages: 10 },
      { week: next, messages: 10 },
    ]);
  });

  it('holds every message of a launch, on whichever of its days it goes', () => {
    const steps = fc.array(fc.integer({ min: 0, max: 60 }), { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(
        anyDate,
        steps,
        fc.array(fc.integer({ min: 0, max: SLACK_DAYS }), { minLength: 6, maxLength: 6 }),
        (date, days, slips) => {
          const sent = new Map<LocalDate, number>();
          for (const [i, day] of days.entries()) {
            const week = weekOf(daysAfter(date, day + (slips[i] ?? 0)));
            sent.set(week, (sent.get(week) ?? 0) + 10);
          }
          const needs = new Map(needsOf(days, 10, date).map(({ week, messages }) => [week, messages]));
          for (const [week, messages] of sent) assert.ok((needs.get(week) ?? 0) >= messages, `${messages} in ${week}`);
        },
      ),
    );
  });
});

describe('the pace of a budget', () => {
  it('spreads what is left over the days that are left, and the last day has the rest', () => {
    assert.equal(roomToday(700, { before: 0, today: 0 }, MONDAY), 100);
    assert.equal(roomToday(700, { before: 0, today: 60 }, MONDAY), 40);
    assert.equal(roomToday(700, { before: 60, today: 0 }, daysAfter(MONDAY, 1)), 106);
    assert.equal(roomToday(700, { before: 60, today: 0 }, daysAfter(MONDAY, 6)), 640);
    assert.equal(roomToday(700, { before: 900, today: 0 }, daysAfter(MONDAY, 6)), 0);
  });

  it('gives no more room when more is reserved, and no less when the budget or the day is greater', () => {
    fc.assert(
      fc.property(budgets, amount, amount, amount, anyDate, (budget, before, today, more, date) => {
        const room = roomToday(budget, { before, today }, date);
        assert.ok(room >= 0 && before + today + room <= Math.max(budget, before + today), 'overrun');
        assert.ok(roomToday(budget, { before: before + more, today }, date) <= room);
        assert.ok(roomToday(budget, { before, today: today + more }, date) <= room);
        assert.ok(roomToday(budget + more, { before, today }, date) >= room);
        if (daysLeftInWeek(date) > 1) assert.ok(roomToday(budget, { before, today }, daysAfter(date, 1)) >= room);
      }),
    );
  });

  it('takes the same of each day, give or take one, where more is wanted than there is', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 3_000 }), (budget) => {
        const days: number[] = [];
        for (let day = 0; day < 7; day += 1) {
          const before = days.reduce((sum, one) => sum + one, 0);
          days.push(roomToday(budget, { before, today: 0 }, daysAfter(MONDAY, day)));
        }
        assert.equal(
          days.reduce((sum, one) => sum + one, 0),
          budget,
        );
        assert.ok(Math.max(...days) - Math.min(...days) <= 1, days.join());
      }),
    );
  });

  it('is never overrun in any week, whatever is launched on whichever day and however late each message goes', () => {
    const launch = fc.record({
      afterDays: fc.integer({ min: 0, max: 2 }),
      recipients: fc.integer({ min: 1, max: 400 }),
      steps: fc.array(fc.integer({ min: 0, max: 20 }), { minLength: 1, maxLength: 4 }),
      slip: fc.integer({ min: 0, max: SLACK_DAYS }),
    });
    let launched = 0;
    fc.assert(
      fc.property(anyDate, fc.integer({ min: 0, max: 3_000 }), fc.array(launch, { maxLength: 40 }), (start, budget, launches) => {
        const { kept, reservedOn, take } = ledger();
        const sent = new Map<LocalDate, number>();
        let date = start;
        for (const { afterDays, recipients, steps, slip } of launches) {
          date = daysAfter(date, afterDays);
          const needs = needsOf(steps, recipients, date);
          if (judgeLaunch(needs, budget, reservedOn(date), date).kind === 'waits') continue;
          take(needs, date);
          launched += 1;
          for (const day of steps) {
            const week = weekOf(daysAfter(date, day + slip));
            sent.set(week, (sent.get(week) ?? 0) + recipients);
          }
        }
        for (const week of new Set(kept.map((one) => one.week))) {
          const { before, today } = reservedOn(date)(week);
          assert.ok(before + today <= budget, `${before + today} of ${budget} are reserved`);
          assert.ok((sent.get(week) ?? 0) <= budget, 'more was sent than allowed');
        }
      }),
    );
    assert.ok(launched > 100, `only ${launched} fitted`);
  });

  it('says what does not fit, and when', () => {
    const none = () => ({ before: 0, today: 0 });
    assert.deepEqual(judgeLaunch([{ week: MONDAY, messages: 101 }], 700, none, MONDAY), {
      kind: 'waits',
      because: 'it needs 101 messages today, and the budget has room for 100',
    });
    assert.deepEqual(
      judgeLaunch(
        [
          { week: MONDAY, messages: 100 },
          { week: daysAfter(MONDAY, 7), messages: 701 },
        ],
        700,
        none,
        MONDAY,
      ),
      {
        kind: 'waits',
        because: 'it needs 701 messages in the week of 2026-03-09, and the budget has room for 700',
      },
    );
  });
});
