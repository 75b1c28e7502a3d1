import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { phoneFault, type PhoneContent, type PhoneMessage } from '../../../core/message/phone-message.js';
import { twilioMessage } from '../../../core/message/twilio-message.js';

const text = (words: string): { content: PhoneContent } => ({ content: { kind: 'text', text: words } });
const CONTENT = `HX${'0a'.repeat(16)}`;
const template = (variables: Readonly<Record<string, string>>, contentSid = CONTENT): { content: PhoneContent } => ({
  content: { kind: 'template', contentSid, variables },
});
const message = (changes: Partial<PhoneMessage> = {}): PhoneMessage => ({
  token: 'token-1',
  channel: 'sms',
  to: '+33612345678',
  ...text('Hello'),
  ...changes,
});
const whatsapp = (changes: Partial<PhoneMessage>) => message({ channel: 'whatsapp', ...changes });
const shown = (each: PhoneMessage) =>
  JSON.stringify(Object.values(each))
    .replaceAll(/(.)\1{10,}/g, '$1…')
    .slice(0, 90);

describe('a message to a telephone', () => {
  const good: readonly PhoneMessage[] = [
    message(),
    message(text('x'.repeat(1_530))),
    message(text('ê'.repeat(670))),
    whatsapp(text('ê'.repeat(1_600))),
    whatsapp(template({ '1': 'Jane', name: 'Doe' })),
    whatsapp(template({})),
    message(template({ '1': '-20 %' })),
  ];
  for (const each of good) it(`can be sent: ${shown(each)}`, () => assert.equal(phoneFault(each), undefined));

  const faulty: readonly (readonly [PhoneMessage, RegExp])[] = [
    [message({ token: '' }), /token/],
    [message({ token: 'a&b=c' }), /token/],
    [message({ token: 'a'.repeat(201) }), /token/],
    [message({ to: '0612345678' }), /E\.164/],
    [message({ to: '+33 6 12 34 56 78' }), /E\.164/],
    [message({ to: 'whatsapp:+33612345678' }), /E\.164/],
    [message({ to: '' }), /E\.164/],
    [message(text(' \n')), /empty/],
    [message(text('a\0b')), /no character/],
    [message(text('a\ud800b')), /no character/],
    [message(text('x'.repeat(1_531))), /more than 10 segments \(11\)/],
    [message(text('ê'.repeat(671))), /segments \(11, which are short because/],
    [whatsapp(text('x'.repeat(1_601))), /longer than 1600 characters \(1601\)/],
    [whatsapp(template({}, 'HX123')), /SID/],
    [whatsapp(template({ 'a b': 'x' })), /name/],
    [whatsapp(template({ '1': ' ' })), /empty/],
    [whatsapp(template({ '1': 'two\nlines' })), /line break/],
    [whatsapp(template({ '1': 'a     b' })), /spaces/],
    [whatsapp(template(Object.fromEntries(Array.from({ length: 101 }, (_, n) => [`v${n}`, 'x'])))), /100 variables/],
  ];
  for (const [each, reason] of faulty) {
    it(`cannot be sent when ${String(reason)} is wrong: ${shown(each)}`, () => {
      assert.match(phoneFault(each) ?? '', reason);
    });
  }

  it('has a fault that does not repeat its text or number', () => {
    for (const [each] of faulty) {
      const fault = phoneFault(each) ?? '';
      assert.ok(
        !fault.includes('33612345678') &&
          (each.content.kind !== 'text' || each.content.text.trim() === '' || !fault.includes(each.content.text)),
      );
    }
  });
});

describe('what Twilio is given', () => {
  const statusUrl = 'https://hooks.shop.example/v1/webhooks/twilio/status';
  const byNumber = { sender: { kind: 'number', number: '+15005550006' }, statusUrl } as const;
  const byService = { sender: { kind: 'service', serviceSid: `MG${'1'.repeat(32)}` }, statusUrl: `${statusUrl}?region=eu` } as const;

  it('is an SMS whose text nobody changes', () => {
    assert.deepEqual(twilioMessage(message(text('Hello “Jane”')), byNumber), {
      to: '+33612345678',
      from: '+15005550006',
      body: 'Hello “Jane”',
      smartEncoded: false,
      statusCallback: `${statusUrl}?ms_token=token-1#rc=5&rp=all`,
    });
  });

  it('is a template with its variables as JSON, on WhatsApp', () => {
    assert.deepEqual(twilioMessage(whatsapp(template({ '1': 'Jane "J" Doe' })), byService), {
      to: 'whatsapp:+33612345678',
      messagingServiceSid: byService.sender.serviceSid,
      contentSid: CONTENT,
      contentVariables: '{"1":"Jane \\"J\\" Doe"}',
      statusCallback: `${statusUrl}?region=eu&ms_token=token-1#rc=5&rp=all`,
    });
    const free = twilioMessage(whatsapp({}), byNumber);
    assert.ok('from' in free && free.from === 'whatsapp:+15005550006' && !('smartEncoded' in free));
  });

  it('carries the token, and gives it back from the address that is requested, whatever the token', () => {
    const tokens = fc.stringMatching(/^[\w.~-]{1,200}$/);
    fc.assert(
      fc.property(tokens, fc.boolean(), (token, hasQuery) => {
        const { statusCallback } = twilioMessage(message({ token }), hasQuery ? byService : byNumber);
        assert.equal(new URL(statusCallback).searchParams.get('ms_token'), token);
        assert.equal(statusCallback.split('#').length, 2);
      }),
    );
  });
});
