import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { parseLocalDate } from '../../core/ids.js';
import { endOfLocalDate, localDateAt } from '../../core/local-date.js';

const endOf = (day: string, zone: string) => endOfLocalDate(parseLocalDate(day), zone).toISOString();
const dayAt = (moment: string, zone: string) => localDateAt(new Date(moment), zone);

describe('the local date', () => {
  it('is that of the zone, ahead of UTC and behind it', () => {
    assert.equal(dayAt('2025-12-28T11:30:00Z', 'Pacific/Kiritimati'), '2025-12-29');
    assert.equal(dayAt('2025-12-28T11:30:00Z', 'UTC'), '2025-12-28');
    assert.equal(dayAt('2025-12-28T11:30:00Z', 'Pacific/Pago_Pago'), '2025-12-28');
    assert.equal(dayAt('2025-12-28T10:30:00Z', 'Pacific/Pago_Pago'), '2025-12-27');
    assert.equal(dayAt('2025-06-30T18:29:59.999Z', 'Asia/Kolkata'), '2025-06-30');
    assert.equal(dayAt('2025-06-30T18:30:00Z', 'Asia/Kolkata'), '2025-07-01');
  });
});

describe('the end of a local date', () => {
  it('is midnight, in summer and in winter', () => {
    assert.equal(endOf('2025-07-01', 'Europe/Berlin'), '2025-07-01T22:00:00.000Z');
    assert.equal(endOf('2025-12-28', 'Europe/Berlin'), '2025-12-28T23:00:00.000Z');
    assert.equal(endOf('2025-12-28', 'America/Los_Angeles'), '2025-12-29T08:00:00.000Z');
    assert.equal(endOf('2025-12-28', 'Pacific/Kiritimati'), '2025-12-28T10:00:00.000Z');
    assert.equal(endOf('2025-12-28', 'Asia/Kathmandu'), '2025-12-28T18:15:00.000Z');
    assert.equal(endOf('1996-02-29', 'UTC'), '1996-03-01T00:00:00.000Z');
  });

  it('leaves a day of 23 hours in spring and one of 25 in autumn', () => {
    const hours = (day: string, before: string, zone: string) =>
      (Date.parse(endOf(day, zone)) - Date.parse(endOf(before, zone))) / 3_600_000;
    assert.equal(hours('2025-03-30', '2025-03-29', 'Europe/Berlin'), 23);
    assert.equal(hours('2025-10-26', '2025-10-25', 'Europe/Berlin'), 25);
    assert.equal(hours('2025-04-06', '2025-04-05', 'Australia/Lord_Howe'), 24.5);
  });

  it('is the jump where the clock jumps over midnight', () => {
    // Beirut, 30 March 2025: from 23:59:59 on the 29th to 01:00 on the 30th
    assert.equal(endOf('2025-03-29', 'Asia/Beirut'), '2025-03-29T22:00:00.000Z');
  });

  it('is the later midnight where the clock goes back over it', () => {
    // St. John's, 7 November 2010: one minute after midnight it was 23:01 on the 6th again
    assert.equal(endOf('2010-11-06', 'America/St_Johns'), '2010-11-07T03:30:00.000Z');
  });

  it('of a day that was skipped is its beginning, so that its walk sees what the day before saw', () => {
    // Samoa had no 30 December 2011: it moved over the date line
    assert.equal(endOf('2011-12-29', 'Pacific/Apia'), '2011-12-30T10:00:00.000Z');
    assert.equal(endOf('2011-12-30', 'Pacific/Apia'), '2011-12-30T10:00:00.000Z');
    assert.equal(endOf('2011-12-31', 'Pacific/Apia'), '2011-12-31T10:00:00.000Z');
  });

  it('is the first moment of a later day, in every zone and on every day since 2012', () => {
    const zones = Intl.supportedValuesOf('timeZone');
    const days = fc.integer({ min: Date.UTC(2012, 0, 1) / 86_400_000, max: Date.UTC(2037, 11, 31) / 86_400_000 });
    fc.assert(
      fc.property(fc.constantFrom(...zones), days, (zone, days) => {
        const day = parseLocalDate(new Date(days * 86_400_000).toISOString().slice(0, 10));
        const end = endOfLocalDate(day, zone);
        assert.ok(localDateAt(end, zone) > day);
        assert.equal(localDateAt(new Date(end.getTime() - 1), zone), day);
      }),
      { numRuns: 150 },
    );
  });
});
