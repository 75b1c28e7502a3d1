import { hashFraction } from '../stats/assignment-hash.js';
import type { Exclusion } from './design.js';

/** The shares of the arms from a moment on, in the order of the variations. They change nothing for anybody exposed before. */
export type WeightPeriod = { readonly fromMs: number; readonly weights: readonly number[] };

/** All that an arm is derived from. `salt` is the test's own for ever; periods are in ascending order of time, and the first is the start. */
export type AssignmentPlan = {
  readonly salt: string;
  readonly variationIds: readonly string[];
  readonly exposureShare: number;
  readonly exclusion: Exclusion | null;
  readonly periods: readonly WeightPeriod[];
};

export type Assignment =
  | { readonly kind: 'in'; readonly variationId: string; readonly by: 'exposure' | 'hash' }
  | { readonly kind: 'out'; readonly because: 'exclusion_group' | 'exposure_share' | 'not_started' };

/**
 * The arm of a user: that of their recorded exposure if there is one, else the one that the hash says at this moment. The same for
 * ever, for everybody who asks, without a table. Exclusion group, coverage and arm have a salt each, so that they are independent
 * of each other and of every other test; a growing exposure share takes nobody out and moves nobody.
 */
export function assignVariation(
  plan: AssignmentPlan,
  user: { readonly userId: string; readonly atMs: number; readonly exposedTo: string | null },
): Assignment {
  if (user.exposedTo !== null) return { kind: 'in', variationId: user.exposedTo, by: 'exposure' };
  const period = plan.periods.findLast(({ fromMs }) => fromMs <= user.atMs);
  if (period === undefined) return { kind: 'out', because: 'not_started' };
  if (!inStretch(plan.exclusion, user.userId)) return { kind: 'out', because: 'exclusion_group' };
  if (!isCovered(plan, user.userId)) return { kind: 'out', because: 'exposure_share' };
  const index = armOf(period.weights, hashFraction(`${plan.salt}/variation`, user.userId));
  return { kind: 'in', variationId: plan.variationIds[index] ?? '', by: 'hash' };
}

/** Weights add up to 1 but for rounding, and what rounding leaves over belongs to the last arm that has a weight. */
function armOf(weights: readonly number[], fraction: number): number {
  let to = 0;
  for (let arm = 0; arm < weights.length; arm += 1) {
    to += weights[arm] ?? 0;
    if (fraction < to) return arm;
  }
  return weights.findLastIndex((weight) => weight > 0);
}

const isCovered = ({ salt, exposureShare }: AssignmentPlan, userId: string): boolean =>
  exposureShare >= 1 || hashFraction(`${salt}/coverage`, userId) < exposureShare;

function inStretch(exclusion: Exclusion | null, userId: string): boolean {
  if (exclusion === null) return true;
  const place = hashFraction(`exclusion/${exclusion.group}`, userId);
  return place >= exclusion.from && place < exclusion.to;
}

/**
 * The first stretch of an exclusion group that no other of its tests has, or null where none is so long.
 *
 * @example freeStretch([{ group: 'g', from: 0, to: 0.5 }], { group: 'g', share: 0.25 }) // → { group: 'g', from: 0.5, to: 0.75 }
 */
export function freeStretch(taken: readonly Exclusion[], wanted: { readonly group: string; readonly share: number }): Exclusion | null {
  const others = taken.filter(({ group }) => group === wanted.group).sort((left, right) => left.from - right.from);
  let from = 0;
  for (const other of others) {
    if (other.from - from >= wanted.share - ROUNDING) return { group: wanted.group, from, to: Math.min(from + wanted.share, other.from) };
    from = Math.max(from, other.to);
  }
  return 1 - from >= wanted.share - ROUNDING ? { group: wanted.group, from, to: Math.min(1, from + wanted.share) } : null;
}

const ROUNDING = 1e-9;
