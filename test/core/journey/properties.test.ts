import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { CampaignRequest, StepRequest } from '../../../core/journey/campaign-request.js';
import { makePlan } from '../../../core/journey/make-plan.js';
import { next, type JourneyCommand, type JourneyEvent, type SendAnswer } from '../../../core/journey/next.js';
import type { Plan } from '../../../core/journey/plan.js';
import { isPaused, newJourney, phaseOf, phases, wakesAtMs, type JourneyState } from '../../../core/journey/state.js';
import { campaignChannels, canShow, triggerNames, triggerRule } from '../../../core/journey/triggers.js';
import { clockIn, DAY_MS, ENTERED_MS, fiveSteps, fourSteps, HOUR_MS, planOf } from './samples.js';

/** One step's choices, as numbers that pick from whatever is possible where it stands. */
const wishes = fc.record({
  later: fc.nat(2),
  channel: fc.constantFrom(...campaignChannels),
  send_time: fc.constantFrom(undefined, 'optimal', '10:00 AM user_timezone', '02:30'),
  trigger: fc.nat(100),
  watched: fc.nat(100),
  timeout_hours: fc.constantFrom(undefined, 1, 24, 100),
  next: fc.nat(9),
  else: fc.nat(9),
});
type Wishes = typeof wishes extends fc.Arbitrary<infer Value> ? Value : never;

/** A later step's key for the smaller wishes, or out, or simply the next one. */
function targetFrom(wish: number, position: number, steps: number): number | string {
  const later = position + 2 + wish;
  if (wish < 4 && later <= steps) return later;
  return wish < 6 ? 'leave' : 'next';
}

function requestFrom(steps: readonly Wishes[], options: Partial<CampaignRequest>): CampaignRequest {
  let day = 0;
  const sequence = steps.map((wish, i): StepRequest => {
    day += wish.later;
    const watched = i === 0 ? undefined : steps[wish.watched % i];
    const possible = triggerNames.filter((name) => {
      const rule = triggerRule(name);
      if (!rule || rule.watches === 'converted') return rule !== undefined && (rule?.wanted !== true || options.exit_on_goal === false);
      return watched !== undefined && canShow(watched.channel, rule.watches) && (rule.channel ?? watched.channel) === watched.channel;
    });
    const trigger = possible[wish.trigger % possible.length] ?? 'segment_entry';
    const rule = triggerRule(trigger) ?? null;
    return {
      day,
      channel: wish.channel,
      template: 'win_back',
      trigger,
      ...(wish.send_time !== undefined && { send_time: wish.send_time }),
      ...(rule && rule.watches !== 'converted' && { trigger_step: (wish.watched % i) + 1 }),
      ...(rule && wish.timeout_hours !== undefined && { timeout_hours: wish.timeout_hours }),
      next: targetFrom(wish.next, i, steps.length),
      ...(rule && rule.watches !== 'converted' && { else: targetFrom(wish.else, i, steps.length) }),
    };
  });
  return { segment: 'Champions', goal: 'convert_to_paid', sequence, ...options };
}

const options = fc.record({ exit_on_goal: fc.boolean(), exit_on_segment_left: fc.boolean(), exit_on_pause: fc.boolean() });
const generated = fc.tuple(fc.array(wishes, { minLength: 2, maxLength: 7, size: 'max' }), options).map(([steps, chosen]) => {
  const made = makePlan(requestFrom(steps, chosen));
  return made.status === 'made' ? made.plan : null;
});

const branching = planOf({
  segment: 'Champions',
  goal: 'convert_to_paid',
  exit_on_goal: false,
  sequence: [
    { day: 0, channel: 'email', template: 'a' },
    { day: 1, channel: 'whatsapp', template: 'b', trigger: 'email_opened', else: 3, next: 4 },
    { day: 1, channel: 'sms', template: 'c', trigger: 'email_delivered', else: 'next' },
    { day: 1, channel: 'email', template: 'd', trigger: 'not_clicked', trigger_step: 1, timeout_hours: 0 },
    { day: 3, channel: 'push', template: 'e', trigger: 'converted', else: 6, next: 'leave' },
    { day: 3, channel: 'in_app', template: 'f' },
  ],
});
/** Some that are generated have steps that no way leads to. */
const pool = fc.sample(generated, { numRuns: 2000, seed: 4 }).filter((made) => made !== null);
const plan = fc.constantFrom(planOf(fourSteps), planOf(fiveSteps), branching, branching, ...pool);

/** What can come at a journey. Numbers choose among what has been asked so far, when it is applied. */
type Move =
  | { readonly kind: 'again'; readonly which: number }
  | { readonly kind: 'wake' | 'goalReached' | 'paused' | 'resumed' | 'entered' | 'segment_left' }
  | { readonly kind: 'end'; readonly how: 'ended' | 'unsubscribed' | 'cancelled' }
  | { readonly kind: 'engaged'; readonly step: number; readonly reactions: number; readonly machine: boolean }
  | { readonly kind: 'answer'; readonly which: number; readonly answer: SendAnswer['kind']; readonly afterMs: number };

const move: fc.Arbitrary<Move> = fc.oneof(
  { weight: 16, arbitrary: fc.record({ kind: fc.constant('wake' as const) }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('again' as const), which: fc.nat(100) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('entered' as const) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constantFrom('paused' as const, 'resumed' as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom('goalReached' as const, 'segment_left' as const) }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('end' as const), how: fc.constantFrom('ended' as const, 'unsubscribed' as const) }),
  },
  {
    weight: 12,
    arbitrary: fc.record({
      kind: fc.constant('engaged' as const),
      step: fc.nat(6),
      reactions: fc.integer({ min: 1, max: 15 }),
      machine: fc.boolean(),
    }),
  },
  {
    weight: 16,
    arbitrary: fc.record({
      kind: fc.constant('answer' as const),
      which: fc.nat(30),
      answer: fc.constantFrom<SendAnswer['kind'][]>('sent', 'sent', 'suppressed', 'failed', 'uncertain', 'deferred'),
      afterMs: fc.integer({ min: -DAY_MS, max: 2 * DAY_MS }),
    }),
  },
);
const moves = fc.array(fc.tuple(move, fc.integer({ min: 0, max: 30 * HOUR_MS })), { minLength: 10, maxLength: 60, size: 'max' });
const clock = fc.constantFrom(
  ...['UTC', 'Europe/Berlin', 'Asia/Kathmandu', 'Australia/Lord_Howe'].flatMap((zone) =>
    [0, 60_000, 300_000].map((tickMs) => clockIn(zone, { tickMs })),
  ),
);

type Send = Extract<JourneyCommand, { type: 'send' }>;
type Seen = {
  state: JourneyState;
  atMs: number;
  readonly sends: Send[];
  readonly past: JourneyEvent[];
  readonly answers: Map<string, SendAnswer>;
};

function eventOf(made: Move, { state, atMs, sends, past, answers }: Seen, { steps }: Plan): JourneyEvent | undefined {
  switch (made.kind) {
    case 'wake':
      return { type: 'due', atMs: Math.max(atMs, wakesAtMs(state) ?? 0) };
    case 'again': {
      const before = past[made.which % past.length];
      return before && { ...before, atMs };
    }
    case 'segment_left':
      return { type: 'exit', reason: 'segment_left', atMs };
    case 'end':
      return made.how === 'ended' ? { type: 'ended', atMs } : { type: 'exit', reason: made.how, atMs };
    case 'engaged':
      return { type: 'engaged', stepKey: steps[made.step]?.key ?? 99, reactions: made.reactions, machine: made.machine, atMs };
    case 'answer': {
      const send = sends[made.which % Math.max(1, sends.length)];
      if (send === undefined) return undefined;
      // The ledger has one answer to a send, however often and late it is brought.
      const id = `${send.stepKey} ${send.dueMs}`;
      const fresh: SendAnswer = made.answer === 'deferred' ? { kind: 'deferred', untilMs: atMs + made.afterMs } : { kind: made.answer };
      const answer = answers.get(id) ?? answers.set(id, fresh).get(id) ?? fresh;
      return { type: 'answered', stepKey: send.stepKey, dueMs: send.dueMs, answer, atMs };
    }
    default:
      return { type: made.kind, atMs };
  }
}

const isSame = (a: JourneyState, b: JourneyState): boolean => a.every((value, i) => value === b[i]);

function assertForward(before: JourneyState, after: JourneyState, event: JourneyEvent): void {
  assert.ok(after[1] >= before[1], 'the step never goes back');
  assert.equal(before[4] & ~after[4], 0, 'what was seen stays seen');
  if (phaseOf(before) === 'left') assert.ok(isSame(before, after), 'who has left stays out');
  if (after[1] !== before[1]) return;
  const [from, to] = [phases[phaseOf(before)], phases[phaseOf(after)]];
  const isDeferred = event.type === 'answered' && event.answer.kind === 'deferred';
  assert.ok(to >= from || isDeferred, `within a step from ${phaseOf(before)} to ${phaseOf(after)}`);
  if (isDeferred && !isSame(before, after) && to !== phases.left)
    assert.ok(after[3] > before[3], 'every attempt is later than the one before');
}

/** At most one attempt of a step may have gone out: all others were answered with a deferral, before the next was asked for. */
function assertOnce({ sends, answers }: Seen): void {
  const ids = sends.map(({ stepKey, dueMs }) => `${stepKey} ${dueMs}`);
  assert.equal(new Set(ids).size, ids.length, 'no attempt is asked for twice');
  for (const key of new Set(sends.map(({ stepKey }) => stepKey))) {
    const attempts = sends.filter(({ stepKey }) => stepKey === key);
    const open = attempts.filter(({ dueMs }) => answers.get(`${key} ${dueMs}`)?.kind !== 'deferred');
    assert.ok(open.length <= 1, `step ${key} may have gone out ${open.length} times`);
    if (open[0]) assert.equal(open[0], attempts.at(-1));
  }
}

function stepOnce(plan: Plan, seen: Seen, event: JourneyEvent, entryClock: ReturnType<typeof clockIn>): void {
  const before = seen.state;
  const [after, commands] = next(plan, before, event, entryClock);
  assert.deepEqual(next(plan, after, event, entryClock), [after, []], `${event.type} twice`);
  assertForward(before, after, event);
  const sent = commands.filter((command) => command.type === 'send');
  assert.ok(sent.length === 0 || !isPaused(before) || event.type === 'resumed', 'nothing is sent while paused');
  assert.equal(
    commands.some(({ type }) => type === 'leave'),
    phaseOf(after) === 'left' && phaseOf(before) !== 'left',
  );
  seen.state = after;
  seen.sends.push(...sent);
  seen.past.push(event);
}

describe('a journey, whatever comes in whatever order', () => {
  const lived = fc.tuple(plan, clock, moves);

  it('sends a step at most once, never goes back, and takes every event twice without harm', () => {
    let [sends, deferrals, lefts] = [0, 0, 0];
    fc.assert(
      fc.property(lived, ([plan, clock, moves]) => {
        const seen: Seen = { state: newJourney(3), atMs: ENTERED_MS, sends: [], past: [], answers: new Map() };
        stepOnce(plan, seen, { type: 'entered', atMs: ENTERED_MS }, clock);
        for (const [made, laterMs] of moves) {
          if (made.kind !== 'wake') seen.atMs += laterMs;
          const event = eventOf(made, seen, plan);
          if (event === undefined) continue;
          seen.atMs = Math.max(seen.atMs, event.atMs);
          stepOnce(plan, seen, event, clock);
        }
        assertOnce(seen);
        sends += seen.sends.length;
        deferrals += [...seen.answers.values()].filter(({ kind }) => kind === 'deferred').length;
        lefts += phaseOf(seen.state) === 'left' ? 1 : 0;
      }),
      { numRuns: 10_000 },
    );
    assert.ok(sends > 8000 && deferrals > 1000 && lefts > 1000, 'enough happens for the test to mean something');
  });

  it('ends, once it is woken and its sends are answered, however often they are deferred', () => {
    fc.assert(
      fc.property(lived, fc.boolean(), ([plan, clock, moves], alwaysDeferred) => {
        const seen: Seen = { state: newJourney(3), atMs: ENTERED_MS, sends: [], past: [], answers: new Map() };
        stepOnce(plan, seen, { type: 'entered', atMs: ENTERED_MS }, clock);
        for (const [made, laterMs] of moves) {
          seen.atMs += laterMs;
          const event = eventOf(made, seen, plan);
          if (event) stepOnce(plan, seen, { ...event, atMs: seen.atMs }, clock);
        }
        stepOnce(plan, seen, { type: 'resumed', atMs: seen.atMs }, clock);
        for (let turns = 0; phaseOf(seen.state) !== 'left'; turns += 1) {
          assert.ok(turns < 500, `it goes on and on: ${JSON.stringify(seen.state)}`);
          seen.atMs = Math.max(seen.atMs, wakesAtMs(seen.state) ?? 0);
          const send = seen.sends.at(-1);
          const answer = { kind: 'deferred', untilMs: seen.atMs + 20 * HOUR_MS } as const;
          const event: JourneyEvent =
            phaseOf(seen.state) === 'sending' && send
              ? { ...send, type: 'answered', answer: alwaysDeferred ? answer : { kind: 'sent' }, atMs: seen.atMs }
              : { type: 'due', atMs: seen.atMs };
          stepOnce(plan, seen, event, clock);
        }
      }),
      { numRuns: 5000 },
    );
  });

  it('is not moved by machines', () => {
    fc.assert(
      fc.property(fc.constantFrom(planOf(fourSteps), planOf(fiveSteps), branching), fc.integer({ min: 1, max: 15 }), (plan, reactions) => {
        const clock = clockIn('UTC');
        const seen: Seen = { state: newJourney(3), atMs: ENTERED_MS, sends: [], past: [], answers: new Map() };
        stepOnce(plan, seen, { type: 'entered', atMs: ENTERED_MS }, clock);
        for (const { key } of plan.steps) {
          const event = { type: 'engaged', stepKey: key, reactions, machine: true, atMs: ENTERED_MS } as const;
          assert.deepEqual(next(plan, seen.state, event, clock), [seen.state, []]);
        }
      }),
    );
  });
});
