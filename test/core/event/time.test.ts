import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { inspect } from 'node:util';
import fc from 'fast-check';
import { correctForSkew, EARLIEST_EVENT_MS, isAcceptedTime, parseTimeMs } from '../../../core/event/time.js';
import { parseTimeZone } from '../../../core/event/time-zone.js';

const utc = (text: string): number => Date.parse(text);

describe('a point in time', () => {
  it('is read in every form that ISO 8601 allows and clients write', () => {
    const forms = {
      '2025-03-04T05:06:07.089Z': '2025-03-04T05:06:07.089Z',
      '2025-03-04T05:06:07Z': '2025-03-04T05:06:07.000Z',
      '2025-03-04T05:06:07.123456789Z': '2025-03-04T05:06:07.123Z',
      '2025-03-04T05:06:07,5+02:00': '2025-03-04T03:06:07.500Z',
      '2025-03-04T05:06:07+0530': '2025-03-03T23:36:07.000Z',
      '2025-03-04T05:06-05': '2025-03-04T10:06:00.000Z',
      '2025-03-04 05:06:07': '2025-03-04T05:06:07.000Z',
      '2025-03-04t05:06:07z': '2025-03-04T05:06:07.000Z',
      ' 2025-03-04 ': '2025-03-04T00:00:00.000Z',
      '+002025-03-04T00:00:00Z': '2025-03-04T00:00:00.000Z',
      '0001-01-01T00:00:00Z': '0001-01-01T00:00:00.000Z',
      '9999-12-31T23:59:59.999Z': '9999-12-31T23:59:59.999Z',
      '2024-02-29T12:00:00.000Z': '2024-02-29T12:00:00.000Z',
    };
    for (const [sent, meant] of Object.entries(forms)) assert.equal(parseTimeMs(sent), utc(meant), sent);
  });

  it('is in UTC when no zone is named, whatever zone this machine is in', () => {
    assert.equal(parseTimeMs('2025-07-01T12:00:00'), utc('2025-07-01T12:00:00Z'));
  });

  it('may be a number of seconds or milliseconds', () => {
    assert.equal(parseTimeMs(1_740_000_000), 1_740_000_000_000);
    assert.equal(parseTimeMs(1_740_000_000_123), 1_740_000_000_123);
    assert.equal(parseTimeMs(1_740_000_000.5), 1_740_000_000_500);
  });

  it('is nothing when it is anything else', () => {
    const wild = [
      '',
      'yesterday',
      '2025-13-01',
      '2025-02-30',
      '2025-02-29T00:00:00.000Z',
      '2025-04-31T00:00:00Z',
      '2025-00-10',
      '2025-01-00',
    ];
    const more = ['2025-01-01T25:00:00Z', '12345-01-01', 'Mar 1 2022 00:00:00.000Z', '20250101', '2025-1-1', '1740000000', '2025-03-04T05'];
    for (const sent of [...wild, ...more, '2'.repeat(100), Infinity, Number.NaN, 1e300, null, undefined, true, {}, []]) {
      assert.equal(parseTimeMs(sent), undefined, inspect(sent));
    }
  });

  it('survives being written and read (property)', () => {
    fc.assert(
      fc.property(fc.date({ noInvalidDate: true }), (date) => assert.equal(parseTimeMs(date.toISOString()), date.getTime())),
      { numRuns: 2_000 },
    );
  });
});

describe('the correction of a wrong clock', () => {
  const receivedMs = utc('2025-06-01T12:00:00Z');
  const threeYears = 3 * 365 * 86_400_000;

  it('takes what passed between event and sending off the time of arrival', () => {
    for (const wrongBy of [0, threeYears, -threeYears]) {
      const sentMs = receivedMs + wrongBy;
      assert.equal(correctForSkew({ originalMs: sentMs - 90_000, sentMs, receivedMs }), receivedMs - 90_000);
    }
  });

  it('leaves alone what it knows too little about', () => {
    assert.equal(correctForSkew({ originalMs: 5, receivedMs }), 5);
    assert.equal(correctForSkew({ receivedMs }), receivedMs);
    assert.equal(correctForSkew({ sentMs: 7, receivedMs }), receivedMs);
  });

  it('does not believe a sentAt before 1970', () => {
    assert.equal(correctForSkew({ originalMs: receivedMs - 1, sentMs: utc('0001-01-01T00:00:00Z'), receivedMs }), receivedMs - 1);
  });

  it('keeps an event of long ago where it was, when the clock is right', () => {
    const originalMs = utc('2012-04-01T00:00:00Z');
    assert.equal(correctForSkew({ originalMs, sentMs: receivedMs, receivedMs }), originalMs);
  });
});

describe('the times that are accepted', () => {
  const now = utc('2025-06-01T12:00:00Z');
  it('are from 1990 to a day from now', () => {
    assert.ok(isAcceptedTime(EARLIEST_EVENT_MS, now));
    assert.ok(!isAcceptedTime(EARLIEST_EVENT_MS - 1, now));
    assert.ok(isAcceptedTime(now + 86_400_000, now));
    assert.ok(!isAcceptedTime(now + 86_400_001, now));
  });
});

describe('a time zone', () => {
  it('is one that the IANA database knows, and no offset', () => {
    assert.equal(parseTimeZone('Europe/Berlin'), 'Europe/Berlin');
    assert.equal(parseTimeZone(' Asia/Kolkata '), 'Asia/Kolkata');
    for (const sent of ['+02:00', 'Mars/Olympus', '', 'x'.repeat(100), 3, null]) assert.equal(parseTimeZone(sent), undefined, String(sent));
  });
});
