import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { betaCdf } from '../../../core/stats/distributions/beta.js';
import { nearness } from '../../../core/stats/proportion.js';

const near = (actual: number, expected: number, tolerance = 1e-12) =>
  assert.ok(Math.abs(actual - expected) <= tolerance, `${actual} is not ${expected}`);

/** P(Bin(n, x) >= k), term by term. */
function binomialTail(n: number, k: number, x: number): number {
  let sum = 0;
  for (let i = k; i <= n; i += 1) {
    let term = 1;
    for (let j = 1; j <= i; j += 1) term *= ((n - i + j) / j) * x;
    sum += term * (1 - x) ** (n - i);
  }
  return sum;
}

describe('the cumulative beta distribution', () => {
  it('is a sum of binomial terms for whole parameters (DLMF 8.17.5)', () => {
    for (const [a, b, x] of [
      [2, 3, 0.5],
      [1, 1, 0.3],
      [7, 4, 0.62],
      [20, 30, 0.41],
      [40, 3, 0.97],
    ] as const) {
      near(betaCdf(x, a, b), binomialTail(a + b - 1, a, x));
    }
  });

  it('is the arcsine law for two halves', () => {
    for (const x of [0.001, 0.2, 0.5, 0.77, 0.999]) near(betaCdf(x, 0.5, 0.5), (2 / Math.PI) * Math.asin(Math.sqrt(x)));
  });

  it('is x^a where b is 1', () => {
    for (const x of [0.1, 0.5, 0.9]) near(betaCdf(x, 12_000.5, 1), x ** 12_000.5);
  });

  it('never falls as x grows, and stays a probability, for samples of any size', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 5_000_000 }), fc.double({ min: 0, max: 1, noNaN: true }), (trials, rate) => {
        const successes = Math.floor(rate * trials);
        const values = [0, 0.25, 0.5, 0.9, 1, 1.1, 2].map((factor) =>
          betaCdf(Math.min(1, (factor * successes) / trials), successes + 0.5, trials - successes + 0.5),
        );
        for (const [i, value] of values.entries()) {
          assert.ok(value >= 0 && value <= 1);
          assert.ok(value >= (values[i - 1] ?? 0) - 1e-9);
        }
      }),
    );
  });

  it('refuses what is no distribution', () => {
    assert.throws(() => betaCdf(0.5, 0, 1), RangeError);
    assert.throws(() => betaCdf(0.5, 1, Number.NaN), RangeError);
  });
});

describe('how near a measured proportion is to the true one', () => {
  it('is what the normal approximation says for a large sample', () => {
    // 12,000 people, 250 conversions: standard error 0.063 of the rate, so a tenth is 1.597 of them: 0.8898
    near(nearness(250, 12_000), 0.8898, 0.003);
    near(nearness(20, 100), 0.38, 0.01);
  });

  it('is nothing where nothing was measured', () => {
    assert.equal(nearness(0, 1_000_000), 0);
    assert.throws(() => nearness(3, 2), RangeError);
    assert.throws(() => nearness(0, 0), RangeError);
  });

  it('grows with the sample', () => {
    const values = [30, 300, 3_000, 30_000].map((trials) => nearness(trials / 10, trials));
    assert.deepEqual(
      [...values].sort((a, b) => a - b),
      values,
    );
  });
});
