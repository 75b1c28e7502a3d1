import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { normalUpperQuantile } from '../../../../core/stats/distributions/normal.js';
import { daysNeeded } from '../../../../core/stats/planning/duration.js';
import { powerOfMeans, usersPerArmOfMeans } from '../../../../core/stats/planning/means.js';
import { alphaOfComparison, detectableEffect, powerOfRates, usersPerArm } from '../../../../core/stats/planning/rates.js';
import { near, nearDigits } from '../nearness.js';

const rate = fc.double({ min: 0.001, max: 0.9, noNaN: true });

describe('the sample size of two rates', () => {
  it("matches R's power.prop.test", () => {
    for (const [baseline, rate, alpha, power, users] of [
      [0.2, 0.25, 0.05, 0.8, '1093.73904583'],
      [0.1, 0.12, 0.05, 0.8, '3840.84748'],
      [0.05, 0.055, 0.05, 0.8, '31233.43794'],
      [0.05, 0.06, 0.05, 0.8, '8157.73'],
      [0.03, 0.036, 0.05, 0.8, '13913.58'],
      [0.02, 0.022, 0.05, 0.8, '80681.38'],
      [0.5, 0.55, 0.05, 0.8, '1564.67'],
      [0.2, 0.25, 0.05, 0.9, '1463.71'],
      [0.02, 0.022, 0.05, 0.9, '108008.97826'],
      [0.05, 0.06, 0.01, 0.9, '15464.65'],
      [0.5, 0.75, 0.05, 0.9, '76.7069301'],
    ] as const) {
      const actual = usersPerArm({ baseline, rate, alpha, power });
      // R stops its root finder early: its last digits differ from the closed form by parts of 1e6
      near(actual, Number(users), Math.max(0.0051, 1e-6 * actual));
    }
  });

  it("is Evan Miller's but for the variance of no difference: his is the baseline's, ours that of both arms together", () => {
    for (const [baseline, rate, alpha, power, users] of [
      [0.2, 0.25, 0.05, 0.8, '1030.22'],
      [0.1, 0.12, 0.05, 0.8, '3622.62'],
      [0.05, 0.055, 0.05, 0.8, '30244.40'],
      [0.05, 0.06, 0.05, 0.8, '7663.00'],
      [0.03, 0.036, 0.05, 0.8, '13050.16'],
      [0.02, 0.022, 0.05, 0.8, '78039.02'],
      [0.5, 0.55, 0.05, 0.8, '1567.42'],
      [0.2, 0.25, 0.05, 0.9, '1390.08'],
      [0.02, 0.022, 0.05, 0.9, '104948.24'],
      [0.05, 0.06, 0.01, 0.9, '14568.81'],
    ] as const) {
      const errorOfNull = (rate: number) => Math.sqrt(2 * rate * (1 - rate));
      const exchanged = (errorOfNull((baseline + rate) / 2) - errorOfNull(baseline)) / (rate - baseline);
      const ours = usersPerArm({ baseline, rate, alpha, power });
      nearDigits((Math.sqrt(ours) - normalUpperQuantile(alpha / 2) * exchanged) ** 2, users);
    }
  });

  it("gives the power of R's power.prop.test, and undoes it", () => {
    nearDigits(powerOfRates({ baseline: 0.5, rate: 0.75, alpha: 0.05, users: 50 }), '0.740165901');
    fc.assert(
      fc.property(
        rate,
        rate,
        fc.double({ min: 0.4, max: 0.99, noNaN: true }),
        fc.double({ min: 0.2, max: 5, noNaN: true }),
        (p, q, power, ratio) => {
          fc.pre(Math.abs(p - q) > 1e-6);
          const plan = { baseline: p, rate: q, alpha: 0.05, ratio, comparisons: 3 };
          near(powerOfRates({ ...plan, users: usersPerArm({ ...plan, power }) }), power, 1e-8);
        },
      ),
    );
  });

  it('needs most where rates are close, alpha is small and power is high', () => {
    const base = { baseline: 0.1, rate: 0.12, alpha: 0.05, power: 0.8 };
    assert.ok(usersPerArm({ ...base, rate: 0.11 }) > usersPerArm(base));
    assert.ok(usersPerArm({ ...base, comparisons: 2 }) > usersPerArm(base));
    assert.ok(usersPerArm({ ...base, power: 0.9 }) > usersPerArm(base));
    near(usersPerArm({ ...base, comparisons: 2 }), usersPerArm({ ...base, alpha: 0.025 }), 1e-9);
  });

  it('finds again the effect that it was made for', () => {
    fc.assert(
      fc.property(fc.double({ min: 0.001, max: 0.5, noNaN: true }), fc.double({ min: 0.02, max: 0.9, noNaN: true }), (baseline, effect) => {
        const users = usersPerArm({ baseline, rate: baseline * (1 + effect), alpha: 0.05, power: 0.8 });
        const answer = detectableEffect({ baseline, alpha: 0.05, power: 0.8, users });
        assert.equal(answer.status, 'ok');
        if (answer.status === 'ok') near(answer.effect, effect, 1e-6);
      }),
    );
  });

  it('says so where the users would show nothing', () => {
    assert.equal(detectableEffect({ baseline: 0.9, alpha: 0.05, power: 0.8, users: 2 }).status, 'not_enough_data');
  });

  it('refuses rates of 0 and 1 and beyond, equal rates, and impossible levels', () => {
    const plan = { baseline: 0.1, rate: 0.2, alpha: 0.05, power: 0.8 };
    for (const broken of [
      { baseline: 0 },
      { baseline: 1 },
      { rate: 1.02 },
      { rate: 0.1 },
      { alpha: 0 },
      { alpha: 1 },
      { power: 1 },
      { ratio: 0 },
    ]) {
      assert.throws(() => usersPerArm({ ...plan, ...broken }), RangeError);
    }
    assert.throws(() => alphaOfComparison(0.05, 0), RangeError);
  });
});

describe('the sample size of two means', () => {
  it("matches R's power.t.test", () => {
    nearDigits(powerOfMeans({ difference: 1, deviation: 1, alpha: 0.05, users: 20 }), '0.868952802');
    near(powerOfMeans({ difference: 1, deviation: 1, alpha: 0.05, users: 22.0210977 }), 0.9, 2e-7);
  });

  it('matches G*Power for a difference of 0.3 among values of variance 100, to one user an arm', () => {
    near(2 * usersPerArmOfMeans({ difference: 0.3, deviation: 10, alpha: 0.05, power: 0.85 }), 39_906, 3);
    assert.ok(powerOfMeans({ difference: 0.3, deviation: 10, alpha: 0.05, users: 39_906 / 2 }) >= 0.85);
    assert.ok(powerOfMeans({ difference: 0.3, deviation: 10, alpha: 0.05, users: 39_906 / 2 - 1 }) < 0.85);
  });

  it('reaches its power in large samples, with arms of any ratio', () => {
    fc.assert(
      fc.property(fc.double({ min: 0.005, max: 0.05, noNaN: true }), fc.double({ min: 0.3, max: 3, noNaN: true }), (difference, ratio) => {
        const plan = { difference, deviation: 1, alpha: 0.05, ratio };
        near(powerOfMeans({ ...plan, users: usersPerArmOfMeans({ ...plan, power: 0.8 }) }), 0.8, 1e-3);
      }),
    );
  });

  it('refuses no difference, no deviation and single users', () => {
    const plan = { difference: 1, deviation: 1, alpha: 0.05, power: 0.8 };
    assert.throws(() => usersPerArmOfMeans({ ...plan, difference: 0 }), RangeError);
    assert.throws(() => usersPerArmOfMeans({ ...plan, deviation: 0 }), RangeError);
    assert.throws(() => powerOfMeans({ ...plan, users: 1 }), RangeError);
  });
});

describe('the sample sizes of G*Power in the tests of Spotify confidence', () => {
  const plan = { baseline: 0.34, rate: 0.343, alpha: 0.05, eitherSide: true };

  it('have the power asked for, counting discoveries on either side, and with one user an arm less they have not', () => {
    for (const [alpha, power, both] of [
      [0.05, 0.85, 897_348],
      [0.14, 0.85, 630_710],
      [0.14, 0.67, 366_424],
    ] as const) {
      assert.ok(powerOfRates({ ...plan, alpha, users: both / 2 }) >= power);
      assert.ok(powerOfRates({ ...plan, alpha, users: both / 2 - 1 }) < power);
    }
  });

  it('are ours for three arms of which the control has half of the users and the higher rate', () => {
    const users = usersPerArm({ baseline: 0.343, rate: 0.34, alpha: 0.05, power: 0.85, ratio: 0.5 });
    nearDigits(users, '673157');
    assert.equal(Math.floor(users / 2), 336_578);
  });

  it('have a range for a large effect that ours lies within', () => {
    const wide = 2 * usersPerArm({ ...plan, power: 0.85, rate: 0.44 });
    assert.ok(wide >= 738 && wide <= 852);
  });
});

describe("the power of Stata's power twoproportions, as statsmodels has it", () => {
  it('counts discoveries on either side', () => {
    nearDigits(powerOfRates({ baseline: 0.001, rate: 0.015, alpha: 0.05, users: 550, eitherSide: true }), '0.7415600');
    near(powerOfRates({ baseline: 0.1, rate: 0.2, alpha: 0.05, users: 154, ratio: 2, eitherSide: true }), 0.7995659211532175, 1e-12);
  });
});

describe('the duration of a test', () => {
  it('is whole weeks, at least one', () => {
    assert.equal(daysNeeded({ users: 10, usersPerDay: 1000 }), 7);
    assert.equal(daysNeeded({ users: 7001, usersPerDay: 1000 }), 14);
    assert.throws(() => daysNeeded({ users: 10, usersPerDay: 0 }), RangeError);
  });
});

describe('the quantiles behind all of this', () => {
  it('are those of the plan: 2.8016 standard errors for 5 % and 80 %', () => {
    near(normalUpperQuantile(0.025) + normalUpperQuantile(0.2), 2.8016, 1e-4);
  });
});
