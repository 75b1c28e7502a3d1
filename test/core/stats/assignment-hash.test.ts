import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { armAt, armRanges, hashFraction, murmur3 } from '../../../core/stats/assignment-hash.js';
import { chiSquareUpperTail } from '../../../core/stats/distributions/chi-square.js';
import { compareManyRates } from '../../../core/stats/proportions/chi-square-test.js';
import { near } from './nearness.js';

describe('the hash of the assignment', () => {
  it('matches the vectors of MurmurHash3 x86 32', () => {
    assert.equal(murmur3('abc', 0), 3_017_643_002);
    assert.equal(murmur3('hello', 0), 613_153_351);
    assert.equal(murmur3('', 0), 0);
  });

  it("matches Unleash's normalised values, for rollouts and for variants", () => {
    const normalised = (id: string, group: string, seed: number) => (murmur3(`${group}:${id}`, seed) % 100) + 1;
    assert.equal(normalised('123', 'gr1', 0), 73);
    assert.equal(normalised('999', 'groupX', 0), 25);
    assert.equal(normalised('123', 'gr1', 86_028_157), 96);
    assert.equal(normalised('999', 'groupX', 86_028_157), 60);
  });

  it('hashes UTF-8 bytes, so that text beyond ASCII is the same in every language', () => {
    // the bytes of "é" in UTF-8 are 0xc3 0xa9, and not those of the characters Ã and ©
    assert.notEqual(murmur3('é', 0), murmur3('Ã©', 0));
    assert.equal(murmur3('日本語', 0), 2_779_017_879);
  });

  it('spreads 200,000 ids that follow each other evenly', () => {
    const bins = Array.from({ length: 100 }, () => 0);
    for (let user = 0; user < 200_000; user += 1) {
      const bin = Math.floor(hashFraction('spring-subject', `user-${user}`) * 100);
      bins[bin] = (bins[bin] ?? 0) + 1;
    }
    const misfit = bins.reduce((sum, count) => sum + (count - 2000) ** 2 / 2000, 0);
    assert.ok(chiSquareUpperTail(misfit, 99) > 0.001, `chi-square ${misfit}`);
  });

  it('splits two tests independently of each other', () => {
    const cells = [0, 0, 0, 0];
    for (let user = 0; user < 200_000; user += 1) {
      const cell = (hashFraction('one', `${user}`) < 0.5 ? 0 : 2) + (hashFraction('two', `${user}`) < 0.5 ? 0 : 1);
      cells[cell] = (cells[cell] ?? 0) + 1;
    }
    const [a = 0, b = 0, c = 0, d = 0] = cells;
    const answer = compareManyRates([{ successes: a, trials: a + b }, { successes: c, trials: c + d }]); // prettier-ignore
    assert.ok(answer.status === 'ok' && answer.p > 0.001);
  });
});

describe('the ranges of arms', () => {
  it("match GrowthBook's for three arms at a coverage of a fifth", () => {
    const expected = [[0, 0.04], [0.2, 0.26], [0.5, 0.6]]; // prettier-ignore
    for (const [i, range] of armRanges([0.2, 0.3, 0.5], 0.2).entries()) {
      near(range.from, expected[i]?.[0] ?? -1);
      near(range.to, expected[i]?.[1] ?? -1);
    }
  });

  it('keep everybody where they are when coverage grows', () => {
    const weights = fc
      .array(fc.double({ min: 0.01, max: 1, noNaN: true }), { minLength: 2, maxLength: 10 })
      .map((raw) => raw.map((weight) => weight / raw.reduce((sum, value) => sum + value, 0)));
    const share = fc.double({ min: 0, max: 1, noNaN: true });
    fc.assert(
      fc.property(weights, share, share, fc.double({ min: 0, max: 0.999, noNaN: true }), (weights, a, b, fraction) => {
        const before = armAt(armRanges(weights, Math.min(a, b)), fraction);
        const after = armAt(armRanges(weights, Math.max(a, b)), fraction);
        if (before !== null) assert.equal(after, before);
      }),
    );
  });

  it('refuse weights that do not add up to 1, and coverage beyond it', () => {
    assert.throws(() => armRanges([0.5, 0.4], 1), RangeError);
    assert.throws(() => armRanges([1.5, -0.5], 1), RangeError);
    assert.throws(() => armRanges([0.5, 0.5], 1.2), RangeError);
  });
});
