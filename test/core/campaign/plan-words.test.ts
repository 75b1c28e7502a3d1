import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { exitsInWords, stepsInWords } from '../../../core/campaign/plan-words.js';
import { fourSteps, planOf } from '../journey/samples.js';

const email = { channel: 'email', template: 'welcome_series_1' };

describe('a plan in words', () => {
  it('tells the campaign of the solution document', () => {
    assert.deepEqual(stepsInWords(planOf(fourSteps)), [
      'On the day of entry, at the best hour of each: email welcome_series_1',
      "From day 1 on, at 10:00 of each one's clock: whatsapp engagement_follow_up, to those who opened step 1 within 3 days; others leave",
      'From day 2 on: in_app feature_highlight, to those who replied to step 2 within 3 days; others leave',
      'From day 4 on, at the best hour of each: email limited_offer, to those who interacted with step 3 within 3 days; others leave',
    ]);
  });

  it('names the step that a trigger looks at by its key, and where others go', () => {
    const plan = planOf({
      segment: 'x',
      goal: 'convert_to_paid',
      sequence: [
        { ...email, step_key: 7, day: 0, next: 9 },
        { ...email, step_key: 9, day: 1, trigger: 'not_clicked', trigger_step: 7, timeout_hours: 1, else: 12 },
        { ...email, step_key: 11, day: 2, trigger: 'not_converted' },
        { ...email, step_key: 12, day: 3, next: 'leave', send_time: '7:05' },
      ],
    });
    assert.deepEqual(stepsInWords(plan), [
      'On the day of entry: email welcome_series_1',
      'From day 1 on: email welcome_series_1, to those who did not click in step 7 within 1 hour; others go on with step 12',
      'From day 2 on: email welcome_series_1, to those who have not reached convert_to_paid within 12 hours; others go on with step 12',
      "From day 3 on, at 07:05 of each one's clock: email welcome_series_1, then the journey ends",
    ]);
  });

  it('tells of an inbox that people interact with its messages', () => {
    const inApp = { channel: 'in_app', template: 'feature_highlight' };
    const after = (trigger: string) =>
      stepsInWords(
        planOf({
          segment: 'x',
          sequence: [
            { ...inApp, day: 0 },
            { ...inApp, day: 1, trigger },
          ],
        }),
      )[1];
    assert.match(after('in_app_engaged') ?? '', /to those who interacted with step 1 within 3 days/);
    assert.match(after('not_clicked') ?? '', /to those who did not interact with step 1 within 12 hours/);
  });

  it('says who leaves early, and when nobody gets anything any more', () => {
    const request = { ...fourSteps, exit_on_segment_left: true, exit_on_pause: true, lifetime_days: 10 };
    assert.deepEqual(exitsInWords(planOf(request)), [
      'Whoever reaches convert_to_paid leaves.',
      'Whoever leaves the segment leaves.',
      'A pause ends it for everybody.',
      'No message goes out later than 10 days after entry.',
    ]);
    assert.equal(exitsInWords(planOf({ ...fourSteps, exit_on_goal: false })).length, 1);
  });
});
