import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { chunkEmails, emailFault, fitsTogether, SENDGRID_LIMITS, type EmailMessage } from '../../../core/message/email.js';

const message = (n: number, changes: Partial<EmailMessage> = {}): EmailMessage => ({
  token: `t${n}`,
  to: { email: `user${n}@example.com` },
  subject: `Hello ${n}`,
  html: `<p>Hello ${n}</p>`,
  text: `Hello ${n}`,
  ...changes,
});
const many = (count: number, changes: Partial<EmailMessage> = {}) => Array.from({ length: count }, (_, n) => message(n, changes));
const sizes = (messages: readonly EmailMessage[]) => chunkEmails(messages).chunks.map((chunk) => chunk.length);

describe('mails for one request', () => {
  it('are at most a thousand', () => {
    assert.ok(fitsTogether(many(1_000)));
    assert.ok(!fitsTogether(many(1_001)));
    assert.ok(!fitsTogether([]));
    assert.deepEqual(sizes(many(2_500)), [1_000, 1_000, 500]);
  });

  it('have no address twice, in whatever case it is written', () => {
    const twice = [message(1), message(2, { to: { email: 'USER1@Example.com' } }), message(3)];
    assert.ok(!fitsTogether(twice));
    assert.deepEqual(
      chunkEmails(twice).chunks.map((chunk) => chunk.map(({ token }) => token)),
      [['t1', 't3'], ['t2']],
    );
  });

  it('travel alone when their texts are too large to be substitutions', () => {
    const large = message(1, { html: 'x'.repeat(SENDGRID_LIMITS.substitutionBytes) });
    assert.ok(fitsTogether([large]));
    assert.ok(!fitsTogether([large, message(2)]));
    assert.ok(!fitsTogether([message(2), large]));
    assert.deepEqual(sizes([message(2), large, message(3)]), [2, 1]);
  });

  it('are counted in bytes of JSON, in which a letter may take six', () => {
    const html = '\u0001'.repeat(10_000);
    assert.ok(!fitsTogether([message(1, { html }), message(2)]));
    assert.ok(fitsTogether([message(1, { html: 'é'.repeat(20_000) }), message(2)]));
    assert.ok(!fitsTogether([message(1, { html: 'é'.repeat(25_000) }), message(2)]));
  });

  it('are less than 30 MB together', () => {
    const html = 'x'.repeat(40_000);
    const [first = 0, ...rest] = sizes(many(1_000, { html }));
    assert.ok(first > 700 && first < 750, `${first} in the first request`);
    assert.equal(first + rest.reduce((a, b) => a + b, 0), 1_000);
  });

  const faulty: readonly (readonly [Partial<EmailMessage>, RegExp])[] = [
    [{ token: '' }, /token/],
    [{ token: 'a b' }, /token/],
    [{ token: 'a'.repeat(201) }, /token/],
    [{ to: { email: 'nobody' } }, /address/],
    [{ to: { email: 'a@b, c@d' } }, /address/],
    [{ subject: ' ' }, /subject/],
    [{ subject: 'Hello\r\nBcc: all@example.com' }, /subject/],
    [{ html: '' }, /empty/],
    [{ text: '' }, /empty/],
    [{ unsubscribeUrl: 'http://example.com/u' }, /https/],
    [{ unsubscribeUrl: 'https://example.com/u>, <mailto:a@b' }, /https/],
    [{ html: 'x'.repeat(30_000_000) }, /larger/],
  ];
  for (const [changes, reason] of faulty) {
    it(`are not sent when ${String(reason)} is wrong: ${JSON.stringify(changes).slice(0, 60)}`, () => {
      assert.match(emailFault(message(1, changes)) ?? '', reason);
      const { chunks, unsendable } = chunkEmails([message(0), message(1, changes)]);
      assert.deepEqual([chunks.length, unsendable.length], [1, 1]);
      assert.match(unsendable[0]?.because ?? '', reason);
    });
  }

  it('all arrive in exactly one request, which fits, whatever their sizes and addresses', () => {
    const limits = { recipients: 5, requestBytes: 12_000, substitutionBytes: 2_000 };
    const some = fc.array(
      fc.record({ address: fc.integer({ min: 0, max: 8 }), html: fc.integer({ min: 0, max: 14_000 }).map((n) => 'x'.repeat(n)) }),
    );
    fc.assert(
      fc.property(some, (drawn) => {
        const messages = drawn.map(({ address, html }, n) => message(n, { to: { email: `u${address}@example.com` }, html }));
        const { chunks, unsendable } = chunkEmails(messages, limits);
        for (const chunk of chunks) assert.ok(fitsTogether(chunk, limits));
        const tokens = [...chunks.flat(), ...unsendable.map((each) => each.message)].map(({ token }) => token);
        assert.deepEqual(tokens.toSorted(), messages.map(({ token }) => token).toSorted());
      }),
    );
  });
});
