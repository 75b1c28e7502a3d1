import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import twilio from 'twilio';
import { readTwilioForm } from '../../../core/message/twilio-form.js';
import { readTwilioInbound } from '../../../core/message/twilio-inbound.js';
import { verifyTwilioSignature } from '../../../core/message/twilio-signature.js';
import { signWebhook } from '../../../sandbox/twilio/signing.js';
import { twilioForm } from '../../harness/twilio.js';

const authToken = '12345';
const url = 'https://hooks.shop.example/v1/webhooks/twilio/status?ms_token=a.b-c&x=%27';
const fields = {
  AccountSid: `AC${'0'.repeat(32)}`,
  Body: 'Caf\u00e9 & co = 100 % + 👍\r\nFrom+15005550006',
  From: 'whatsapp:+33612345678',
  MessageSid: `SM${'0a'.repeat(16)}`,
  Empty: '',
  To: 'whatsapp:+15005550006',
};
const signature = signWebhook(authToken, url, fields);
const isGenuine = (changes: { token?: string; signature?: unknown; url?: string; fields?: Record<string, string> } = {}) =>
  verifyTwilioSignature(
    changes.token ?? authToken,
    'signature' in changes ? changes.signature : signature,
    changes.url ?? url,
    twilioForm(changes.fields ?? fields),
  );

describe("the signature of Twilio's webhooks", () => {
  it('is the one of Twilio’s own example', () => {
    const example = { CallSid: 'CA1234567890ABCDE', Caller: '+14158675310', Digits: '1234', From: '+14158675310', To: '+18005551212' };
    const where = 'https://example.com/myapp.php?foo=1&bar=2';
    assert.ok(isGenuine({ signature: twilio.getExpectedTwilioSignature('12345', where, example), url: where, fields: example }));
    assert.ok(isGenuine({ signature: 'L/OH5YylLD5NRKLltdqwSvS0BnU=', url: where, fields: example }));
  });

  it('is genuine, and so says the official verifier', () => {
    assert.ok(isGenuine());
    assert.ok(twilio.validateRequest(authToken, signature, url, fields));
  });

  it('is genuine with the port and without, as the official verifier has it', () => {
    for (const [signed, seen] of [
      ['https://a.example/x?y=1', 'https://a.example:443/x?y=1'],
      ['https://a.example:443/x?y=1', 'https://a.example/x?y=1'],
      ['https://a.example:8443/x', 'https://a.example:8443/x'],
      ['https://a.example/x', 'https://a.example:8443/x'],
      ['http://a.example:80/', 'http://a.example/'],
      ['http://[::1]:80/x', 'http://[::1]/x'],
      ['https://user:pass@a.example:443/x', 'https://user:pass@a.example/x'],
    ] as const) {
      const itsSignature = signWebhook(authToken, signed, fields);
      assert.ok(isGenuine({ signature: itsSignature, url: seen }), `${signed} ${seen}`);
      assert.ok(twilio.validateRequest(authToken, itsSignature, seen, fields));
      assert.ok(!isGenuine({ signature: itsSignature, url: seen.replace('a.example', 'b.example').replace('::1', '::2') }));
    }
  });

  it('agrees with the official verifier about fields that come more than once', () => {
    const raw = Buffer.from('B=2&A=9&B=1&B=2&a=x');
    const form = readTwilioForm(raw);
    assert.ok(form);
    const itsSignature = twilio.getExpectedTwilioSignature(authToken, url, Object.fromEntries(form));
    assert.ok(verifyTwilioSignature(authToken, itsSignature, url, form));
  });

  it('agrees with the official verifier, whatever the fields', () => {
    const drawn = fc.dictionary(fc.stringMatching(/^[A-Za-z0-9_]{1,12}$/), fc.string({ unit: 'grapheme' }), {
      minKeys: 1,
      noNullPrototype: true,
    });
    fc.assert(
      fc.property(drawn, drawn, (signed, seen) => {
        const itsSignature = twilio.getExpectedTwilioSignature(authToken, url, signed);
        assert.ok(isGenuine({ signature: itsSignature, fields: signed }));
        assert.equal(isGenuine({ signature: itsSignature, fields: seen }), twilio.validateRequest(authToken, itsSignature, url, seen));
      }),
    );
  });

  it('is not genuine when a thousand times something of it was changed', () => {
    const mutant = (text: string) =>
      fc.oneof(
        fc.tuple(fc.nat(text.length - 1), fc.integer({ min: 1, max: 127 })).map(([at, by]) => changedAt(text, at, by)),
        fc.nat(text.length - 1).map((length) => text.slice(0, length)),
        fc
          .tuple(fc.nat(text.length), fc.constantFrom(' ', '=', '0', 'A', '\n'))
          .map(([at, more]) => text.slice(0, at) + more + text.slice(at)),
      );
    const mutants = fc.oneof(
      mutant(signature).map((changed) => ({ signature: changed })),
      mutant(url).map((changed) => ({ url: changed })),
      mutant(authToken).map((changed) => ({ token: changed })),
      ...(['AccountSid', 'Body', 'From', 'MessageSid', 'To'] as const).map((name) =>
        mutant(fields[name]).map((changed) => ({ fields: { ...fields, [name]: changed.toWellFormed() } })),
      ),
      fc
        .constantFrom('AccountSid', 'Body', 'From')
        .map((name) => ({ fields: Object.fromEntries(Object.entries(fields).filter(([each]) => each !== name)) })),
      fc.string().map((value) => ({ fields: { ...fields, Extra: value } })),
    );
    fc.assert(
      fc.property(mutants, (changes) => assert.ok(!isGenuine(changes))),
      { numRuns: 1_000 },
    );
  });

  it('does not let a changed body be read as anything else', () => {
    const body = new URLSearchParams(fields).toString();
    const meant = readTwilioInbound(twilioForm(fields));
    const changes = fc.oneof(
      fc.tuple(fc.nat(body.length - 1), fc.integer({ min: 1, max: 127 })).map(([at, by]) => changedAt(body, at, by)),
      fc.nat(body.length - 1).map((at) => body.slice(0, at) + body.slice(at + 1)),
      fc
        .tuple(fc.nat(body.length), fc.constantFrom('&', '=', '?', '+', '%', 'Body=x&', '&&'))
        .map(([at, more]) => body.slice(0, at) + more + body.slice(at)),
    );
    fc.assert(
      fc.property(changes, (changed) => {
        const form = readTwilioForm(Buffer.from(changed));
        if (form && verifyTwilioSignature(authToken, signature, url, form)) assert.deepEqual(readTwilioInbound(form), meant);
      }),
      { numRuns: 2_000 },
    );
  });

  it('is not genuine when it is written otherwise, or there is no token', () => {
    for (const other of [`${signature} `, signature.replace('=', ''), signature.replaceAll('/', '_'), `${signature}=`, '']) {
      if (other !== signature) assert.ok(!isGenuine({ signature: other }), other);
    }
    assert.ok(!isGenuine({ token: '', signature: signWebhook('', url, fields) }));
  });

  it('is not genuine, and nothing throws, whatever comes', () => {
    fc.assert(
      fc.property(fc.anything(), fc.string(), (something, text) => {
        assert.ok(!isGenuine({ signature: something }));
        assert.ok(!isGenuine({ url: text }));
      }),
    );
  });
});

function changedAt(text: string, at: number, by: number): string {
  return text.slice(0, at) + String.fromCharCode(text.charCodeAt(at) ^ by) + text.slice(at + 1);
}
