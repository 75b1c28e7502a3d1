import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { chooseK, K_RANGE, silhouetteOf, type KQuestion, type KScore } from '../../../core/segment/choosing-k.js';
import { clusterPoints } from '../../../core/segment/kmeans.js';
import type { Points } from '../../../core/segment/points.js';
import { blobsApart, pointsAt, scatter } from '../../harness/blobs.js';

const choose = (points: Points, given: Partial<KQuestion> = {}) =>
  chooseK(points, { seed: 42, least: K_RANGE.least, most: K_RANGE.most, lastCentres: [], ...given });
const scoreOf = (scores: readonly KScore[], k: number) => scores.find((score) => score.k === k);
const centresOf = (points: Points, k: number) => clusterPoints(points, k, { seed: 7, starts: 10 }).centres;

describe('the choice of k', () => {
  it('finds the number of groups that lie apart', () => {
    for (const k of [4, 5, 6, 8]) {
      for (const seed of [1, 2]) {
        const choice = choose(scatter(blobsApart(k, 8), 600, seed));
        assert.deepEqual([choice.k, choice.because], [k, 'elbow'], `k ${k}, seed ${seed}`);
        assert.equal(choice.centres.length, k);
      }
    }
  });

  it('keeps every score of every k', () => {
    const { scores } = choose(scatter(blobsApart(5, 8), 800, 1));
    assert.deepEqual(
      scores.map(({ k }) => k),
      [4, 5, 6, 7, 8, 9, 10],
    );
    for (const score of scores) assert.ok(Object.values(score).every((value) => typeof value === 'boolean' || Number.isFinite(value)));
    for (const [i, { inertia }] of scores.entries()) assert.ok(i === 0 || inertia < (scores[i - 1]?.inertia ?? 0));
  });

  it('passes a k whose smallest cluster has 2 % and whose halves agree by 0.8, and no other', () => {
    const points = [scatter(blobsApart(5, 8), 800, 1), scatter(blobsApart(6, 1.5), 800, 2), scatter(blobsApart(1, 0), 500, 3)];
    const scores = points.flatMap((set) => choose(set).scores);
    for (const { passes, leastShare, stability } of scores) assert.equal(passes, leastShare >= 0.02 && stability >= 0.8);
    assert.deepEqual(new Set(scores.map(({ passes }) => passes)), new Set([true, false]));
  });

  it('does not take a group of less than 2 % for a segment', () => {
    const small = { at: [8, 0, 6, 0, 0, 0], share: 0.04, spread: 0.5 };
    const blobs = [...blobsApart(4, 8).map((blob) => ({ ...blob, share: 1, spread: 0.5 })), small];
    const { k, because, scores } = choose(scatter(blobs, 1_500, 4));
    assert.ok((scoreOf(scores, 5)?.leastShare ?? 1) < 0.02);
    assert.ok((scoreOf(scores, 5)?.stability ?? 0) > 0.8);
    assert.deepEqual([k, because], [4, 'elbow']);
  });

  it('takes the most stable where none passes', () => {
    const { k, because, scores } = choose(scatter(blobsApart(1, 0), 600, 5));
    assert.ok(scores.every(({ passes }) => !passes));
    assert.equal(because, 'most stable, though none passes');
    assert.equal(scoreOf(scores, k)?.stability, Math.max(...scores.map(({ stability }) => stability)));
  });

  it('keeps the last k while it is nearly as good as the best, and no longer', () => {
    const blobs = blobsApart(6, 4).map((blob, i) => (i === 5 ? { ...blob, share: 1, at: blob.at.map((x) => x / 2) } : blob));
    const overlapping = scatter(blobs, 600, 6);
    const outcomes = [5, 6, 7].map((last) => {
      const choice = choose(overlapping, { lastCentres: centresOf(overlapping, last) });
      const best = Math.max(...choice.scores.filter(({ passes }) => passes).map(({ elbow }) => elbow));
      const score = scoreOf(choice.scores, last);
      const isNear = score !== undefined && score.elbow >= 0.9 * best && score.stability >= 0.72 && score.leastShare >= 0.018;
      assert.equal(choice.k === last, isNear, `k ${last}: ${JSON.stringify(score)} and ${best}`);
      return choice.k === last ? choice.because : 'left';
    });
    assert.deepEqual(outcomes, ['kept from the last walk', 'elbow', 'left']);
  });

  it('takes a pinned k as it is, and scores it beside the others', () => {
    const points = scatter(blobsApart(5, 8), 600, 1);
    for (const pinned of [2, 3, 9]) {
      const choice = choose(points, { pinned });
      assert.deepEqual([choice.k, choice.because], [pinned, 'pinned by the tenant']);
      assert.equal(choice.centres.length, pinned);
      assert.ok(scoreOf(choice.scores, pinned));
      assert.ok(scoreOf(choice.scores, 5));
    }
  });

  it('is the only one there is where the audience allows no more', () => {
    const choice = choose(scatter(blobsApart(2, 8), 25, 1), { least: 2, most: 2 });
    assert.equal(choice.k, 2);
    assert.equal(choice.scores.length, 1);
  });
});

describe('the silhouette', () => {
  it('is what Rousseeuw (1987) defines, by hand', () => {
    // 0 and 1 against 5: (5 - 1)/5, (4 - 1)/4, and 0 for the one that is alone
    assert.ok(Math.abs(silhouetteOf(pointsAt([0], [1], [5]), [[0.5], [5]]) - (0.8 + 0.75) / 3) < 1e-12);
    // And both clusters of two: a = 1 for all, b = 5.5, 4.5, 4.5, 5.5
    const expected = (2 * (4.5 / 5.5) + 2 * (3.5 / 4.5)) / 4;
    assert.ok(Math.abs(silhouetteOf(pointsAt([0], [1], [5], [6]), [[0.5], [5.5]]) - expected) < 1e-12);
  });

  it('is 0 for one cluster, and where all points are the same', () => {
    assert.equal(silhouetteOf(pointsAt([0], [1]), [[0.5]]), 0);
    assert.equal(silhouetteOf(pointsAt([0], [0], [0]), [[0], [9]]), 0);
  });
});
