import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { bestSlot } from '../../../core/journey/best-slot.js';

const counts = (...pairs: [hour: number, count: number][]) => pairs.map(([hour, count]) => ({ hour, count }));

describe('the hour at which people react', () => {
  it('is not told by a few', () => {
    assert.equal(bestSlot([]), undefined);
    assert.equal(bestSlot(counts([9, 199])), undefined);
  });

  it('is the busiest one together with its neighbours', () => {
    assert.deepEqual(bestSlot(counts([9, 100], [18, 120])), { hour: 18 });
    assert.deepEqual(bestSlot(counts([8, 60], [9, 100], [10, 70], [18, 120])), { hour: 9 });
  });

  it('has neighbours on both sides of midnight', () => {
    assert.deepEqual(bestSlot(counts([23, 80], [0, 100], [1, 80], [12, 150])), { hour: 0 });
  });
});
