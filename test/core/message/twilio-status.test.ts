import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { readTwilioStatus } from '../../../core/message/twilio-status.js';
import { twilioForm } from '../../harness/twilio.js';

const SID = `SM${'0a'.repeat(16)}`;
const AT = Date.parse('2026-11-25T10:00:00Z');
const fields = { MessageSid: SID, MessageStatus: 'delivered', To: '+33612345678', From: '+15005550006', AccountSid: `AC${'0'.repeat(32)}` };
const read = (changes: Readonly<Record<string, string>> = {}, token: unknown = 'token-1') =>
  readTwilioStatus(twilioForm({ ...fields, ...changes }), token, AT);
const engagement = (changes: Readonly<Record<string, string>>) => {
  const told = read(changes);
  assert.ok('kind' in told, JSON.stringify(told));
  return told;
};

describe("Twilio's status callback", () => {
  it('becomes an engagement of ours', () => {
    assert.deepEqual(read(), {
      kind: 'delivered',
      token: 'token-1',
      providerEventId: `${SID}-delivered`,
      messageSid: SID,
      occurredAtMs: AT,
      isPermanent: false,
      addressFault: undefined,
      detail: undefined,
    });
  });

  it('knows every status of what is sent', () => {
    const kinds = {
      accepted: 'accepted',
      scheduled: 'accepted',
      queued: 'accepted',
      sending: 'accepted',
      sent: 'accepted',
      delivered: 'delivered',
      partially_delivered: 'delivered',
      read: 'opened',
      undelivered: 'bounced',
      failed: 'dropped',
      canceled: 'dropped',
    };
    for (const [theirs, ours] of Object.entries(kinds)) assert.equal(engagement({ MessageStatus: theirs }).kind, ours, theirs);
  });

  it('tells failures for good from others, and who has opted out', () => {
    const failure = (status: string, code: string) => {
      const { kind, isPermanent, addressFault } = engagement({ MessageStatus: status, ErrorCode: code });
      return [kind, isPermanent, addressFault];
    };
    assert.deepEqual(failure('undelivered', '30005'), ['bounced', true, 'unreachable']);
    assert.deepEqual(failure('undelivered', '30003'), ['bounced', false, undefined]);
    assert.deepEqual(failure('failed', '21614'), ['bounced', true, 'unreachable']);
    assert.deepEqual(failure('failed', '21610'), ['dropped', true, 'opted_out']);
    assert.deepEqual(failure('failed', '63016'), ['dropped', false, undefined]);
    assert.deepEqual(failure('failed', '63049'), ['dropped', false, undefined]);
    assert.deepEqual(failure('failed', '30007'), ['dropped', false, undefined]);
    assert.deepEqual(failure('failed', 'x'), ['dropped', false, undefined]);
    assert.deepEqual(failure('delivered', '30005'), ['delivered', false, undefined], 'a code that belongs to no failure');
  });

  it('says why, without the number', () => {
    const words = { ErrorMessage: 'The number +33 6 12 34 56 78 is off' };
    assert.equal(engagement({ MessageStatus: 'failed', ErrorCode: '30003', ...words }).detail, '30003: The number (a number) is off');
    assert.equal(engagement({ MessageStatus: 'undelivered', ErrorCode: '30005' }).detail, '30005');
    assert.equal(engagement({ MessageStatus: 'failed', ChannelStatusMessage: 'blocked' }).detail, 'blocked');
    assert.equal(engagement({ MessageStatus: 'delivered', ...words }).detail, undefined);
  });

  it('is one event in all of its copies, and another for each status and message', () => {
    const id = (changes: Readonly<Record<string, string>>) => engagement(changes).providerEventId;
    assert.equal(id({ RawDlrDoneDate: '2611251000' }), id({ RawDlrDoneDate: '2611251001', NewField: 'x' }));
    assert.equal(new Set([id({}), id({ MessageStatus: 'sent' }), id({ MessageSid: `MM${'0a'.repeat(16)}` })]).size, 3);
  });

  it('is quarantined, with a reason, when it cannot be used', () => {
    const odd: readonly (readonly [ReturnType<typeof read>, RegExp])[] = [
      [read({ MessageSid: '' }), /no message/],
      [read({ MessageSid: 'SM1' }), /no message/],
      [read({ MessageStatus: '' }), /unknown kind/],
      [read({ MessageStatus: 'received' }), /unknown kind/],
      [read({ MessageStatus: '__proto__' }), /unknown kind/],
      [read({}, null), /no token/],
      [read({}, ['token-1']), /no token/],
      [read({}, 'a b'), /no token/],
      [read({}, ''), /no token/],
    ];
    for (const [told, reason] of odd) assert.ok('because' in told && reason.test(told.because) && told.excerpt.includes('+33612345678'));
  });

  it('is an engagement or quarantined, whatever it is, and throws at nothing', () => {
    const names = fc.constantFrom('MessageSid', 'MessageStatus', 'ErrorCode', 'ErrorMessage', 'To');
    const values = fc.oneof(fc.string(), fc.constantFrom(SID, 'failed', 'delivered', '21610'));
    fc.assert(
      fc.property(fc.dictionary(names, values, { minKeys: 1, noNullPrototype: true }), fc.anything(), (drawn, token) => {
        const told = readTwilioStatus(twilioForm(drawn), token, AT);
        assert.ok('because' in told ? told.excerpt.length <= 500 : told.token === token);
      }),
      { numRuns: 500 },
    );
  });
});
