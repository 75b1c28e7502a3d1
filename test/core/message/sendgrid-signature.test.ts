import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { describe, it } from 'node:test';
import { EventWebhook } from '@sendgrid/eventwebhook';
import fc from 'fast-check';
import { verifySendgridSignature } from '../../../core/message/sendgrid-signature.js';
import { createSigner } from '../../../sandbox/sendgrid/signing.js';

const signer = createSigner();
const body = JSON.stringify([{ email: 'jané@example.com', event: 'open', timestamp: 1_790_000_000 }]);
const headers = signer.headers(body, 1_790_000_000_000);
const signature = headers['X-Twilio-Email-Event-Webhook-Signature'] ?? '';
const timestamp = headers['X-Twilio-Email-Event-Webhook-Timestamp'] ?? '';
const raw = Buffer.from(body);

describe("SendGrid's signature", () => {
  it('is taken for genuine, by us and by the official library', () => {
    const oracle = new EventWebhook();
    assert.ok(oracle.verifySignature(oracle.convertPublicKeyToECDSA(signer.publicKey), body, signature, timestamp));
    assert.ok(verifySendgridSignature(signer.publicKey, signature, timestamp, raw));
  });

  it('is not genuine when anything of it is changed, a thousand times', () => {
    const changed = (text: string) =>
      fc.tuple(fc.nat(text.length - 1), fc.integer({ min: 1, max: 255 })).map(([at, by]) => {
        const bytes = Buffer.from(text);
        bytes[at] = (bytes[at] ?? 0) ^ by;
        return bytes;
      });
    const cut = (text: string) => fc.nat(text.length - 1).map((length) => Buffer.from(text).subarray(0, length));
    const grown = (text: string) =>
      fc
        .tuple(fc.nat(text.length), fc.constantFrom(' ', '=', '\n', '0', 'A', '\0'))
        .map(([at, more]) => Buffer.from(text.slice(0, at) + more + text.slice(at)));
    const mutant = (text: string) => fc.oneof(changed(text), cut(text), grown(text));
    const mutants = fc.oneof(
      mutant(signature).map((bytes) => ({ signature: bytes.toString('latin1'), timestamp, body: raw })),
      mutant(timestamp).map((bytes) => ({ signature, timestamp: bytes.toString('latin1'), body: raw })),
      mutant(body).map((bytes) => ({ signature, timestamp, body: bytes })),
    );
    fc.assert(
      fc.property(mutants, (mutated) => {
        assert.ok(!verifySendgridSignature(signer.publicKey, mutated.signature, mutated.timestamp, mutated.body));
      }),
      { numRuns: 1_000 },
    );
  });

  it('does not let a byte move between the timestamp and the body', () => {
    const digits = signer.headers('7[]', 1_790_000_000_000)['X-Twilio-Email-Event-Webhook-Signature'];
    assert.ok(!verifySendgridSignature(signer.publicKey, digits, `${timestamp}7`, Buffer.from('7[]')));
    assert.ok(!verifySendgridSignature(signer.publicKey, digits, timestamp, Buffer.from('7[]')));
    assert.ok(!verifySendgridSignature(signer.publicKey, signature, timestamp.slice(0, -1), Buffer.from(timestamp.slice(-1) + body)));
    assert.ok(!verifySendgridSignature(signer.publicKey, signature, `${timestamp}[`, raw.subarray(1)));
  });

  it("is not genuine with another's key, with a key of another kind, or with none", () => {
    const rsa = generateKeyPairSync('rsa', { modulusLength: 2_048 }).publicKey.export({ format: 'der', type: 'spki' }).toString('base64');
    for (const key of [createSigner().publicKey, rsa, '', 'nonsense', signer.publicKey.slice(0, 40)]) {
      assert.ok(!verifySendgridSignature(key, signature, timestamp, raw));
    }
  });

  it('is not genuine, and nothing throws, whatever comes', () => {
    fc.assert(
      fc.property(fc.anything(), fc.anything(), fc.uint8Array(), (one, other, bytes) => {
        assert.ok(!verifySendgridSignature(signer.publicKey, one, other, bytes));
        assert.ok(!verifySendgridSignature(signer.publicKey, one, timestamp, raw));
      }),
    );
  });
});
