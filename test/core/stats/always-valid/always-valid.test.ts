import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { seededRandom } from '../../../../core/random.js';
import { confidenceSequence, lowerSequence, mixtureWeight } from '../../../../core/stats/always-valid/asymptotic-sequence.js';
import { normalQuantile } from '../../../../core/stats/distributions/normal.js';
import { effectOf } from '../../../../core/stats/means/effect.js';
import { sampleFromSums, sampleOfRate } from '../../../../core/stats/means/sample.js';
import { near, nearDigits } from '../nearness.js';

const control = sampleFromSums({ users: 3000, sum: 1396.87, sumOfSquares: 52377.9767 });
const treatment = sampleFromSums({ users: 3461, sum: 2422.7, sumOfSquares: 134698.29 });

function estimateOf(left: typeof control, right: typeof control, scale: 'absolute' | 'relative') {
  const answer = effectOf(left, right, scale);
  assert.equal(answer.status, 'ok');
  if (answer.status !== 'ok') throw new Error('unreachable');
  return { effect: answer.effect, standardError: answer.standardError, users: left.users + right.users };
}

const estimate = fc.record({
  effect: fc.double({ min: -10, max: 10, noNaN: true }),
  standardError: fc.double({ min: 0.01, max: 5, noNaN: true }),
  users: fc.integer({ min: 10, max: 10_000_000 }),
});

describe('the asymptotic confidence sequence', () => {
  it("matches GrowthBook's sequential engine for means and proportions", () => {
    const lift = estimateOf(control, treatment, 'relative');
    nearDigits(lift.effect, '0.50336');
    const means = confidenceSequence(lift, { alpha: 0.05, tightestAt: 1000 });
    nearDigits(means.interval.low, '-0.55844');
    nearDigits(means.interval.high, '1.56516');
    assert.equal(means.p, 1);
    const rates = estimateOf(sampleOfRate({ successes: 1396, trials: 3000 }), sampleOfRate({ successes: 2422, trials: 3461 }), 'relative');
    nearDigits(rates.effect, '0.50386');
    const proportions = confidenceSequence(rates, { alpha: 0.05, tightestAt: 5000 });
    nearDigits(proportions.interval.low, '0.40098');
    nearDigits(proportions.interval.high, '0.60675');
    nearDigits(proportions.p, '0.000000000000');
  });

  it('has the mixture weight and the widths of the reference', () => {
    nearDigits(Math.sqrt(mixtureWeight(0.05, 5000)), '0.03984006677');
    for (const [users, at5000, at10000] of [
      [100, '6.6944', ''],
      [500, '3.8551', ''],
      [1000, '3.3639', '3.8551'],
      [2500, '3.0836', ''],
      [5000, '3.0352', ''],
      [10_000, '3.0615', '3.0352'],
      [20_000, '3.1271', ''],
      [50_000, '3.2417', ''],
      [100_000, '3.3369', '3.2417'],
      [1_000_000, '3.6565', ''],
    ] as const) {
      const width = (tightestAt: number) =>
        confidenceSequence({ effect: 0, standardError: 1, users }, { alpha: 0.05, tightestAt }).interval.high;
      nearDigits(width(5000), at5000);
      if (at10000 !== '') nearDigits(width(10_000), at10000);
    }
  });

  it('has the p-values of the reference', () => {
    for (const [z, users, p] of [
      [1.96, 5000, '0.54291621'],
      [3, 5000, '0.05494761'],
      [3.5, 5000, '0.01297761'],
      [4, 5000, '0.00245481'],
      [3, 20_000, '0.07293377'],
      [5, 100_000, '5.093e-5'],
    ] as const) {
      nearDigits(confidenceSequence({ effect: z, standardError: 1, users }, { alpha: 0.05, tightestAt: 5000 }).p, p);
    }
  });

  it('finds p below alpha exactly where the interval leaves 0 out, and contains the estimate', () => {
    fc.assert(
      fc.property(estimate, fc.double({ min: 0.001, max: 0.3, noNaN: true }), (estimate, alpha) => {
        const { interval, p, eValue } = confidenceSequence(estimate, { alpha, tightestAt: 5000 });
        assert.ok(interval.low <= estimate.effect && estimate.effect <= interval.high);
        if (Math.abs(eValue * alpha - 1) > 1e-9) assert.equal(p < alpha, interval.low > 0 || interval.high < 0);
      }),
    );
  });

  it('holds at all looks together: few seeded tests without an effect are ever found, though looked at 100 times', () => {
    const random = seededRandom(99);
    let alarms = 0;
    for (let run = 0; run < 2000; run += 1) {
      let sum = 0;
      let lowest = 1;
      for (let look = 1; look <= 100; look += 1) {
        sum += 10 * normalQuantile(random() * (1 - 2e-9) + 1e-9);
        const users = 100 * look;
        const { p } = confidenceSequence(
          { effect: sum / users, standardError: 1 / Math.sqrt(users), users },
          { alpha: 0.05, tightestAt: 5000 },
        );
        lowest = Math.min(lowest, p);
      }
      alarms += lowest < 0.05 ? 1 : 0;
    }
    assert.ok(alarms / 2000 <= 0.05, `${alarms} of 2000 tests without an effect were found`);
  });

  it('refuses what is no estimate', () => {
    const plan = { alpha: 0.05, tightestAt: 5000 };
    assert.throws(() => confidenceSequence({ effect: 1, standardError: 0, users: 10 }, plan), RangeError);
    assert.throws(() => confidenceSequence({ effect: 1, standardError: 1, users: 0 }, plan), RangeError);
    assert.throws(() => confidenceSequence({ effect: 1, standardError: 1, users: 10 }, { ...plan, alpha: 1 }), RangeError);
    assert.throws(() => confidenceSequence({ effect: 1, standardError: 1, users: 10 }, { ...plan, tightestAt: 0 }), RangeError);
  });
});

describe('the one-sided sequence', () => {
  it("matches GrowthBook's lower limit, and its p-value as far as its root finder goes", () => {
    const { low, p } = lowerSequence(estimateOf(control, treatment, 'absolute'), { alpha: 0.05, tightestAt: 5000 });
    nearDigits(low, '-0.12656844');
    near(p, 0.46316492, 2e-4);
  });

  it('finds p below alpha exactly where the limit is above 0', () => {
    fc.assert(
      fc.property(estimate, fc.double({ min: 0.001, max: 0.3, noNaN: true }), (estimate, alpha) => {
        const { low, p, eValue } = lowerSequence(estimate, { alpha, tightestAt: 5000 });
        assert.ok(low <= estimate.effect && p > 0 && p <= 1);
        if (Math.abs(eValue * alpha - 1) > 1e-9) assert.equal(p < alpha, low > 0);
      }),
    );
  });
});
