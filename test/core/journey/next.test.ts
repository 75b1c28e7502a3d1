import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { CampaignRequest } from '../../../core/journey/campaign-request.js';
import { next, type JourneyEvent, type SendAnswer } from '../../../core/journey/next.js';
import { isPaused, newJourney, phaseOf, wakesAtMs, type JourneyState } from '../../../core/journey/state.js';
import { clockIn, DAY_MS, ENTERED_MS, fiveSteps, fourSteps, HOUR_MS, live, planOf, reacted } from './samples.js';

const clock = clockIn('UTC');
const entered: JourneyEvent = { type: 'entered', atMs: ENTERED_MS };
const at = (hours: number): number => ENTERED_MS + hours * HOUR_MS;
const answered = (stepKey: number, dueMs: number, answer: SendAnswer, atMs = dueMs): JourneyEvent => ({
  type: 'answered',
  stepKey,
  dueMs,
  answer,
  atMs,
});
const sent = { kind: 'sent' } as const;

/** Two e-mails and what comes between them. */
const twoSteps = (second: Partial<CampaignRequest['sequence'][number]>, more: Partial<CampaignRequest> = {}): CampaignRequest => ({
  segment: 'Champions',
  sequence: [
    { day: 0, channel: 'email', template: 'a' },
    { day: 0, channel: 'email', template: 'b', ...second },
  ],
  ...more,
});

function after(request: CampaignRequest, events: readonly JourneyEvent[], entryClock = clock) {
  let state: JourneyState = newJourney(7);
  let commands: readonly unknown[] = [];
  for (const event of events) [state, commands] = next(planOf(request), state, event, entryClock);
  return { state, commands };
}

describe('a reaction', () => {
  it('that is due at once is sent in the same step, whatever the tick', () => {
    const ticking = clockIn('UTC', { tickMs: 300_000 });
    const atMs = at(1) + 1234;
    const { commands } = after(
      twoSteps({ trigger: 'opened' }),
      [entered, answered(1, ENTERED_MS, sent), reacted(1, 'opened', atMs)],
      ticking,
    );
    assert.deepEqual(commands, [{ type: 'send', stepKey: 2, dueMs: Math.ceil(atMs / 1000) * 1000 }]);
  });

  it('that came before the answer to the send counts when the next step is reached', () => {
    const { commands } = after(twoSteps({ trigger: 'opened' }), [
      entered,
      reacted(1, 'opened', at(0)),
      answered(1, ENTERED_MS, sent, at(0)),
    ]);
    assert.deepEqual(commands, [{ type: 'send', stepKey: 2, dueMs: ENTERED_MS }]);
  });

  it('to a step that was not asked for, or that there is not, is nobody’s', () => {
    for (const key of [2, 9]) {
      const { state } = after(fiveSteps, [entered, reacted(key, 'clicked', at(0))]);
      assert.equal(state[4], 0);
    }
  });

  it('that no trigger looks at changes nothing', () => {
    const before = after(fourSteps, [entered, { type: 'due', atMs: at(2) }]);
    assert.equal(phaseOf(before.state), 'sending');
    assert.deepEqual(next(planOf(fourSteps), before.state, reacted(1, 'delivered', at(2)), clock), [before.state, []]);
  });

  it('to a step before the one before is seen too, where the trigger names that', () => {
    const request: CampaignRequest = {
      segment: 'Champions',
      sequence: [
        { day: 0, channel: 'email', template: 'a' },
        { day: 0, channel: 'email', template: 'b' },
        { day: 0, channel: 'sms', template: 'c', trigger: 'email_clicked', trigger_step: 1 },
      ],
    };
    const both = [entered, answered(1, ENTERED_MS, sent), answered(2, ENTERED_MS, sent)];
    assert.deepEqual(after(request, [...both, reacted(2, 'clicked', at(1))]).commands, []);
    assert.equal(phaseOf(after(request, [...both, reacted(1, 'clicked', at(1))]).state), 'sending');
  });
});

describe('a time', () => {
  it('rounds up to the tick, and so does a time-out', () => {
    const ticking = clockIn('UTC', { tickMs: 300_000, slots: { email: { hour: 10, minute: 3 } } });
    assert.equal(wakesAtMs(after(fourSteps, [entered], ticking).state), Date.parse('2026-11-25T10:05:00Z'));
    const odd = clockIn('UTC', { tickMs: 300_000, enteredMs: ENTERED_MS + 61_000 });
    const { state } = after(
      twoSteps({ trigger: 'opened', timeout_hours: 5 }),
      [{ type: 'entered', atMs: odd.enteredMs }, answered(1, odd.enteredMs, sent)],
      odd,
    );
    assert.equal(wakesAtMs(state), ENTERED_MS + 300_000 + 5 * HOUR_MS);
  });

  it('within the tick of which a reaction comes holds it no longer than it must', () => {
    const odd = clockIn('UTC', { tickMs: 300_000, enteredMs: ENTERED_MS + 61_000, slots: { email: { hour: 8, minute: 3 } } });
    const opened = (request: CampaignRequest) =>
      after(
        request,
        [{ type: 'entered', atMs: odd.enteredMs }, answered(1, odd.enteredMs, sent), reacted(1, 'opened', odd.enteredMs + 30_000)],
        odd,
      ).state;
    assert.equal(phaseOf(opened(twoSteps({ trigger: 'opened' }))), 'sending');
    const atSlot = opened(twoSteps({ trigger: 'opened', send_time: 'optimal' }));
    assert.deepEqual([phaseOf(atSlot), wakesAtMs(atSlot)], ['scheduled', ENTERED_MS + 300_000]);
  });

  it('that has not come changes nothing, and one that passed long ago is made up for', () => {
    const { state } = after(fourSteps, [entered]);
    assert.deepEqual(next(planOf(fourSteps), state, { type: 'due', atMs: at(1) }, clock), [state, []]);
    assert.equal(phaseOf(next(planOf(fourSteps), state, { type: 'due', atMs: at(9) }, clock)[0]), 'sending');
  });

  it('that is a day late moves the rest, so that no day brings two messages of different days', () => {
    const request = twoSteps({ day: 1, send_time: '10:00' });
    const { state } = after(request, [entered, answered(1, ENTERED_MS, sent, at(26))]);
    assert.equal(wakesAtMs(state), Date.parse('2026-11-27T10:00:00Z'));
  });
});

describe('a trigger that waits for nothing to happen', () => {
  const reminder = twoSteps({ trigger: 'not_opened', timeout_hours: 20 });
  const third = { ...reminder, sequence: [...reminder.sequence, { day: 3, channel: 'sms', template: 'c' }] };

  it('comes true when its time passes', () => {
    const { sends, left } = live(planOf(third), clock);
    assert.deepEqual(sends, ['1 11-25T08:00', '2 11-26T04:00', '3 11-28T10:00']);
    assert.equal(left, 'completed');
  });

  it('is passed over by whoever did it, who goes on', () => {
    const { sends, left } = live(planOf(third), clock, { does: { 1: [{ afterHours: 19, event: 'opened' }] } });
    assert.deepEqual(sends, ['1 11-25T08:00', '3 11-28T10:00']);
    assert.equal(left, 'completed');
  });

  it('waits for its day and send time, and leaves time after a late message', () => {
    const request = twoSteps({ day: 1, send_time: '10:00', trigger: 'not_opened', timeout_hours: 11 });
    assert.deepEqual(live(planOf(request), clock).sends, ['1 11-25T08:00', '2 11-26T10:00']);
    const { state } = after(request, [entered, answered(1, ENTERED_MS, sent, at(14))]);
    assert.equal(wakesAtMs(state), Date.parse('2026-11-26T10:00:00Z'));
    const late = after(request, [entered, answered(1, ENTERED_MS, sent, at(15.5))]);
    assert.equal(wakesAtMs(late.state), Date.parse('2026-11-27T10:00:00Z'));
  });

  it('has come true where its message was never sent', () => {
    const { sends } = live(planOf(third), clock, { answers: (key) => ({ kind: key === 1 ? 'suppressed' : 'sent' }) });
    assert.deepEqual(sends, ['2 11-25T08:00', '3 11-28T10:00']);
  });
});

describe('branches', () => {
  const request: CampaignRequest = {
    segment: 'Champions',
    sequence: [
      { day: 0, channel: 'email', template: 'a', step_key: 10 },
      { day: 0, channel: 'whatsapp', template: 'b', step_key: 20, trigger: 'email_opened', timeout_hours: 5, else: 30, next: 40 },
      { day: 0, channel: 'sms', template: 'c', step_key: 30 },
      { day: 1, channel: 'push', template: 'd', step_key: 40 },
      { day: 2, channel: 'email', template: 'e', step_key: 50, trigger: 'whatsapp_replied', timeout_hours: 5 },
    ],
  };

  it('part and meet again', () => {
    const yes = live(planOf(request), clock, {
      does: { 10: [{ afterHours: 1, event: 'opened' }], 20: [{ afterHours: 30, event: 'replied' }] },
    });
    assert.deepEqual(yes.sends, ['10 11-25T08:00', '20 11-25T09:00', '40 11-26T10:00', '50 11-27T10:00']);
    assert.equal(yes.left, 'completed');
    const no = live(planOf(request), clock);
    assert.deepEqual(no.sends, ['10 11-25T08:00', '30 11-25T13:00', '40 11-26T10:00']);
  });

  it('know that a step on the other branch was not sent, and do not wait for a reaction to it', () => {
    const { state, left } = live(planOf(request), clock);
    assert.equal(left, 'trigger_missed');
    assert.equal(state[1], 4);
    const leftAtMs = at(26);
    const waiting = after(request, [
      entered,
      answered(10, ENTERED_MS, sent),
      { type: 'due', atMs: at(5) },
      answered(30, at(5), sent),
      { type: 'due', atMs: leftAtMs },
      answered(40, leftAtMs, sent),
    ]);
    assert.deepEqual(waiting.commands, [{ type: 'leave', reason: 'trigger_missed' }]);
  });

  it('count what `next` goes past as not sent', () => {
    const sequence = [
      { day: 0, channel: 'email', template: 'a', step_key: 10 },
      { day: 0, channel: 'email', template: 'b', step_key: 20, trigger: 'opened', timeout_hours: 5, else: 30, next: 40 },
      { day: 0, channel: 'sms', template: 'c', step_key: 30 },
      { day: 0, channel: 'push', template: 'd', step_key: 40, trigger: 'not_clicked', trigger_step: 30, timeout_hours: 5 },
    ];
    const { sends } = live(planOf({ ...request, sequence }), clock, { does: { 10: [{ afterHours: 1, event: 'opened' }] } });
    assert.deepEqual(sends, ['10 11-25T08:00', '20 11-25T09:00', '40 11-25T09:00']);
  });

  it('end with `leave`', () => {
    const sequence = request.sequence.slice(0, 4).map((step) => (step.step_key === 20 ? { ...step, next: 'leave' } : step));
    const { sends, left } = live(planOf({ ...request, sequence }), clock, { does: { 10: [{ afterHours: 1, event: 'opened' }] } });
    assert.deepEqual([sends.length, left], [2, 'completed']);
  });
});

describe('an answer', () => {
  const first = after(fourSteps, [entered, { type: 'due', atMs: at(2) }]).state;
  const plan = planOf(fourSteps);

  it('of another attempt or step is not heard', () => {
    for (const event of [answered(1, at(2) + 1000, sent), answered(2, at(2), sent)]) {
      assert.deepEqual(next(plan, first, event, clock), [first, []]);
    }
  });

  it('that defers is waited for, and its duplicate does not touch the next attempt', () => {
    const deferral = answered(1, at(2), { kind: 'deferred', untilMs: at(3) });
    const [held, waits] = next(plan, first, deferral, clock);
    assert.deepEqual([phaseOf(held), waits], ['scheduled', [{ type: 'wait', untilMs: at(3) }]]);
    const [again, sends] = next(plan, held, { type: 'due', atMs: at(3) }, clock);
    assert.deepEqual(sends, [{ type: 'send', stepKey: 1, dueMs: at(3) }]);
    assert.deepEqual(next(plan, again, { ...deferral, atMs: at(4) }, clock), [again, []]);
  });

  it('that defers to the past makes an attempt of its own', () => {
    const [, commands] = next(plan, first, answered(1, at(2), { kind: 'deferred', untilMs: 0 }, at(5)), clock);
    assert.deepEqual(commands, [{ type: 'send', stepKey: 1, dueMs: at(2) + 1000 }]);
  });

  it('that defers beyond the life of the entry ends it', () => {
    const short = planOf({ ...fourSteps, lifetime_days: 5 });
    const until = (days: number) => answered(1, at(2), { kind: 'deferred', untilMs: ENTERED_MS + days * DAY_MS });
    assert.equal(phaseOf(next(short, first, until(5), clock)[0]), 'scheduled');
    assert.deepEqual(next(short, first, until(5.1), clock)[1], [{ type: 'leave', reason: 'expired' }]);
    const [held] = next(short, first, until(4), clock);
    assert.deepEqual(next(short, held, { type: 'due', atMs: at(5.1 * 24) }, clock)[1], [{ type: 'leave', reason: 'expired' }]);
  });

  it('that comes after the user left moves nothing', () => {
    const [gone] = next(plan, first, { type: 'exit', reason: 'complained', atMs: at(2) }, clock);
    assert.equal(phaseOf(gone), 'left');
    assert.deepEqual(next(plan, gone, answered(1, at(2), sent), clock), [gone, []]);
  });
});

describe('leaving', () => {
  const plan = planOf(fourSteps);
  const { state } = after(fourSteps, [entered]);

  for (const reason of ['unsubscribed', 'complained', 'bounced', 'deleted', 'cancelled'] as const) {
    it(`because of ${reason} ends it before the next message`, () => {
      const [gone, commands] = next(plan, state, { type: 'exit', reason, atMs: at(1) }, clock);
      assert.deepEqual(commands, [{ type: 'leave', reason }]);
      assert.deepEqual(next(plan, gone, { type: 'due', atMs: at(9) }, clock), [gone, []]);
    });
  }

  it('the segment ends it only where the campaign says so', () => {
    const event: JourneyEvent = { type: 'exit', reason: 'segment_left', atMs: at(1) };
    assert.deepEqual(next(plan, state, event, clock), [state, []]);
    assert.equal(phaseOf(next(planOf({ ...fourSteps, exit_on_segment_left: true }), state, event, clock)[0]), 'left');
  });

  it('before entering keeps out', () => {
    const { state, commands } = after(fourSteps, [{ type: 'exit', reason: 'deleted', atMs: at(0) }, entered]);
    assert.deepEqual([phaseOf(state), commands], ['left', []]);
  });

  it('at the end of the campaign is for everybody', () => {
    assert.deepEqual(next(plan, state, { type: 'ended', atMs: at(1) }, clock)[1], [{ type: 'leave', reason: 'ended' }]);
  });
});

describe('a pause', () => {
  const paused = (hours: number): JourneyEvent => ({ type: 'paused', atMs: at(hours) });
  const resumed = (hours: number): JourneyEvent => ({ type: 'resumed', atMs: at(hours) });

  it('holds what falls due, and a resumption sends it at the next send time', () => {
    const held = after(fourSteps, [entered, paused(1), { type: 'due', atMs: at(3) }]);
    assert.deepEqual([phaseOf(held.state), isPaused(held.state), wakesAtMs(held.state), held.commands], ['scheduled', true, null, []]);
    const [state, commands] = next(planOf(fourSteps), held.state, resumed(18), clock);
    assert.deepEqual(commands, [{ type: 'wait', untilMs: Date.parse('2026-11-26T10:00:00Z') }]);
    assert.equal(isPaused(state), false);
  });

  it('ends nothing that was not due yet', () => {
    const { commands } = after(fourSteps, [entered, paused(0.5), resumed(1)]);
    assert.deepEqual(commands, [{ type: 'wait', untilMs: at(2) }]);
  });

  it('notes what is seen meanwhile, and acts on it when it is over', () => {
    const request = twoSteps({ trigger: 'opened' });
    const start = [entered, answered(1, ENTERED_MS, sent), paused(1)];
    assert.deepEqual(after(request, [...start, reacted(1, 'opened', at(2))]).commands, []);
    assert.deepEqual(after(request, [...start, reacted(1, 'opened', at(2)), resumed(3)]).commands, [
      { type: 'send', stepKey: 2, dueMs: at(3) },
    ]);
  });

  it('does not stop a time-out, nor the answer to a send', () => {
    const request = twoSteps({ trigger: 'opened', timeout_hours: 5 });
    const { state, commands } = after(request, [entered, paused(0), answered(1, ENTERED_MS, sent), resumed(6)]);
    assert.deepEqual([phaseOf(state), commands], ['left', [{ type: 'leave', reason: 'trigger_missed' }]]);
  });

  it('decides what nobody did meanwhile', () => {
    const request = twoSteps({ trigger: 'not_opened', timeout_hours: 5 });
    const start = [entered, answered(1, ENTERED_MS, sent), paused(1)];
    assert.equal(phaseOf(after(request, [...start, resumed(9)]).state), 'sending');
    assert.equal(phaseOf(after(request, [...start, reacted(1, 'opened', at(8)), resumed(9)]).state), 'left');
  });

  it('is an exit where the campaign says so', () => {
    const { commands } = after({ ...fourSteps, exit_on_pause: true }, [entered, paused(1)]);
    assert.deepEqual(commands, [{ type: 'leave', reason: 'paused' }]);
  });
});

describe('the state of a journey', () => {
  it('takes about 27 bytes, so that 500 take 13 KB', () => {
    const plan = planOf(fiveSteps);
    const states = Array.from({ length: 500 }, (_, idx) => {
      const [waiting] = next(plan, newJourney(idx), { type: 'entered', atMs: ENTERED_MS }, clock);
      const [sending] = next(plan, waiting, { type: 'due', atMs: at(72) }, clock);
      return next(plan, sending, answered(1, waiting[3] * 1000, sent), clock)[0];
    });
    assert.ok(states.every((state) => phaseOf(state) === 'watching'));
    const bytes = JSON.stringify(states).length;
    assert.ok(bytes <= 13 * 1024, `${bytes} bytes`);
    assert.deepEqual(JSON.parse(JSON.stringify(states)), states);
  });
});
