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
 * there; its iterations are its own. Points must be finite: one NaN makes it fail without saying why.
 */
export function clusterPoints(points: Points, k: number, { seed, starts, alsoFrom = [] }: KMeansOptions): Clustering {
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

/** k-means++: each further centre is a point drawn with a chance in proportion to its squared distance from those there are. */
function drawCentres({ count, dimensions, values }: Points, k: number, random: () => number): number[][] {
  const centres: number[][] = [];
  const distances = new Float64Array(count).fill(Number.POSITIVE_INFINITY);
  let chosen = Math.floor(random() * count);
  while (centres.length < k) {
    centres.push([...values.subarray(chosen * dimensions, (chosen + 1) * dimensions)]);
    let total = 0;
    for (let i = 0; i < count; i++) {
      const distance = squaredDistance(values, i * dimensions, values, chosen * dimensions, dimensions);
      if (distance < (distances[i] ?? 0)) distances[i] = distance;
      total += distances[i] ?? 0;
    }
    let left = random() * total;
    chosen = count - 1;
    for (let i = 0; i < count; i++) {
      left -= distances[i] ?? 0;
      if (left < 0) {
        chosen = i;
        break;
      }
    }
  }
  return centres;
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
