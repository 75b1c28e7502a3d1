import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { parseTenantId } from '../../../core/ids.js';
import { readToken, signToken } from '../../../core/message/token.js';

const key = Buffer.from('a key for tests, of 32 bytes  ..');
const refs = fc.record(
  { tenantId: fc.uuid().map(parseTenantId), messageId: fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }) },
  { noNullPrototype: true },
);

describe('the token of a message', () => {
  it('comes back as what it was made of', () => {
    fc.assert(fc.property(refs, (ref) => assert.deepEqual(readToken(key, signToken(key, ref)), ref)));
  });

  it('is nothing when it was changed, made with another key, or is anything else', () => {
    const other = Buffer.from('another key for tests, 32 bytes.');
    fc.assert(
      fc.property(refs, fc.nat({ max: 53 }), fc.constantFrom(...Array.from('ABCDabcd0123-_')), (ref, place, letter) => {
        const token = signToken(key, ref);
        const changed = token.slice(0, place) + letter + token.slice(place + 1);
        if (changed !== token) assert.equal(readToken(key, changed), undefined);
        assert.equal(readToken(other, token), undefined);
      }),
      { numRuns: 1_000 },
    );
    for (const junk of [undefined, null, 7, '', 'x'.repeat(54), 'é'.repeat(54), ['a'], {}]) assert.equal(readToken(key, junk), undefined);
    fc.assert(fc.property(fc.string(), (text) => assert.equal(readToken(key, text), undefined)));
  });
});
