import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { clusterPoints } from '../../../core/segment/kmeans.js';
import { fitScales, pointsOf, type FeatureUse } from '../../../core/segment/points.js';
import { clusterFromLast, continuedFrom, restateCentres } from '../../../core/segment/warm-start.js';
import { blobsApart, scatter } from '../../harness/blobs.js';

const uses: FeatureUse[] = [
  { name: 'recencyDays', unit: 1, logged: true, weight: 1 },
  { name: 'monetaryMinor', unit: 100, logged: true, weight: 0.5 },
];
const columns = { recencyDays: Float64Array.of(1, 30, 400, 7), monetaryMinor: Float64Array.of(5_000, -200, 0, 90_000) };
const later = { recencyDays: Float64Array.of(2, 60, 900, 7, 7), monetaryMinor: Float64Array.of(1, 2, 3, 4_000, 70_000) };
const segment = (centre: readonly number[]) => ({ name: 'Lost', archetype: 'lost' as const, centre });
const near = (actual: readonly number[] = [], expected: readonly number[] = []) => {
  assert.equal(actual.length, expected.length);
  actual.forEach((x, d) => assert.ok(Math.abs(x - (expected[d] ?? 0)) < 1e-9, `${actual.join()} is not ${expected.join()}`));
};

describe("the last model's centres", () => {
  const { features: old } = fitScales(columns, uses);
  const { features: now } = fitScales(later, uses);

  it('are the same days and the same money in today’s scale', () => {
    const { values } = pointsOf(columns, 4, old);
    const centres = [0, 1, 2, 3].map((i) => segment([...values.subarray(i * 2, i * 2 + 2)]));
    const restated = restateCentres({ features: old, segments: centres }, now);
    near(restated.flat(), [...pointsOf(columns, 4, now).values]);
  });

  it('follow a feature to its place and weight, and begin at the mean where there was none like it', () => {
    const [recency, monetary] = now;
    assert.ok(recency && monetary);
    const last = { features: old, segments: [segment([1, 1])] };
    const [both = []] = restateCentres(last, now);
    near(restateCentres(last, [{ ...monetary, weight: 1 }, recency])[0], [2 * (both[1] ?? 0), both[0] ?? 0]);
    near(
      restateCentres(last, [
        { ...monetary, unit: 1 },
        { ...recency, name: 'category:shoes' },
      ])[0],
      [0, 0],
    );
  });
});

describe('a fit from the last centres', () => {
  const blobs = scatter(blobsApart(6, 2), 600, 2);
  const best = clusterPoints(blobs, 6, { seed: 1, starts: 20 });

  it('is taken unless a new start is better by more than 1 %', () => {
    const warm = clusterFromLast(blobs, 6, { seed: 9, starts: 2, lastCentres: best.centres });
    assert.ok(warm.inertia <= best.inertia * 1.000_001);
    const far = best.centres.map((_, i) => (i === 0 ? [0, 0, 0, 0, 0, 0] : [900 + i, 0, 0, 0, 0, 0]));
    const cold = clusterPoints(blobs, 6, { seed: 9, starts: 2 });
    assert.deepEqual(clusterFromLast(blobs, 6, { seed: 9, starts: 2, lastCentres: far }), cold);
  });

  it('is not tried where there were more segments, or fewer', () => {
    const cold = clusterPoints(blobs, 5, { seed: 9, starts: 2 });
    assert.deepEqual(clusterFromLast(blobs, 5, { seed: 9, starts: 2, lastCentres: best.centres }), cold);
  });
});

describe('what a segment continues', () => {
  it('is the last segment that is nearest, in all', () => {
    assert.deepEqual(continuedFrom([[5], [0], [9]], [[0], [5], [9]]), [1, 0, 2]);
  });

  it('is nothing for those that are new, and nothing where there was no walk', () => {
    assert.deepEqual(continuedFrom([[5], [0], [9]], [[8], [1]]), [undefined, 1, 0]);
    assert.deepEqual(continuedFrom([[5], [0]], [[9], [6], [0]]), [1, 2]);
    assert.deepEqual(continuedFrom([[5], [0]], []), [undefined, undefined]);
    assert.deepEqual(continuedFrom([], [[1]]), []);
  });
});
