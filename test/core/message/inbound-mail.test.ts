import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { readInboundMail } from '../../../core/message/inbound-mail.js';
import { ownWordsOf } from '../../../core/message/mail-quote.js';
import { fieldsOf, type WrittenMail } from '../../../sandbox/sendgrid/inbound.js';

const OURS = 'r+token@reply.example.com';
function read(mail: Partial<WrittenMail>) {
  const found = readInboundMail(new Map(Object.entries(fieldsOf({ from: 'Ann <ann@example.com>', to: OURS, text: 'Hello', ...mail }))));
  assert.ok(!('because' in found), JSON.stringify(found));
  return found;
}

describe('a mail that somebody writes back', () => {
  it('is read with its writer, its recipients and its words', () => {
    const { digest, ...mail } = read({});
    assert.deepEqual(mail, { recipients: [OURS], from: 'ann@example.com', isAuthentic: true, isAutomatic: false, text: 'Hello' });
    assert.match(digest, /^[0-9a-f]{64}$/);
    assert.equal(read({ fields: { text: '' }, html: '<p>Hello <b>you</b></p>' }).text, 'Hello you');
    assert.deepEqual(read({ fields: { envelope: 'nonsense' } }).recipients, [OURS]);
    const head = { 'Message-ID': '<1@example.com>' };
    assert.equal(read({ head }).digest, read({ head, text: 'Another' }).digest, 'the same mail, posted again');
    assert.notEqual(read({ text: 'One' }).digest, read({ text: 'One' }).digest);
  });

  it('is a program’s where its head says so', () => {
    for (const head of [
      { 'Auto-Submitted': 'auto-replied' },
      { 'auto-submitted': 'auto-generated (failure)' },
      { Precedence: 'bulk' },
      { 'X-Autoreply': 'yes' },
      { 'List-Id': '<x.example.com>' },
      { 'Content-Type': 'multipart/report;\n report-type=delivery-status' },
      { 'Return-Path': '<>' },
    ]) {
      assert.ok(read({ head }).isAutomatic, JSON.stringify(head));
    }
    assert.ok(read({ from: 'MAILER-DAEMON@example.com' }).isAutomatic);
    assert.ok(read({ fields: { envelope: JSON.stringify({ to: [OURS], from: '' }) } }).isAutomatic);
    assert.ok(!read({ head: { 'Auto-Submitted': 'no', Precedence: 'first-class' } }).isAutomatic);
  });

  it('is not believed where the writer’s server says no and nothing of theirs has signed it', () => {
    assert.ok(!read({ fields: { SPF: 'softfail', dkim: 'none' } }).isAuthentic);
    assert.ok(!read({ fields: { SPF: 'fail', dkim: '{@evil.example : pass}' } }).isAuthentic);
    assert.ok(read({ fields: { SPF: 'fail', dkim: '{@example.com : pass}' } }).isAuthentic);
    assert.ok(read({ fields: { SPF: 'none', dkim: 'none' } }).isAuthentic);
  });

  it('says why it cannot be used', () => {
    const because = (fields: Record<string, string>) => readInboundMail(new Map(Object.entries(fields)));
    assert.deepEqual(because({}), { because: 'its writer has no address', excerpt: '' });
    assert.deepEqual(because({ email: 'From: x' }), { because: 'it was sent raw, which is not read', excerpt: '' });
  });
});

describe('what somebody has written themselves', () => {
  const quotes = {
    gmail: 'Yes please\n\nOn Wed, 25 Nov 2026 at 10:00, Northwind\n<news@northwind.example> wrote:\n> unsubscribe here\n',
    outlook: 'Yes please\r\n\r\nFrom: Northwind <news@northwind.example>\r\nSent: Wednesday\r\nTo: Ann\r\n\r\nunsubscribe here',
    rule: 'Yes please\n\n________________________________\nFrom: Northwind\nunsubscribe',
    original: 'Yes please\n-----Original Message-----\nunsubscribe',
    german: 'Yes please\nAm 25.11.2026 um 10:00 schrieb Northwind <news@northwind.example>:\n> abbestellen',
    signature: 'Yes please\n-- \nAnn, Head of Unsubscribing',
    lines: '> unsubscribe here\nYes please\n> stop',
  };
  for (const [name, mail] of Object.entries(quotes))
    it(`is what is left of a mail with a quote: ${name}`, () => assert.equal(ownWordsOf(mail), 'Yes please'));

  it('is found below what it answers, and is all where nothing else is there', () => {
    assert.equal(ownWordsOf('On Monday, Northwind <n@x.example> wrote:\n> hello\n\nYes please').endsWith('Yes please'), true);
    assert.equal(ownWordsOf('> all of it'), '> all of it');
    assert.equal(ownWordsOf('x'.repeat(200_000)).length, 10_000);
  });

  it('takes no time, whatever is sent', () => {
    const began = performance.now();
    for (const hostile of ['on '.repeat(40_000), 'From: x\n'.repeat(10_000), '> '.repeat(50_000), `On ${' '.repeat(100_000)}`])
      ownWordsOf(hostile);
    assert.ok(performance.now() - began < 2_000);
  });
});
