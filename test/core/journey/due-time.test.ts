import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { alignedMs, earliestMs, roundedUp, tickFor, type Slot } from '../../../core/journey/due-time.js';
import type { PlanStep } from '../../../core/journey/plan.js';
import { parseSendTime, type SendTime } from '../../../core/journey/send-time.js';
import { localTimeAt, momentOf, zoneOffsets } from '../../../core/journey/zone-offsets.js';
import { clockIn, DAY_MS, HOUR_MS } from './samples.js';

const stepOn = (day: number, sendTime: SendTime, channel: PlanStep['channel'] = 'email'): PlanStep => ({
  key: 1,
  day,
  channel,
  template: 'win_back',
  sendTime,
  trigger: null,
  next: 1,
  otherwise: -1,
  marks: {},
  missedBit: 0,
});

const ZONES = ['America/New_York', 'Europe/Berlin', 'Australia/Lord_Howe', 'Asia/Kathmandu', 'Pacific/Apia', 'Africa/Casablanca', 'UTC'];
const LONG = { fromMs: Date.parse('2011-01-01T00:00:00Z'), toMs: Date.parse('2030-01-01T00:00:00Z') };
const offsets = new Map(ZONES.map((zone) => [zone, zoneOffsets(zone, LONG)]));
const clocks = new Map(
  ZONES.map((zone) => [
    zone,
    new Intl.DateTimeFormat('en-CA', { timeZone: zone, hourCycle: 'h23', dateStyle: 'short', timeStyle: 'medium' }),
  ]),
);

/** What a clock on a wall there shows, from another way of asking than the code's: `2026-03-29 03:30`. */
const shownIn = (zone: string, ms: number): string => clocks.get(zone)!.format(new Date(ms)).replace(',', '').slice(0, 16);
const dateOf = (day: number): string => new Date(day * DAY_MS).toISOString().slice(0, 10);
const timeOf = (minute: number): string => new Date(minute * 60_000).toISOString().slice(11, 16);

const zone = fc.constantFrom(...ZONES);
const day = fc.integer({ min: Math.ceil(LONG.fromMs / DAY_MS) + 2, max: Math.floor(LONG.toMs / DAY_MS) - 20 });
/** A zone and a day, half of them days on which its own clock changes, which would be rare among all. */
const changes = [...offsets].flatMap(([name, one]) => one.slice(1).map(([ms]) => [name, localTimeAt(one, ms).day] as const));
const zoneAndDay = fc.oneof(fc.tuple(zone, day), fc.constantFrom(...changes));
const minute = fc.oneof(fc.nat(1439), fc.nat(240));

describe("a moment on a zone's clock", () => {
  it('is the first at which the clock shows it, or where it jumps over it, the first after the jump', () => {
    let [gaps, twice] = [0, 0];
    fc.assert(
      fc.property(zoneAndDay, minute, ([name, day], minute) => {
        const moment = momentOf(offsets.get(name)!, day, minute);
        const wished = `${dateOf(day)} ${timeOf(minute)}`;
        if (shownIn(name, moment) === wished) {
          // Shown earlier nowhere in the two days before, in which clocks go back by up to three hours.
          for (const back of [0.5, 1, 2, 3]) assert.notEqual(shownIn(name, moment - back * HOUR_MS), wished);
          if ([0.5, 1].some((on) => shownIn(name, moment + on * HOUR_MS) === wished)) twice += 1;
          return;
        }
        gaps += 1;
        assert.ok(shownIn(name, moment) > wished, 'after the time that does not exist');
        assert.ok(shownIn(name, moment - 1000) < wished, 'and a second earlier before it');
      }),
      { numRuns: 10_000 },
    );
    assert.ok(gaps > 100 && twice > 100, `${gaps} jumped over and ${twice} shown twice: too few to mean something`);
  });

  it('is what the clock shows then', () => {
    fc.assert(
      fc.property(zone, fc.integer({ min: LONG.fromMs, max: LONG.toMs }), (name, ms) => {
        const { day, minuteOfDay } = localTimeAt(offsets.get(name)!, ms);
        assert.equal(`${dateOf(day)} ${timeOf(minuteOfDay)}`, shownIn(name, ms));
      }),
      { numRuns: 3000 },
    );
  });

  it('is that after a change from the very moment of the change on', () => {
    for (const name of ZONES) {
      for (const [fromMs] of offsets.get(name)!.slice(1)) {
        const { day, minuteOfDay } = localTimeAt(offsets.get(name)!, fromMs);
        assert.equal(`${dateOf(day)} ${timeOf(minuteOfDay)}`, shownIn(name, fromMs));
      }
    }
  });

  const rows = [
    ['Europe/Berlin', '2026-03-29', '02:30', '2026-03-29T01:00:00Z', 'does not exist: three o’clock'],
    ['Europe/Berlin', '2026-10-25', '02:30', '2026-10-25T00:30:00Z', 'comes twice: in summer time'],
    ['America/New_York', '2026-03-08', '02:30', '2026-03-08T07:00:00Z', 'does not exist'],
    ['America/New_York', '2026-11-01', '01:30', '2026-11-01T05:30:00Z', 'comes twice'],
    ['Australia/Lord_Howe', '2026-10-04', '02:15', '2026-10-03T15:30:00Z', 'does not exist: the clock goes on by half an hour'],
    ['Australia/Lord_Howe', '2026-04-05', '01:45', '2026-04-04T14:45:00Z', 'comes twice'],
    ['Asia/Kathmandu', '2026-06-01', '10:00', '2026-06-01T04:15:00Z', 'is five and three quarters of an hour ahead'],
    ['Pacific/Apia', '2011-12-30', '10:00', '2011-12-30T10:00:00Z', 'is on a day that Samoa left out: the first minute of the 31st'],
  ] as const;
  for (const [name, date, time, expected, why] of rows) {
    it(`in ${name} on ${date} at ${time} ${why}`, () => {
      const [hours, minutes] = time.split(':').map(Number);
      const moment = momentOf(offsets.get(name)!, Date.parse(date) / DAY_MS, hours! * 60 + minutes!);
      assert.equal(new Date(moment).toISOString(), expected.replace('Z', '.000Z'));
    });
  }
});

describe("a step's due time", () => {
  it('is at its hour, on or after its day, not before it may be, and never more than a day later than it could', () => {
    fc.assert(
      fc.property(zoneAndDay, minute, fc.nat(9), minute, fc.nat(3 * 1440), ([name, entryDay], at, after, sendTime, lateMinutes) => {
        const zone = offsets.get(name)!;
        const enteredMs = momentOf(zone, entryDay, at);
        const clock = clockIn('UTC', { zone, enteredMs });
        const notBeforeMs = enteredMs + lateMinutes * 60_000;
        const due = earliestMs(stepOn(after, sendTime), clock, notBeforeMs, null);
        const entered = localTimeAt(zone, enteredMs).day;
        assert.ok(due >= notBeforeMs);
        assert.ok(localTimeAt(zone, due).day >= entered + after);
        assert.ok(due <= Math.max(notBeforeMs, momentOf(zone, entered + after, sendTime)) + 50 * HOUR_MS);
        const { day, minuteOfDay } = localTimeAt(zone, due);
        if (minuteOfDay !== sendTime) assert.ok(momentOf(zone, day, sendTime) === due || momentOf(zone, day - 1, sendTime) === due);
      }),
      { numRuns: 5000 },
    );
  });

  it('counts days on the calendar, not in hours, where a night is an hour longer', () => {
    const clock = clockIn('Europe/Berlin', { enteredMs: Date.parse('2026-10-24T20:00:00Z') });
    const due = earliestMs(stepOn(1, 600), clock, clock.enteredMs, null);
    assert.equal(new Date(due).toISOString(), '2026-10-25T09:00:00.000Z');
  });

  it('without a send time is at once on day 0, later from ten on, and within an app from midnight on', () => {
    const clock = clockIn('Europe/Berlin');
    const due = (step: PlanStep, afterHours = 0) =>
      new Date(earliestMs(step, clock, clock.enteredMs + afterHours * HOUR_MS, null)).toISOString().slice(5, 16);
    assert.equal(due(stepOn(0, null)), '11-25T08:00');
    assert.equal(due(stepOn(2, null)), '11-27T09:00');
    assert.equal(due(stepOn(2, null), 60), '11-27T20:00');
    assert.equal(due(stepOn(2, null, 'in_app')), '11-26T23:00');
  });

  it('at a best weekday waits for it up to two days, and then only for its hour', () => {
    const at = (slot: Slot) =>
      new Date(earliestMs(stepOn(1, 'optimal'), clockIn('UTC', { slots: { email: slot } }), 0, null)).toISOString().slice(5, 16);
    // day 1 is a Thursday
    assert.equal(at({ hour: 18 }), '11-26T18:00');
    assert.equal(at({ hour: 18, minute: 40, weekday: 4 }), '11-26T18:40');
    assert.equal(at({ hour: 18, weekday: 6 }), '11-28T18:00');
    assert.equal(at({ hour: 18, weekday: 7 }), '11-26T18:00');
    assert.equal(at({ hour: 18, weekday: 3 }), '11-26T18:00');
  });

  it('is another local day than that of the step sent before, where its day is another', () => {
    const clock = clockIn('Europe/Berlin');
    const sentMs = Date.parse('2026-11-26T09:00:00Z'); // a day late
    assert.equal(earliestMs(stepOn(1, 600), clock, sentMs, { day: 0, atMs: sentMs }), sentMs + DAY_MS);
    assert.equal(earliestMs(stepOn(1, 600), clock, sentMs, { day: 1, atMs: sentMs }), sentMs);
  });

  it('is aligned to the hour after a late reaction', () => {
    const clock = clockIn('Europe/Berlin');
    assert.equal(alignedMs(stepOn(1, 600), clock, Date.parse('2026-11-28T09:00:01Z')), Date.parse('2026-11-29T09:00:00Z'));
    assert.equal(alignedMs(stepOn(1, null), clock, 1234), 1234);
  });

  it('rounds up to the tick of a campaign of its size', () => {
    assert.deepEqual([200, 201, 10_000, 10_001].map(tickFor), [0, 60_000, 60_000, 300_000]);
    assert.deepEqual(
      [0, 60_000, 300_000].map((tickMs) => roundedUp(300_001, { tickMs })),
      [301_000, 360_000, 600_000],
    );
    assert.equal(roundedUp(300_000, { tickMs: 300_000 }), 300_000);
  });
});

describe('a written send time', () => {
  it('is optimal, or an hour of either clock, or not understood', () => {
    const rows: readonly [string, ReturnType<typeof parseSendTime>][] = [
      ['optimal', 'optimal'],
      ['10:00 AM user_timezone', 600],
      ['10:00 am', 600],
      ['12:00 AM', 0],
      ['12:30 PM user_timezone', 750],
      ['11:59 PM', 1439],
      ['14:30', 870],
      ['00:05 user_timezone', 5],
      ['24:00', undefined],
      ['10:60', undefined],
      ['13:00 PM', undefined],
      ['0:30 AM', undefined],
      ['10 AM', undefined],
      ['10:00 AM Europe/Berlin', undefined],
      ['', undefined],
    ];
    for (const [text, expected] of rows) assert.equal(parseSendTime(text), expected, text);
  });
});
