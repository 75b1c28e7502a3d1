import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { takeLook } from '../../core/experiment/look.js';
import { outcomeKinds } from '../../core/experiment/outcomes.js';
import { factsOn, judged } from '../core/experiment/samples.js';
import { engagementSeconds, tallyArms, type Outcome, type TallyRules, type TestRows } from './counting-model.js';

const outcome = (given: Partial<Outcome>): Outcome => ({
  userId: 'u',
  kind: 'converted',
  atMs: 0,
  byMachine: false,
  value: null,
  ...given,
});

describe('the engagement time of a user', () => {
  it('adds up sessions, which end with half an hour without an event', () => {
    const minute = 60_000;
    assert.equal(engagementSeconds([0, 60_000, 7_200_000]), 60);
    assert.equal(engagementSeconds([]), 0);
    assert.equal(engagementSeconds([5]), 0);
    assert.equal(engagementSeconds([31 * minute, 0, minute, 100 * minute, 102 * minute]), 60 + 30 * 60 + 120);
    assert.equal(engagementSeconds([0, 30 * minute + 1]), 0);
  });
});

describe('the counts of a test', () => {
  const rules: TallyRules = {
    variationIds: ['control', 'personal'],
    metric: { kind: 'conversion_rate', goal: 'purchase' },
    windowMs: 100,
    atMs: 1000,
  };
  const none: TestRows = { exposures: [], outcomes: [], mergedInto: {} };
  const shown = (userId: string, variationId: string, atMs = 0) => ({ userId, variationId, atMs });

  it('hold who was exposed, whose window closed, and what they did in it', () => {
    const rows = {
      ...none,
      exposures: [shown('a', 'control'), shown('a', 'control', 5), shown('b', 'personal', 10), shown('c', 'personal', 950)],
      outcomes: [
        outcome({ userId: 'a', atMs: 50 }),
        outcome({ userId: 'a', atMs: 60 }),
        outcome({ userId: 'b', kind: 'opened', atMs: 20, byMachine: true }),
        outcome({ userId: 'b', atMs: 5 }),
        outcome({ userId: 'c', kind: 'sent', atMs: 950 }),
        outcome({ userId: 'c', atMs: 960 }),
        outcome({ userId: 'nobody', atMs: 50 }),
      ],
    };
    const [control, personal] = tallyArms(rows, rules);
    assert.deepEqual([control?.exposed, control?.measured, control?.primary], [1, 1, { kind: 'rate', successes: 1 }]);
    assert.deepEqual(
      [personal?.exposed, personal?.closed, personal?.primary, personal?.notDelivered],
      [2, 1, { kind: 'rate', successes: 0 }, 1],
    );
    assert.deepEqual([personal?.engaged.opened, personal?.engaged.machineOpened], [0, 1]);
  });

  it('leave a user who was merged into one of the other arm out of the metric, and keep them in the first arm’s exposures', () => {
    const rows = {
      ...none,
      exposures: [shown('old', 'personal', 3), shown('new', 'control', 7), shown('other', 'control')],
      outcomes: [outcome({ userId: 'old', atMs: 9 }), outcome({ userId: 'new', atMs: 9, kind: 'unsubscribed' })],
      mergedInto: { old: 'new' },
    };
    const [control, personal] = tallyArms(rows, rules);
    assert.deepEqual([control?.exposed, control?.exposedTwice], [1, 0]);
    assert.deepEqual([personal?.exposed, personal?.exposedTwice, personal?.closed, personal?.measured], [1, 1, 1, 0]);
    assert.deepEqual([personal?.primary, personal?.harmed.unsubscribe], [{ kind: 'rate', successes: 0 }, 0]);
    const merged = tallyArms({ ...rows, exposures: [shown('old', 'control', 3), shown('new', 'control', 7)] }, rules);
    assert.deepEqual([merged[0]?.exposed, merged[0]?.exposedTwice, merged[0]?.measured], [1, 0, 1]);
  });

  it('follow merges that go round no further than there are merges', () => {
    const rows = { ...none, exposures: [shown('a', 'control'), shown('b', 'control')] };
    assert.equal(tallyArms({ ...rows, mergedInto: { a: 'b', b: 'a' } }, rules)[0]?.exposed, 2);
  });

  it('add up money with refunds, and winsorise it by the quantile of all arms together when asked', () => {
    const ids = Array.from({ length: 100 }, (_, i) => `u${i}`);
    const rows = {
      ...none,
      exposures: ids.map((id, i) => shown(id, i % 2 === 0 ? 'control' : 'personal')),
      outcomes: [
        ...ids.map((userId, i) => outcome({ userId, atMs: 1, value: i === 99 ? 1_000_000 : 100 })),
        outcome({ userId: 'u0', kind: 'refunded', atMs: 2, value: -300 }),
      ],
    };
    const revenue = (winsoriseAbove: number | null) =>
      tallyArms(rows, { ...rules, metric: { kind: 'revenue_per_user', currency: 'EUR', winsoriseAbove } });
    assert.deepEqual(revenue(null)[0]?.primary, { kind: 'mean', sum: 4700, sumOfSquares: 49 * 10_000 + 40_000, notZero: 50, before: null });
    const [, raw] = revenue(null);
    const [, pulled] = revenue(0.95);
    assert.equal(raw?.primary.kind === 'mean' && raw.primary.sum, 1_004_900);
    assert.equal(pulled?.primary.kind === 'mean' && pulled.primary.sum, 5000);
  });

  it('are always such as a look takes, whatever was exposed, done and merged', () => {
    const user = fc.constantFrom('a', 'b', 'c', 'd', 'constructor', '__proto__');
    const exposures = fc.array(
      fc.record({ userId: user, variationId: fc.constantFrom('control', 'personal'), atMs: fc.integer({ min: 0, max: 1200 }) }),
    );
    const outcomes = fc.array(
      fc.record({
        userId: user,
        kind: fc.constantFrom(...outcomeKinds),
        atMs: fc.integer({ min: 0, max: 1500 }),
        byMachine: fc.boolean(),
        value: fc.constant(null),
      }),
    );
    const rows = fc.record({
      exposures,
      outcomes,
      mergedInto: fc.dictionary(user, user),
    });
    fc.assert(
      fc.property(rows, (some) => {
        const counts = tallyArms(some, rules);
        assert.equal(takeLook(judged(), null, factsOn(1, counts)).verdict.kind, 'continue');
        const shuffled = { ...some, outcomes: some.outcomes.toReversed() };
        assert.deepEqual(tallyArms(shuffled, rules), counts);
      }),
    );
  });
});
