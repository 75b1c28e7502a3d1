import assert from 'node:assert/strict';
import { createECDH, randomBytes } from 'node:crypto';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import webPush from 'web-push';
import { endpointFault, keysFault } from '../../../core/push/subscription.js';
import { isVapidSubject, vapidKeysOf } from '../../../core/push/vapid.js';

describe('the endpoint of a subscription', () => {
  const theirs = [
    'https://fcm.googleapis.com/fcm/send/dpH5lCsTSSM:APA91bHqjZxM0VImWWqDRN7U0a3AycjUf4O-byuxb_wJsKRaKvV_iKw56s16',
    'https://updates.push.services.mozilla.com/wpush/v2/gAAAAABf',
    'https://web.push.apple.com/QGJKuCZ',
    'https://wns2-par02p.notify.windows.com/w/?token=BQYAAAD',
  ];
  for (const endpoint of theirs) it(`is ${new URL(endpoint).host}`, () => assert.equal(endpointFault(endpoint), undefined));

  const nobodys: readonly (readonly [string, RegExp])[] = [
    ['http://fcm.googleapis.com/x', /https/],
    ['ftp://fcm.googleapis.com/x', /https/],
    ['javascript:alert(1)', /https/],
    ['nowhere', /not an address/],
    ['', /not an address/],
    ['https://user@fcm.googleapis.com/x', /without a user/],
    ['https://fcm.googleapis.com/x#y', /fragment/],
    ['https://fcm.googleapis.com:8443/x', /port/],
    ['https://127.0.0.1/x', /public host/],
    ['https://2130706433/x', /public host/],
    ['https://0x7f.1/x', /public host/],
    ['https://[::1]/x', /public host/],
    ['https://[::ffff:10.0.0.1]/x', /public host/],
    ['https://localhost/x', /public host/],
    ['https://postgres/x', /public host/],
    ['https://metadata.google.internal/x', /public host/],
    ['https://printer.local./x', /public host/],
    ['https://android.googleapis.com/gcm/send/x', /no more/],
    [`https://fcm.googleapis.com/${'x'.repeat(2_000)}`, /longer/],
    ['https://fcm.googleapis.com/\0', /not an address/],
    ['https://fcm.googleapis.com/\ud800', /not an address/],
  ];
  for (const [endpoint, because] of nobodys) {
    it(`is not ${JSON.stringify(endpoint.slice(0, 50))}`, () => assert.match(endpointFault(endpoint) ?? '', because));
  }

  it('is at the one service of a rehearsal, wherever that is, and nowhere else', () => {
    const only = 'https://127.0.0.1:8444';
    assert.equal(endpointFault(`${only}/push/x`, only), undefined);
    for (const other of ['https://127.0.0.1:8445/push/x', 'https://fcm.googleapis.com/x', 'http://127.0.0.1:8444/x']) {
      assert.notEqual(endpointFault(other, only), undefined, other);
    }
  });

  it('is judged without a failure, whatever is sent', () => {
    fc.assert(fc.property(fc.oneof(fc.string({ unit: 'binary' }), fc.webUrl()), (text) => void endpointFault(text)));
  });
});

describe('the keys of a subscription', () => {
  const pair = createECDH('prime256v1');
  pair.generateKeys();
  const p256dh = pair.getPublicKey().toString('base64url');
  const auth = randomBytes(16).toString('base64url');

  it('are a point of the curve and 16 bytes, padded or not', () => {
    assert.equal(keysFault({ p256dh, auth }), undefined);
    assert.equal(keysFault({ p256dh: `${p256dh}=`, auth: `${auth}==` }), undefined);
  });

  const offCurve = Buffer.from(pair.getPublicKey());
  offCurve[64] = (offCurve[64] ?? 0) ^ 1;
  const compressed = pair.getPublicKey('base64url', 'compressed');
  for (const [what, bad] of Object.entries({
    nothing: '',
    short: 'AA',
    offCurve: offCurve.toString('base64url'),
    compressed,
    signs: `${p256dh}!`,
  })) {
    it(`are not ${what}`, () => assert.match(keysFault({ p256dh: bad, auth }) ?? '', /^p256dh/));
  }
  for (const bad of ['', 'AA', randomBytes(17).toString('base64url'), `${auth} `]) {
    it(`have no secret ${JSON.stringify(bad)}`, () => assert.match(keysFault({ p256dh, auth: bad }) ?? '', /^auth/));
  }

  it('are judged without a failure, whatever is sent; and those that pass, web-push can seal with', () => {
    const bytes = fc.uint8Array({ minLength: 60, maxLength: 70 }).map((array) => Buffer.from(array).toString('base64url'));
    fc.assert(
      fc.property(fc.oneof(bytes, fc.string(), fc.constant(p256dh)), fc.oneof(fc.string(), fc.constant(auth)), (key, secret) => {
        if (keysFault({ p256dh: key, auth: secret }) === undefined) webPush.encrypt(key, secret, 'x', 'aes128gcm');
      }),
    );
  });
});

describe('the keys of a sender', () => {
  it('are those that web-push makes of the same private one', () => {
    for (let i = 0; i < 50; i += 1) {
      const { publicKey, privateKey } = webPush.generateVAPIDKeys();
      assert.equal(vapidKeysOf(privateKey, '')?.publicKey, publicKey);
    }
  });

  it('are none of what is no private key', () => {
    for (const text of [
      '',
      'x',
      randomBytes(31).toString('base64url'),
      Buffer.alloc(32).toString('base64url'),
      Buffer.alloc(32, 255).toString('base64url'),
    ]) {
      assert.equal(vapidKeysOf(text, ''), undefined, text);
    }
  });

  it('come with somebody whom a push service may write to', () => {
    for (const text of ['mailto:push@example.com', 'https://example.com/contact']) assert.ok(isVapidSubject(text));
    for (const text of ['push@example.com', 'http://example.com', 'mailto:x', 'https://localhost', ''])
      assert.ok(!isVapidSubject(text), text);
  });
});
