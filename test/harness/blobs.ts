import { seededRandom } from '../../core/random.js';
import type { Points } from '../../core/segment/points.js';

export type Blob = { readonly at: readonly number[]; readonly share: number; readonly spread: number };
export type Blobs = Points & { readonly labels: readonly number[] };

/** Points scattered normally around centres, in an order that tells nothing. */
export function scatter(blobs: readonly Blob[], count: number, seed: number): Blobs {
  const random = seededRandom(seed);
  const normal = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  const dimensions = blobs[0]?.at.length ?? 0;
  const values = new Float64Array(count * dimensions);
  const labels = Array.from({ length: count }, () => draw(blobs, random()));
  labels.forEach((label, i) => {
    const { at = [], spread = 0 } = blobs[label] ?? {};
    values.set(
      at.map((centre) => centre + spread * normal()),
      i * dimensions,
    );
  });
  return { count, dimensions, values, labels };
}

function draw(blobs: readonly Blob[], chance: number): number {
  let left = chance * blobs.reduce((sum, { share }) => sum + share, 0);
  return Math.max(
    0,
    blobs.findIndex(({ share }) => (left -= share) < 0),
  );
}

/** So many blobs, each `apart` from the next, on axes that take turns: 0, +, -, 0 of the next axis … */
export function blobsApart(k: number, apart: number, dimensions = 6): Blob[] {
  return Array.from({ length: k }, (_, i) => ({
    at: Array.from({ length: dimensions }, (_, d) => (d === Math.floor(i / 2) ? (i % 2 === 0 ? apart : -apart) : 0)),
    share: 1 + (i % 3) / 2,
    spread: 1,
  }));
}

export const pointsAt = (...rows: readonly (readonly number[])[]): Points => ({
  count: rows.length,
  dimensions: rows[0]?.length ?? 0,
  values: Float64Array.from(rows.flat()),
});
