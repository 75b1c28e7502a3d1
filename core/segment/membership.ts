import type { Features } from './features.js';
import { assignToCentres } from './kmeans.js';
import type { SegmentModel } from './model.js';
import { pointsOf, type FeatureColumns } from './points.js';

/** Users by position: the number of their segment in the model, or -1 for someone who was not there. */
export type Memberships = {
  readonly segment: Int8Array;
  /** 0 to 10,000: hundredths of a percent. See `confidenceOf`. */
  readonly confidence: Int32Array;
};

/** Puts everyone who is present into the segment whose centre is nearest. */
export function assignSegments(
  model: SegmentModel,
  columns: FeatureColumns,
  { users, present }: Pick<Features, 'users' | 'present'>,
): Memberships {
  const segment = new Int8Array(users).fill(-1);
  const confidence = new Int32Array(users);
  if (model.segments.length === 0) return { segment, confidence };
  const points = pointsOf(columns, users, model.features);
  const centres = model.segments.map(({ centre }) => centre);
  const { nearest, toOwn, toNext } = assignToCentres(points, centres);
  for (let i = 0; i < users; i++) {
    if (!present[i]) continue;
    segment[i] = nearest[i] ?? 0;
    confidence[i] = Math.round(10_000 * confidenceOf(Math.sqrt(toOwn[i] ?? 0), Math.sqrt(toNext[i] ?? 0)));
  }
  return { segment, confidence };
}

/**
 * How much nearer someone is to the own centre than to the next: 1 - own / next. 1 is at the centre, 0 halfway to another
 * segment. Where there is no other segment it is 1.
 */
export function confidenceOf(toOwn: number, toNext: number): number {
  if (toNext === Number.POSITIVE_INFINITY) return 1;
  return toNext > 0 ? 1 - toOwn / toNext : 0;
}
