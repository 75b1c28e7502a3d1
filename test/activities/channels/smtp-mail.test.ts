import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { prepareMail } from '../../../activities/channels/smtp-client.js';
import type { EmailEnvelope, EmailMessage } from '../../../core/message/email.js';
import { readMail, valueOf } from '../../../sandbox/smtp/read-mail.js';
import { mailFault } from '../../../sandbox/smtp/rules.js';

const TOKEN = 'a'.repeat(54);
const ENVELOPE: EmailEnvelope = {
  from: { email: 'news@shop.example', name: 'Café «Zoë», the Shop' },
  replyTo: { email: 'replies@shop.example' },
};
const MESSAGE: EmailMessage = {
  token: TOKEN,
  to: { email: 'ann@people.example' },
  subject: `Bonjour Zoë 🎁 ${'et encore des mots très longs '.repeat(5)}`.trim(),
  html: `<p>Où ça ? ${'x'.repeat(2_000)}</p>\n.\n<p>.</p>`,
  text: 'Où ça ?\n.\nFrom here',
  unsubscribeUrl: `https://audience.example.test/v1/unsubscribe/${TOKEN}`,
};

const sourceOf = async (changes: Partial<EmailMessage> = {}, envelope = ENVELOPE) =>
  (await prepareMail(envelope, { ...MESSAGE, ...changes })).source.toString('latin1');

describe('a mail as it goes over the wire', () => {
  it('has each header that it needs once, folded, and nothing that is not ASCII', async () => {
    const source = await sourceOf();
    assert.equal(mailFault(source, { is8Bit: false }), undefined);
    const head = source.slice(0, source.indexOf('\r\n\r\n'));
    assert.ok(/^Subject: =\?UTF-8\?/m.test(head), head);
    for (const line of source.split('\r\n')) assert.ok(line.length <= 130, line);
    const { headers } = readMail(source);
    assert.deepEqual(headers.map(([name]) => name).toSorted(), [
      'content-type',
      'date',
      'from',
      'list-unsubscribe',
      'list-unsubscribe-post',
      'message-id',
      'mime-version',
      'reply-to',
      'subject',
      'to',
    ]);
    assert.equal(valueOf(headers, 'subject'), MESSAGE.subject);
    assert.equal(valueOf(headers, 'from'), '"Café «Zoë», the Shop" <news@shop.example>'.replaceAll('"', ''));
    assert.equal(valueOf(headers, 'to'), 'ann@people.example');
    assert.equal(valueOf(headers, 'reply-to'), 'replies@shop.example');
    assert.equal(valueOf(headers, 'message-id'), `<${TOKEN}@shop.example>`);
    assert.equal(valueOf(headers, 'list-unsubscribe'), `<${MESSAGE.unsubscribeUrl}>`);
    assert.equal(valueOf(headers, 'list-unsubscribe-post'), 'List-Unsubscribe=One-Click');
    assert.match(valueOf(headers, 'content-type') ?? '', /^multipart\/alternative;/);
  });

  it('says the same as text and as HTML, the text first', async () => {
    const { parts } = readMail(await sourceOf());
    assert.deepEqual(
      parts.map(([type, said]) => [type, said.replaceAll('\r\n', '\n').trim()]),
      [
        ['text/plain', MESSAGE.text],
        ['text/html', MESSAGE.html],
      ],
    );
  });

  it('has no unsubscribe headers where there is no link, and the reply address of the person where there is one', async () => {
    const { unsubscribeUrl: _, ...without } = MESSAGE;
    const { source } = await prepareMail(ENVELOPE, { ...without, replyTo: 'r+token@in.shop.example' });
    const { headers } = readMail(source.toString('latin1'));
    assert.equal(valueOf(headers, 'list-unsubscribe'), undefined);
    assert.equal(valueOf(headers, 'reply-to'), 'r+token@in.shop.example');
  });

  it('cannot be given a header, or another recipient, by what is written into it', async () => {
    const evil = 'x\r\nBcc: eve@evil.example\r\n\r\nbody';
    const { source, to } = await prepareMail(
      { from: { email: 'news@shop.example', name: evil } },
      { ...MESSAGE, to: { email: 'ann@people.example', name: 'eve@evil.example, ann' }, subject: evil },
    );
    const { headers } = readMail(source.toString('latin1'));
    assert.equal(to, 'ann@people.example');
    assert.ok(!headers.some(([name]) => name === 'bcc'));
    assert.equal(mailFault(source.toString('latin1'), { is8Bit: false }), undefined);
  });
});
