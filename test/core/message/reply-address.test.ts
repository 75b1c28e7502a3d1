import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseTenantId } from '../../../core/ids.js';
import { readReplyAddress, signReplyAddress } from '../../../core/message/reply-address.js';
import { seededRandom } from '../../../core/random.js';

const KEY = Buffer.alloc(32, 7);
const message = { tenantId: parseTenantId('550e8400-e29b-41d4-a716-446655440000'), messageId: 281_474_976_710_655 };

describe('the address that replies to a message go to', () => {
  it('names the message, fits before an @, and does not mind being written in small or capital letters', () => {
    const address = signReplyAddress(KEY, message, 'reply.example.com');
    assert.match(address, /^r\+[a-z2-7]{55}@reply\.example\.com$/);
    for (const written of [address, address.toUpperCase(), ` ${address} `]) assert.deepEqual(readReplyAddress(KEY, written), message);
  });

  it('is nothing where a letter is another one, or the key', () => {
    const address = signReplyAddress(KEY, message, 'reply.example.com');
    const random = seededRandom(1);
    const letters = 'abcdefghijklmnopqrstuvwxyz234567';
    for (let i = 0; i < 1_000; i += 1) {
      const at = 2 + Math.floor(random() * 55);
      const mutant = `${address.slice(0, at)}${letters[Math.floor(random() * 32)]}${address.slice(at + 1)}`;
      if (mutant !== address) assert.equal(readReplyAddress(KEY, mutant), undefined, mutant);
    }
    assert.equal(readReplyAddress(Buffer.alloc(32, 8), address), undefined);
    for (const text of ['', 'r+@x', 'ann@example.com', `r+${'a'.repeat(10_000)}@x`]) assert.equal(readReplyAddress(KEY, text), undefined);
  });
});
