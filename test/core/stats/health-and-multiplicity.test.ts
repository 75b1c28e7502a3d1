import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { seededRandom } from '../../../core/random.js';
import { benjaminiHochberg, holm } from '../../../core/stats/multiplicity.js';
import { anytimeSampleRatio, sampleRatioTest } from '../../../core/stats/sample-ratio.js';
import { jamesStein, priorFromPast, shrinkToPrior } from '../../../core/stats/shrinkage.js';
import { near, nearDigits } from './nearness.js';

const arms = (users: readonly number[], weights: readonly number[]) => users.map((count, i) => ({ users: count, weight: weights[i] ?? 0 }));

describe('the sample ratio test', () => {
  it("matches GrowthBook's back-end tests", () => {
    for (const [users, weights, p] of [
      [[1000, 1200], [0.5, 0.5], '0.000020079'],
      [[135, 115], [0.5, 0.5], '0.205903211'],
      [[310, 98], [0.75, 0.25], '0.647434186'],
      [[500, 500, 600], [0.34, 0.33, 0.33], '0.000592638'],
      [[0, 10, 10], [0.34, 0.33, 0.33], '0.005790624'],
      [[1000, 1200, 900], [0.5, 0.5, 0], '0.000020079'],
      [[1000], [1], '1'],
      [[5150, 4850], [0.5, 0.5], '0.0026998'],
      [[821_588, 815_482], [0.5, 0.5], '1.8218e-6'],
    ] as const) {
      const answer = sampleRatioTest(arms(users, weights));
      assert.equal(answer.status, 'ok');
      if (answer.status === 'ok') nearDigits(answer.p, p);
    }
  });

  it('refuses arms that expect fewer than five users, and throws at what is no arm', () => {
    assert.equal(sampleRatioTest(arms([4, 5], [0.5, 0.5])).status, 'not_enough_data');
    assert.equal(sampleRatioTest(arms([0, 0], [0.5, 0.5])).status, 'not_enough_data');
    assert.equal(sampleRatioTest(arms([100, 1], [0.99, 0.01])).status, 'not_enough_data');
    assert.throws(() => sampleRatioTest(arms([10, 10], [0, 0])), RangeError);
    assert.throws(() => sampleRatioTest(arms([10, 10], [-1, 2])), RangeError);
    assert.throws(() => sampleRatioTest(arms([-10, 10], [1, 1])), RangeError);
  });

  it('does not ask that weights add up to 1', () => {
    assert.deepEqual(sampleRatioTest(arms([310, 98], [0.75, 0.25])), sampleRatioTest(arms([310, 98], [3, 1])));
  });
});

describe('the sample ratio test for any time', () => {
  it('is the exact Bayes factor of a uniform prior: n! m! / (n + m + 1)! · 2^(n + m)', () => {
    const { logBayesFactor, p } = anytimeSampleRatio(arms([3, 9], [1, 1]), 2);
    const exact = ((6 * 362_880) / 6_227_020_800) * 2 ** 12;
    near(logBayesFactor, Math.log(exact), 1e-12);
    near(p, Math.min(1, 1 / exact), 1e-12);
  });

  it('is 1 without a user, sees 51 : 49 in time, and rarely sees what is not there', () => {
    assert.equal(anytimeSampleRatio(arms([0, 0], [1, 1]), 100).p, 1);
    assert.ok(anytimeSampleRatio(arms([51_000, 49_000], [1, 1]), 100).p < 0.001);
    const random = seededRandom(12);
    let alarms = 0;
    for (let run = 0; run < 1000; run += 1) {
      let [left, lowest] = [0, 1];
      for (let user = 1; user <= 400; user += 1) {
        left += random() < 0.5 ? 1 : 0;
        if (user % 20 === 0) lowest = Math.min(lowest, anytimeSampleRatio(arms([left, user - left], [1, 1]), 100).p);
      }
      alarms += lowest < 0.05 ? 1 : 0;
    }
    assert.ok(alarms <= 50, `${alarms} of 1000`);
  });
});

describe('adjusted p-values', () => {
  const first = [0.01, 0.04, 0.03, 0.005, 0.55, 0.6];
  const second = [0.898, 0.138, 0.007, 0.964, 0.538, 0.006, 0.138];

  it("match R's p.adjust", () => {
    for (const [i, p] of [0.05, 0.12, 0.12, 0.03, 1, 1].entries()) near(holm(first)[i] ?? 0, p);
    for (const [i, p] of [0.03, 0.06, 0.06, 0.03, 0.6, 0.6].entries()) near(benjaminiHochberg(first)[i] ?? 0, p);
    for (const [i, p] of [0.964, 0.2415, 0.0245, 0.964, 0.7532, 0.0245, 0.2415].entries()) near(benjaminiHochberg(second)[i] ?? 0, p);
  });

  it('keep the order of the raw ones, never fall below them, and Holm is the stricter', () => {
    const pValues = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 20 });
    fc.assert(
      fc.property(pValues, (raw) => {
        const [strict, mild] = [holm(raw), benjaminiHochberg(raw)];
        for (const [i, p] of raw.entries()) {
          assert.ok((strict[i] ?? 0) >= (mild[i] ?? 0) - 1e-15 && (mild[i] ?? 0) >= p - 1e-15 && (strict[i] ?? 0) <= 1);
          for (const [j, other] of raw.entries()) {
            if (p < other) assert.ok((strict[i] ?? 0) <= (strict[j] ?? 0) && (mild[i] ?? 0) <= (mild[j] ?? 0));
          }
        }
      }),
    );
    assert.throws(() => holm([0.5, 1.2]), RangeError);
  });
});

describe('shrinkage', () => {
  it('of many effects keeps 1 - (k - 2) / Σz² of each (James and Stein)', () => {
    const answer = jamesStein([1, 2, -1, 0.5].map((effect) => ({ effect, standardError: 0.5 })));
    assert.equal(answer.status, 'ok');
    if (answer.status !== 'ok') return;
    near(answer.kept, 1 - 2 / (4 * 6.25));
    near(answer.effects[1] ?? 0, 2 * answer.kept);
  });

  it('never turns the sign of an effect, keeps nothing of pure noise, and refuses two effects', () => {
    const noise = jamesStein([0.1, -0.1, 0.05].map((effect) => ({ effect, standardError: 1 })));
    assert.equal(noise.status === 'ok' && noise.kept, 0);
    assert.equal(jamesStein([{ effect: 1, standardError: 1 }, { effect: 1, standardError: 1 }]).status, 'not_enough_data'); // prettier-ignore
  });

  it("to a prior matches GrowthBook's posterior of a lift", () => {
    const { mean, deviation } = shrinkToPrior(
      { effect: 0.05, standardError: Math.sqrt(0.001275625) },
      { mean: 0.1, deviation: Math.sqrt(0.1) },
    );
    nearDigits(mean, '0.05063');
    assert.ok(deviation < Math.sqrt(0.001275625));
  });

  it('to a prior lies between the prior and the measured effect', () => {
    const real = fc.double({ min: -5, max: 5, noNaN: true });
    const positive = fc.double({ min: 0.001, max: 5, noNaN: true });
    fc.assert(
      fc.property(real, positive, real, positive, (effect, standardError, priorMean, deviation) => {
        const { mean } = shrinkToPrior({ effect, standardError }, { mean: priorMean, deviation });
        assert.ok(mean >= Math.min(effect, priorMean) - 1e-12 && mean <= Math.max(effect, priorMean) + 1e-12);
      }),
    );
    assert.deepEqual(shrinkToPrior({ effect: 1, standardError: 2 }, { mean: 0, deviation: Number.POSITIVE_INFINITY }), { mean: 1, deviation: 2, kept: 1 }); // prettier-ignore
    assert.equal(shrinkToPrior({ effect: 1, standardError: 2 }, { mean: 0.25, deviation: 0 }).mean, 0.25);
  });

  it('learns the spread of true effects from past tests', () => {
    // equal errors: the variance between is that of the effects less that of chance
    const past = [-0.2, 0, 0.2, 0.4].map((effect) => ({ effect, standardError: 0.1 }));
    const prior = priorFromPast(past);
    assert.equal(prior.status, 'ok');
    if (prior.status !== 'ok') return;
    near(prior.mean, 0.1);
    near(prior.deviation, Math.sqrt(0.2 / 3 - 0.01));
    assert.equal(priorFromPast(past.slice(0, 1)).status, 'not_enough_data');
  });
});
