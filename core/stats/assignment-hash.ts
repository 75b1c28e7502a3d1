import { requireNotNegative, requireProbability } from './rules.js';

const encoder = new TextEncoder();

/**
 * MurmurHash3 (x86, 32 bits) of the UTF-8 bytes of a text: the same in every language that hashes bytes, and well mixed even for
 * ids that follow each other.
 *
 * Source: Appleby, "MurmurHash3", 2011 (public domain).
 *
 * @example murmur3('hello', 0) // → 613153351
 */
export function murmur3(text: string, seed: number): number {
  const bytes = encoder.encode(text);
  const whole = bytes.length & ~3;
  let hash = seed | 0;
  for (let i = 0; i < whole; i += 4) {
    hash ^= scrambled(littleEndian(bytes, i, 4));
    hash = (hash << 13) | (hash >>> 19);
    hash = (Math.imul(hash, 5) + 0xe6546b64) | 0;
  }
  if (whole < bytes.length) hash ^= scrambled(littleEndian(bytes, whole, bytes.length - whole));
  return finished(hash ^ bytes.length);
}

function littleEndian(bytes: Uint8Array, from: number, count: number): number {
  let word = 0;
  for (let i = count - 1; i >= 0; i -= 1) word = (word << 8) | (bytes[from + i] ?? 0);
  return word;
}

function scrambled(word: number): number {
  const mixed = Math.imul(word, 0xcc9e2d51);
  return Math.imul((mixed << 15) | (mixed >>> 17), 0x1b873593);
}

function finished(hash: number): number {
  let mixed = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}

/**
 * Where a unit falls in [0, 1) under a salt: uniform over units, the same for ever, and independent between salts. Whoever is
 * drawn for several things (an exclusion group, coverage, an arm) needs a salt for each.
 *
 * @example hashFraction('seed', 'user-1') // → 0.7493306
 */
export const hashFraction = (salt: string, unit: string): number => murmur3(`${salt}:${unit}`, 0) / 2 ** 32;

/** A stretch [from, to) of the unit interval that belongs to an arm. */
export type ArmRange = { readonly from: number; readonly to: number };

/**
 * The stretches of the unit interval that belong to arms of these weights when only a share `coverage` of users takes part. Each
 * is cut back towards its left end, so that a growing coverage moves nobody to another arm.
 *
 * Throws a RangeError for weights that do not add up to 1.
 *
 * @example armRanges([0.5, 0.5], 0.5) // → [{ from: 0, to: 0.25 }, { from: 0.5, to: 0.75 }]
 */
export function armRanges(weights: readonly number[], coverage: number): ArmRange[] {
  requireProbability(coverage, 'coverage');
  for (const weight of weights) requireNotNegative(weight, 'each weight');
  const all = weights.reduce((sum, weight) => sum + weight, 0);
  if (!(Math.abs(all - 1) < 1e-9)) throw new RangeError(`weights must add up to 1, and add up to ${all}`);
  let from = 0;
  return weights.map((weight) => {
    const range = { from, to: from + weight * coverage };
    from += weight;
    return range;
  });
}

/**
 * The index of the arm whose stretch holds a fraction, or null for those who take no part.
 *
 * @example armAt([{ from: 0, to: 0.25 }, { from: 0.5, to: 0.75 }], 0.6) // → 1
 */
export function armAt(ranges: readonly ArmRange[], fraction: number): number | null {
  const index = ranges.findIndex(({ from, to }) => fraction >= from && fraction < to);
  return index < 0 ? null : index;
}
