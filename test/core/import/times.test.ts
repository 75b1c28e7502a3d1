import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { createTimeReader } from '../../../core/import/times.js';
import { createZoneClock } from '../../../core/import/zone-clock.js';

const read = (text: unknown, timeZone = 'UTC', dateFormat?: string): string | undefined => {
  const ms = createTimeReader({ timeZone, ...(dateFormat !== undefined && { dateFormat }) })(text);
  return ms === undefined ? undefined : new Date(ms).toISOString();
};

describe('a time without a format', () => {
  it('is ISO 8601, a short date, or a number since 1970', () => {
    assert.equal(read('2024-05-01T10:00:00Z'), '2024-05-01T10:00:00.000Z');
    assert.equal(read('2024-05-01 10:00:00.123456 +02:00'), '2024-05-01T08:00:00.123Z');
    assert.equal(read('19970101'), '1997-01-01T00:00:00.000Z');
    assert.equal(read('1714557600'), '2024-05-01T10:00:00.000Z');
    assert.equal(read(1_714_557_600_000), '2024-05-01T10:00:00.000Z');
  });

  it('is in the given zone where it names none', () => {
    assert.equal(read('2024-07-01', 'Europe/Berlin'), '2024-06-30T22:00:00.000Z');
    assert.equal(read('2024-01-01 12:00', 'America/New_York'), '2024-01-01T17:00:00.000Z');
    assert.equal(read('2024-01-01T12:00Z', 'America/New_York'), '2024-01-01T12:00:00.000Z');
  });

  it('is nothing when it cannot be one', () => {
    for (const text of ['', 'soon', '2024-02-30', '20240230', '01/02/2024', 'NaN', null, {}, 'x'.repeat(1_000)])
      assert.equal(read(text), undefined);
  });
});

describe('a date format', () => {
  it('reads what it describes and nothing else', () => {
    assert.equal(read('31.12.2023 23:59', 'UTC', 'DD.MM.YYYY HH:mm'), '2023-12-31T23:59:00.000Z');
    assert.equal(read('1/2/24', 'UTC', 'M/D/YY'), '2024-01-02T00:00:00.000Z');
    assert.equal(read('Mar 5, 2024 12:30 am', 'UTC', 'MMM D, YYYY h:mm A'), '2024-03-05T00:30:00.000Z');
    assert.equal(read('2024-03-05T10:00:00+0100', 'Asia/Tokyo', 'YYYY-MM-DDTHH:mm:ssZ'), '2024-03-05T09:00:00.000Z');
    assert.equal(read('2023-12-31', 'UTC', 'DD.MM.YYYY'), undefined);
    assert.equal(read('31.02.2023', 'UTC', 'DD.MM.YYYY'), undefined);
    assert.equal(read('01.01.2023 24:00', 'UTC', 'DD.MM.YYYY HH:mm'), undefined);
  });

  it('must name a day', () => {
    assert.throws(() => read('', 'UTC', 'MM/YYYY'), /must name the day/);
    assert.throws(() => read('', 'UTC', 'DD DD.MM.YYYY'), /each part once/);
  });
});

describe('the clock of a zone', () => {
  it('takes the first of an hour that it shows twice, and a skipped time as if it had not jumped', () => {
    const berlin = createZoneClock('Europe/Berlin');
    const utc = (wall: string) => new Date(berlin(Date.parse(`${wall}Z`))).toISOString();
    assert.equal(utc('2024-10-27T02:30:00'), '2024-10-27T00:30:00.000Z');
    assert.equal(utc('2024-10-27T03:00:00'), '2024-10-27T02:00:00.000Z');
    assert.equal(utc('2024-03-31T02:30:00'), '2024-03-31T01:30:00.000Z');
    assert.equal(utc('2024-03-31T01:59:59'), '2024-03-31T00:59:59.000Z');
  });

  it('agrees with Intl on every moment that it shows once', () => {
    for (const timeZone of ['America/Port-au-Prince', 'Australia/Lord_Howe', 'Asia/Kathmandu', 'Pacific/Apia']) {
      const clock = createZoneClock(timeZone);
      const format = new Intl.DateTimeFormat('sv', { timeZone, dateStyle: 'short', timeStyle: 'medium' });
      fc.assert(
        fc.property(fc.integer({ min: Date.UTC(1991, 0) / 1000, max: Date.UTC(2026, 0) / 1000 }), (seconds) => {
          const wall = format.format(seconds * 1000).replace(' ', 'T');
          // Read back, the moment shows the same wall time.
          const read = clock(Date.parse(`${wall}Z`));
          assert.equal(format.format(read).replace(' ', 'T'), wall);
          assert.ok(read <= seconds * 1000);
        }),
      );
    }
  });
});
