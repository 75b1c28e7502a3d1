import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { documentAnswer } from '../../../core/experiment/answer.js';
import { takeLook, type Look } from '../../../core/experiment/look.js';
import { decideLook, type JudgedTest } from '../../../core/experiment/deciding.js';
import type { LookFacts } from '../../../core/experiment/counts.js';
import type { LookState } from '../../../core/experiment/look-state.js';
import { seededRandom } from '../../../core/random.js';
import { nextLook, type SequentialState } from '../../../core/stats/sequential/look.js';
import { near } from '../stats/nearness.js';
import { armCounts, arms, DAY_MS, factsOn, judged, twoArms } from './samples.js';

const N = 2281;
/** Both arms' users when a share of the plan is in. */
const half = (share: number): number => Math.round((share * N) / 2);

function looks(test: JudgedTest, facts: readonly LookFacts[]): Look[] {
  const taken: Look[] = [];
  for (const one of facts) taken.push(takeLook(test, taken.at(-1)?.state ?? null, one));
  return taken;
}

const last = (taken: readonly Look[]): Look => {
  const look = taken.at(-1);
  if (look === undefined) throw new Error('a look is expected');
  return look;
};

const gateOf = (look: Look, name: string) => look.gates.find((gate) => gate.name === name)?.status;

describe('a look before its gates pass', () => {
  it('spends no alpha and cannot stop in the first week, however great the difference', () => {
    const taken = looks(
      judged(),
      [1, 2, 3, 4, 5, 6].map((day) => twoArms(day, [half(day / 14), 20], [half(day / 14), half(day / 14)])),
    );
    for (const look of taken) {
      assert.equal(look.verdict.kind, 'continue');
      assert.equal(look.boundary, null);
      assert.equal(look.state.sequential, null);
      assert.equal(gateOf(look, 'whole_week'), 'waiting');
    }
  });

  it('waits for 100 users and 25 conversions in every arm', () => {
    const few = last(looks(judged(), [twoArms(8, [99, 40], [99, 40])]));
    assert.deepEqual([gateOf(few, 'users'), gateOf(few, 'conversions'), few.verdict.kind], ['waiting', 'passed', 'continue']);
    const rare = last(looks(judged(), [twoArms(8, [1000, 24], [1000, 200])]));
    assert.deepEqual([gateOf(rare, 'users'), gateOf(rare, 'conversions'), rare.verdict.kind], ['passed', 'waiting', 'continue']);
    assert.equal(rare.state.sequential, null);
  });

  it('lets the first look after the gates have all the alpha that its share of the plan gives', () => {
    const test = judged();
    const waited = looks(
      test,
      [1, 2, 3, 4, 5, 6, 7].map((day) => twoArms(day, [half(day / 14), 60], [half(day / 14), 60])),
    );
    const direct = nextLook({ alpha: 0.05, spending: { kind: 'obrien_fleming' } }, null, { information: (2 * half(0.5)) / N });
    assert.equal(direct.status, 'boundary');
    if (direct.status === 'boundary') assert.equal(last(waited).boundary, direct.boundary);
    near(last(waited).boundary ?? 0, 2.9626, 0.01); // matches ldbounds at half the information
  });
});

describe('a group-sequential look', () => {
  const quiet = (day: number) =>
    twoArms(day, [half(day / 14), Math.round(half(day / 14) * 0.2)], [half(day / 14), Math.round(half(day / 14) * 0.21)]);

  it('goes on from the stored state as it would have from memory', () => {
    const test = judged();
    const straight = looks(test, [7, 8, 9, 10].map(quiet));
    let stored: string | null = null;
    for (const day of [7, 8, 9, 10]) {
      stored = JSON.stringify(takeLook(test, stored === null ? null : (JSON.parse(stored) as LookState), quiet(day)).state);
    }
    assert.deepEqual(JSON.parse(stored ?? ''), last(straight).state);
  });

  it('is plain JSON, and the same for the same input', () => {
    const test = judged();
    const look = last(looks(test, [quiet(7)]));
    assert.deepEqual(JSON.parse(JSON.stringify(look)), look);
    assert.deepEqual(last(looks(test, [quiet(7)])), look);
  });

  it('has no boundary, and spends nothing, when no user’s window closed since the last', () => {
    const taken = looks(judged(), [quiet(7), quiet(7)]);
    assert.equal(taken[0]?.boundary === null, false);
    assert.equal(taken[1]?.boundary, null);
    assert.deepEqual(taken[1]?.state.sequential, taken[0]?.state.sequential);
    assert.equal(taken[1]?.verdict.kind, 'continue');
  });

  it('finds a winner where z reaches the boundary, and says that it was early', () => {
    const look = last(looks(judged(), [twoArms(7, [half(0.5), 100], [half(0.5), 160])]));
    assert.deepEqual(look.verdict, { kind: 'winner', variationId: 'personal', stoppedEarly: true });
  });

  it('finds a loser, and keeps the control', () => {
    const look = last(looks(judged(), [twoArms(7, [half(0.5), 160], [half(0.5), 100])]));
    assert.deepEqual(look.verdict, { kind: 'loser', variationIds: ['personal'], stoppedEarly: true });
    assert.deepEqual(documentAnswer(judged().design, look).recommendation, 'inconclusive');
  });

  it('spends all that is left at the planned maximum, and is inconclusive without a difference', () => {
    const taken = looks(judged(), [quiet(7), quiet(10), quiet(14)]);
    assert.equal(last(taken).verdict.kind, 'inconclusive');
    assert.equal(last(taken).state.sequential?.phase, 'closed');
    near(last(taken).state.sequential?.spent ?? 0, 0.05, 1e-12);
  });

  it('spends all that is left at the end date too, also when that passed long ago', () => {
    const late = last(looks(judged(), [quiet(7), { ...quiet(9), atMs: 60 * DAY_MS }]));
    assert.equal(late.verdict.kind, 'inconclusive');
    near(late.state.sequential?.spent ?? 0, 0.05, 1e-12);
    const found = last(looks(judged(), [quiet(7), { ...twoArms(9, [half(9 / 14), 140], [half(9 / 14), 180]), atMs: 60 * DAY_MS }]));
    assert.deepEqual(found.verdict, { kind: 'winner', variationId: 'personal', stoppedEarly: false });
  });

  it('waits with the planned maximum for the week, though it was reached earlier', () => {
    const taken = looks(
      judged(),
      [quiet(14)].map((facts) => ({ ...facts, atMs: 3 * DAY_MS })),
    );
    assert.equal(last(taken).verdict.kind, 'continue');
    assert.equal(last(taken).state.sequential, null);
  });

  it('counts those exposed to two arms as information, and not in the metric', () => {
    const facts = factsOn(7, [
      armCounts('control', { users: 500, successes: 100, closed: 490, measured: 486, exposedTwice: 4 }),
      armCounts('personal', { users: 500, successes: 101, closed: 490, measured: 487, exposedTwice: 3 }),
    ]);
    const look = takeLook(judged(), null, facts);
    assert.equal(look.information, 980 / N);
    assert.equal(look.arms[0]?.value, 100 / 486);
    assert.equal(gateOf(look, 'multiple_exposures'), 'passed');
  });
});

describe('a look at numbers that cannot be trusted', () => {
  const broken = (facts: LookFacts) => takeLook(judged(), null, facts).verdict;

  it('is invalid at once when the arms do not have the users that their weights should bring', () => {
    const verdict = broken(twoArms(2, [1000, 200], [1200, 240]));
    assert.equal(verdict.kind, 'invalid');
    assert.match(verdict.kind === 'invalid' ? verdict.reason : '', /the arms do not have the users .*p = 2.0e-5/);
  });

  it('compares each period with its own weights', () => {
    const facts = twoArms(8, [1000, 200], [1000, 210]);
    const periods = [
      { weights: [0.9, 0.1], exposed: [900, 100], results: null },
      { weights: [0.1, 0.9], exposed: [100, 900], results: null },
    ];
    assert.equal(broken({ ...facts, periods }).kind, 'continue');
    assert.equal(broken({ ...facts, periods: [{ weights: [0.9, 0.1], exposed: [1000, 1000], results: null }] }).kind, 'invalid');
  });

  it('is invalid with too many users exposed to two arms, and only waits while they are a handful', () => {
    const twice = (count: number, users: number, day = 8, endDay = 17) =>
      factsOn(
        day,
        [armCounts('control', { users, exposedTwice: count, successes: 40 }), armCounts('personal', { users, successes: 40 })],
        endDay,
      );
    assert.equal(broken(twice(20, 900)).kind, 'invalid');
    assert.equal(broken(twice(5, 200)).kind, 'continue');
    assert.equal(gateOf(takeLook(judged(), null, twice(5, 200)), 'multiple_exposures'), 'waiting');
    assert.equal(broken(twice(5, 200, 20)).kind, 'invalid');
  });

  it('refuses counts that no query can count', () => {
    for (const counts of [
      armCounts('control', { users: 10, successes: 11 }),
      armCounts('control', { users: 10, exposed: 9 }),
      armCounts('control', { users: 1.5 }),
      armCounts('control', { users: 10, exposedTwice: -1 }),
    ]) {
      assert.throws(
        () => takeLook(judged(), null, factsOn(1, [counts, armCounts('personal', { users: 10 })])),
        /the counts of "control" hold/,
      );
    }
    assert.throws(() => takeLook(judged(), null, factsOn(1, [armCounts('personal', { users: 1 })])), /needs the arms control, personal/);
  });

  it('has nothing to say without an event, and is inconclusive when nobody or everybody converted', () => {
    for (const converted of [0, 1]) {
      const users = half(1);
      const look = takeLook(judged(), null, twoArms(20, [users, converted * users], [users, converted * users]));
      assert.equal(look.verdict.kind, 'inconclusive');
      assert.deepEqual(look.comparisons, []);
    }
    const empty = takeLook(judged(), null, twoArms(1, [0, 0], [0, 0]));
    assert.equal(empty.verdict.kind, 'continue');
    assert.equal(empty.arms[0]?.value, null);
    const never = takeLook(judged(), null, twoArms(20, [half(1), 0], [half(1), 0]));
    assert.match(never.verdict.kind === 'inconclusive' ? never.verdict.reason : '', /0 of at least 25 conversions/);
  });
});

describe('a guardrail', () => {
  const harmed = (day: number, control: number, other: number, users = 800) =>
    factsOn(day, [
      armCounts('control', { users, successes: 160, harmed: { unsubscribe: control } }),
      armCounts('personal', { users, successes: 160, harmed: { unsubscribe: other } }),
    ]);

  it('stops the test at once, also in the first week, when an arm surely harms', () => {
    assert.deepEqual(takeLook(judged(), null, harmed(2, 4, 60)).verdict, {
      kind: 'harmful',
      variationId: 'personal',
      guardrail: 'unsubscribe',
    });
  });

  it('is one-sided: an arm that does less harm stops nothing, nor does a difference that chance explains', () => {
    assert.equal(takeLook(judged(), null, harmed(2, 60, 4)).verdict.kind, 'continue');
    assert.equal(takeLook(judged(), null, harmed(2, 10, 16)).verdict.kind, 'continue');
  });

  it('that is not watched stops nothing', () => {
    assert.equal(takeLook(judged({ guardrails: ['bounce'] }), null, harmed(2, 4, 60)).verdict.kind, 'continue');
  });
});

describe('several arms', () => {
  const test = judged({ variations: arms(3) });
  const three = (day: number, ...successes: readonly number[]) =>
    factsOn(
      day,
      successes.map((count, i) => armCounts(`arm-${i}`, { users: 700, successes: count })),
    );

  it('share alpha, so that their boundary is higher', () => {
    const boundary = takeLook(test, null, three(8, 140, 140, 140)).boundary ?? 0;
    const plan = { alpha: 0.025, spending: { kind: 'obrien_fleming' } } as const;
    const direct = nextLook(plan, null, { information: 2100 / (test.rule.kind === 'group_sequential' ? test.rule.maximumUsers : 1) });
    assert.equal(direct.status === 'boundary' && direct.boundary, boundary);
  });

  it('show for information the p of one look, with Holm’s beside it', () => {
    const [one, two] = takeLook(test, null, three(8, 140, 170, 190)).comparisons.map(({ fixedHorizon }) => fixedHorizon);
    assert.ok(one && two && two.p < one.p);
    near(two.adjustedP, 2 * two.p, 1e-12);
    near(one.adjustedP, Math.max(one.p, 2 * two.p), 1e-12);
  });

  it('name the better of two winners', () => {
    assert.deepEqual(takeLook(test, null, three(8, 140, 230, 250)).verdict, { kind: 'winner', variationId: 'arm-2', stoppedEarly: true });
  });

  it('go on when one is worse, keep that decision, and end when all are', () => {
    const first = takeLook(test, null, three(8, 240, 120, 235));
    assert.equal(first.verdict.kind, 'continue');
    assert.equal(first.state.decided['arm-1']?.side, 'worse');
    const later = (day: number, ...successes: readonly number[]) =>
      factsOn(
        day,
        successes.map((count, i) => armCounts(`arm-${i}`, { users: 1000, successes: count })),
      );
    const recovered = takeLook(test, first.state, later(10, 300, 300, 295));
    assert.equal(recovered.state.decided['arm-1']?.side, 'worse');
    const second = takeLook(test, first.state, later(10, 350, 180, 200));
    assert.deepEqual(second.verdict, { kind: 'loser', variationIds: ['arm-1', 'arm-2'], stoppedEarly: true });
  });
});

describe('the always-valid p-value', () => {
  const counts = fc.record({
    users: fc.integer({ min: 150, max: 700 }),
    left: fc.double({ min: 0.2, max: 0.5, noNaN: true }),
    right: fc.double({ min: 0.2, max: 0.5, noNaN: true }),
  });

  it('is at most alpha exactly where the rule decides and its interval leaves 0 out, in every mode, at every look', () => {
    fc.assert(
      fc.property(fc.array(counts, { minLength: 1, maxLength: 5 }), fc.constantFrom('sequential', 'fixed', 'open'), (steps, mode) => {
        const test = judged(mode === 'open' ? { openEnded: true } : { mode });
        let [users, left, right, state]: [number, number, number, LookState | null] = [0, 0, 0, null];
        for (const [i, step] of steps.entries()) {
          users += step.users;
          left += Math.round(step.users * step.left);
          right += Math.round(step.users * step.right);
          const facts = twoArms(mode === 'fixed' ? 20 : 7 + i, [users, left], [users, right]);
          const look: Look = takeLook(test, state, facts);
          state = look.state;
          const [comparison] = look.comparisons;
          assert.ok(comparison !== undefined && comparison.alwaysValidP !== null);
          const gatesPassed = look.gates.every(({ status }) => status === 'passed');
          if (gatesPassed || mode !== 'open') assert.equal(comparison.alwaysValidP <= 0.05, comparison.decided !== null);
          if (comparison.sequential !== null && gatesPassed) {
            const { low, high } = comparison.sequential.interval;
            const relative = comparison.relative?.interval;
            assert.equal(relative !== null && relative !== undefined && (relative.low > 0 || relative.high < 0), low > 0 || high < 0);
            if (i === 0 || comparison.decided === null) assert.equal(low > 0 || high < 0, comparison.decided !== null);
          }
          if (look.verdict.kind !== 'continue') break;
        }
      }),
      { numRuns: 60 },
    );
  });

  it('of a test that crossed is the least alpha whose own boundaries it would have crossed', () => {
    const test = judged();
    const taken = looks(test, [twoArms(7, [half(0.5), 110], [half(0.5), 120]), twoArms(10, [half(0.72), 150], [half(0.72), 200])]);
    const look = last(taken);
    assert.equal(look.verdict.kind, 'winner');
    const p = look.comparisons[0]?.alwaysValidP ?? 1;
    const z = look.comparisons[0]?.z ?? 0;
    const boundaryAt = (alpha: number) => {
      let [state, boundary]: [SequentialState | null, number] = [null, 0];
      for (const { information } of taken) {
        const answer = nextLook({ alpha, spending: { kind: 'obrien_fleming' } }, state, { information });
        if (answer.status === 'boundary') [state, boundary] = [answer.state, answer.boundary];
      }
      return boundary;
    };
    assert.ok(p < 0.05);
    near(boundaryAt(p), z, 0.001);
  });

  it('never rises while a confidence sequence goes on', () => {
    const test = judged({ openEnded: true });
    const facts = [twoArms(7, [500, 80], [500, 120]), twoArms(8, [600, 110], [600, 120]), twoArms(9, [700, 130], [700, 130])];
    const ps = looks(test, facts).map(({ comparisons: [one] }) => one?.alwaysValidP ?? 1);
    assert.ok((ps[1] ?? 1) <= (ps[0] ?? 0) && (ps[2] ?? 1) <= (ps[1] ?? 0));
  });
});

describe('a fixed-horizon test', () => {
  it('is judged once, at its end', () => {
    const test = judged({ mode: 'fixed' });
    const early = takeLook(test, null, twoArms(8, [600, 60], [600, 200]));
    assert.deepEqual([early.verdict.kind, early.boundary], ['continue', null]);
    const end = takeLook(test, early.state, twoArms(17, [600, 60], [600, 200]));
    assert.equal(end.verdict.kind, 'winner');
    near(end.boundary ?? 0, 1.959963985, 1e-6);
  });
});

describe('whole simulated tests in which nothing differs', () => {
  it('find something in hardly more than alpha of them, and never forget what they decided', () => {
    const random = seededRandom(11);
    const test = judged();
    let found = 0;
    for (let run = 0; run < 2000; run += 1) {
      let [state, users, left, right]: [LookState | null, number, number, number] = [null, 0, 0, 0];
      for (let day = 1; day <= 14; day += 1) {
        for (let user = 0; user < 82; user += 1) {
          users += 1;
          if (random() < 0.2) left += 1;
          if (random() < 0.2) right += 1;
        }
        const decision = decideLook(test, state, twoArms(day, [users, left], [users, right]));
        for (const id of Object.keys(state?.decided ?? {})) assert.deepEqual(decision.state.decided[id], state?.decided[id]);
        state = decision.state;
      }
      if (Object.keys(state?.decided ?? {}).length > 0) found += 1;
    }
    assert.ok(found / 2000 <= 0.06, `${found} of 2,000`);
    assert.ok(found / 2000 >= 0.025, `${found} of 2,000: the rule does not use its alpha`);
  });
});
