import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { assignVariation, freeStretch, type AssignmentPlan } from '../../../core/experiment/assignment.js';
import { chiSquareUpperTail } from '../../../core/stats/distributions/chi-square.js';
import { chiSquareTest } from '../../../core/stats/proportions/chi-square-test.js';

const plan: AssignmentPlan = {
  salt: 'test-1',
  variationIds: ['control', 'b', 'c'],
  exposureShare: 1,
  exclusion: null,
  periods: [{ fromMs: 0, weights: [0.5, 0.3, 0.2] }],
};

const armOf = (some: AssignmentPlan, userId: string, exposedTo: string | null = null, atMs = 1): string => {
  const assignment = assignVariation(some, { userId, atMs, exposedTo });
  return assignment.kind === 'in' ? assignment.variationId : assignment.because;
};

const users = (count: number, from = 0): string[] => Array.from({ length: count }, (_, i) => `user-${from + i}`);

function counted<T>(values: readonly T[]): Map<T, number> {
  const counts = new Map<T, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return counts;
}

describe('the arm of a user', () => {
  it('is as frequent as its weight, for any salt', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1, maxLength: 20 }), fc.integer({ min: 0, max: 1e9 }), (salt, from) => {
        const counts = counted(users(20_000, from).map((id) => armOf({ ...plan, salt }, id)));
        const chi = [0.5, 0.3, 0.2].reduce((sum, weight, i) => {
          const expected = 20_000 * weight;
          return sum + ((counts.get(plan.variationIds[i] ?? '') ?? 0) - expected) ** 2 / expected;
        }, 0);
        assert.ok(chiSquareUpperTail(chi, 2) > 1e-6, `chi-square ${chi}`);
      }),
      { numRuns: 30 },
    );
  });

  it('is the same for ever and does not depend on who else is asked', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1 }), fc.integer({ min: 0, max: 1e12 }), (userId, atMs) => {
        assert.equal(armOf(plan, userId, null, atMs), armOf(plan, userId, null, 0));
      }),
    );
  });

  it('is independent between tests, of the coverage, and of the exclusion group', () => {
    const crossed = (left: (id: string) => string, right: (id: string) => string) => {
      const counts = counted(users(60_000).map((id) => `${left(id)}|${right(id)}`));
      const rows = [...new Set([...counts.keys()].map((key) => key.split('|')[0] ?? ''))].sort();
      const columns = [...new Set([...counts.keys()].map((key) => key.split('|')[1] ?? ''))].sort();
      const answer = chiSquareTest(rows.map((row) => columns.map((column) => counts.get(`${row}|${column}`) ?? 0)));
      return answer.status === 'ok' ? answer.p : 0;
    };
    const other = { ...plan, salt: 'test-2' };
    const covered = (id: string) => String(armOf({ ...plan, exposureShare: 0.5 }, id) !== 'exposure_share');
    const inGroup = (id: string) => String(armOf({ ...plan, exclusion: { group: 'g', from: 0, to: 0.5 } }, id) !== 'exclusion_group');
    for (const [left, right] of [
      [(id: string) => armOf(plan, id), (id: string) => armOf(other, id)],
      [(id: string) => armOf(plan, id), covered],
      [(id: string) => armOf(plan, id), inGroup],
      [covered, inGroup],
    ] as const) {
      assert.ok(crossed(left, right) > 1e-4);
    }
  });

  it('is that of the recorded exposure, whatever the hash says now', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1 }), fc.constantFrom('control', 'b', 'c'), (userId, exposedTo) => {
        const narrow = { ...plan, exposureShare: 0.01, periods: [{ fromMs: 0, weights: [0, 0, 1] }] };
        assert.deepEqual(assignVariation(narrow, { userId, atMs: 5, exposedTo }), { kind: 'in', variationId: exposedTo, by: 'exposure' });
      }),
    );
  });

  it('changes with the weights of a period for nobody who was exposed, and for the others only from its moment on', () => {
    const shifted: AssignmentPlan = { ...plan, periods: [...plan.periods, { fromMs: 1000, weights: [0.1, 0.1, 0.8] }] };
    let moved = 0;
    for (const id of users(2000)) {
      const before = armOf(shifted, id, null, 999);
      assert.equal(before, armOf(plan, id, null, 999));
      assert.equal(armOf(shifted, id, before, 1000), before);
      if (armOf(shifted, id, null, 1000) !== before) moved += 1;
    }
    assert.ok(moved > 500);
  });

  it('stays when the exposure share grows: it takes nobody out and moves nobody', () => {
    for (const id of users(2000)) {
      const small = armOf({ ...plan, exposureShare: 0.2 }, id);
      const large = armOf({ ...plan, exposureShare: 0.7 }, id);
      if (small !== 'exposure_share') assert.equal(large, small);
    }
  });

  it('is none before the start', () => {
    assert.deepEqual(assignVariation({ ...plan, periods: [{ fromMs: 10, weights: [1] }] }, { userId: 'u', atMs: 9, exposedTo: null }), {
      kind: 'out',
      because: 'not_started',
    });
  });
});

describe('tests of one exclusion group', () => {
  it('share nobody', () => {
    const first = { ...plan, exclusion: { group: 'welcome', from: 0, to: 0.4 } };
    const second = { ...plan, salt: 'test-2', exclusion: { group: 'welcome', from: 0.4, to: 0.9 } };
    let both = 0;
    const parts = counted(
      users(20_000).map((id) => {
        const [one, two] = [armOf(first, id) !== 'exclusion_group', armOf(second, id) !== 'exclusion_group'];
        if (one && two) both += 1;
        return one ? 'first' : two ? 'second' : 'none';
      }),
    );
    assert.equal(both, 0);
    assert.ok(Math.abs((parts.get('first') ?? 0) / 20_000 - 0.4) < 0.02);
    assert.ok(Math.abs((parts.get('second') ?? 0) / 20_000 - 0.5) < 0.02);
  });

  it('are given the first stretch that is free, or none', () => {
    const taken = [
      { group: 'welcome', from: 0.6, to: 0.9 },
      { group: 'welcome', from: 0, to: 0.2 },
      { group: 'other', from: 0, to: 1 },
    ];
    assert.deepEqual(freeStretch(taken, { group: 'welcome', share: 0.3 }), { group: 'welcome', from: 0.2, to: 0.5 });
    assert.equal(freeStretch(taken, { group: 'welcome', share: 0.5 }), null);
    assert.deepEqual(freeStretch([{ group: 'g', from: 0, to: 0.5 }], { group: 'g', share: 0.25 }), { group: 'g', from: 0.5, to: 0.75 });
    assert.deepEqual(freeStretch([], { group: 'welcome', share: 1 }), { group: 'welcome', from: 0, to: 1 });
    assert.equal(freeStretch(taken, { group: 'other', share: 0.1 }), null);
  });
});
