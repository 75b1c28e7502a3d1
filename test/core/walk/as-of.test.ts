import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { DomainError } from '../../../core/errors.js';
import { parseLocalDate } from '../../../core/ids.js';
import { decideAsOf } from '../../../core/walk/as-of.js';

const decide = (day: string, { now, asOf, timeZone = 'Europe/Berlin' }: { now: string; asOf?: string; timeZone?: string }) =>
  decideAsOf({
    walkDate: parseLocalDate(day),
    timeZone,
    now: new Date(now),
    asOf: asOf === undefined ? undefined : new Date(asOf),
  }).toISOString();

const invalid = (message: RegExp) => (error: unknown) =>
  error instanceof DomainError && error.code === 'invalid' && message.test(error.message);

describe('the moment that a walk looks back from', () => {
  it('is now on the day itself', () => {
    assert.equal(decide('2025-12-28', { now: '2025-12-28T07:00:00.000Z' }), '2025-12-28T07:00:00.000Z');
  });

  it('is the end of the day on a day that is past', () => {
    assert.equal(decide('2025-12-27', { now: '2025-12-28T07:00:00Z' }), '2025-12-27T23:00:00.000Z');
    assert.equal(decide('1998-06-30', { now: '2025-12-28T07:00:00Z', timeZone: 'America/New_York' }), '1998-07-01T04:00:00.000Z');
  });

  it('goes by the day of the tenant, not of UTC', () => {
    const now = '2025-12-28T23:30:00.000Z'; // the 29th in Berlin
    assert.equal(decide('2025-12-29', { now }), now);
    assert.equal(decide('2025-12-28', { now }), '2025-12-28T23:00:00.000Z');
    assert.throws(() => decide('2025-12-29', { now, timeZone: 'America/New_York' }), invalid(/2025-12-28 in America\/New_York/));
  });

  it('is the one that was asked for, up to the end of the day and to now', () => {
    const now = '2025-12-28T07:00:00.000Z';
    assert.equal(decide('2025-12-28', { now, asOf: '2025-12-28T05:00:00Z' }), '2025-12-28T05:00:00.000Z');
    assert.equal(decide('2025-12-28', { now, asOf: now }), now);
    assert.equal(decide('2025-12-27', { now, asOf: '2025-12-27T23:00:00Z' }), '2025-12-27T23:00:00.000Z');
    assert.throws(() => decide('2025-12-28', { now, asOf: '2025-12-28T07:00:00.001Z' }), invalid(/2025-12-28T07:00:00.000Z is the latest/));
    assert.throws(() => decide('2025-12-27', { now, asOf: '2025-12-27T23:00:00.001Z' }), invalid(/is the latest/));
  });

  it('is refused for a day that has not come, and for what is no moment', () => {
    assert.throws(() => decide('2025-12-29', { now: '2025-12-28T07:00:00Z' }), invalid(/cannot be walked yet/));
    assert.throws(() => decide('2025-12-28', { now: '2025-12-28T07:00:00Z', asOf: 'yesterday' }), invalid(/not a moment/));
  });
});
