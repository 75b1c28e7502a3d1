import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { claimableFrom, CLAIM_LASTS_MS } from '../../../core/consent/claim-hours.js';
import { parseOwnHours } from '../../../core/consent/own-hours.js';
import { allowedFrom, type Recipient } from '../../../core/consent/quiet-hours.js';

const recipient = (timeZone: string): Recipient => ({ channel: 'email', timeZone, phone: null, country: null, postalCode: null });
const rules = (email: string) => ({ tenantTimeZone: 'UTC', ownHours: parseOwnHours({ email }) });
const from = (at: string, hours: string, timeZone = 'UTC') => {
  const ms = claimableFrom(Date.parse(at), recipient(timeZone), rules(hours));
  return ms === null ? null : new Date(ms).toISOString();
};

describe('when a message may be claimed', () => {
  it('is at once within hours, and when they begin otherwise', () => {
    assert.equal(from('2026-03-02T12:00:30Z', 'daily 09:00-18:00'), '2026-03-02T12:00:30.000Z');
    assert.equal(from('2026-03-02T08:00:00Z', 'daily 09:00-18:00'), '2026-03-02T09:00:00.000Z');
  });

  it('is not so late that it would arrive after them', () => {
    assert.equal(from('2026-03-02T17:56:59Z', 'daily 09:00-18:00'), '2026-03-02T17:56:59.000Z');
    assert.equal(from('2026-03-02T17:57:00Z', 'daily 09:00-18:00'), '2026-03-03T09:00:00.000Z');
    assert.equal(from('2026-03-02T23:59:00Z', 'daily 00:00-24:00'), '2026-03-02T23:59:00.000Z', 'midnight ends nothing');
  });

  it('is never where hours are too short, or there are none', () => {
    assert.equal(from('2026-03-02T12:00:00Z', 'daily 09:00-09:02'), null);
  });

  it('is within hours until the claim is old, on every clock', () => {
    const zones = fc.constantFrom('UTC', 'America/New_York', 'Asia/Kolkata', 'Australia/Lord_Howe', 'Africa/Casablanca');
    const hours = fc.constantFrom('daily 09:00-18:00', 'Mon-Fri 01:00-03:10, Sun 02:00-24:00', 'daily 00:00-24:00');
    const at = fc.integer({ min: Date.parse('2026-01-01'), max: Date.parse('2027-01-01') });
    fc.assert(
      fc.property(at, zones, hours, (ms, zone, text) => {
        const claimed = claimableFrom(ms, recipient(zone), rules(text));
        assert.ok(claimed !== null && claimed >= ms);
        for (const later of [0, CLAIM_LASTS_MS / 2, CLAIM_LASTS_MS])
          assert.equal(allowedFrom(claimed + later, recipient(zone), rules(text)), claimed + later);
      }),
      { numRuns: 300 },
    );
  });
});
