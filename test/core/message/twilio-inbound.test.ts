import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { readTwilioForm } from '../../../core/message/twilio-form.js';
import { readTwilioInbound } from '../../../core/message/twilio-inbound.js';
import { twilioForm } from '../../harness/twilio.js';

const SID = `SM${'0a'.repeat(16)}`;
const fields = {
  MessageSid: SID,
  SmsStatus: 'received',
  From: '+33612345678',
  To: '+15005550006',
  Body: 'Yes please 👍',
  NumMedia: '0',
  AccountSid: `AC${'0'.repeat(32)}`,
};
const read = (changes: Readonly<Record<string, string>> = {}) => readTwilioInbound(twilioForm({ ...fields, ...changes }));
const text = (changes: Readonly<Record<string, string>>) => {
  const told = read(changes);
  assert.ok('channel' in told, JSON.stringify(told));
  return told;
};

describe("Twilio's webhook of an incoming message", () => {
  it('is what somebody wrote by SMS', () => {
    assert.deepEqual(read(), {
      channel: 'sms',
      from: '+33612345678',
      to: '+15005550006',
      text: 'Yes please 👍',
      messageSid: SID,
      mediaCount: 0,
    });
    assert.equal(text({ To: '62345' }).to, '62345', 'a short code');
  });

  it('is what somebody wrote on WhatsApp, to what they wrote it, and nothing of who they are', () => {
    const repliedTo = `MM${'0b'.repeat(16)}`;
    const whatsapp = { From: 'whatsapp:+33612345678', To: 'whatsapp:+15005550006', ProfileName: 'Jane Doe', WaId: '33612345678' };
    const told = text({
      ...whatsapp,
      OriginalRepliedMessageSid: repliedTo,
      OriginalRepliedMessageSender: 'whatsapp:+15005550006',
      ButtonPayload: 'yes',
    });
    assert.deepEqual(told, {
      channel: 'whatsapp',
      from: '+33612345678',
      to: '+15005550006',
      text: 'Yes please 👍',
      messageSid: SID,
      repliedTo,
      buttonPayload: 'yes',
      mediaCount: 0,
    });
    assert.doesNotMatch(JSON.stringify(told), /Jane/);
    assert.ok(!('repliedTo' in text({ ...whatsapp, OriginalRepliedMessageSid: 'wamid.1' })));
  });

  it('says what Twilio took for a keyword', () => {
    assert.deepEqual(
      ['STOP', 'START', 'HELP', 'stop', 'OTHER', ''].map((OptOutType) => text({ OptOutType }).optOut),
      ['stop', 'start', 'help', 'stop', undefined, undefined],
    );
  });

  it('may be a picture without a text', () => {
    const told = text({ Body: '', NumMedia: '2', MediaUrl0: 'https://api.twilio.com/…' });
    assert.deepEqual([told.text, told.mediaCount], ['', 2]);
    assert.equal(text({ NumMedia: '-1' }).mediaCount, 0);
  });

  it('is quarantined, with a reason, when it cannot be used', () => {
    const odd: readonly (readonly [Readonly<Record<string, string>>, RegExp])[] = [
      [{ MessageSid: '' }, /no id/],
      [{ MessageSid: 'SM1' }, /no id/],
      [{ SmsStatus: 'delivered' }, /a status/],
      [{ From: '' }, /no telephone number/],
      [{ From: '32665' }, /no telephone number/],
      [{ From: 'Facebook' }, /no telephone number/],
      [{ From: '+1 415 555 0100' }, /no telephone number/],
      [{ From: 'whatsapp:ID.4566546130240823', To: 'whatsapp:+15005550006' }, /no telephone number/],
      [{ From: 'messenger:123', To: 'messenger:456' }, /no telephone number/],
      [{ To: '' }, /number of this channel/],
      [{ To: 'whatsapp:+15005550006' }, /number of this channel/],
      [{ To: 'Shop' }, /number of this channel/],
    ];
    for (const [changes, reason] of odd) {
      const told = read(changes);
      assert.ok('because' in told && reason.test(told.because), JSON.stringify([changes, told]));
      assert.ok(told.excerpt.includes('Yes please'));
    }
    const twice = readTwilioForm(Buffer.from(`${new URLSearchParams(fields).toString()}&Body=No`));
    assert.ok(twice && 'because' in readTwilioInbound(twice));
  });

  it('is a text that can be stored or quarantined, whatever it is, and throws at nothing', () => {
    const hostile = fc.dictionary(fc.constantFrom(...Object.keys(fields), 'OptOutType', 'ButtonPayload'), fc.string({ unit: 'binary' }), {
      noNullPrototype: true,
    });
    fc.assert(
      fc.property(hostile, fc.string({ unit: 'binary' }), (changes, Body) => {
        for (const told of [read(changes), read({ Body })]) {
          const kept = JSON.stringify('because' in told ? told.excerpt : [told.text, told.buttonPayload]);
          assert.ok(!kept.includes('\\u0000') || kept.includes('\\\\u0000'));
          assert.ok('because' in told || (told.text.isWellFormed() && !told.text.includes('\0')));
        }
      }),
      { numRuns: 500 },
    );
  });
});
