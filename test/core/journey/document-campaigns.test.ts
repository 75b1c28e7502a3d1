import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { clockIn, fiveSteps, fourSteps, live, planOf, type Person } from './samples.js';

type Row = { readonly who: string; readonly person: Person; readonly sends: readonly string[]; readonly left: string };

const suppressedAt =
  (...keys: number[]): NonNullable<Person['answers']> =>
  (key) => ({ kind: keys.includes(key) ? 'suppressed' : 'sent' });

// Entered on Wednesday the 25th at 09:00 in Berlin (08:00 UTC). Nothing was learned, so the optimal hour is 10:00 there (09:00 UTC).
const four: readonly Row[] = [
  { who: 'ignores the first e-mail', person: {}, sends: ['1 11-25T09:00'], left: 'trigger_missed' },
  {
    who: 'opens at once, and does not answer on WhatsApp',
    person: { does: { 1: [{ afterHours: 1, event: 'opened' }] } },
    sends: ['1 11-25T09:00', '2 11-26T09:00'],
    left: 'trigger_missed',
  },
  {
    who: 'opens on the third day in the afternoon, which is not too late, and gets WhatsApp at ten the next morning',
    person: { does: { 1: [{ afterHours: 55, event: 'opened' }] } },
    sends: ['1 11-25T09:00', '2 11-28T09:00'],
    left: 'trigger_missed',
  },
  {
    who: 'opens after the time-out (three days after the step was due), which is too late',
    person: { does: { 1: [{ afterHours: 97, event: 'opened' }] } },
    sends: ['1 11-25T09:00'],
    left: 'trigger_missed',
  },
  {
    who: 'lets only a machine open',
    person: { does: { 1: [{ afterHours: 1, event: 'machine_opened' }] } },
    sends: ['1 11-25T09:00'],
    left: 'trigger_missed',
  },
  {
    who: 'clicks with pictures blocked, which shows that it was opened',
    person: { does: { 1: [{ afterHours: 1, event: 'clicked' }] } },
    sends: ['1 11-25T09:00', '2 11-26T09:00'],
    left: 'trigger_missed',
  },
  {
    who: 'replies on the same day, and gets the tour from the first minute of day 2 on, but does not take it',
    person: { does: { 1: [{ afterHours: 1, event: 'opened' }], 2: [{ afterHours: 2, event: 'replied' }] } },
    sends: ['1 11-25T09:00', '2 11-26T09:00', '3 11-26T23:00'],
    left: 'trigger_missed',
  },
  {
    who: 'replies on day 2, and gets the tour at once',
    person: { does: { 1: [{ afterHours: 1, event: 'opened' }], 2: [{ afterHours: 25.5, event: 'replied' }] } },
    sends: ['1 11-25T09:00', '2 11-26T09:00', '3 11-27T10:30'],
    left: 'trigger_missed',
  },
  {
    who: 'does everything',
    person: {
      does: {
        1: [{ afterHours: 1, event: 'opened' }],
        2: [{ afterHours: 2, event: 'replied' }],
        3: [{ afterHours: 10, event: 'clicked' }],
      },
    },
    sends: ['1 11-25T09:00', '2 11-26T09:00', '3 11-26T23:00', '4 11-29T09:00'],
    left: 'completed',
  },
  {
    who: 'buys after the WhatsApp message',
    person: { does: { 1: [{ afterHours: 1, event: 'opened' }], 2: [{ afterHours: 1, event: 'converted' }] } },
    sends: ['1 11-25T09:00', '2 11-26T09:00'],
    left: 'goal_reached',
  },
  {
    who: 'opens and unsubscribes before day 1',
    person: {
      does: {
        1: [
          { afterHours: 1, event: 'opened' },
          { afterHours: 2, event: 'unsubscribed' },
        ],
      },
    },
    sends: ['1 11-25T09:00'],
    left: 'unsubscribed',
  },
  {
    who: 'may not be written to: what waits for the first e-mail cannot come, and nobody waits for it',
    person: { answers: suppressedAt(1) },
    sends: [],
    left: 'trigger_missed',
  },
  {
    who: 'gets the first e-mail perhaps, and opens it',
    person: { answers: () => ({ kind: 'uncertain' }), does: { 1: [{ afterHours: 1, event: 'opened' }] } },
    sends: ['1 11-25T09:00', '2 11-26T09:00'],
    left: 'trigger_missed',
  },
];

const opened = [{ afterHours: 1, event: 'opened' }] as const;
const clicked = [{ afterHours: 1, event: 'clicked' }] as const;
const five: readonly Row[] = [
  { who: 'does not open', person: {}, sends: ['1 11-26T09:00'], left: 'trigger_missed' },
  { who: 'opens, does not click', person: { does: { 1: opened } }, sends: ['1 11-26T09:00', '2 11-27T09:00'], left: 'trigger_missed' },
  {
    who: 'clicks, does not engage with the demo',
    person: { does: { 1: opened, 2: clicked } },
    sends: ['1 11-26T09:00', '2 11-27T09:00', '3 11-27T23:00'],
    left: 'trigger_missed',
  },
  {
    who: 'engages and does not convert',
    person: { does: { 1: opened, 2: clicked, 3: clicked } },
    sends: ['1 11-26T09:00', '2 11-27T09:00', '3 11-27T23:00', '4 11-30T09:00', '5 12-02T09:00'],
    left: 'completed',
  },
  {
    who: 'converts on the offer',
    person: { does: { 1: opened, 2: clicked, 3: clicked, 4: [{ afterHours: 30, event: 'converted' }] } },
    sends: ['1 11-26T09:00', '2 11-27T09:00', '3 11-27T23:00', '4 11-30T09:00'],
    left: 'goal_reached',
  },
];

describe("the document's campaign of four steps", () => {
  for (const { who, person, sends, left } of four) {
    it(`takes its way with someone who ${who}`, () => {
      const story = live(planOf(fourSteps), clockIn('Europe/Berlin'), person);
      assert.deepEqual([story.sends, story.left], [sends, left]);
    });
  }

  it('uses what was learned of the user, on e-mail only', () => {
    const clock = clockIn('Europe/Berlin', { slots: { email: { hour: 18, minute: 20, weekday: 4 } } });
    const { sends } = live(planOf(fourSteps), clock, { does: { 1: opened } });
    assert.deepEqual(sends, ['1 11-26T17:20', '2 11-27T09:00']);
  });
});

describe("the document's sequence of five steps", () => {
  for (const { who, person, sends, left } of five) {
    it(`takes its way with someone who ${who}`, () => {
      const story = live(planOf(fiveSteps), clockIn('Europe/Berlin'), person);
      assert.deepEqual([story.sends, story.left], [sends, left]);
    });
  }

  it('takes the final reminder away from those who converted without leaving', () => {
    const plan = planOf({ ...fiveSteps, exit_on_goal: false });
    const { sends, left } = live(plan, clockIn('Europe/Berlin'), {
      does: { 1: opened, 2: clicked, 3: clicked, 4: [{ afterHours: 30, event: 'converted' }] },
    });
    assert.equal(sends.length, 4);
    assert.equal(left, 'completed');
  });
});
