import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, it } from 'node:test';
import { createOrdinals } from '../../../core/import/ordinals.js';

const bitsOf = (text: string): [number, number] => {
  const digest = createHash('sha256').update(text).digest();
  return [digest.readUInt32LE(0), digest.readUInt32LE(4)];
};

describe('ordinals among equal rows', () => {
  it('agree with a plain count, over more rows than one table holds', () => {
    const ordinals = createOrdinals();
    const counts = new Map<string, number>();
    for (let i = 0; i < 300_000; i += 1) {
      const content = i % 3 === 0 ? `twin ${i % 999}` : `single ${i}`;
      const count = (counts.get(content) ?? 0) + 1;
      counts.set(content, count);
      assert.equal(ordinals.next(...bitsOf(content)), count);
    }
  });

  it('count one row a million times without slowing down', () => {
    const ordinals = createOrdinals();
    const bits = bitsOf('the same');
    let last = 0;
    for (let i = 0; i < 1_000_000; i += 1) last = ordinals.next(...bits);
    assert.equal(last, 1_000_000);
  });

  it('take a hash of zeros like any other', () => {
    const ordinals = createOrdinals();
    assert.deepEqual([ordinals.next(0, 0), ordinals.next(0, 0), ordinals.next(0, 1), ordinals.next(1, 0)].slice(0, 2), [1, 2]);
  });
});
