import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { priceOfExtension } from '../../../core/experiment/extension.js';
import { nextTest, type TestCommand, type TestEvent, type TestState } from '../../../core/experiment/lifecycle.js';
import { takeLook } from '../../../core/experiment/look.js';
import { nextLookTime } from '../../../core/experiment/look-time.js';
import type { Verdict } from '../../../core/experiment/verdict.js';
import { near } from '../stats/nearness.js';
import { DAY_MS, judged, twoArms } from './samples.js';

const rule = { kind: 'group_sequential', alpha: 0.05, maximumUsers: 2281 } as const;
const sequence = { kind: 'confidence_sequence', alpha: 0.04, tightestAt: 5000 } as const;
const start: TestEvent = { type: 'start', atMs: 0, endsAtMs: 17 * DAY_MS, nextLookMs: DAY_MS, rule };
const winner: Verdict = { kind: 'winner', variationId: 'personal', stoppedEarly: true };
const dueOn = (day: number): TestEvent => ({ type: 'lookDue', atMs: day * DAY_MS });
const answered = (day: number, verdict: Verdict): TestEvent => ({
  type: 'lookAnswered',
  atMs: day * DAY_MS,
  nextLookMs: (day + 1) * DAY_MS,
  verdict,
});
const apply: TestEvent = { type: 'apply', atMs: 20 * DAY_MS, by: 'ana' };
const rollback: TestEvent = { type: 'rollback', atMs: 21 * DAY_MS, by: 'ana' };
const stop: TestEvent = { type: 'stop', atMs: 5 * DAY_MS, by: 'ana' };
const extend: TestEvent = {
  type: 'extend',
  atMs: 18 * DAY_MS,
  by: 'ana',
  endsAtMs: 30 * DAY_MS,
  nextLookMs: 19 * DAY_MS,
  rule: sequence,
  price: { errorBefore: 0.05, errorAfter: 0.1 },
};

function live(events: readonly TestEvent[], from: TestState = { mode: 'draft' }) {
  let state = from;
  const commands: TestCommand[] = [];
  let answer = 'none';
  for (const event of events) {
    const step = nextTest(state, event);
    state = step.state;
    commands.push(...step.commands);
    answer = step.answer.kind === 'refused' ? step.answer.because : step.answer.kind;
  }
  return { state, commands, answer };
}

describe('the life of a test', () => {
  it('goes from draft over looks to a decision, its application and its rollback', () => {
    const { state, commands } = live([
      start,
      dueOn(1),
      answered(1, { kind: 'continue', waitingFor: [] }),
      dueOn(2),
      answered(2, winner),
      apply,
      rollback,
    ]);
    assert.equal(state.mode, 'rolled_back');
    assert.deepEqual(
      commands.map(({ type }) => type),
      ['takeLook', 'takeLook', 'recordEnding', 'makeDefault', 'restoreDefault'],
    );
    assert.deepEqual(commands[1], { type: 'takeLook', number: 2, last: false });
  });

  it('is plain JSON in every mode', () => {
    for (const events of [
      [],
      [start],
      [start, dueOn(1)],
      [start, stop],
      [start, dueOn(1), answered(1, winner), apply],
      [start, dueOn(1), answered(1, winner), apply, rollback],
    ]) {
      const { state } = live(events);
      assert.deepEqual(JSON.parse(JSON.stringify(state)), state);
    }
  });

  it('takes a start, a due look, an answer, a stop, an apply and a rollback twice without harm', () => {
    const events = [start, dueOn(1), answered(1, winner), apply, rollback];
    const once = live(events);
    const twice = live(events.flatMap((event) => [event, event]));
    assert.deepEqual(twice.state, once.state);
    assert.deepEqual(twice.commands, once.commands);
    assert.equal(live([start, stop, stop]).answer, 'unchanged');
    assert.equal(live([start, start]).answer, 'unchanged');
  });

  it('takes a look whose time passed while everything was down, and after the end date the last one', () => {
    const late = live([start, dueOn(60)]);
    assert.deepEqual(late.commands, [{ type: 'takeLook', number: 1, last: true }]);
    assert.equal(live([start, { type: 'lookDue', atMs: DAY_MS - 1 }]).state.mode, 'running');
  });

  it('stops while a look is being taken, and the late answer moves nothing', () => {
    const { state, commands } = live([start, dueOn(1), stop, answered(1, winner)]);
    assert.equal(state.mode === 'decided' && state.ending.kind, 'stopped');
    assert.deepEqual(commands.at(-1), { type: 'recordEnding', ending: { kind: 'stopped', by: 'ana' }, atMs: 5 * DAY_MS });
  });

  it('applies only a winner, once, and after a rollback only when that is said', () => {
    assert.equal(live([apply]).answer, 'the test is not decided yet');
    assert.equal(live([start, stop, apply]).answer, 'there is no winner: the test ended as stopped');
    const decided = live([start, dueOn(1), answered(1, winner)]).state;
    assert.equal(live([{ ...apply, variationId: 'control' }], decided).answer, '"control" did not win; "personal" did');
    assert.equal(live([apply, apply], decided).answer, 'unchanged');
    assert.equal(live([apply, rollback, apply], decided).answer, 'it was rolled back; say `again` to apply it nevertheless');
    assert.equal(live([apply, rollback, { ...apply, again: true }], decided).state.mode, 'applied');
    assert.equal(live([rollback], decided).answer, 'nothing was applied');
  });

  it('is extended while undecided or without a finding, and not once it was decided', () => {
    const inconclusive: Verdict = { kind: 'inconclusive', reason: 'nothing' };
    const { state } = live([start, dueOn(17), answered(17, inconclusive), extend]);
    assert.equal(state.mode, 'running');
    if (state.mode !== 'running') return;
    assert.deepEqual(state.rule, sequence);
    assert.deepEqual(state.extensions, [{ atMs: 18 * DAY_MS, by: 'ana', errorBefore: 0.05, errorAfter: 0.1 }]);
    assert.equal(live([extend], state).answer, 'unchanged');
    assert.match(live([start, dueOn(1), answered(1, winner), extend]).answer, /it was decided: winner/);
    assert.equal(live([extend]).answer, 'the test has not started');
    assert.match(live([start, { ...extend, endsAtMs: 16 * DAY_MS }]).answer, /the new end must be later/);
  });

  it('never leaves a decision, whatever comes, but to apply it or to go on at a price', () => {
    const verdict = fc.constantFrom<Verdict>(winner, { kind: 'inconclusive', reason: 'x' }, { kind: 'continue', waitingFor: [] });
    const event = fc.oneof(
      fc.constantFrom<TestEvent>(start, stop, apply, rollback, extend),
      fc.integer({ min: 1, max: 40 }).map(dueOn),
      fc.tuple(fc.integer({ min: 1, max: 40 }), verdict).map(([day, said]) => answered(day, said)),
    );
    fc.assert(
      fc.property(fc.array(event, { maxLength: 40 }), (events) => {
        let state = { mode: 'draft' } as TestState;
        for (const one of events) {
          const before: TestState = state;
          const step = nextTest(state, one);
          state = step.state;
          if (step.answer.kind !== 'done') assert.deepEqual([step.state, step.commands], [before, []]);
          if ('ending' in before && before.ending.kind === 'winner') assert.ok('ending' in state && state.ending.kind === 'winner');
          assert.equal(
            step.commands.filter(({ type }) => type === 'takeLook').length > 0,
            before.mode === 'running' && state.mode === 'looking',
          );
          assert.ok(!('looks' in before && 'looks' in state) || state.looks >= before.looks);
        }
      }),
    );
  });
});

describe('the price of an extension', () => {
  const test = judged();
  const at = (share: number) => Math.round((share * 2281) / 2);

  it('is only wider intervals while alpha is left: what was spent is taken off', () => {
    const look = takeLook(test, null, twoArms(8, [at(0.6), 140], [at(0.6), 150]));
    const price = priceOfExtension(test.design, look, test.rule, 3000);
    const spent = look.state.sequential?.spent ?? 0;
    assert.ok(spent > 0 && spent < 0.02);
    near(price.errorAfter, 0.05);
    assert.equal(price.rule.kind, 'confidence_sequence');
    near(price.rule.alpha, 0.05 - spent);
    near(price.widening, 3.035 / 1.96, 0.03);
    assert.match(price.inWords, /the extension has the rest: together at most 5.0 %, as planned/);
  });

  it('is twice the error once all of alpha was spent', () => {
    const look = takeLook(test, null, twoArms(17, [at(1), 228], [at(1), 250]));
    const price = priceOfExtension(test.design, look, test.rule, 3000);
    near(price.errorAfter, 0.1);
    near(price.rule.alpha, 0.05);
    assert.match(price.inWords, /in up to 10 % of tests in which nothing differs/);
  });

  it('goes on with the confidence sequence at its own alpha, whose p starts anew', () => {
    const look = takeLook(test, null, twoArms(17, [at(1), 228], [at(1), 250]));
    const { rule: extended } = priceOfExtension(test.design, look, test.rule, 3000);
    const next = takeLook({ design: test.design, rule: extended }, look.state, twoArms(20, [2500, 500], [2500, 700], 30));
    assert.equal(next.verdict.kind, 'winner');
    assert.ok((next.comparisons[0]?.alwaysValidP ?? 1) <= 0.05);
    assert.equal(next.number, 2);
  });

  it('of a confidence sequence is nothing: it never had an end', () => {
    const open = judged({ openEnded: true });
    const look = takeLook(open, null, twoArms(8, [600, 120], [600, 130]));
    near(priceOfExtension(open.design, look, open.rule, 1000).errorAfter, 0.05);
  });
});

describe('the time of the next look', () => {
  const at = (text: string) => Date.parse(text);

  it('is the tenant’s hour, over changes of the clock and in zones of half hours', () => {
    const paris = { timeZone: 'Europe/Paris', hour: 9 };
    assert.equal(nextLookTime(at('2026-03-27T12:00:00Z'), paris), at('2026-03-28T08:00:00Z'));
    assert.equal(nextLookTime(at('2026-03-28T08:00:00Z'), paris), at('2026-03-29T07:00:00Z'));
    assert.equal(nextLookTime(at('2026-01-01T00:00:00Z'), { timeZone: 'Asia/Kathmandu', hour: 9 }), at('2026-01-01T03:15:00Z'));
  });

  it('waits a day where the clock jumps over the hour, and refuses an hour that no clock shows', () => {
    const paris = { timeZone: 'Europe/Paris', hour: 2 };
    assert.equal(nextLookTime(at('2026-03-28T02:00:00Z'), paris), at('2026-03-30T00:00:00Z'));
    assert.throws(() => nextLookTime(0, { timeZone: 'UTC', hour: 24 }), RangeError);
  });
});
