import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import betaOfStdlib from '@stdlib/stats-base-dists-beta-cdf';
import studentOfStdlib from '@stdlib/stats-base-dists-t-cdf';
import fc from 'fast-check';
import { betaCdf, betaQuantile, betaTails } from '../../../../core/stats/distributions/beta.js';
import { chiSquareQuantile, chiSquareUpperTail } from '../../../../core/stats/distributions/chi-square.js';
import { erfc } from '../../../../core/stats/distributions/erfc.js';
import { logGamma } from '../../../../core/stats/distributions/gamma.js';
import { normalCdf, normalQuantile, normalTwoSidedP, normalUpperTail } from '../../../../core/stats/distributions/normal.js';
import { studentQuantile, studentTwoSidedP, studentUpperTail } from '../../../../core/stats/distributions/student-t.js';
import { near, nearDigits, nearRelative } from '../nearness.js';

const open = fc.double({ min: 1e-12, max: 1 - 1e-12, noNaN: true });
const size = fc.double({ min: -1, max: 6, noNaN: true }).map((exponent) => 10 ** exponent);

describe('the normal distribution', () => {
  it('matches qnorm of R', () => {
    nearDigits(normalQuantile(0.975), '1.95996398454');
    nearDigits(normalQuantile(0.8), '0.841621233573');
    nearDigits(normalQuantile(1e-16), '-8.22208221613');
  });

  it('has tails that agree with tables to 14 digits, as far as doubles go', () => {
    nearRelative(erfc(0.5), 0.4795001221869535, 1e-14);
    nearRelative(erfc(5), 1.5374597944280349e-12, 1e-14);
    nearRelative(erfc(26), 5.663192408856143e-296, 1e-13);
    nearRelative(normalUpperTail(10), 7.61985302416052e-24, 1e-13);
    assert.equal(normalCdf(0), 0.5);
  });

  it('has a quantile that undoes its cumulative distribution, to |z| = 37', () => {
    fc.assert(
      fc.property(fc.double({ min: -37, max: 4, noNaN: true }), (z) => near(normalQuantile(normalCdf(z)), z, 1e-11 + 1e-13 * Math.abs(z))),
    );
  });

  it('is symmetric, and its tail never grows with z', () => {
    fc.assert(
      fc.property(fc.double({ min: -38, max: 38, noNaN: true }), fc.double({ min: 0, max: 5, noNaN: true }), (z, more) => {
        near(normalCdf(z) + normalUpperTail(z), 1, 1e-15);
        assert.ok(normalUpperTail(z + more) <= normalUpperTail(z) * (1 + 1e-14));
        assert.equal(normalTwoSidedP(z), normalTwoSidedP(-z));
      }),
    );
  });

  it('refuses the quantiles that are infinite', () => {
    for (const p of [0, 1, -0.1, Number.NaN]) assert.throws(() => normalQuantile(p), RangeError);
  });
});

describe('the chi-square distribution', () => {
  it('matches qchisq and pchisq of R', () => {
    nearDigits(chiSquareQuantile(0.95, 1), '3.84145882069');
    nearDigits(chiSquareQuantile(0.95, 2), '5.99146454711');
    nearDigits(chiSquareQuantile(0.95, 3), '7.81472790325');
    nearDigits(chiSquareUpperTail(50, 1), '1.53745979443e-12');
    nearDigits(chiSquareUpperTail(100, 1), '1.52397060483e-23');
  });

  it('is a finite sum for even degrees (Abramowitz and Stegun 26.4.5)', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 60 }), fc.double({ min: 0.001, max: 400, noNaN: true }), (half, x) => {
        let term = Math.exp(-x / 2);
        let sum = term;
        for (let k = 1; k < half; k += 1) sum += term *= x / 2 / k;
        nearRelative(chiSquareUpperTail(x, 2 * half), sum, 1e-11);
      }),
    );
  });

  it('has a tail that undoes its quantile, for 1 to 10,000 degrees', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 10_000 }), fc.double({ min: 0.001, max: 0.999, noNaN: true }), (degrees, p) =>
        near(chiSquareUpperTail(chiSquareQuantile(p, degrees), degrees), 1 - p, 1e-6),
      ),
      { numRuns: 50 },
    );
  });

  it('refuses what is no distribution, and quantiles outside the domain in which jStat is right', () => {
    assert.throws(() => chiSquareUpperTail(1, 0), RangeError);
    assert.throws(() => chiSquareUpperTail(Number.NaN, 1), RangeError);
    assert.throws(() => chiSquareQuantile(0, 1), RangeError);
    assert.throws(() => chiSquareQuantile(0.5, 200_000), RangeError);
    assert.equal(chiSquareUpperTail(-1, 3), 1);
  });
});

describe("Student's t distribution", () => {
  it('matches pt and qt of R, also with a million degrees of freedom', () => {
    nearDigits(studentTwoSidedP(2, 11), '0.070803955068');
    nearDigits(1 - studentUpperTail(-0.1, 1e6), '0.460172172746');
    nearDigits(studentQuantile(0.975, 1), '12.70620473617');
    nearDigits(studentQuantile(0.975, 11), '2.2009851601');
  });

  it('agrees with @stdlib to 60,000 degrees, beyond the t near 0 for which that answers one half', () => {
    const t = fc.double({ min: 0.001, max: 8, noNaN: true });
    fc.assert(
      fc.property(fc.double({ min: 0, max: 4.8, noNaN: true }), t, fc.constantFrom(-1, 1), (exponent, size, sign) =>
        near(studentUpperTail(-sign * size, 10 ** exponent), studentOfStdlib(sign * size, 10 ** exponent), 1e-11),
      ),
    );
  });

  it('becomes the normal one', () => {
    for (const degrees of [1e8, 1e12]) nearRelative(studentTwoSidedP(3, degrees), normalTwoSidedP(3), 1e-6);
    nearRelative(studentTwoSidedP(2.5, 19_999.999), studentTwoSidedP(2.5, 20_000.001), 1e-9);
  });

  it('has a quantile that is undone by its tail', () => {
    fc.assert(
      fc.property(open, fc.double({ min: 1, max: 1e7, noNaN: true }), (p, degrees) => {
        near(1 - studentUpperTail(studentQuantile(p, degrees), degrees), p, 1e-11);
      }),
    );
  });

  it('refuses what is no distribution', () => {
    assert.throws(() => studentTwoSidedP(1, 0), RangeError);
    assert.throws(() => studentTwoSidedP(Number.POSITIVE_INFINITY, 3), RangeError);
    assert.throws(() => studentQuantile(1, 3), RangeError);
  });
});

describe('the beta distribution', () => {
  it('matches pbeta and qbeta of R', () => {
    nearDigits(betaCdf(0.11, 1001, 9001), '0.99936572737');
    nearDigits(betaQuantile(0.025, 121, 881), '0.101323419644');
    nearDigits(betaQuantile(0.975, 121, 881), '0.141626999749');
  });

  it('agrees with @stdlib, for parameters up to 100,000', () => {
    fc.assert(
      fc.property(size, size, fc.double({ min: -5, max: 5, noNaN: true }), (left, right, deviations) => {
        const [a, b] = [Math.min(left, 1e5), Math.min(right, 1e5)];
        const mean = a / (a + b);
        const x = Math.min(1 - 1e-6, Math.max(1e-6, mean + deviations * Math.sqrt((mean * (1 - mean)) / (a + b + 1))));
        near(betaCdf(x, a, b), betaOfStdlib(x, a, b), 1e-10);
      }),
    );
  });

  it('is one half at the middle of a symmetric one, of any size', () => {
    for (const a of [0.5, 1, 37, 2999, 3001, 1e6, 1e9]) near(betaCdf(0.5, a, a), 0.5, 1e-11);
  });

  it('has a quantile that is undone by its cumulative distribution, and tails that add up to 1', () => {
    fc.assert(
      fc.property(fc.double({ min: 1e-6, max: 1 - 1e-6, noNaN: true }), size, size, (p, a, b) => {
        const x = betaQuantile(p, a, b);
        const { lower, upper } = betaTails(x, 1 - x, a, b);
        near(lower + upper, 1, 1e-14);
        if (x > 1e-300 && x < 1 - 1e-6) near(lower, p, 1e-8);
      }),
    );
  });

  it('refuses quantiles of impossible shares', () => {
    for (const p of [0, 1, 2]) assert.throws(() => betaQuantile(p, 2, 2), RangeError);
  });
});

describe('the gamma function', () => {
  it('is the factorial, and √π at one half', () => {
    let logFactorial = 0;
    for (let n = 1; n < 400; n += 1) {
      nearRelative(logGamma(n + 1) + 1, logFactorial + Math.log(n) + 1, 1e-13);
      logFactorial += Math.log(n);
    }
    near(logGamma(0.5), 0.5 * Math.log(Math.PI));
    assert.throws(() => logGamma(0), RangeError);
  });
});
