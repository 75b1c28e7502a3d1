import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { bestOfMeans, bestOfRates, posteriorOfRate } from '../../../../core/stats/bayes/best-arm.js';
import { FLAT_PRIOR, liftPosterior } from '../../../../core/stats/bayes/lift.js';
import { thompsonShares } from '../../../../core/stats/bayes/thompson.js';
import { logGamma } from '../../../../core/stats/distributions/gamma.js';
import { normalCdf } from '../../../../core/stats/distributions/normal.js';
import { effectOf } from '../../../../core/stats/means/effect.js';
import { sampleFromSums, sampleOfRate, type Sample } from '../../../../core/stats/means/sample.js';
import { near, nearDigits } from '../nearness.js';

const rates = (...pairs: readonly (readonly [number, number])[]) => bestOfRates(pairs.map(([a, b]) => ({ a, b })));
const means = (...pairs: readonly (readonly [number, number])[]) => bestOfMeans(pairs.map(([mean, deviation]) => ({ mean, deviation })));

/** P(B > A) as Evan Miller's finite sum, for a whole number of successes. */
function closedForm(a: readonly [number, number], b: readonly [number, number]): number {
  const logBeta = (p: number, q: number) => logGamma(p) + logGamma(q) - logGamma(p + q);
  let sum = 0;
  for (let i = 0; i < b[0]; i += 1)
    sum += Math.exp(logBeta(a[0] + i, a[1] + b[1]) - Math.log(b[1] + i) - logBeta(1 + i, b[1]) - logBeta(a[0], a[1]));
  return sum;
}

const whole = fc.integer({ min: 1, max: 400 });

describe('the best of two rates', () => {
  it('has the probability and the losses of the reference quadrature', () => {
    for (const [left, right, chance, lossOfRight, lossOfLeft] of [
      [[101, 901], [121, 881], '0.92318344', '0.0004846139', '0.0204446938'],
      [[51, 951], [61, 941], '0.83561126', '0.0008934656', '0.0108735056'],
      [[11, 91], [16, 86], '0.85328379', '0.0035780881', '0.0525976960'],
      [[1001, 9001], [1051, 8951], '0.87807667', '0.0002582737', '0.0052572739'],
      [[1, 1], [1, 1], '0.50000000', '0.1666666667', '0.1666666667'],
    ] as const) {
      // prettier-ignore
      const { best, loss } = rates(left, right);
      nearDigits(best[1] ?? 0, chance);
      nearDigits(loss[1] ?? 0, lossOfRight);
      nearDigits(loss[0] ?? 0, lossOfLeft);
    }
  });

  it("is Evan Miller's closed form to ten digits", () => {
    fc.assert(
      fc.property(whole, whole, whole, whole, (a, b, c, d) => near(rates([a, b], [c, d]).best[1] ?? 0, closedForm([a, b], [c, d]), 1e-10)),
    );
  });

  it('loses the difference of the means more by choosing one than by choosing the other', () => {
    fc.assert(
      fc.property(whole, whole, whole, whole, (a, b, c, d) => {
        const { loss } = rates([a, b], [c, d]);
        near((loss[0] ?? 0) - (loss[1] ?? 0), c / (c + d) - a / (a + b), 1e-9);
      }),
    );
  });

  it('is as exact for samples of a hundred million and for arms that have nothing in common', () => {
    const [a, b] = [1e8 + 1e4, 1e8];
    const z = (a / (a + b) - 0.5) / Math.sqrt(0.25 / (a + b) + 0.25 / 2e8);
    near(rates([1e8, 1e8], [a, b]).best[1] ?? 0, normalCdf(z), 1e-6);
    near(rates([1, 1], [1e5, 1]).best[1] ?? 0, 1e5 / (1e5 + 1), 1e-12);
    assert.deepEqual(rates([5, 1e6], [1e6, 5]).best.map((share) => Math.round(share)), [0, 1]); // prettier-ignore
    near(rates([5, 1e6], [1e6, 5]).loss[0] ?? 0, 1e6 / (1e6 + 5) - 5 / (1e6 + 5), 1e-9);
  });
});

describe('the best of several', () => {
  it('rates has the probabilities of the reference quadrature', () => {
    const three = ['0.0462083', '0.7268865', '0.2269052'];
    for (const [i, share] of rates([101, 901], [121, 881], [111, 891]).best.entries()) nearDigits(share, three[i] ?? '');
    const four = ['0.0926759', '0.6482752', '0.0290426', '0.2300063'];
    for (const [i, share] of rates([11, 91], [16, 86], [9, 93], [13, 89]).best.entries()) nearDigits(share, four[i] ?? '');
  });

  it('means has the probabilities of the reference, also with deviations that differ thirtyfold', () => {
    for (const [arms, expected] of [
      [
        [
          [0, 0.1],
          [0.1, 0.1],
          [0.2, 0.1],
        ],
        ['0.04715068', '0.22409830', '0.72875102'],
      ],
      [
        [
          [1, 0.5],
          [2, 0.5],
          [3, 0.5],
        ],
        ['0.00132509', '0.07833829', '0.92033662'],
      ],
      [
        [
          [0, 0.05],
          [0.5, 0.5],
          [1, 1.5],
        ],
        ['0.04063998', '0.34334012', '0.61601990'],
      ],
    ] as const) {
      // prettier-ignore
      for (const [i, share] of means(...arms).best.entries()) nearDigits(share, expected[i] ?? '');
    }
  });

  it('adds up to 1, never loses less than nothing, and is the same in any order', () => {
    const arm = fc.tuple(fc.integer({ min: 1, max: 5000 }), fc.integer({ min: 1, max: 5000 }));
    fc.assert(
      fc.property(fc.array(arm, { minLength: 2, maxLength: 10 }), (arms) => {
        const { best, loss } = rates(...arms);
        near(best.reduce((sum, share) => sum + share, 0), 1, 1e-12); // prettier-ignore
        assert.ok(loss.every((value) => value >= 0 && value <= 1));
        const turned = rates(...arms.toReversed());
        for (const [i, share] of turned.best.toReversed().entries()) near(share, best[i] ?? 0, 1e-9);
      }),
      { numRuns: 50 },
    );
  });

  it('two means is the closed form, whatever their deviations', () => {
    const deviation = fc.double({ min: -3, max: 3, noNaN: true }).map((exponent) => 10 ** exponent);
    fc.assert(
      fc.property(fc.double({ min: -5, max: 5, noNaN: true }), deviation, deviation, (mean, left, right) => {
        const { best, loss } = means([0, left], [mean, right]);
        near(best[1] ?? 0, normalCdf(mean / Math.hypot(left, right)), 1e-9);
        const { risk } = liftPosterior({ effect: mean, standardError: Math.hypot(left, right) }, FLAT_PRIOR, 0.05);
        near(loss[0] ?? 0, risk.control, 1e-9 * (1 + left + right));
      }),
    );
  });

  it('refuses single arms and posteriors that are none', () => {
    assert.throws(() => rates([1, 1]), RangeError);
    assert.throws(() => rates([0, 1], [1, 1]), RangeError);
    assert.throws(() => means([0, 0], [1, 1]), RangeError);
    assert.throws(() => posteriorOfRate({ successes: 2, trials: 1 }), RangeError);
  });
});

describe('the posterior of a lift', () => {
  const estimateOf = (control: Sample, treatment: Sample) => {
    const answer = effectOf(control, treatment, 'relative');
    assert.equal(answer.status, 'ok');
    if (answer.status !== 'ok') throw new Error('unreachable');
    return answer;
  };

  it("matches GrowthBook's Bayesian engine for proportions", () => {
    const arms = [sampleOfRate({ successes: 49, trials: 100 }), sampleOfRate({ successes: 51, trials: 100 })] as const;
    const lift = liftPosterior(estimateOf(...arms), FLAT_PRIOR, 0.05);
    nearDigits(lift.mean, '0.04082');
    nearDigits(lift.interval.low, '-0.24779');
    nearDigits(lift.interval.high, '0.32943');
    nearDigits(lift.chanceToWin, '0.60918');
    nearDigits(lift.risk.control, '0.0814');
    nearDigits(lift.risk.treatment, '0.04058');
  });

  it("matches GrowthBook's Bayesian engine for means, with and without a prior", () => {
    const control = sampleFromSums({ users: 10, sum: 100, sumOfSquares: 1002.25 });
    const treatment = sampleFromSums({ users: 10, sum: 105, sumOfSquares: 1111.5 });
    const flat = liftPosterior(estimateOf(control, treatment), FLAT_PRIOR, 0.05);
    nearDigits(flat.mean, '0.05');
    nearDigits(flat.interval.low, '-0.02');
    nearDigits(flat.interval.high, '0.12');
    nearDigits(flat.chanceToWin, '0.91923');
    const informed = liftPosterior(estimateOf(control, treatment), { mean: 0.1, deviation: Math.sqrt(0.1) }, 0.05);
    nearDigits(informed.mean, '0.05063');
    nearDigits(informed.chanceToWin, '0.92315');
  });

  it("has GrowthBook's risks for a lift of 10 % ± 5 %", () => {
    const { risk } = liftPosterior({ effect: 0.1, standardError: 0.05 }, FLAT_PRIOR, 0.05);
    nearDigits(risk.control, '0.1004245351308');
    nearDigits(risk.treatment, '0.0004245351308');
  });
});

describe('the shares of a bandit', () => {
  it('add the floor to everybody, and keep the proportions above it', () => {
    for (const [i, share] of thompsonShares([0.995, 0.005, 0], 0.01).entries()) near(share, [0.97515, 0.01485, 0.01][i] ?? 0);
  });

  it('add up to 1, and never fall below the floor', () => {
    const shares = fc
      .array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 2, maxLength: 10 })
      .filter((raw) => raw.some((value) => value > 1e-6))
      .map((raw) => raw.map((value) => value / raw.reduce((sum, other) => sum + other, 0)));
    fc.assert(
      fc.property(shares, fc.double({ min: 0, max: 0.3, noNaN: true }), (best, floor) => {
        const weights = thompsonShares(best, floor);
        near(weights.reduce((sum, weight) => sum + weight, 0), 1, 1e-12); // prettier-ignore
        for (const weight of weights) assert.ok(weight >= Math.min(floor, 1 / best.length) - 1e-12);
      }),
    );
    assert.deepEqual(thompsonShares([1, 0], 0.5), [0.5, 0.5]);
    assert.throws(() => thompsonShares([0.5, 0.4], 0.01), RangeError);
  });
});
