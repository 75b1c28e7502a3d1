import { kmeans } from 'ml-kmeans';
import { seededRandom } from '../random.js';
import type { Points } from './points.js';

/** Centres by number, each as long as the points have dimensions. */
export type Centres = readonly (readonly number[])[];

export type Clustering = {
  readonly centres: Centres;
  /** Squared distances from all points to their centres, added up. */
  readonly inertia: number;
};

export type KMeansOptions = {
  readonly seed: number;
  /** How many starts are drawn; the best result counts. */
  readonly starts: number;
  /** Centres to start from as well. */
  readonly alsoFrom?: readonly Centres[];
};

/** A centre has settled when it moved less than this, squared: a hundredth of a standard deviation. */
const TOLERANCE = 1e-4;
const MOST_ITERATIONS = 100;

/**
 * The best of several runs of k-means. Starts are drawn by k-means++ here, since ml-kmeans copies each row for each distance
 * there; its iterations are its own. Points must be finite, and at least k: one NaN would make it fail without saying why.
 */
export function clusterPoints(points: Points, k: number, { seed, starts, alsoFrom = [] }: KMeansOptions): Clustering {
  requireFinite(points);
  if (!(k >= 1 && k <= points.count)) throw new RangeError(`${points.count} points cannot make ${k} clusters`);
  const rows = rowsOf(points);
  const random = seededRandom(seed + k);
  const drawn = Array.from({ length: starts }, () => drawCentres(points, k, random));
  let best: Clustering | undefined;
  for (const initialization of [...alsoFrom.map((centres) => centres.map((centre) => [...centre])), ...drawn]) {
    if (initialization.length !== k) continue;
    const { centroids } = kmeans(rows, k, { initialization, tolerance: TOLERANCE, maxIterations: MOST_ITERATIONS });
    const { inertia } = assignToCentres(points, centroids);
    if (!best || inertia < best.inertia) best = { centres: centroids, inertia };
  }
  if (!best) throw new RangeError('k-means needs a start');
  return best;
}

export type Assignment = {
  /** The number of the nearest centre, the first of equally near ones. */
  readonly nearest: Uint8Array;
  /** Squared distances to the nearest centre and to the next; infinite where there is no other centre. */
  readonly toOwn: Float64Array;
  readonly toNext: Float64Array;
  readonly sizes: readonly number[];
  readonly inertia: number;
};

export function assignToCentres({ count, dimensions, values }: Points, centres: Centres): Assignment {
  const flat = Float64Array.from(centres.flat());
  const nearest = new Uint8Array(count);
  const toOwn = new Float64Array(count);
  const toNext = new Float64Array(count);
  const sizes = centres.map(() => 0);
  let inertia = 0;
  for (let i = 0; i < count; i++) {
    let own = Number.POSITIVE_INFINITY;
    let next = Number.POSITIVE_INFINITY;
    let cluster = 0;
    for (let c = 0; c < centres.length; c++) {
      const distance = squaredDistance(values, i * dimensions, flat, c * dimensions, dimensions);
      if (distance < own) {
        next = own;
        own = distance;
        cluster = c;
      } else if (distance < next) next = distance;
    }
    nearest[i] = cluster;
    toOwn[i] = own;
    toNext[i] = next;
    sizes[cluster] = (sizes[cluster] ?? 0) + 1;
    inertia += own;
  }
  return { nearest, toOwn, toNext, sizes, inertia };
}

function requireFinite({ dimensions, values }: Points): void {
  const at = values.findIndex((value) => !Number.isFinite(value));
  if (at < 0) return;
  throw new RangeError(
    `point ${Math.floor(at / dimensions)} is ${values[at]} in dimension ${at % dimensions}: a finite number is expected`,
  );
}

/**
 * Greedy k-means++ (Arthur and Vassilvitskii, 2007, section 5): for each further centre a few points are drawn, each with a chance in
 * proportion to its squared distance from the centres there are, and the one that brings points nearest is taken. So no centre is
 * drawn twice, unless there are fewer different points than centres.
 */
export function drawCentres(points: Points, k: number, random: () => number): number[][] {
  const { count, dimensions, values } = points;
  const candidates = 2 + Math.floor(Math.log(k));
  const first = Math.floor(random() * count);
  const chosen = [first];
  let distances = nearer(points, new Float64Array(count).fill(Number.POSITIVE_INFINITY), first);
  while (chosen.length < k) {
    const total = sumOf(distances);
    const drawn = Array.from({ length: candidates }, () => drawPosition(distances, random() * total));
    const nexts = drawn.map((position) => ({ position, distances: nearer(points, distances, position) }));
    const best = nexts.reduce((best, next) => (sumOf(next.distances) < sumOf(best.distances) ? next : best));
    chosen.push(best.position);
    distances = best.distances;
  }
  return chosen.map((position) => [...values.subarray(position * dimensions, (position + 1) * dimensions)]);
}

/** What is left of the distances when the point at `position` becomes a centre. */
function nearer({ count, dimensions, values }: Points, distances: Float64Array, position: number): Float64Array {
  const left = new Float64Array(count);
  for (let i = 0; i < count; i++) {
    const distance = squaredDistance(values, i * dimensions, values, position * dimensions, dimensions);
    left[i] = Math.min(distance, distances[i] ?? 0);
  }
  return left;
}

/** The position at which the distances before it add up to `sum`. */
function drawPosition(distances: Float64Array, sum: number): number {
  let left = sum;
  let drawn = 0;
  for (let i = 0; i < distances.length && left >= 0; i++) {
    if (!distances[i]) continue;
    drawn = i; // rounding may leave a crumb at the end: then the last that is no centre yet
    left -= distances[i] ?? 0;
  }
  return drawn;
}

function sumOf(numbers: Float64Array): number {
  let sum = 0;
  for (const number of numbers) sum += number;
  return sum;
}

function squaredDistance(a: Float64Array, aStart: number, b: Float64Array, bStart: number, dimensions: number): number {
  let sum = 0;
  for (let d = 0; d < dimensions; d++) {
    const difference = (a[aStart + d] ?? 0) - (b[bStart + d] ?? 0);
    sum += difference * difference;
  }
  return sum;
}

function rowsOf({ count, dimensions, values }: Points): number[][] {
  return Array.from({ length: count }, (_, i) => [...values.subarray(i * dimensions, (i + 1) * dimensions)]);
}
