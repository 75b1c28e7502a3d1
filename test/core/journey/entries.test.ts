import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { nextEntry, nextOccurrence, occurrenceMs, type LastEntry } from '../../../core/journey/entries.js';
import { localTimeAt } from '../../../core/journey/zone-offsets.js';
import { clockIn, DAY_MS, fourSteps, planOf } from './samples.js';

const entered: LastEntry = { number: 2, enteredMs: 0, leftMs: 3 * DAY_MS };
const within: LastEntry = { ...entered, leftMs: null };

describe('an entry into a campaign', () => {
  const rows = [
    ['the first', {}, null, 0, { kind: 'enters', number: 1 }],
    ['a second, by default', {}, entered, 90, { kind: 'stays_out', because: 'entered_before' }],
    ['a third, where re-entry is allowed', { re_entry: 'after_leaving' }, entered, 4, { kind: 'enters', number: 3 }],
    ['while the user is still in', { re_entry: 'after_leaving' }, within, 90, { kind: 'stays_out', because: 'still_in' }],
    ['by something from before the user left', { re_entry: 'after_leaving' }, entered, 2, { kind: 'stays_out', because: 'too_soon' }],
    ['too soon', { re_entry: { after_days: 30 } }, entered, 29, { kind: 'stays_out', because: 'too_soon' }],
    ['after the days', { re_entry: { after_days: 30 } }, entered, 30, { kind: 'enters', number: 3 }],
    ['the fifth week of a weekly one', { frequency: 'weekly' }, entered, 28, { kind: 'enters', number: 5 }],
    ['the same week twice', { frequency: 'weekly' }, { ...entered, number: 5 }, 28, { kind: 'stays_out', because: 'entered_before' }],
    ['the next week, while still in', { frequency: 'weekly' }, within, 28, { kind: 'stays_out', because: 'still_in' }],
  ] as const;
  for (const [what, rules, last, day, expected] of rows) {
    it(`${what}: ${'because' in expected ? expected.because : `number ${expected.number}`}`, () => {
      assert.deepEqual(
        nextEntry(planOf({ ...fourSteps, ...('re_entry' in rules && { entry: 'segment' }), ...rules }), last, {
          atMs: day * DAY_MS,
          occurrence: 5,
        }),
        expected,
      );
    });
  }
});

describe('entries of one user, whatever comes in whatever order', () => {
  it('have numbers that go up, never two at once, and none by what happened in an earlier one', () => {
    const rule = fc.constantFrom('never' as const, 'after_leaving' as const, { after_days: 3 });
    const comings = fc.array(fc.record({ heardDay: fc.nat(60), lateDays: fc.nat(20), staysDays: fc.nat(9) }), { maxLength: 30 });
    fc.assert(
      fc.property(rule, comings, (re_entry, times) => {
        const plan = planOf({ ...fourSteps, entry: { event: 'signed_up' }, re_entry });
        const had: { number: number; enteredMs: number; leavesMs: number; atMs: number }[] = [];
        for (const { heardDay, lateDays, staysDays } of times.toSorted((a, b) => a.heardDay - b.heardDay)) {
          const [heardMs, before] = [heardDay * DAY_MS, had.at(-1)];
          const atMs = heardMs - lateDays * DAY_MS;
          const last = before && { ...before, leftMs: before.leavesMs <= heardMs ? before.leavesMs : null };
          const answer = nextEntry(plan, last ?? null, { atMs, occurrence: 1 });
          if (answer.kind === 'enters')
            had.push({ number: answer.number, enteredMs: heardMs, leavesMs: heardMs + staysDays * DAY_MS, atMs });
        }
        assert.deepEqual(had.map(({ number }) => number), had.map((_, i) => i + 1)); // prettier-ignore
        if (re_entry === 'never') assert.ok(had.length <= 1);
        for (const [i, { atMs, enteredMs }] of had.slice(1).entries()) {
          const before = had[i];
          assert.ok(before && enteredMs >= before.leavesMs && atMs >= before.leavesMs);
          if (typeof re_entry === 'object') assert.ok(atMs >= before.enteredMs + re_entry.after_days * DAY_MS);
        }
      }),
    );
  });
});

describe('the occurrences of a recurring campaign', () => {
  const startMs = Date.parse('2026-01-31T08:30:00Z');
  const { zone } = clockIn('Europe/Berlin', { enteredMs: startMs });
  const at = (frequency: 'daily' | 'weekly' | 'monthly', n: number) =>
    new Date(occurrenceMs(frequency, startMs, n, zone)).toISOString().slice(0, 16);

  it('keep the hour of the clock through summer time', () => {
    assert.deepEqual(
      [1, 2, 9, 10].map((n) => at('weekly', n)),
      ['2026-01-31T08:30', '2026-02-07T08:30', '2026-03-28T08:30', '2026-04-04T07:30'],
    );
    assert.equal(at('daily', 31), '2026-03-02T08:30');
  });

  it('fall on the last day of a month that is too short', () => {
    assert.deepEqual(
      [2, 3, 4, 13].map((n) => at('monthly', n)),
      ['2026-02-28T08:30', '2026-03-31T07:30', '2026-04-30T07:30', '2027-01-31T08:30'],
    );
  });
});

describe('the occurrence that is next', () => {
  const startMs = Date.parse('2026-03-02T09:00:00Z');
  const { zone } = clockIn('Europe/Berlin', { enteredMs: startMs });
  const next = (day: number, entered: number, resumedDay = -1) => {
    const sofar = { startMs, entered, notBeforeMs: startMs + resumedDay * DAY_MS, nowMs: startMs + day * DAY_MS };
    return nextOccurrence('weekly', zone, sofar).number;
  };

  it('is the first to come, once the last was entered', () => {
    assert.deepEqual([next(0, 1), next(6.9, 1), next(7, 2), next(8, 2)], [2, 2, 3, 3]);
  });

  it('is the one that is due', () => assert.equal(next(7, 1), 2));

  it('is of several that an outage left over the latest alone', () => assert.equal(next(23, 1), 4));

  it('is none of those that fell due in a pause', () => {
    assert.equal(next(23, 1, 22.5), 5);
    assert.equal(next(23, 1, 20), 4);
  });

  it('never goes back, keeps the hour of the clock, and lets none fall due unseen', () => {
    const frequency = fc.constantFrom('daily' as const, 'weekly' as const, 'monthly' as const);
    fc.assert(
      fc.property(frequency, fc.integer({ min: 0, max: 86_400 * 300 }), fc.nat(400), (often, seconds, entered) => {
        const nowMs = startMs + seconds * 1000;
        const { number, dueMs } = nextOccurrence(often, zone, { startMs, entered, notBeforeMs: 0, nowMs });
        assert.ok(number > entered && number >= 1);
        assert.equal(localTimeAt(zone, dueMs).minuteOfDay, localTimeAt(zone, startMs).minuteOfDay);
        if (dueMs > nowMs) assert.ok(number - 1 === entered || occurrenceMs(often, startMs, number - 1, zone) <= nowMs);
        else assert.ok(occurrenceMs(often, startMs, number + 1, zone) > nowMs);
      }),
    );
  });
});
