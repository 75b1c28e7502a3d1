import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { parseOwnHours } from '../../../core/consent/own-hours.js';
import { forecastOf, type ClockShare } from '../../../core/campaign/forecast.js';
import type { StepRequest } from '../../../core/journey/campaign-request.js';
import { DAY_MS, HOUR_MS, planOf } from '../journey/samples.js';

const launchMs = Date.parse('2026-03-02T12:20:00Z');
const plan = (step: Partial<StepRequest> = {}) =>
  planOf({ segment: 'x', sequence: [{ day: 0, channel: 'email', template: 'welcome_series_1', ...step }] });
const share = (timeZone: string, users: number, slots: ClockShare['slots'] = {}): ClockShare => ({ timeZone, users, slots });
const frame = { launchMs, homeZone: 'UTC', recipients: 100 };
const shown = (forecast: ReturnType<typeof forecastOf>) => [
  ...forecast.hours.map(({ local, messages }) => `${local} ${messages}`),
  forecast.later,
];

describe('the forecast of first messages', () => {
  it('is all at once where nothing is waited for', () => {
    assert.deepEqual(shown(forecastOf(plan(), [share('UTC', 60), share('Asia/Tokyo', 40)], frame)), ['2026-03-02 12:00 100', 0]);
  });

  it('is at ten of everybody’s own clock, by the hours of the tenant’s', () => {
    const shares = [share('Europe/Berlin', 5), share('America/New_York', 7), share('Asia/Kolkata', 3)];
    const ten = plan({ send_time: '10:00 AM user_timezone' });
    assert.deepEqual(shown(forecastOf(ten, shares, frame)), ['2026-03-02 15:00 7', '2026-03-03 04:00 3', '2026-03-03 09:00 5', 0]);
    // An hour of Kolkata's clock begins at half past one of ours: New York's ten is 20:30 there, Berlin's 14:30.
    const there = forecastOf(ten, shares, { ...frame, homeZone: 'Asia/Kolkata' });
    assert.deepEqual(shown(there), ['2026-03-02 20:00 7', '2026-03-03 10:00 3', '2026-03-03 14:00 5', 0]);
    assert.equal(there.hours[0]?.fromMs, Date.parse('2026-03-02T14:30:00Z'));
  });

  it('is at the best hour of each who has one, on their weekday where that is near', () => {
    const optimal = plan({ send_time: 'optimal' });
    const shares = [
      share('UTC', 1),
      share('UTC', 2, { email: { hour: 18, minute: 30 } }),
      share('UTC', 4, { email: { weekday: 2, hour: 8 } }),
      share('UTC', 8, { email: { weekday: 3, hour: 8 } }),
      share('UTC', 16, { sms: { hour: 13 } }),
    ];
    // 2 March 2026 is a Monday; ten has passed, so that whoever has no best hour gets it on Tuesday.
    assert.deepEqual(shown(forecastOf(optimal, shares, frame)), ['2026-03-02 18:00 2', '2026-03-03 08:00 4', '2026-03-03 10:00 17', 8]);
  });

  it('is later than the first day for a first step of a later day, and where something is waited for', () => {
    assert.deepEqual(shown(forecastOf(plan({ day: 3 }), [share('UTC', 9)], frame)), [9]);
    const waiting = planOf({
      segment: 'x',
      goal: 'convert_to_paid',
      exit_on_goal: false,
      sequence: [{ day: 0, channel: 'email', template: 'win_back', trigger: 'converted' }],
    });
    assert.deepEqual(shown(forecastOf(waiting, [share('UTC', 9)], frame)), [9]);
    const patient = planOf({
      segment: 'x',
      goal: 'convert_to_paid',
      sequence: [{ day: 0, channel: 'email', template: 'win_back', trigger: 'not_converted', timeout_hours: 2 }],
    });
    assert.deepEqual(shown(forecastOf(patient, [share('UTC', 9)], frame)), ['2026-03-02 14:00 9', 0]);
  });

  it('stands where quiet hours let it go, and says how many they put off, or never let go', () => {
    const ten = plan({ send_time: '10:00 AM user_timezone' });
    const at = (timeZone: string | null, users: number): ClockShare => ({
      ...share(timeZone ?? 'UTC', users),
      place: { channel: 'email', timeZone, phone: null, country: null, postalCode: null },
    });
    const ownHours = (hours: string) => ({ ...frame, ownHours: parseOwnHours({ email: hours }) });
    // It is Monday noon in UTC: ten has passed there, and comes at 15:00 in New York.
    const shares = [at('America/New_York', 7), at('UTC', 3)];
    const late = forecastOf(ten, shares, ownHours('Mon 11:00-18:00, Tue 10:00-18:00'));
    assert.deepEqual([...shown(late), late.held, late.never], ['2026-03-02 16:00 7', '2026-03-03 10:00 3', 0, 7, 0]);
    const never = forecastOf(ten, shares, ownHours('Mon 11:00-11:01'));
    assert.deepEqual([...shown(never), never.held, never.never], [0, 10, 10]);
  });

  it('takes a zone that nobody knows for the tenant’s own', () => {
    const ten = plan({ send_time: '10:00' });
    const unknown = forecastOf(ten, [share('Mars/Olympus', 3)], { ...frame, homeZone: 'Asia/Tokyo' });
    assert.deepEqual(unknown, forecastOf(ten, [share('Asia/Tokyo', 3)], { ...frame, homeZone: 'Asia/Tokyo' }));
  });

  it('counts everybody once, in hours of the day after the launch', () => {
    const zone = fc.constantFrom('UTC', 'Europe/Berlin', 'Asia/Kolkata', 'Pacific/Apia', 'Australia/Lord_Howe', 'nowhere');
    const slot = fc.record({ hour: fc.nat(23), minute: fc.nat(59), weekday: fc.integer({ min: 1, max: 7 }) });
    const shares = fc.array(fc.record({ timeZone: zone, users: fc.nat(1_000), slots: fc.record({ email: slot }) }), { maxLength: 8 });
    const when = fc.integer({ min: Date.parse('2026-01-01'), max: Date.parse('2027-01-01') });
    const step = fc.record({ send_time: fc.constantFrom('optimal', '2:30 AM', '23:59'), day: fc.nat(1) });
    fc.assert(
      fc.property(
        shares,
        when,
        step,
        zone.filter((name) => name !== 'nowhere'),
        (all, at, first, homeZone) => {
          const { hours, later } = forecastOf(plan(first), all, { launchMs: at, homeZone, recipients: 500_000 });
          const users = all.reduce((sum, one) => sum + one.users, 0);
          assert.equal(
            hours.reduce((sum, { messages }) => sum + messages, later),
            users,
          );
          for (const { fromMs } of hours) assert.ok(fromMs > at - HOUR_MS && fromMs < at + DAY_MS);
        },
      ),
      { numRuns: 200 },
    );
  });
});

describe('the forecast where only so many go per second', () => {
  it('puts off whoever has to wait for their turn, and says how many', () => {
    // Forty minutes are left of the first hour: 2,400 seconds.
    const forecast = forecastOf(plan(), [share('UTC', 5_000)], { ...frame, perSecond: 0.5 });
    assert.deepEqual(shown(forecast), [
      '2026-03-02 12:00 1200',
      '2026-03-02 13:00 1800',
      '2026-03-02 14:00 1800',
      '2026-03-02 15:00 200',
      0,
    ]);
    assert.equal(forecast.slowed, 3_800);
    assert.equal(forecastOf(plan(), [share('UTC', 5_000)], { ...frame, perSecond: 100 }).slowed, 0);
  });

  it('has what does not fit into the day later than that, and loses nobody', () => {
    fc.assert(
      fc.property(
        fc.array(fc.nat(5_000), { minLength: 1, maxLength: 4 }),
        fc.double({ min: 0.01, max: 2, noNaN: true }),
        (users, perSecond) => {
          const zones = ['UTC', 'Europe/Berlin', 'America/New_York', 'Asia/Tokyo'];
          const shares = users.map((count, i) => share(zones[i] ?? 'UTC', count));
          const { hours, later, slowed } = forecastOf(plan({ send_time: '10:00 AM user_timezone' }), shares, { ...frame, perSecond });
          const all = users.reduce((sum, count) => sum + count, 0);
          assert.equal(
            hours.reduce((sum, { messages }) => sum + messages, later),
            all,
          );
          assert.ok(hours.every(({ messages }) => messages <= perSecond * 3_600));
          assert.ok(slowed <= all && slowed >= later);
        },
      ),
    );
  });
});
