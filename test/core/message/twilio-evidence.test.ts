import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { judgeEvidence, type ListedMessage, type UncertainText } from '../../../core/message/twilio-evidence.js';

const AT = Date.parse('2026-11-25T10:00:00Z');
const MINUTE = 60_000;
const sid = (n: number) => `SM${String(n).padStart(32, '0')}`;
const listed = (n: number, changes: Partial<ListedMessage> = {}): ListedMessage => ({
  sid: sid(n),
  direction: 'outbound-api',
  body: 'Hello',
  status: 'sent',
  createdAtMs: AT + 1_000,
  ...changes,
});
const message = (changes: Partial<UncertainText> = {}): UncertainText => ({
  channel: 'sms',
  to: '+33612345678',
  calledAtMs: AT,
  givenUpAtMs: AT + 10_000,
  isItsText: (text) => text === 'Hello',
  isOthers: () => false,
  ...changes,
});
const { isItsText: _, ...template } = message();
const judge = (list: readonly ListedMessage[], query = message(), askedAtMs = AT + 60 * MINUTE) => judgeEvidence(list, query, askedAtMs);

describe("what Twilio's list says of an uncertain message", () => {
  it('is that it was taken, where its text went to the number at the time', () => {
    const list = [listed(1, { body: 'Other' }), listed(2), listed(3, { createdAtMs: AT - 10 * MINUTE })];
    assert.deepEqual(judge(list), { kind: 'found', messageSid: sid(2), status: 'sent' });
    assert.equal(judge(list, message(), AT + 11_000).kind, 'found', 'at once');
    assert.equal(judge([listed(1, { createdAtMs: AT - 30_000 })]).kind, 'found', 'by a clock that is behind ours');
    assert.equal(judge([listed(1, { createdAtMs: AT + 4 * MINUTE })]).kind, 'found', 'as a straggler');
  });

  it('is that it was not, where nothing is that could be it, and nothing can come any more', () => {
    const others = [
      listed(1, { body: 'Other' }),
      listed(2, { direction: 'inbound' }),
      listed(3, { createdAtMs: AT - 2 * MINUTE }),
      listed(4, { createdAtMs: AT + 10 * MINUTE }),
    ];
    assert.deepEqual(judge([]), { kind: 'absent' });
    assert.deepEqual(judge(others), { kind: 'absent' });
    assert.deepEqual(judge([], message(), AT + 5 * MINUTE), { kind: 'unclear', because: 'it may still arrive' });
  });

  it('is nothing certain, where two could be it, or one whose text is not kept', () => {
    assert.deepEqual(judge([listed(1), listed(2)]), { kind: 'unclear', because: '2 messages could be it' });
    assert.deepEqual(judge([listed(1, { body: '' })]), { kind: 'unclear', because: 'a message without a text could be it' });
    assert.equal(judge([listed(1, { body: '' }), listed(2)]).kind, 'found');
  });

  it('leaves out what the ledger has for other messages', () => {
    const isOthers = (each: string) => each === sid(1);
    assert.deepEqual(judge([listed(1), listed(2)], message({ isOthers })), { kind: 'found', messageSid: sid(2), status: 'sent' });
    assert.equal(judge([listed(1), listed(3, { body: 'x' })], message({ isOthers })).kind, 'absent');
  });

  it('goes by number and time alone for a template', () => {
    assert.equal(judge([listed(1, { body: 'Dear Jane' })], template).kind, 'found');
    assert.equal(judge([listed(1, { body: '' })], template).kind, 'found');
    assert.equal(judge([listed(1), listed(2)], template).kind, 'unclear');
    assert.equal(judge([], template).kind, 'absent');
  });

  it('never says absent while one of the messages could be it, nor found of another', () => {
    const lists = fc.array(
      fc.record({
        n: fc.nat(3),
        body: fc.constantFrom('Hello', 'Other', ''),
        direction: fc.constantFrom('outbound-api', 'inbound'),
        createdAtMs: fc.integer({ min: AT - 20 * MINUTE, max: AT + 20 * MINUTE }),
      }),
      { maxLength: 5 },
    );
    fc.assert(
      fc.property(lists, (drawn) => {
        const list = drawn.map(({ n, ...each }) => listed(n, each));
        const isOthers = (each: string) => each === sid(0);
        const told = judge(list, message({ isOthers }));
        const wasSentThen = list.filter(
          (each) => each.direction === 'outbound-api' && each.sid !== sid(0) && each.createdAtMs >= AT && each.createdAtMs <= AT + 10_000,
        );
        if (told.kind === 'absent') assert.ok(wasSentThen.every(({ body }) => body === 'Other'));
        if (told.kind === 'found')
          assert.ok(told.messageSid !== sid(0) && list.some(({ sid, body }) => sid === told.messageSid && body === 'Hello'));
      }),
      { numRuns: 500 },
    );
  });
});
