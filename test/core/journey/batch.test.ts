import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { JourneyBatch, watchedReactions, type BatchCourse } from '../../../core/journey/batch.js';
import type { StepRequest } from '../../../core/journey/campaign-request.js';
import { makePlan } from '../../../core/journey/make-plan.js';
import { reactionBits } from '../../../core/journey/triggers.js';

const ENTERED = Date.UTC(2026, 10, 2, 9);
const HOUR_MS = 3_600_000;
const email = (step: Partial<StepRequest>): StepRequest => ({ day: 0, channel: 'email', template: 'welcome_series_1', ...step });

function planOf(...sequence: StepRequest[]) {
  const made = makePlan({ segment: 'all', sequence });
  assert.ok(made.status === 'made');
  return made.plan;
}

const courseOf = (members: number, ...sequence: StepRequest[]): BatchCourse => ({
  plan: planOf(...sequence),
  enteredMs: ENTERED,
  speed: 1,
  tickMs: 0,
  clocks: [{ zone: [[0, 0]], slots: {} }],
  clockOf: Array.from({ length: members }, () => 0),
});

describe('a batch of journeys', () => {
  it('wants the first step for everybody who enters, once', () => {
    const batch = new JourneyBatch(courseOf(3, email({}), email({ day: 1 })));
    batch.enter(ENTERED);
    assert.deepEqual(
      batch.takeWanted().map(({ idx, stepKey }) => [idx, stepKey]),
      [[0, 1], [1, 1], [2, 1]], // prettier-ignore
    );
    batch.enter(ENTERED + 1);
    assert.deepEqual(batch.takeWanted(), []);
  });

  it('wants nothing for whoever has left before it was asked', () => {
    const batch = new JourneyBatch(courseOf(2, email({})));
    batch.enter(ENTERED);
    batch.tell([0, 'unsubscribed'], ENTERED);
    assert.deepEqual(
      batch.takeWanted().map(({ idx }) => idx),
      [1],
    );
    assert.deepEqual(batch.left, [[0, 'unsubscribed', ENTERED]]);
  });

  it('wants again what was not answered when it is carried on, and nothing else', () => {
    const course = courseOf(2, email({}), email({ day: 1 }));
    const before = new JourneyBatch(course);
    before.enter(ENTERED);
    const [first] = before.takeWanted();
    assert.ok(first);
    before.move(0, { type: 'answered', atMs: ENTERED, stepKey: 1, dueMs: first.dueMs, answer: { kind: 'sent' } });
    const after = new JourneyBatch(course, { states: before.states, left: before.left });
    assert.deepEqual(
      after.takeWanted().map(({ idx, stepKey }) => [idx, stepKey]),
      [[1, 1]],
    );
  });

  it('wakes those who are due, and says when the next one is', () => {
    const batch = new JourneyBatch(courseOf(1, email({ send_time: '10:00' })));
    batch.enter(ENTERED);
    assert.deepEqual(batch.takeWanted(), []);
    assert.equal(batch.wakesAtMs(), ENTERED + HOUR_MS);
    batch.wake(ENTERED + HOUR_MS - 1);
    assert.deepEqual(batch.takeWanted(), []);
    batch.wake(ENTERED + HOUR_MS);
    assert.equal(batch.takeWanted().length, 1);
    assert.equal(batch.wakesAtMs(), null);
  });

  it('is paused before anybody enters, and sends when it goes on', () => {
    const batch = new JourneyBatch(courseOf(1, email({})));
    batch.order('pause', ENTERED);
    batch.enter(ENTERED);
    assert.deepEqual(batch.takeWanted(), []);
    batch.order('resume', ENTERED + HOUR_MS);
    assert.equal(batch.takeWanted().length, 1);
  });

  it('is over when everybody has left', () => {
    const batch = new JourneyBatch(courseOf(2, email({})));
    batch.enter(ENTERED);
    assert.equal(batch.isOver(), false);
    batch.order('cancel', ENTERED);
    assert.equal(batch.isOver(), true);
    assert.deepEqual(batch.takeWanted(), []);
  });

  it('hears nothing of whom it does not have', () => {
    const batch = new JourneyBatch(courseOf(1, email({})));
    batch.tell([7, 'deleted'], ENTERED);
    batch.tell([-1, 1, reactionBits.opened], ENTERED);
    assert.deepEqual(batch.left, []);
  });
});

describe('what journeys can use of what is told', () => {
  it('is what shows the reactions that triggers look at', () => {
    assert.deepEqual(watchedReactions(planOf(email({}), email({ day: 1 }))), []);
    const opened = planOf(email({}), email({ day: 1, trigger: 'email_opened' }), email({ day: 2 }));
    assert.deepEqual(watchedReactions(opened), ['1 opened', '1 clicked', '1 replied']);
  });
});
