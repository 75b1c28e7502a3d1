import { assign } from '../stats/assignment.js';
import { clusterPoints, type Centres, type Clustering, type KMeansOptions } from './kmeans.js';
import type { SegmentName } from './naming.js';
import type { Points, ScaledFeature } from './points.js';

/** What a walk takes over from the model of an earlier day. */
export type LastModel = {
  readonly features: readonly ScaledFeature[];
  readonly segments: readonly (SegmentName & { readonly centre: readonly number[] })[];
};

/** A fit from new starts replaces one from the last centres only if it is better by more than this: members would move for nothing. */
const CLEARLY_BETTER = 0.99;

/**
 * The last model's centres in today's features: the same money or the same days, in today's scale. A feature that the last model
 * did not have, or measured otherwise, starts at the mean.
 */
export function restateCentres({ features: old, segments }: LastModel, features: readonly ScaledFeature[]): Centres {
  const sources = features.map(({ name, unit, logged }) =>
    old.findIndex((feature) => feature.name === name && feature.unit === unit && feature.logged === logged),
  );
  return segments.map(({ centre }) =>
    features.map((feature, d) => {
      const source = sources[d] ?? -1;
      const was = old[source];
      if (!was) return 0;
      const transformed = ((centre[source] ?? 0) / was.weight) * was.deviation + was.mean;
      return ((transformed - feature.mean) / feature.deviation) * feature.weight;
    }),
  );
}

/** k clusters, started at the last walk's centres where these are as many: whoever did not change stays where they are. */
export function clusterFromLast(points: Points, k: number, options: KMeansOptions & { readonly lastCentres: Centres }): Clustering {
  const cold = clusterPoints(points, k, options);
  if (options.lastCentres.length !== k) return cold;
  const warm = clusterPoints(points, k, { seed: options.seed, starts: 0, alsoFrom: [options.lastCentres] });
  return cold.inertia < CLEARLY_BETTER * warm.inertia ? cold : warm;
}

/** For each of today's centres the number of the last one that it continues, if any: the pairs whose squared distances add up to the least. */
export function continuedFrom(centres: Centres, last: Centres): (number | undefined)[] {
  const [few, many] = centres.length <= last.length ? [centres, last] : [last, centres];
  const partner = assign(few.map((from) => many.map((to) => from.reduce((sum, x, d) => sum + (x - (to[d] ?? 0)) ** 2, 0))));
  if (few === centres) return partner;
  return centres.map((_, i) => {
    const found = partner.indexOf(i);
    return found < 0 ? undefined : found;
  });
}
