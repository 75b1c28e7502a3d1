import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { documentAnswer } from '../../../core/experiment/answer.js';
import { takeLook } from '../../../core/experiment/look.js';
import { relativeInterval } from '../../../core/experiment/relative-interval.js';
import { seededRandom } from '../../../core/random.js';
import type { Sample } from '../../../core/stats/means/sample.js';
import { near, nearDigits } from '../stats/nearness.js';
import { armCounts, factsOn, judged, twoArms } from './samples.js';

describe("Fieller's interval", () => {
  it('leaves out exactly the relative effects that the comparison rejects, also of a negative mean', () => {
    const [control, treatment] = [
      { users: 1000, mean: 0.1, variance: 0.09 },
      { users: 1000, mean: 0.12, variance: 0.1056 },
    ];
    const interval = relativeInterval(control, treatment, 1.959964);
    nearDigits(interval?.low ?? 0, '-.06595');
    nearDigits(interval?.high ?? 0, '.55190');
    for (const edge of [interval?.low ?? 0, interval?.high ?? 0]) {
      const ratio = 1 + edge;
      const z = (treatment.mean - ratio * control.mean) / Math.sqrt(treatment.variance / 1000 + (ratio * ratio * control.variance) / 1000);
      near(Math.abs(z), 1.959964, 1e-9);
    }
    const turned = relativeInterval({ ...control, mean: -0.1 }, { ...treatment, mean: -0.12 }, 1.959964);
    near(turned?.low ?? 0, -(interval?.high ?? 1), 1e-12);
    near(turned?.high ?? 0, -(interval?.low ?? 1), 1e-12);
    assert.equal(relativeInterval({ ...control, mean: 0.001 }, treatment, 1.959964), null);
  });

  it('leaves 0 out exactly where the difference reaches as far, and is none exactly where the control itself does not', () => {
    const sample = fc.record({
      users: fc.integer({ min: 2, max: 100_000 }),
      mean: fc.double({ min: -5, max: 5, noNaN: true }),
      variance: fc.double({ min: 0.01, max: 100, noNaN: true }),
    });
    const errorOf = ({ variance, users }: Sample) => Math.sqrt(variance / users);
    fc.assert(
      fc.property(sample, sample, fc.double({ min: 0.5, max: 8, noNaN: true }), (control, treatment, reach) => {
        const ofControl = Math.abs(control.mean) / errorOf(control);
        const ofDifference = Math.abs(treatment.mean - control.mean) / Math.hypot(errorOf(control), errorOf(treatment));
        fc.pre(Math.abs(ofControl - reach) > 1e-6 && Math.abs(ofDifference - reach) > 1e-6);
        const interval = relativeInterval(control, treatment, reach);
        assert.equal(interval === null, ofControl < reach);
        if (interval === null) return;
        const effect = (treatment.mean - control.mean) / Math.abs(control.mean);
        assert.ok(interval.low <= effect + 1e-9 * Math.abs(effect) && effect - 1e-9 * Math.abs(effect) <= interval.high);
        assert.equal(interval.low > 0 || interval.high < 0, ofDifference > reach);
      }),
    );
  });
});

describe('the numbers of a look', () => {
  const look = takeLook(judged({ mode: 'fixed' }), null, twoArms(20, [1000, 100], [1000, 120]));
  const [comparison] = look.comparisons;

  it('match the references of 120/1000 against 100/1000', () => {
    nearDigits(comparison?.fixedHorizon?.p ?? 0, '.1529177819');
    nearDigits(comparison?.z ?? 0, '1.4300313895');
    nearDigits(comparison?.fixedHorizon?.interval.low ?? 0, '-.007492');
    nearDigits(comparison?.fixedHorizon?.interval.high ?? 0, '.047551');
    nearDigits(look.arms[1]?.interval?.low ?? 0, '.101299');
    nearDigits(look.arms[1]?.interval?.high ?? 0, '.141609');
    nearDigits(look.arms[1]?.best ?? 0, '.92318344');
    nearDigits(look.arms[1]?.expectedLoss ?? 0, '.0004846139');
    nearDigits(look.arms[0]?.expectedLoss ?? 0, '.0204446938');
  });

  it('pull the effect towards what was known before', () => {
    const relative = comparison?.relative;
    near(relative?.effect ?? 0, 0.2, 1e-12);
    const kept = 0.25 ** 2 / (0.25 ** 2 + (relative?.standardError ?? 0) ** 2);
    near(comparison?.shrunk?.relative ?? 0, kept * 0.2, 1e-12);
    near(comparison?.shrunk?.effect ?? 0, kept * 0.02, 1e-12);
  });

  it('answer in the document’s terms', () => {
    assert.deepEqual(documentAnswer(judged().design, look), {
      status: 'no_winner',
      winning_variation: null,
      improvement: null,
      improvement_interval: null,
      expected_improvement: null,
      p_value: comparison?.alwaysValidP,
      confidence_interval: [comparison?.sequential?.interval.low, comparison?.sequential?.interval.high],
      confidence_level: null,
      recommendation: 'inconclusive',
    });
    const won = takeLook(judged(), null, twoArms(8, [600, 100], [600, 160]));
    const answer = documentAnswer(judged().design, won);
    assert.deepEqual(
      [answer.status, answer.winning_variation, answer.confidence_level, answer.recommendation],
      ['winner_found', 'personal', 95, 'apply_winner'],
    );
    near(answer.improvement ?? 0, 0.6, 1e-12);
    assert.ok((answer.expected_improvement ?? 1) < 0.6);
    assert.ok((answer.p_value ?? 1) < 0.05);
    assert.ok((answer.confidence_interval?.[0] ?? 0) > 0);
  });

  it('of means come from Welch, and may be negative', () => {
    const mean = (sum: number, sumOfSquares: number, users: number) =>
      armCounts('', { users, primary: { kind: 'mean', sum, sumOfSquares, notZero: 400, before: null } });
    const baseline = { kind: 'mean', mean: 0.4, deviation: 4, source: 'given', ageDays: 0 } as const;
    const test = judged({ primaryMetric: 'revenue_per_user', currency: 'EUR', baseline, mode: 'fixed' });
    const facts = factsOn(20, [
      { ...mean(1396.87, 52377.9767, 3407), variationId: 'control' },
      { ...mean(2422.7, 134698.29, 3461), variationId: 'personal' },
    ]);
    const [welch] = takeLook(test, null, facts).comparisons;
    // matches GrowthBook's engine
    nearDigits(welch?.effect ?? 0, '.29');
    nearDigits(welch?.standardError ?? 0, '.12478');
    nearDigits(welch?.fixedHorizon?.p ?? 0, '.02016');
    nearDigits(welch?.relative?.effect ?? 0, '.70732');
    nearDigits(welch?.relative?.standardError ?? 0, '.37879');
    const refunded = takeLook(
      test,
      null,
      factsOn(20, [
        { ...mean(-100, 5000, 500), variationId: 'control' },
        { ...mean(300, 5000, 500), variationId: 'personal' },
      ]),
    );
    near(refunded.comparisons[0]?.relative?.effect ?? 0, 4, 1e-12);
  });

  it('lose with CUPED what the users’ own past explains', () => {
    const random = seededRandom(3);
    const arm = (variationId: string, lift: number) => {
      const people = Array.from({ length: 400 }, () => {
        const before = 10 * random();
        return { before, value: before + lift + random() };
      });
      const sum = (of: (one: (typeof people)[number]) => number) => people.reduce((all, one) => all + of(one), 0);
      const past = {
        sum: sum(({ before }) => before),
        sumOfSquares: sum(({ before }) => before ** 2),
        products: sum(({ before, value }) => before * value),
      };
      const primary = {
        kind: 'mean',
        sum: sum(({ value }) => value),
        sumOfSquares: sum(({ value }) => value ** 2),
        notZero: 400,
        before: past,
      } as const;
      return armCounts(variationId, { users: 400, primary });
    };
    const counts = [arm('control', 0), arm('personal', 0.3)];
    const baseline = { kind: 'mean', mean: 5, deviation: 3, source: 'given', ageDays: 0 } as const;
    const test = judged({ primaryMetric: 'engagement_time', baseline });
    const [adjusted] = takeLook(test, null, factsOn(8, counts)).comparisons;
    const raw = counts.map((one) => ({ ...one, primary: one.primary.kind === 'mean' ? { ...one.primary, before: null } : one.primary }));
    const [plain] = takeLook(test, null, factsOn(8, raw)).comparisons;
    assert.ok((adjusted?.standardError ?? 1) < 0.2 * (plain?.standardError ?? 0));
    near(adjusted?.effect ?? 0, 0.3, 0.1);
  });
});
