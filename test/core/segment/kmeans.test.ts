import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { kmeans } from 'ml-kmeans';
import { seededRandom } from '../../../core/random.js';
import { assignToCentres, clusterPoints, drawCentres, type Centres } from '../../../core/segment/kmeans.js';
import type { Points } from '../../../core/segment/points.js';
import { adjustedRandIndex } from '../../../core/stats/adjusted-rand.js';
import { blobsApart, pointsAt, scatter } from '../../harness/blobs.js';

const rowsOf = ({ count, dimensions, values }: Points) =>
  Array.from({ length: count }, (_, i) => [...values.subarray(i * dimensions, (i + 1) * dimensions)]);
const squared = (a: readonly number[], b: readonly number[]) => a.reduce((sum, x, d) => sum + (x - (b[d] ?? 0)) ** 2, 0);
const inertiaOf = (rows: Centres, centres: Centres) =>
  rows.reduce((sum, row) => sum + Math.min(...centres.map((centre) => squared(row, centre))), 0);

/** Lloyd's algorithm, word for word: assign, take means, until nothing moves. */
function lloyd(rows: Centres, start: Centres): Centres {
  let centres = start;
  for (;;) {
    const nearest = rows.map((row) => {
      const distances = centres.map((centre) => squared(row, centre));
      return distances.indexOf(Math.min(...distances));
    });
    const next = centres.map((centre, c) => {
      const own = rows.filter((_, i) => nearest[i] === c);
      return own.length === 0 ? centre : centre.map((_, d) => own.reduce((sum, row) => sum + (row[d] ?? 0), 0) / own.length);
    });
    if (next.every((centre, c) => squared(centre, centres[c] ?? []) === 0)) return centres;
    centres = next;
  }
}

describe('k-means', () => {
  const blobs = scatter(blobsApart(5, 6), 1_500, 3);

  it('finds the groups there are', () => {
    const { centres } = clusterPoints(blobs, 5, { seed: 42, starts: 10 });
    assert.ok(adjustedRandIndex(assignToCentres(blobs, centres).nearest, blobs.labels) > 0.99);
  });

  it('gives the same for the same seed, to the last bit', () => {
    assert.deepEqual(clusterPoints(blobs, 5, { seed: 42, starts: 3 }), clusterPoints(blobs, 5, { seed: 42, starts: 3 }));
  });

  it('comes where plain Lloyd comes from the same start, within its tolerance', () => {
    const overlapping = scatter(blobsApart(5, 1.5), 400, 9);
    const rows = rowsOf(overlapping);
    for (const k of [2, 4, 7]) {
      const start = drawCentres(overlapping, k, seededRandom(k));
      const { inertia, centres } = clusterPoints(overlapping, k, { seed: 1, starts: 0, alsoFrom: [start] });
      const least = inertiaOf(rows, lloyd(rows, start));
      assert.ok(Math.abs(inertia / inertiaOf(rows, centres) - 1) < 1e-12);
      assert.ok(inertia >= least * (1 - 1e-9) && inertia < least * 1.01, `${inertia} and ${least}`);
    }
  });

  it('is no worse than ml-kmeans with its own starts', () => {
    const rows = rowsOf(blobs);
    const peers = [1, 2, 3, 4, 5].map((seed) => inertiaOf(rows, kmeans(rows, 5, { seed }).centroids));
    assert.ok(clusterPoints(blobs, 5, { seed: 42, starts: 10 }).inertia <= Math.min(...peers) * 1.001);
  });

  it('starts where it is told to as well, and takes the better result', () => {
    const cold = clusterPoints(blobs, 5, { seed: 42, starts: 1 });
    const best = clusterPoints(blobs, 5, { seed: 42, starts: 10 });
    const both = clusterPoints(blobs, 5, { seed: 42, starts: 1, alsoFrom: [best.centres] });
    assert.ok(both.inertia <= Math.min(cold.inertia, best.inertia) + 1e-9);
    const ofOtherK = clusterPoints(blobs, 5, { seed: 42, starts: 1, alsoFrom: [best.centres.slice(1)] });
    assert.deepEqual(ofOtherK, cold);
  });

  it('leaves clusters empty where there are fewer different points than clusters, without a NaN', () => {
    const two = pointsAt([0, 0], [1, 1], [0, 0], [1, 1], [0, 0]);
    const { centres, inertia } = clusterPoints(two, 4, { seed: 42, starts: 3 });
    assert.equal(inertia, 0);
    assert.ok(centres.flat().every(Number.isFinite));
    assert.deepEqual(
      [...assignToCentres(two, centres).sizes].sort((a, b) => a - b),
      [0, 0, 2, 3],
    );
  });

  it('says which point is not a number, before ml-kmeans fails without saying it', () => {
    assert.throws(() => clusterPoints(pointsAt([0, 1], [2, Number.NaN]), 1, { seed: 1, starts: 1 }), /point 1 is NaN in dimension 1/);
    assert.throws(() => clusterPoints(pointsAt([Number.POSITIVE_INFINITY]), 1, { seed: 1, starts: 1 }), /point 0 is Infinity/);
  });

  it('refuses more clusters than points, and to begin nowhere', () => {
    assert.throws(() => clusterPoints(pointsAt([0]), 2, { seed: 1, starts: 1 }), /1 points cannot make 2 clusters/);
    assert.throws(() => clusterPoints(pointsAt([0]), 1, { seed: 1, starts: 0 }), /needs a start/);
  });
});

describe('the starts of k-means++', () => {
  const rows = fc.array(fc.tuple(fc.integer({ min: -3, max: 3 }), fc.integer({ min: -3, max: 3 })), { minLength: 1, maxLength: 30 });

  it('are different points, as long as there are enough of them', () => {
    fc.assert(
      fc.property(rows, fc.nat(), fc.integer({ min: 1, max: 10 }), (rows, seed, k) => {
        const drawn = drawCentres(pointsAt(...rows), k, seededRandom(seed)).map(String);
        const different = new Set(rows.map(String));
        assert.equal(drawn.length, k);
        assert.ok(drawn.every((centre) => different.has(centre)));
        assert.equal(new Set(drawn).size, Math.min(k, different.size));
      }),
    );
  });

  it('are different even where the draw is the last there can be, and rounding leaves a crumb', () => {
    const points = pointsAt(...Array.from({ length: 50 }, (_, i) => [i * 0.1]), [4.9]);
    const drawn = drawCentres(points, 10, () => 1 - 2 ** -53);
    assert.equal(new Set(drawn.map(String)).size, 10);
  });

  it('are drawn in proportion to squared distances, and of those drawn the one that brings points nearest is taken', () => {
    // From 0 the others lie 1 and 3 away. Of two candidates the one at 3 leaves 1, the one at 1 leaves 4: it is taken unless both drawn are 1.
    const random = seededRandom(5);
    let firsts = 0;
    let near = 0;
    for (let i = 0; i < 60_000; i += 1) {
      const [first, second] = drawCentres(pointsAt([0], [1], [3]), 2, random);
      if (first?.[0] !== 0) continue;
      firsts += 1;
      if (second?.[0] === 1) near += 1;
    }
    assert.ok(Math.abs(firsts / 60_000 - 1 / 3) < 0.01);
    assert.ok(Math.abs(near / firsts - 0.01) < 0.003, String(near / firsts));
  });

  it('find groups that lie apart nearly always at the first try', () => {
    const blobs = scatter(blobsApart(8, 8), 800, 4);
    const found = Array.from({ length: 40 }, (_, seed) => {
      const { centres } = clusterPoints(blobs, 8, { seed, starts: 1 });
      return adjustedRandIndex(assignToCentres(blobs, centres).nearest, blobs.labels) > 0.99;
    });
    assert.ok(found.filter(Boolean).length >= 32, String(found.filter(Boolean).length));
  });
});

describe('the assignment to centres', () => {
  it('finds the nearest centre and the distance to the next, and the first of equally near ones', () => {
    const { nearest, toOwn, toNext, sizes, inertia } = assignToCentres(pointsAt([0], [2], [5]), [[1], [4], [9]]);
    assert.deepEqual([...nearest], [0, 0, 1]);
    assert.deepEqual([...toOwn], [1, 1, 1]);
    assert.deepEqual([...toNext], [16, 4, 16]);
    assert.deepEqual([sizes, inertia], [[2, 1, 0], 3]);
    assert.deepEqual([...assignToCentres(pointsAt([2]), [[1], [3]]).nearest], [0]);
  });

  it('agrees with looking at every distance', () => {
    const coordinate = fc.double({ min: -100, max: 100, noNaN: true });
    const row = fc.array(coordinate, { minLength: 3, maxLength: 3 });
    fc.assert(
      fc.property(fc.array(row, { minLength: 1, maxLength: 20 }), fc.array(row, { minLength: 2, maxLength: 6 }), (rows, centres) => {
        const { nearest, toOwn, toNext } = assignToCentres(pointsAt(...rows), centres);
        rows.forEach((row, i) => {
          const distances = centres.map((centre) => squared(row, centre));
          const sorted = [...distances].sort((a, b) => a - b);
          assert.deepEqual([nearest[i], toOwn[i], toNext[i]], [distances.indexOf(Math.min(...distances)), sorted[0], sorted[1]]);
        });
      }),
    );
  });
});
