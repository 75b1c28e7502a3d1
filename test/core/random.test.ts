import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { seededRandom } from '../../core/random.js';

const draw = (seed: number, count: number) => {
  const random = seededRandom(seed);
  return Array.from({ length: count }, random);
};

describe('a seeded source of numbers', () => {
  it('gives the numbers of Mulberry32, as its author wrote it in C', () => {
    // z = (x += 0x6D2B79F5); z = (z ^ z >> 15) * (z | 1); z ^= z + (z ^ z >> 7) * (z | 61); return z ^ z >> 14, all in 32 bits
    const reference = (seed: number, count: number) => {
      const bits = 2n ** 32n;
      let x = BigInt(seed);
      return Array.from({ length: count }, () => {
        x = (x + 0x6d2b79f5n) % bits;
        let z = ((x ^ (x >> 15n)) * (x | 1n)) % bits;
        z ^= (z + (((z ^ (z >> 7n)) * (z | 61n)) % bits)) % bits;
        return Number((z ^ (z >> 14n)) % bits) / 2 ** 32;
      });
    };
    fc.assert(fc.property(fc.nat(2 ** 32 - 1), (seed) => assert.deepEqual(draw(seed, 20), reference(seed, 20))));
  });

  it('gives the same for the same seed, and another for another', () => {
    assert.deepEqual(draw(42, 50), draw(42, 50));
    assert.notDeepEqual(draw(42, 5), draw(43, 5));
  });

  it('spreads evenly over [0, 1)', () => {
    const tenths = Array.from({ length: 10 }, () => 0);
    for (const number of draw(7, 100_000)) {
      assert.ok(number >= 0 && number < 1);
      tenths[Math.floor(number * 10)]! += 1;
    }
    // Chi-square with 9 degrees of freedom: 27.9 is exceeded once in a thousand
    const chi = tenths.reduce((sum, count) => sum + (count - 10_000) ** 2 / 10_000, 0);
    assert.ok(chi < 27.9, String(chi));
  });
});
