import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { documentAnswer } from '../../../core/experiment/answer.js';
import { bestArm, nextPeriod } from '../../../core/experiment/bandit.js';
import { cellsOf, type Factor } from '../../../core/experiment/cells.js';
import type { PeriodCounts } from '../../../core/experiment/counts.js';
import { factorEffects } from '../../../core/experiment/factors.js';
import { takeLook } from '../../../core/experiment/look.js';
import { near, nearDigits } from '../stats/nearness.js';
import { armCounts, arms, designed, factsOn, judged } from './samples.js';

describe('a bandit', () => {
  const bandit = judged({ mode: 'bandit', variations: arms(3) });
  const counts = (...some: readonly (readonly [users: number, successes: number])[]) =>
    some.map(([users, successes], i) => armCounts(`arm-${i}`, { users, successes }));

  it('matches the reference probabilities of being the best, and gives the next users by them, each arm its floor', () => {
    const facts = factsOn(3, counts([1000, 100], [1000, 120], [1000, 110]));
    const best = bestArm(facts);
    nearDigits(best?.best[0] ?? 0, '.0462083');
    nearDigits(best?.best[1] ?? 0, '.7268865');
    const look = takeLook(bandit, null, facts);
    near(look.nextWeights?.[1] ?? 0, 0.01 + 0.97 * (best?.best[1] ?? 0), 1e-12);
    near(look.nextWeights?.reduce((sum, weight) => sum + weight, 0) ?? 0, 1, 1e-12);
  });

  it('reports no p-value and no interval, and says why', () => {
    const look = takeLook(bandit, null, factsOn(8, counts([1000, 100], [1000, 160], [1000, 110])));
    for (const { alwaysValidP, fixedHorizon, sequential, anytime } of look.comparisons) {
      assert.deepEqual([alwaysValidP, fixedHorizon, sequential, anytime], [null, null, null, null]);
    }
    const answer = documentAnswer(bandit.design, look);
    assert.equal(answer.p_value, null);
    assert.match(answer.p_value_note ?? '', /gives more users to the arm that looks best/);
    assert.equal(answer.winning_variation, 'arm-1');
  });

  it('ends only when it is 99 % sure of one arm, after a week and 40 conversions in each', () => {
    const sure = counts([1000, 100], [1000, 160], [1000, 110]);
    assert.equal(takeLook(bandit, null, factsOn(6, sure)).verdict.kind, 'continue');
    assert.deepEqual(takeLook(bandit, null, factsOn(8, sure)).verdict, { kind: 'winner', variationId: 'arm-1', stoppedEarly: true });
    assert.equal(takeLook(bandit, null, factsOn(8, counts([1000, 39], [1000, 160], [1000, 110]))).verdict.kind, 'continue');
    assert.equal(takeLook(bandit, null, factsOn(8, counts([1000, 100], [1000, 125], [1000, 110]))).verdict.kind, 'continue');
    assert.deepEqual(takeLook(bandit, null, factsOn(8, counts([1000, 200], [1000, 100], [1000, 110]))).verdict.kind, 'loser');
    assert.equal(takeLook(bandit, null, factsOn(17, counts([1000, 100], [1000, 105], [1000, 110]))).verdict.kind, 'inconclusive');
  });

  it('is not misled by an arm that got most of its users in a good week', () => {
    // both convert alike in each week, and the second week is twice as good; arm-1 got most of its users then
    const period = (weights: readonly number[], users: readonly number[], rate: number): PeriodCounts => ({
      weights,
      exposed: users,
      results: users.map((measured) => ({ measured, primary: { kind: 'rate', successes: Math.round(measured * rate) } })),
    });
    const periods = [period([0.5, 0.5], [1000, 1000], 0.1), period([0.1, 0.9], [200, 1800], 0.2)];
    const pooled = factsOn(14, [
      armCounts('control', { users: 1200, successes: 140 }),
      armCounts('personal', { users: 2800, successes: 460 }),
    ]);
    assert.ok((bestArm(pooled)?.best[1] ?? 0) > 0.99);
    const best = bestArm({ ...pooled, periods })?.best[1] ?? 0;
    assert.ok(Math.abs(best - 0.5) < 0.1, `${best}`);
  });

  it('has weights that add up to 1 with none below the floor, whatever was seen', () => {
    const arm = fc.integer({ min: 5, max: 5000 }).chain((users) => fc.tuple(fc.constant(users), fc.integer({ min: 0, max: users })));
    fc.assert(
      fc.property(fc.array(arm, { minLength: 2, maxLength: 6 }), (some) => {
        const facts = factsOn(8, counts(...some));
        const period = nextPeriod(designed({ mode: 'bandit', variations: arms(some.length) }), bestArm(facts), 5);
        near(period?.weights.reduce((sum, weight) => sum + weight, 0) ?? 0, 1, 1e-9);
        for (const weight of period?.weights ?? []) assert.ok(weight >= 0.01 - 1e-12);
      }),
      { numRuns: 50 },
    );
  });
});

describe('the effects of factors', () => {
  const factors: readonly Factor[] = [
    {
      part: 'subject',
      levels: [
        { id: 'plain', value: 'Plain' },
        { id: 'question', value: 'Question?' },
      ],
    },
    {
      part: 'cta',
      levels: [
        { id: 'buy', value: 'Buy' },
        { id: 'look', value: 'Look' },
        { id: 'try', value: 'Try' },
      ],
    },
  ];
  const users = 10_000;
  const measuredAt = (rateOf: (subject: string, cta: string) => number) =>
    cellsOf(factors).map(({ id, levels }) =>
      armCounts(id, { users, successes: Math.round(users * rateOf(levels[0]?.id ?? '', levels[1]?.id ?? '')) }),
    );

  it('are found apart: what each does alone, and what two do together beyond that', () => {
    const rateOf = (subject: string, cta: string) =>
      0.2 + (subject === 'question' ? 0.02 : 0) + (cta === 'look' ? 0.03 : 0) + (subject === 'question' && cta === 'try' ? 0.04 : 0);
    const effects = factorEffects(factors, measuredAt(rateOf)) ?? [];
    const shown = effects.map(({ kind, levels, effect }) => [
      kind,
      levels.map(({ levelId }) => levelId).join('×'),
      Number(effect.toFixed(6)),
    ]);
    assert.deepEqual(shown, [
      ['main', 'question', 0.033333],
      ['main', 'look', 0.03],
      ['main', 'try', 0.02],
      ['interaction', 'question×look', 0],
      ['interaction', 'question×try', 0.04],
    ]);
    for (const { p, adjustedP } of effects) assert.ok(adjustedP >= p);
  });

  it('of one factor with two levels is the difference of two rates, with its own error', () => {
    const [only] = factors;
    assert.ok(only);
    const [effect] =
      factorEffects(
        [only],
        [armCounts('plain', { users: 1000, successes: 100 }), armCounts('question', { users: 1000, successes: 120 })],
      ) ?? [];
    nearDigits((effect?.effect ?? 0) / (effect?.standardError ?? 1), '1.4300313895');
    nearDigits(effect?.p ?? 0, '.1527080102');
  });

  it('are none while a cell is empty, and a wrong number of cells is refused', () => {
    assert.equal(
      factorEffects(
        factors,
        cellsOf(factors).map(({ id }) => armCounts(id, { users: 0 })),
      ),
      null,
    );
    assert.throws(() => factorEffects(factors, [armCounts('a', { users: 9 })]), RangeError);
  });
});
