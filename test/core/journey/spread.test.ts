import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { spreadSlots } from '../../../core/journey/spread.js';
import { planOf } from './samples.js';

const plan = planOf({
  segment: 'everybody',
  sequence: [
    { day: 0, channel: 'email', template: 'welcome_series_1', send_time: 'optimal' },
    { day: 1, channel: 'in_app', template: 'feature_highlight', send_time: '10:00' },
  ],
});
const slotsOf = (batch: number, recipients: number, slots = {}) => spreadSlots(slots, plan, { batch, recipients });

describe('the slots of batches', () => {
  it('are what was learned, where few share them', () => {
    const slots = { email: { hour: 7, minute: 30 } };
    assert.deepEqual(slotsOf(17, 9_999, slots), slots);
    assert.deepEqual(slotsOf(17, 9_999), {});
  });

  it('take turns minute by minute, within an hour, on the channels of optimal steps alone', () => {
    const minutes = Array.from({ length: 2_000 }, (_, batch) => {
      const { email, in_app } = slotsOf(batch, 1_000_000, { email: { weekday: 2, hour: 7 }, in_app: { hour: 9 } });
      assert.deepEqual([email?.weekday, in_app], [2, { hour: 9 }]);
      return ((email?.hour ?? 0) - 7) * 60 + (email?.minute ?? 0);
    });
    const counts = new Map<number, number>();
    for (const minute of minutes) counts.set(minute, (counts.get(minute) ?? 0) + 1);
    assert.deepEqual(
      [...counts.keys()],
      Array.from({ length: 61 }, (_, minute) => minute),
    );
    assert.ok([...counts.values()].every((batches) => batches >= 32 && batches <= 33));
    assert.equal(Math.max(...Array.from({ length: 100 }, (_, batch) => slotsOf(batch, 50_000).email?.minute ?? 0)), 5);
  });

  it('begin at ten where nothing was learned, and stay on their day', () => {
    assert.deepEqual(slotsOf(25, 1_000_000), { email: { hour: 10, minute: 25 } });
    assert.deepEqual(slotsOf(25, 1_000_000, { email: { hour: 23, minute: 50 } }), { email: { hour: 23, minute: 59 } });
  });
});
