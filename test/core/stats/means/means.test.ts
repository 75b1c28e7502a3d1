import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { seededRandom } from '../../../../core/random.js';
import { normalQuantile } from '../../../../core/stats/distributions/normal.js';
import { adjustByPast, type CovariateSums } from '../../../../core/stats/means/cuped.js';
import { effectOf } from '../../../../core/stats/means/effect.js';
import { sampleOfRatio } from '../../../../core/stats/means/ratio.js';
import { sampleFromSums, sampleOf, sampleOfRate } from '../../../../core/stats/means/sample.js';
import { welchTest } from '../../../../core/stats/means/welch.js';
import { winsorise, winsorLimits } from '../../../../core/stats/means/winsorise.js';
import type { Answer } from '../../../../core/stats/verdict.js';
import { near, nearDigits } from '../nearness.js';

function ok<Numbers>(answer: Answer<Numbers>): { readonly status: 'ok' } & Readonly<Numbers> {
  assert.equal(answer.status, 'ok');
  if (answer.status !== 'ok') throw new Error('unreachable');
  return answer;
}

const sample = fc.record({
  users: fc.integer({ min: 2, max: 1_000_000 }),
  mean: fc.double({ min: -1000, max: 1000, noNaN: true }),
  variance: fc.double({ min: 0.01, max: 1e6, noNaN: true }),
});

describe("Welch's test", () => {
  const control = sampleFromSums({ users: 3407, sum: 1396.87, sumOfSquares: 52377.9767 });
  const treatment = sampleFromSums({ users: 3461, sum: 2422.7, sumOfSquares: 134698.29 });

  it("matches GrowthBook's engine for means, relative and absolute", () => {
    const relative = ok(welchTest(control, treatment, { alpha: 0.05, scale: 'relative' }));
    nearDigits(relative.effect, '0.70732');
    nearDigits(relative.standardError, '0.37879');
    nearDigits(relative.interval.low, '-0.03526');
    nearDigits(relative.interval.high, '1.44989');
    nearDigits(relative.p, '0.06191');
    const absolute = ok(welchTest(control, treatment, { alpha: 0.05, scale: 'absolute' }));
    nearDigits(absolute.effect, '0.29');
    nearDigits(absolute.standardError, '0.12478');
    nearDigits(absolute.interval.low, '0.04538');
    nearDigits(absolute.interval.high, '0.53462');
    nearDigits(absolute.p, '0.02016');
  });

  it("matches GrowthBook's engine for proportions", () => {
    const arms = [sampleOfRate({ successes: 14, trials: 28 }), sampleOfRate({ successes: 16, trials: 30 })] as const;
    const answer = ok(welchTest(...arms, { alpha: 0.05, scale: 'relative' }));
    nearDigits(answer.effect, '0.06667');
    nearDigits(answer.standardError, '0.2717');
    nearDigits(answer.interval.low, '-0.47767');
    nearDigits(answer.interval.high, '0.61101');
    nearDigits(answer.p, '0.80707');
  });

  it('finds p below alpha exactly where the interval leaves 0 out', () => {
    fc.assert(
      fc.property(sample, sample, fc.constantFrom('absolute', 'relative'), (left, right, scale) => {
        const answer = welchTest(left, right, { alpha: 0.05, scale });
        if (answer.status !== 'ok') return;
        const { p, interval, effect } = answer;
        assert.ok(interval.low <= effect && effect <= interval.high);
        if (Math.abs(p - 0.05) > 1e-9) assert.equal(p < 0.05, interval.low > 0 || interval.high < 0);
      }),
    );
  });

  it('has p-values that are uniform when nothing differs', () => {
    const random = seededRandom(7);
    const draw = () => Array.from({ length: 12 }, () => normalQuantile(random() * (1 - 2e-9) + 1e-9));
    const below = [0, 0, 0, 0];
    for (let run = 0; run < 4000; run += 1) {
      const { p } = ok(welchTest(sampleOf(draw()), sampleOf(draw()), { alpha: 0.05, scale: 'absolute' }));
      const quarter = Math.min(3, Math.floor(p * 4));
      below[quarter] = (below[quarter] ?? 0) + 1;
    }
    const misfit = below.reduce((sum, count) => sum + (count - 1000) ** 2 / 1000, 0);
    assert.ok(misfit < 16.27, `chi-square of the quarters is ${misfit}`);
  });
});

describe('the effect on a mean', () => {
  it('is positive for more, also where the control loses money', () => {
    const answer = ok(effectOf({ users: 50, mean: -2, variance: 1 }, { users: 50, mean: -1, variance: 1 }, 'relative'));
    assert.equal(answer.effect, 0.5);
    near(answer.standardError, Math.sqrt(0.02 / 4 + (0.02 * 1) / 16));
  });

  it('has the same relative standard error when control and treatment are mirrored at 0', () => {
    fc.assert(
      fc.property(sample, sample, (control, treatment) => {
        const answer = effectOf(control, treatment, 'relative');
        const mirrored = effectOf({ ...control, mean: -control.mean }, { ...treatment, mean: -treatment.mean }, 'relative');
        if (answer.status !== 'ok' || mirrored.status !== 'ok') return;
        near(answer.effect, -mirrored.effect, 1e-9 * Math.abs(answer.effect));
        assert.equal(answer.standardError, mirrored.standardError);
      }),
    );
  });

  it('has nothing to say of a control that is 0, of one user, and of values that are all alike', () => {
    const one = { users: 10, mean: 1, variance: 1 };
    assert.equal(effectOf({ ...one, mean: 0 }, one, 'relative').status, 'not_enough_data');
    assert.equal(effectOf({ ...one, users: 1 }, one, 'absolute').status, 'not_enough_data');
    assert.equal(effectOf({ ...one, variance: 0 }, { ...one, variance: 0 }, 'absolute').status, 'not_enough_data');
  });
});

describe('a sample from sums', () => {
  it('is the sample of the values', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: -1000, max: 1000 }), { minLength: 2 }), (values) => {
        const summed = sampleFromSums({
          users: values.length,
          sum: values.reduce((sum, value) => sum + value, 0),
          sumOfSquares: values.reduce((sum, value) => sum + value * value, 0),
        });
        const direct = sampleOf(values);
        near(summed.mean, direct.mean, 1e-9);
        near(summed.variance, direct.variance, 1e-6);
      }),
    );
  });

  it('refuses what no query can have counted', () => {
    assert.throws(() => sampleFromSums({ users: -1, sum: 0, sumOfSquares: 0 }), RangeError);
    assert.throws(() => sampleFromSums({ users: 3, sum: 0, sumOfSquares: -4 }), RangeError);
    assert.throws(() => sampleOf([1, Number.NaN]), RangeError);
  });
});

describe('a ratio metric', () => {
  it('is a plain mean where everybody has one in the denominator', () => {
    const values = [3, 1, 4, 1, 5, 9, 2, 6];
    const total = values.reduce((sum, value) => sum + value, 0);
    const squares = values.reduce((sum, value) => sum + value * value, 0);
    const ratio = ok(
      sampleOfRatio({
        users: 8,
        numerator: total,
        numeratorSquares: squares,
        denominator: 8,
        denominatorSquares: 8,
        products: total,
      }),
    );
    near(ratio.mean, sampleOf(values).mean);
    near(ratio.variance, sampleOf(values).variance);
  });

  it('has the spread that repeated samples have', () => {
    const random = seededRandom(11);
    const ratios: number[] = [];
    const errors: number[] = [];
    for (let run = 0; run < 1500; run += 1) {
      const sums = { users: 300, numerator: 0, numeratorSquares: 0, denominator: 0, denominatorSquares: 0, products: 0 };
      for (let user = 0; user < 300; user += 1) {
        const messages = 1 + Math.floor(random() * 6);
        const taste = random();
        let clicks = 0;
        for (let i = 0; i < messages; i += 1) clicks += random() < taste * 0.5 ? 1 : 0;
        sums.numerator += clicks;
        sums.numeratorSquares += clicks * clicks;
        sums.denominator += messages;
        sums.denominatorSquares += messages * messages;
        sums.products += clicks * messages;
      }
      const { mean, variance } = ok(sampleOfRatio(sums));
      ratios.push(mean);
      errors.push(variance / 300);
    }
    const seen = sampleOf(ratios).variance;
    near(sampleOf(errors).mean / seen, 1, 0.12);
  });

  it('has nothing to say without a denominator', () => {
    const nothing = { numerator: 0, numeratorSquares: 0, denominator: 0, denominatorSquares: 0, products: 0 };
    assert.equal(sampleOfRatio({ users: 5, ...nothing }).status, 'not_enough_data');
    assert.equal(sampleOfRatio({ users: 1, ...nothing, denominator: 1 }).status, 'not_enough_data');
  });
});

describe('the adjustment by the past (CUPED)', () => {
  const sumsOf = (pairs: readonly (readonly [before: number, metric: number])[]): CovariateSums => ({
    users: pairs.length,
    metric: pairs.reduce((sum, [, y]) => sum + y, 0),
    metricSquares: pairs.reduce((sum, [, y]) => sum + y * y, 0),
    before: pairs.reduce((sum, [x]) => sum + x, 0),
    beforeSquares: pairs.reduce((sum, [x]) => sum + x * x, 0),
    products: pairs.reduce((sum, [x, y]) => sum + x * y, 0),
  });
  const users = (random: () => number, lift: number) =>
    Array.from({ length: 4000 }, () => {
      const before = normalQuantile(0.0005 + 0.999 * random());
      return [before, 10 + lift + 2 * before + normalQuantile(0.0005 + 0.999 * random())] as const;
    });

  it('is the sample of the adjusted values, each computed by hand', () => {
    const pairs = [users(seededRandom(3), 0).slice(0, 200), users(seededRandom(4), 1).slice(0, 150)];
    const { samples, theta } = adjustByPast(pairs.map(sumsOf));
    const all = pairs.flat();
    const overall = all.reduce((sum, [x]) => sum + x, 0) / all.length;
    for (const [i, arm] of pairs.entries()) {
      const byHand = sampleOf(arm.map(([x, y]) => y - theta * (x - overall)));
      near(samples[i]?.mean ?? 0, byHand.mean, 1e-9);
      near(samples[i]?.variance ?? 0, byHand.variance, 1e-8);
    }
  });

  it('keeps the effect and leaves the share of the variance that the past does not explain', () => {
    const { samples, theta, varianceKept } = adjustByPast([sumsOf(users(seededRandom(1), 0)), sumsOf(users(seededRandom(2), 0.5))]);
    near(theta, 2, 0.05);
    near(varianceKept, 1 / 5, 0.02);
    near((samples[1]?.mean ?? 0) - (samples[0]?.mean ?? 0), 0.5, 0.08);
  });

  it('changes nothing where the past does not vary, and survives empty arms', () => {
    const flat = adjustByPast([sumsOf([[1, 5], [1, 7]]), sumsOf([])]); // prettier-ignore
    assert.equal(flat.theta, 0);
    assert.deepEqual(flat.samples[0], { users: 2, mean: 6, variance: 2 });
    assert.deepEqual(flat.samples[1], { users: 0, mean: 0, variance: 0 });
  });
});

describe('winsorising', () => {
  it("takes R's quantiles (type 7) as limits", () => {
    const { low, high } = ok(winsorLimits([15, 20, 35, 40, 50], { lower: 0.05, upper: 0.4 }));
    near(low, 16);
    near(high, 29);
  });

  it('changes nothing between the limits and leaves nothing beyond them', () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: -1e6, max: 1e6, noNaN: true }), { minLength: 1 }), (values) => {
        const limits = ok(winsorLimits(values, { lower: 0.1, upper: 0.9 }));
        const pulled = winsorise(values, limits);
        for (const [i, value] of values.entries()) {
          const inside = value >= limits.low && value <= limits.high;
          if (inside) near(pulled[i] ?? Number.NaN, value, 0);
          else assert.ok(pulled[i] === limits.low || pulled[i] === limits.high);
        }
      }),
    );
  });

  it('refuses shares in the wrong order, and has nothing to say of no values', () => {
    assert.throws(() => winsorLimits([1], { lower: 0.9, upper: 0.1 }), RangeError);
    assert.equal(winsorLimits([], { lower: 0, upper: 1 }).status, 'not_enough_data');
  });
});
