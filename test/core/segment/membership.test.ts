import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { assignSegments, confidenceOf } from '../../../core/segment/membership.js';
import { EVERYONE, fitModel, type SegmentModel } from '../../../core/segment/model.js';
import { questionOf } from '../../harness/people.js';

/** Two segments on one axis of days, at 10 and at 40: mean 20, deviation 10, not logged. */
const model: SegmentModel = {
  ...fitModel(questionOf([], 0)),
  type: 'behavioral',
  k: 2,
  features: [{ name: 'recencyDays', unit: 1, logged: false, weight: 1, mean: 20, deviation: 10 }],
  segments: [
    { key: 'seg_a', name: 'Champions', archetype: 'champions', centre: [-1] },
    { key: 'seg_b', name: 'Lost', archetype: 'lost', centre: [2] },
  ],
};
const assign = (days: readonly number[], present = days.map(() => 1), of = model) =>
  assignSegments(of, { recencyDays: Float64Array.from(days) }, { users: days.length, present: Uint8Array.from(present) });

describe('a membership', () => {
  it('is in the segment whose centre is nearest, with how much nearer it is than the next', () => {
    const { segment, confidence } = assign([10, 40, 25, 16, 100]);
    assert.deepEqual([...segment], [0, 1, 0, 0, 1]);
    // At a centre, at the other, halfway, 6 days from one and 24 from the other, 60 from one and 90 from the other
    assert.deepEqual([...confidence], [10_000, 10_000, 0, 7_500, 3_333]);
  });

  it('is nothing for somebody who was not there', () => {
    const { segment, confidence } = assign([10, 10], [1, 0]);
    assert.deepEqual(
      [[...segment], [...confidence]],
      [
        [0, -1],
        [10_000, 0],
      ],
    );
  });

  it('is certain where there is one segment, and none where there is no segment', () => {
    const [everyone] = model.segments;
    assert.ok(everyone);
    const rule: SegmentModel = { ...model, type: 'rule', k: 1, features: [], segments: [{ ...everyone, name: EVERYONE, centre: [] }] };
    assert.deepEqual([...assign([3, 999], [1, 1], rule).confidence], [10_000, 10_000]);
    assert.deepEqual([...assign([3], [1], { ...model, segments: [] }).segment], [-1]);
  });

  it('of somebody who lacks a value is as if they had the mean', () => {
    assert.deepEqual(assign([Number.NaN]), assign([20]));
  });
});

describe('a confidence', () => {
  it('is a fraction, 0 halfway and 1 at the centre, and falls on the way', () => {
    const distance = fc.double({ min: 0, max: 1e6, noNaN: true });
    fc.assert(
      fc.property(distance, distance, (a, b) => {
        const confidence = confidenceOf(Math.min(a, b), Math.max(a, b));
        assert.ok(confidence >= 0 && confidence <= 1);
      }),
    );
    assert.equal(confidenceOf(0, 5), 1);
    assert.equal(confidenceOf(5, 5), 0);
    assert.equal(confidenceOf(0, 0), 0);
    assert.equal(confidenceOf(3, Number.POSITIVE_INFINITY), 1);
  });
});
