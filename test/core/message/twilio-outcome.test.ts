import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { twilioOutcome } from '../../../core/message/twilio-outcome.js';

const NOW = Date.parse('2026-11-25T10:00:00Z');
const SID = `SM${'0a'.repeat(16)}`;
const answered = (status: number, body: unknown = {}, headers: Readonly<Record<string, unknown>> = {}) =>
  twilioOutcome({ kind: 'answered', status, headers, body }, NOW);
const refusal = (code: number, message = 'No.', status = 400) => answered(status, { code, message, status, more_info: 'https://…' });

describe('what an answer of Twilio means', () => {
  it('accepted, by 201 with the SID of a message', () => {
    for (const status of ['queued', 'accepted', 'scheduled', 'sent', undefined]) {
      assert.deepEqual(answered(201, { sid: SID, status }), { kind: 'accepted', messageId: SID });
    }
    for (const body of [{}, undefined, null, '<html>', [], { sid: 'SM1' }, { sid: 7 }, { sid: `AC${'0'.repeat(32)}` }]) {
      assert.equal(answered(201, body).kind, 'ambiguous', JSON.stringify(body));
    }
  });

  it('refused after all, by 201 with a message that has failed already', () => {
    const out = answered(201, { sid: SID, status: 'failed', error_code: 21610, error_message: null });
    assert.ok(out.kind === 'refused' && out.addressFault === 'opted_out');
    assert.equal(answered(201, { sid: SID, status: 'failed', error_code: 30001 }).kind, 'not_accepted');
    assert.equal(answered(201, { sid: SID, status: 'canceled' }).kind, 'refused');
  });

  it('refused, by any 4xx but 408 and 429', () => {
    for (let status = 400; status < 500; status += 1) {
      const expected = status === 429 ? 'not_accepted' : status === 408 ? 'ambiguous' : 'refused';
      for (const body of [{}, undefined, '<html>', { code: 99_999 }]) assert.equal(answered(status, body).kind, expected, String(status));
    }
  });

  it('refused for the sake of the account or of its sender', () => {
    const account = [answered(401), answered(403), answered(404), refusal(21606), refusal(21703), refusal(63007), refusal(20005)];
    for (const outcome of account) assert.ok(outcome.kind === 'refused' && outcome.concerns === 'account' && !outcome.addressFault);
    assert.ok(refusal(21211, 'No.', 401).kind === 'refused');
  });

  it('says of the address that it has opted out, or is unreachable, and of others nothing', () => {
    const told = (code: number) => {
      const outcome = refusal(code);
      assert.ok(outcome.kind === 'refused' && outcome.concerns === 'request' && outcome.blamed.length === 0 && outcome.status === 400);
      return outcome.addressFault;
    };
    assert.equal(told(21610), 'opted_out');
    for (const code of [21211, 21614, 21635, 63024]) assert.equal(told(code), 'unreachable', String(code));
    for (const code of [63016, 21612, 21408, 21617, 21655, 21656, 30007]) assert.equal(told(code), undefined, String(code));
  });

  it('not accepted, by a code that says so, for as long as it takes', () => {
    const waitS = (code: number) => {
      const outcome = refusal(code);
      assert.ok(outcome.kind === 'not_accepted');
      return (outcome.retryAtMs - NOW) / 1_000;
    };
    assert.deepEqual([waitS(21611), waitS(63018), waitS(63049)], [60, 3_600, 86_400]);
  });

  it('not accepted by 429, until the header says, counted by the clock of the provider', () => {
    const waitS = (headers: Readonly<Record<string, unknown>>, body: unknown = { code: 20429 }) => {
      const outcome = answered(429, body, headers);
      assert.ok(outcome.kind === 'not_accepted');
      return (outcome.retryAtMs - NOW) / 1_000;
    };
    assert.equal(waitS({ 'retry-after': '90' }), 90);
    assert.equal(waitS({ 'retry-after': '0' }), 1);
    assert.equal(waitS({ 'retry-after': '999999' }), 3_600);
    assert.equal(waitS({ 'retry-after': 'Wed, 25 Nov 2026 10:01:30 GMT' }), 90);
    assert.equal(waitS({ 'retry-after': 'Wed, 25 Nov 2026 10:01:30 GMT', date: 'Wed, 25 Nov 2026 10:01:00 GMT' }), 30);
    for (const nonsense of [{}, { 'retry-after': 'soon' }, { 'retry-after': ['1'] }]) assert.equal(waitS(nonsense), 5);
    assert.equal(waitS({}, '<html>'), 5);
    assert.equal(waitS({}, { code: 63038 }), 3_600, 'the limit of a day');
  });

  it('ambiguous, by anything from 500 on and below 400 but 201', () => {
    for (const status of [0, 100, 200, 202, 204, 302, 307, 500, 502, 503, 504, 599, Number.NaN]) {
      assert.equal(answered(status, { sid: SID, code: 21610 }).kind, 'ambiguous', String(status));
    }
  });

  it('not accepted when no connection came about, ambiguous when one did or nobody knows', () => {
    const broken = (code: string | undefined, written: boolean | 'unknown') => twilioOutcome({ kind: 'broken', code, written }, NOW).kind;
    for (const code of ['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN']) {
      assert.equal(broken(code, 'unknown'), 'not_accepted');
      assert.equal(broken(code, true), 'ambiguous');
    }
    assert.equal(broken('ECONNABORTED', false), 'not_accepted');
    for (const code of ['ECONNRESET', 'ECONNABORTED', 'ERR_CANCELED', undefined]) {
      assert.equal(broken(code, 'unknown'), 'ambiguous');
      assert.equal(broken(code, true), 'ambiguous');
    }
  });

  it('repeats Twilio’s words, and no number', () => {
    const outcome = refusal(21211, "The 'To' number whatsapp:+33 (0)6 12 34 56 78 is not a valid phone number for 14155550100.");
    assert.ok(outcome.kind === 'refused');
    assert.match(outcome.because, /^Twilio refused it \(400, 21211\): The 'To' number whatsapp:\(a number\) is not a valid/);
    assert.doesNotMatch(outcome.because, /\d{6}|12 34/);
  });

  it('says something of any answer, that can be stored, and throws at none', () => {
    const bodies = fc.oneof(
      fc.anything(),
      fc.record({ sid: fc.anything(), status: fc.anything(), code: fc.anything(), message: fc.anything() }),
    );
    fc.assert(
      fc.property(
        fc.integer({ min: 100, max: 599 }),
        bodies,
        fc.dictionary(fc.constantFrom('retry-after', 'date'), fc.anything()),
        (status, body, headers) => {
          const outcome = answered(status, body, headers);
          if (outcome.kind === 'not_accepted') assert.ok(outcome.retryAtMs > NOW);
          if (outcome.kind !== 'accepted') assert.ok(outcome.because.isWellFormed() && !outcome.because.includes('\0'));
        },
      ),
      { numRuns: 500 },
    );
  });
});
