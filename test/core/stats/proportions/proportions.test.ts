import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { chiSquareUpperTail } from '../../../../core/stats/distributions/chi-square.js';
import { normalTwoSidedP } from '../../../../core/stats/distributions/normal.js';
import { effectOf } from '../../../../core/stats/means/effect.js';
import { sampleOfRate } from '../../../../core/stats/means/sample.js';
import { chiSquareTest, compareManyRates } from '../../../../core/stats/proportions/chi-square-test.js';
import type { Counts } from '../../../../core/stats/proportions/counts.js';
import { fisherTest } from '../../../../core/stats/proportions/fisher.js';
import { newcombeInterval } from '../../../../core/stats/proportions/newcombe.js';
import { compareRates, pooledZTest, unpooledZTest } from '../../../../core/stats/proportions/two-proportions.js';
import { wilsonInterval } from '../../../../core/stats/proportions/wilson.js';
import type { Answer } from '../../../../core/stats/verdict.js';
import { nearDigits, near } from '../nearness.js';

const counts = (successes: number, trials: number): Counts => ({ successes, trials });

function ok<Numbers>(answer: Answer<Numbers>): { readonly status: 'ok' } & Readonly<Numbers> {
  assert.equal(answer.status, 'ok');
  if (answer.status !== 'ok') throw new Error('unreachable');
  return answer;
}

/** Arms of up to so many users in which somebody did and somebody did not convert. */
const arm = (most: number) =>
  fc.tuple(fc.integer({ min: 2, max: most }), fc.double({ min: 0, max: 1, noNaN: true })).map(([trials, share]) => {
    return counts(Math.min(trials - 1, Math.max(1, Math.round(share * trials))), trials);
  });

describe('the test of two rates', () => {
  it('matches statsmodels for 120/1000 against 100/1000, pooled and unpooled', () => {
    const pooled = ok(pooledZTest(counts(100, 1000), counts(120, 1000)));
    nearDigits(pooled.z, '1.4293008498');
    nearDigits(pooled.p, '0.1529177819');
    const unpooled = ok(unpooledZTest(counts(100, 1000), counts(120, 1000)));
    nearDigits(unpooled.z, '1.4300313895');
    nearDigits(unpooled.p, '0.1527080102');
  });

  it("has the standard error of Spotify confidence, by its intervals of the difference and of that as a part of the control's rate", () => {
    const { effect, standardError } = ok(unpooledZTest(counts(42, 104), counts(500, 1009)));
    nearDigits(effect, '0.091694');
    const [low, high] = [effect - 1.959963984540054 * standardError, effect + 1.959963984540054 * standardError];
    nearDigits(low, '-0.00752544');
    nearDigits(high, '0.190913');
    // theirs takes the control's rate as known; ours of a relative effect is Fieller's, which does not
    nearDigits(low / (42 / 104), '-0.0186344');
    nearDigits(high / (42 / 104), '0.47273797');
    nearDigits(ok(effectOf(sampleOfRate(counts(42, 104)), sampleOfRate(counts(500, 1009)), 'relative')).effect, '0.227052');
  });

  it('is symmetric: exchanging the arms turns the sign of z and keeps p', () => {
    fc.assert(
      fc.property(arm(5000), arm(5000), (control, treatment) => {
        for (const test of [pooledZTest, unpooledZTest]) {
          const [there, back] = [ok(test(control, treatment)), ok(test(treatment, control))];
          near(there.z, -back.z, 1e-9);
          near(there.p, back.p, 1e-12);
        }
        near(fisherTest(control, treatment), fisherTest(treatment, control), 1e-9);
      }),
    );
  });

  it('uses the exact test where few are expected, and the normal one else', () => {
    assert.equal(ok(compareRates(counts(3, 1000), counts(2, 1000))).method, 'fisher');
    assert.equal(ok(compareRates(counts(30, 1000), counts(20, 1000))).method, 'pooled_z');
  });

  it('has nothing to say of empty arms and of rates that do not vary', () => {
    assert.equal(compareRates(counts(0, 0), counts(1, 2)).status, 'not_enough_data');
    assert.equal(compareRates(counts(0, 10), counts(0, 10)).status, 'not_enough_data');
    assert.equal(unpooledZTest(counts(10, 10), counts(10, 10)).status, 'not_enough_data');
    for (const broken of [counts(-1, 3), counts(4, 3), counts(0.5, 3), counts(1, Number.NaN)]) {
      assert.throws(() => pooledZTest(broken, counts(1, 2)), RangeError);
    }
  });
});

describe("Fisher's exact test", () => {
  it("is 17/35 for the lady tasting tea, and matches R's fisher.test for Convictions", () => {
    near(fisherTest(counts(1, 4), counts(3, 4)), 17 / 35, 1e-12);
    near(fisherTest(counts(2, 17), counts(10, 13)), 0.0005367, 5e-8);
  });

  it('tends to the chi-square test in large samples, and is a probability in small ones', () => {
    near(
      fisherTest(counts(20_000, 100_000), counts(20_300, 100_000)),
      ok(pooledZTest(counts(20_000, 100_000), counts(20_300, 100_000))).p,
      2e-3,
    );
    fc.assert(
      fc.property(arm(40), arm(40), (control, treatment) => {
        const p = fisherTest(control, treatment);
        assert.ok(p > 0 && p <= 1);
      }),
    );
  });
});

describe("Pearson's chi-square test", () => {
  it("matches R's chisq.test on Agresti's table and prop.test on the smokers", () => {
    const parties = ok(chiSquareTest([[762, 327, 468], [484, 239, 477]])); // prettier-ignore
    nearDigits(parties.chiSquare, '30.0701491');
    assert.equal(parties.degrees, 2);
    nearDigits(parties.p, '2.95358918e-7');
    const smokers = ok(compareManyRates([counts(83, 86), counts(90, 93), counts(129, 136), counts(70, 82)]));
    nearDigits(smokers.chiSquare, '12.6004113');
    assert.equal(smokers.degrees, 3);
    nearDigits(smokers.p, '0.00558547666');
  });

  it('matches R on [[500, 509], [42, 62]]', () => {
    const answer = ok(chiSquareTest([[500, 509], [42, 62]])); // prettier-ignore
    nearDigits(answer.chiSquare, '3.172970024');
    nearDigits(answer.p, '0.0748661891');
  });

  it("is without Yates's correction, which is half a user in each cell: corrected, it is R's chisq.test", () => {
    const { chiSquare } = ok(chiSquareTest([[500, 509], [42, 62]])); // prettier-ignore
    const determinant = 500 * 62 - 509 * 42;
    const corrected = chiSquare * (1 - 1113 / 2 / Math.abs(determinant)) ** 2;
    nearDigits(corrected, '2.816558581');
    nearDigits(chiSquareUpperTail(corrected, 1), '0.0932962396');
  });

  it('is the square of the pooled z of two arms', () => {
    fc.assert(
      fc.property(arm(5000), arm(5000), (control, treatment) => {
        const answer = compareManyRates([control, treatment]);
        if (answer.status !== 'ok') return;
        const { z, p } = ok(pooledZTest(control, treatment));
        near(answer.chiSquare, z * z, 1e-9 * (1 + z * z));
        near(answer.p, p, 1e-12);
      }),
    );
  });

  it('refuses small expected counts, and throws at what is no table', () => {
    assert.equal(chiSquareTest([[1, 9], [2, 8]]).status, 'not_enough_data'); // prettier-ignore
    assert.equal(chiSquareTest([[0, 0], [0, 0]]).status, 'not_enough_data'); // prettier-ignore
    for (const table of [
      [[1, 2]],
      [[1], [2]],
      [[10, 20], [10]],
      [
        [-1, 20],
        [10, 20],
      ],
    ]) {
      // prettier-ignore
      assert.throws(() => chiSquareTest(table), RangeError);
    }
  });
});

describe("Wilson's interval", () => {
  it('matches statsmodels', () => {
    for (const [successes, trials, low, high] of [
      [81, 263, '0.255289', '0.366210'],
      [15, 148, '0.062386', '0.160487'],
      [0, 20, '0.000000', '0.161125'],
      [1, 29, '0.006113', '0.171755'],
      [29, 29, '0.883030', '1.000000'],
      [5, 10, '0.236593', '0.763407'],
      [120, 1000, '0.101299', '0.141609'],
      [1, 1000, '0.000177', '0.005643'],
    ] as const) {
      const interval = ok(wilsonInterval(counts(successes, trials), 0.05));
      nearDigits(interval.low, low);
      nearDigits(interval.high, high);
    }
  });

  it('contains the rate, stays in [0, 1], and is mirrored when successes and failures change places', () => {
    fc.assert(
      fc.property(arm(1_000_000), fc.double({ min: 1e-6, max: 0.5, noNaN: true }), ({ successes, trials }, alpha) => {
        const { low, high } = ok(wilsonInterval(counts(successes, trials), alpha));
        assert.ok(0 <= low && low <= successes / trials && successes / trials <= high && high <= 1);
        const mirrored = ok(wilsonInterval(counts(trials - successes, trials), alpha));
        near(mirrored.low, 1 - high, 1e-12);
      }),
    );
  });

  it('leaves out exactly the rates that the score test rejects', () => {
    const level = fc.double({ min: 1e-6, max: 0.5, noNaN: true });
    fc.assert(
      fc.property(arm(1_000_000), fc.double({ min: 0.001, max: 0.999, noNaN: true }), level, ({ successes, trials }, rate, alpha) => {
        const { low, high } = ok(wilsonInterval(counts(successes, trials), alpha));
        const p = normalTwoSidedP((successes / trials - rate) / Math.sqrt((rate * (1 - rate)) / trials));
        if (Math.abs(p - alpha) > 1e-9) assert.equal(p < alpha, rate < low || rate > high);
      }),
    );
  });

  it('has nothing to say without a user, and refuses impossible levels', () => {
    assert.equal(wilsonInterval(counts(0, 0), 0.05).status, 'not_enough_data');
    for (const alpha of [0, 1]) assert.throws(() => wilsonInterval(counts(1, 2), alpha), RangeError);
  });
});

describe("Newcombe's interval", () => {
  it('matches Newcombe (1998), Fagerland (2015) and statsmodels', () => {
    for (const [x, n, y, m, low, high] of [
      [56, 70, 48, 80, '0.052431', '0.333873'],
      [9, 10, 3, 10, '0.170523', '0.809018'],
      [6, 7, 2, 7, '0.058228', '0.806250'],
      [5, 56, 0, 29, '-0.038137', '0.192560'],
      [0, 10, 0, 20, '-0.161125', '0.277533'],
      [0, 10, 0, 10, '-0.277533', '0.277533'],
      [10, 10, 0, 20, '0.679086', '1.000000'],
      [120, 1000, 100, 1000, '-0.007492', '0.047551'],
      [7, 34, 1, 34, '0.018921', '0.340369'],
    ] as const) {
      const interval = ok(newcombeInterval(counts(y, m), counts(x, n), 0.05));
      nearDigits(interval.low, low);
      nearDigits(interval.high, high);
    }
  });

  it('contains the difference, and is mirrored when the arms change places', () => {
    fc.assert(
      fc.property(arm(100_000), arm(100_000), fc.double({ min: 1e-4, max: 0.5, noNaN: true }), (control, treatment, alpha) => {
        const { low, high } = ok(newcombeInterval(control, treatment, alpha));
        const difference = treatment.successes / treatment.trials - control.successes / control.trials;
        assert.ok(low <= difference + 1e-12 && difference - 1e-12 <= high);
        near(ok(newcombeInterval(treatment, control, alpha)).high, -low, 1e-12);
      }),
    );
  });

  it('has nothing to say of an empty arm', () => {
    assert.equal(newcombeInterval(counts(0, 0), counts(1, 2), 0.05).status, 'not_enough_data');
  });
});
