import { adjustedRandIndex } from '../stats/adjusted-rand.js';
import { assignToCentres, type Centres, type Clustering } from './kmeans.js';
import { takePoints, type Points } from './points.js';
import { clusterFromLast } from './warm-start.js';

/** k is looked for in this range; smaller audiences allow less. */
export const K_RANGE = { least: 4, most: 10 } as const;
/** A segment of fewer is not worth a campaign of its own. */
const LEAST_SHARE = 0.02;
/** Two halves of the audience must tell the same story. */
const LEAST_STABILITY = 0.8;
/** The last walk's k stays while its elbow is this much of the best one's, and it has this much of what a gate asks. */
const LOYALTY = 0.9;
/** k is judged on this many points, and the exact silhouette on fewer: it costs their square. */
const JUDGED_POINTS = 5_000;
const SILHOUETTE_POINTS = 800;
const STARTS = 4;

/** Everything that was measured of one k, all of it kept with the model. */
export type KScore = {
  readonly k: number;
  /** Of the judged points, per point. */
  readonly inertia: number;
  /** How far the curve of inertia lies below the straight line between its ends, both scaled to 1: the elbow is where it is most. */
  readonly elbow: number;
  /** Mean silhouette of a sample, -1 to 1. Reported, never decides: on audiences it always says 2. */
  readonly silhouette: number;
  /** Adjusted Rand index of what two halves, clustered apart, say of all. */
  readonly stability: number;
  /** Of the smallest cluster. */
  readonly leastShare: number;
  readonly passes: boolean;
};

export type KChoice = {
  readonly k: number;
  readonly because: 'pinned by the tenant' | 'elbow' | 'kept from the last walk' | 'most stable, though none passes';
  readonly scores: readonly KScore[];
  /** The judged points' centres of the chosen k: where the final fit may start. */
  readonly centres: Centres;
};

export type KQuestion = {
  readonly seed: number;
  readonly least: number;
  readonly most: number;
  readonly pinned?: number;
  /** Of the last walk's segments, in today's features; none where there was no walk. */
  readonly lastCentres: Centres;
};

/**
 * The gated elbow: of the k whose clusters are large and stable enough, the one where the curve of inertia bends most. A k that
 * a tenant pinned is taken as it is, and scored all the same.
 */
export function chooseK(points: Points, { seed, least, most, pinned, lastCentres }: KQuestion): KChoice {
  const judged = everyNth(points, JUDGED_POINTS);
  const first = Math.min(least - 1, pinned ?? least);
  const ks = Array.from({ length: Math.max(most, pinned ?? most) - first + 1 }, (_, i) => first + i);
  const fits = ks.map((k) => clusterFromLast(judged, k, { seed, starts: k === 1 ? 1 : STARTS, lastCentres }));
  const elbows = elbowsOf(fits.map(({ inertia }) => inertia));
  const halves = [0, 1].map((rest) =>
    takePoints(
      judged,
      positionsWhere(judged.count, (i) => i % 2 === rest),
    ),
  );
  const candidates = ks.filter((k) => k === pinned || (k >= least && k <= most));
  const scores = candidates.map((k) => scoreOf(k, at(fits, k - first), elbows[k - first] ?? 0, { judged, halves, seed, lastCentres }));
  const chosen = pinned === undefined ? bestOf(scores, lastCentres.length) : { k: pinned, because: 'pinned by the tenant' as const };
  return { ...chosen, scores, centres: at(fits, chosen.k - first).centres };
}

function bestOf(scores: readonly KScore[], last: number): Pick<KChoice, 'k' | 'because'> {
  const passing = scores.filter(({ passes }) => passes);
  const before = scores.find(({ k }) => k === last);
  if (passing.length === 0) {
    const best = firstMost(scores, ({ stability }) => stability);
    return keptOr(best, 'most stable, though none passes', before, before !== undefined && before.stability >= LOYALTY * best.stability);
  }
  const best = firstMost(passing, ({ elbow }) => elbow);
  return keptOr(best, 'elbow', before, before !== undefined && passesGate(before, LOYALTY) && before.elbow >= LOYALTY * best.elbow);
}

function keptOr(best: KScore, because: KChoice['because'], before: KScore | undefined, isKept: boolean): Pick<KChoice, 'k' | 'because'> {
  return before && isKept && before.k !== best.k ? { k: before.k, because: 'kept from the last walk' } : { k: best.k, because };
}

function passesGate({ leastShare, stability }: Pick<KScore, 'leastShare' | 'stability'>, share: number): boolean {
  return leastShare >= share * LEAST_SHARE && stability >= share * LEAST_STABILITY;
}

type Judging = { readonly judged: Points; readonly halves: readonly Points[]; readonly seed: number; readonly lastCentres: Centres };

function scoreOf(k: number, fit: Clustering, elbow: number, judging: Judging): KScore {
  const { judged } = judging;
  const { sizes } = assignToCentres(judged, fit.centres);
  const leastShare = Math.min(...sizes) / judged.count;
  const stability = stabilityOf(k, judging);
  return {
    k,
    inertia: fit.inertia / judged.count,
    elbow,
    silhouette: silhouetteOf(everyNth(judged, SILHOUETTE_POINTS), fit.centres),
    stability,
    leastShare,
    passes: passesGate({ leastShare, stability }, 1),
  };
}

function stabilityOf(k: number, { judged, halves, seed, lastCentres }: Judging): number {
  if (halves.some(({ count }) => count < k)) return 0;
  const [left, right] = halves.map(
    (half) => assignToCentres(judged, clusterFromLast(half, k, { seed: seed + 1, starts: STARTS, lastCentres }).centres).nearest,
  );
  return left && right ? adjustedRandIndex(left, right) : 0;
}

/**
 * From one below the least k on, or from a pinned one that is lower: the first divisions of an audience (active or not) are so much
 * deeper than all later ones that a curve with them in it would bend at the least k whatever follows. A curve without any fall has
 * no elbow, and neither has an end of the curve: the most k is never chosen while another passes and bends.
 */
function elbowsOf(inertias: readonly number[]): number[] {
  const [first = 0] = inertias;
  const last = inertias.at(-1) ?? 0;
  const fall = first - last;
  const steps = inertias.length - 1;
  return inertias.map((inertia, i) => (fall > 0 ? 1 - i / steps - (inertia - last) / fall : 0));
}

/** Mean over all points of (b - a) / max(a, b): a the mean distance within the own cluster, b to the nearest other one. */
export function silhouetteOf(points: Points, centres: Centres): number {
  const { nearest, sizes } = assignToCentres(points, centres);
  if (sizes.filter((size) => size > 0).length < 2) return 0;
  const { count, dimensions, values } = points;
  let total = 0;
  for (let i = 0; i < count; i++) {
    const sums = centres.map(() => 0);
    for (let j = 0; j < count; j++) {
      let squares = 0;
      for (let d = 0; d < dimensions; d++) squares += ((values[i * dimensions + d] ?? 0) - (values[j * dimensions + d] ?? 0)) ** 2;
      sums[nearest[j] ?? 0] = (sums[nearest[j] ?? 0] ?? 0) + Math.sqrt(squares);
    }
    const own = nearest[i] ?? 0;
    const ownSize = sizes[own] ?? 0;
    if (ownSize < 2) continue; // alone in its cluster: 0 by definition
    const within = (sums[own] ?? 0) / (ownSize - 1);
    const others = sums.map((sum, cluster) =>
      cluster === own || !sizes[cluster] ? Number.POSITIVE_INFINITY : sum / (sizes[cluster] ?? 1),
    );
    const between = Math.min(...others);
    const larger = Math.max(within, between);
    total += larger > 0 ? (between - within) / larger : 0;
  }
  return total / count;
}

function everyNth(points: Points, most: number): Points {
  if (points.count <= most) return points;
  return takePoints(
    points,
    Array.from({ length: most }, (_, i) => Math.floor((i * points.count) / most)),
  );
}

function positionsWhere(count: number, keep: (position: number) => boolean): number[] {
  return Array.from({ length: count }, (_, i) => i).filter(keep);
}

function firstMost<T>(list: readonly T[], measure: (item: T) => number): T {
  return list.reduce((best, item) => (measure(item) > measure(best) ? item : best));
}

function at<T>(list: readonly T[], index: number): T {
  const item = list[index];
  if (item === undefined) throw new RangeError(`no item ${index} of ${list.length}`);
  return item;
}
