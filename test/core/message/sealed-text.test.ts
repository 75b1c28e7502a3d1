import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { hashText, NONCE_BYTES, openText, sealText } from '../../../core/message/sealed-text.js';

const KEY = Buffer.from('a key for tests, of 32 bytes  ..');
const FOR = { tenantId: 't1', providerId: 'SM1' };
const seal = (text: string, key = KEY) => sealText(key, FOR, text, randomBytes(NONCE_BYTES));

describe('a text that is sealed', () => {
  it('is opened to the very text, whatever it holds', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 300 }), (text) => openText(KEY, FOR, seal(text)) === text.toWellFormed()),
    );
  });

  it('is another each time, and holds nothing of the text', () => {
    const [one, two] = [seal('Yes, tomorrow at ten'), seal('Yes, tomorrow at ten')];
    assert.notDeepEqual(one, two);
    assert.ok(!one.includes('tomorrow'));
  });

  it('is not opened with another key, for another tenant or message, or with any bit changed', () => {
    const sealed = seal('Yes');
    assert.equal(openText(Buffer.alloc(32, 1), FOR, sealed), undefined);
    assert.equal(openText(KEY, { ...FOR, tenantId: 't2' }, sealed), undefined);
    assert.equal(openText(KEY, { ...FOR, providerId: 'SM2' }, sealed), undefined);
    for (let at = 0; at < sealed.length * 8; at += 1) {
      const mutant = Buffer.from(sealed);
      mutant[at >> 3] = (mutant[at >> 3] ?? 0) ^ (1 << (at & 7));
      assert.equal(openText(KEY, FOR, mutant), undefined, `bit ${at}`);
    }
    for (let length = 0; length < sealed.length; length += 1) assert.equal(openText(KEY, FOR, sealed.subarray(0, length)), undefined);
  });

  it('takes a nonce of the right length alone', () => {
    assert.throws(() => sealText(KEY, FOR, 'x', Buffer.alloc(8)), /12 bytes/);
  });
});

describe('the hash of a text', () => {
  it('is the same for the same text under the same key', () => {
    assert.deepEqual(hashText(KEY, 'Hello'), hashText(KEY, 'Hello'));
    assert.notDeepEqual(hashText(KEY, 'Hello'), hashText(KEY, 'Hello '));
    assert.notDeepEqual(hashText(KEY, 'Hello'), hashText(Buffer.alloc(32), 'Hello'));
  });
});
