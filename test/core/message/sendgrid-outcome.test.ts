import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { sendgridOutcome } from '../../../core/message/sendgrid-outcome.js';

const NOW = Date.parse('2026-11-25T10:00:00Z');
const answered = (
  status: number,
  { headers = {}, body, validateOnly = false }: { headers?: Record<string, unknown>; body?: unknown; validateOnly?: boolean } = {},
) => sendgridOutcome({ kind: 'answered', status, headers, body, validateOnly }, NOW);
const errors = (...all: readonly { message?: string; field?: string | null }[]) => ({ body: { errors: all } });

describe('what an answer of SendGrid means', () => {
  it('accepted, by 202, and by 200 only where nothing was to be delivered', () => {
    assert.deepEqual(answered(202, { headers: { 'x-message-id': 'abc' } }), { kind: 'accepted', messageId: 'abc' });
    assert.deepEqual(answered(200, { validateOnly: true }), { kind: 'accepted', messageId: undefined });
    assert.equal(answered(200).kind, 'ambiguous');
  });

  it('refused, by any 4xx but 408 and 429', () => {
    for (let status = 400; status < 500; status += 1) {
      const expected = status === 429 ? 'not_accepted' : status === 408 ? 'ambiguous' : 'refused';
      assert.equal(answered(status).kind, expected, String(status));
    }
  });

  it('refused for the sake of the account, which is no fault of the messages', () => {
    for (const status of [401, 403]) {
      const outcome = answered(status, errors({ field: 'personalizations.1.to' }));
      assert.ok(outcome.kind === 'refused' && outcome.concerns === 'account' && outcome.blamed.length === 0);
    }
  });

  it('names the messages that the provider blames, and no address', () => {
    const outcome = answered(
      400,
      errors(
        { message: 'You have included [jane.doe+x@example.com] more than once', field: 'personalizations.7.to.0.email' },
        { message: 'Does not contain a valid address.', field: 'personalizations.7.to' },
        { message: 'bad', field: 'personalizations.12' },
        { message: 'bad', field: 'subject' },
      ),
    );
    assert.ok(outcome.kind === 'refused' && outcome.concerns === 'request');
    assert.deepEqual(outcome.blamed, [7, 12]);
    assert.match(outcome.because, /\(an address\).*more than once.*subject/);
    assert.doesNotMatch(outcome.because, /jane|example\.com/);
  });

  it('ambiguous, by anything from 500 on and below 400', () => {
    for (const status of [0, 100, 201, 204, 302, 307, 500, 502, 503, 504, 599, Number.NaN]) {
      assert.equal(answered(status).kind, 'ambiguous', String(status));
    }
  });

  it('not accepted until the reset, counted by the clock of the provider', () => {
    const reset = String(NOW / 1_000 + 90);
    const at = (headers: Record<string, unknown>) => {
      const outcome = answered(429, { headers });
      assert.ok(outcome.kind === 'not_accepted');
      return (outcome.retryAtMs - NOW) / 1_000;
    };
    assert.equal(at({ 'x-ratelimit-reset': reset }), 90);
    assert.equal(at({ 'x-ratelimit-reset': reset, date: 'Wed, 25 Nov 2026 10:01:00 GMT' }), 30);
    assert.equal(at({ 'x-ratelimit-reset': '1' }), 1, 'a reset that is past');
    assert.equal(at({ 'x-ratelimit-reset': '99999999999' }), 3_600, 'a reset in the year 5138');
    for (const nonsense of [{}, { 'x-ratelimit-reset': 'soon' }, { 'x-ratelimit-reset': ['1'] }]) assert.equal(at(nonsense), 30);
  });

  it('not accepted when no connection came about, ambiguous when one did or nobody knows', () => {
    const broken = (code: string | undefined, written: boolean | 'unknown') => sendgridOutcome({ kind: 'broken', code, written }, NOW).kind;
    for (const code of ['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN']) {
      assert.equal(broken(code, 'unknown'), 'not_accepted');
      assert.equal(broken(code, true), 'ambiguous');
    }
    assert.equal(broken('ECONNABORTED', false), 'not_accepted');
    for (const code of ['ECONNRESET', 'ECONNABORTED', 'ETIMEDOUT', 'EPIPE', undefined]) {
      assert.equal(broken(code, 'unknown'), 'ambiguous');
      assert.equal(broken(code, true), 'ambiguous');
    }
  });

  it('says something of any body, and throws at none', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 400, max: 499 }),
        fc.oneof(fc.anything(), fc.record({ errors: fc.array(fc.anything()) })),
        (status, body) => {
          assert.ok(answered(status, { body }).kind);
        },
      ),
    );
  });
});
