import assert from 'node:assert/strict';
import { createHmac, randomBytes } from 'node:crypto';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { parseTenantId, parseUserId } from '../../../core/ids.js';
import { readSubscriberToken, signSubscriberToken, type Subscriber } from '../../../core/inbox/subscriber-token.js';
import { signToken } from '../../../core/message/token.js';

const KEY = Buffer.from('0123456789abcdef0123456789abcdef');
const NOW = Date.parse('2026-03-02T12:00:00Z');
const ANN: Subscriber = {
  tenantId: parseTenantId('6f9619ff-8b86-d011-b42d-00c04fc964ff'),
  userId: parseUserId('ann@example.test'),
  expiresAtMs: NOW + 3_600_000,
};

const userIds = fc
  .string({ unit: 'binary', minLength: 1, maxLength: 255 })
  .filter((id) => id.length <= 255 && !id.includes('\0') && id.isWellFormed());
const subscribers = fc.record({
  tenantId: fc.uuid().map(parseTenantId),
  userId: fc.oneof(userIds, fc.constant('€'.repeat(255)), fc.constant('💡'.repeat(127))).map(parseUserId),
  expiresAtMs: fc.integer({ min: NOW + 1, max: NOW + 86_400_000 }),
});

describe("a subscriber's token", () => {
  it('says which user of which tenant is meant and until when, whatever their id', () => {
    fc.assert(
      fc.property(subscribers, (subscriber) => {
        assert.deepEqual(readSubscriberToken(KEY, signSubscriberToken(KEY, subscriber), NOW), {
          kind: 'valid',
          subscriber: { ...subscriber },
        });
      }),
    );
  });

  it('opens nothing from the moment on at which it expires', () => {
    const token = signSubscriberToken(KEY, ANN);
    assert.equal(readSubscriberToken(KEY, token, ANN.expiresAtMs - 1).kind, 'valid');
    assert.equal(readSubscriberToken(KEY, token, ANN.expiresAtMs).kind, 'expired');
  });

  it('opens nothing when a single bit, a character or the end of it is another', () => {
    const token = signSubscriberToken(KEY, ANN);
    const bytes = Buffer.from(token, 'base64url');
    for (let bit = 0; bit < bytes.length * 8; bit += 1) {
      const changed = Buffer.from(bytes);
      changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      assert.equal(readSubscriberToken(KEY, changed.toString('base64url'), NOW).kind, 'forged', `bit ${bit}`);
    }
    for (const spelled of [`${token}=`, ` ${token}`, `${token}A`, token.slice(1), token.slice(0, -1), token.toUpperCase(), '']) {
      assert.equal(readSubscriberToken(KEY, spelled, NOW).kind, 'forged', spelled);
    }
    // The last character has bits to spare.
    const others = [...'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'].map((end) => token.slice(0, -1) + end);
    assert.deepEqual(others.filter((other) => readSubscriberToken(KEY, other, NOW).kind === 'valid'), [token]); // prettier-ignore
  });

  it('is made by no other key, and by the same key for no other purpose', () => {
    assert.equal(readSubscriberToken(KEY, signSubscriberToken(randomBytes(32), ANN), NOW).kind, 'forged');
    assert.equal(readSubscriberToken(KEY, signToken(KEY, { tenantId: ANN.tenantId, messageId: 1 }), NOW).kind, 'forged');
    const body = Buffer.from(signSubscriberToken(KEY, ANN), 'base64url').subarray(0, -16);
    const bare = createHmac('sha256', KEY).update(body).digest().subarray(0, 16);
    assert.equal(readSubscriberToken(KEY, Buffer.concat([body, bare]).toString('base64url'), NOW).kind, 'forged');
  });

  it('is never more than forged, whatever is sent in its place', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: 'binary', maxLength: 2_000 }), fc.base64String({ maxLength: 2_000 })), (text) => {
        assert.equal(readSubscriberToken(KEY, text, NOW).kind, 'forged');
      }),
    );
  });
});
