import { requireProbability } from './rules.js';

/**
 * Holm's adjusted p-values: reject those at most alpha, and the chance of any false one is at most alpha, however the tests depend
 * on each other. In the order given.
 *
 * Source: Holm, "A simple sequentially rejective multiple test procedure", 1979.
 *
 * @example holm([0.01, 0.04, 0.03]) // → [0.03, 0.06, 0.06]
 */
export function holm(pValues: readonly number[]): number[] {
  const adjusted = pValues.map(() => 0);
  let highest = 0;
  for (const [rank, { p, place }] of ascending(pValues).entries()) {
    highest = Math.max(highest, Math.min(1, (pValues.length - rank) * p));
    adjusted[place] = highest;
  }
  return adjusted;
}

/**
 * Benjamini and Hochberg's adjusted p-values: of those at most alpha, an expected share of at most alpha is false. Assumes tests
 * that are independent or positively dependent. In the order given.
 *
 * Source: Benjamini and Hochberg, "Controlling the false discovery rate", 1995.
 *
 * @example benjaminiHochberg([0.01, 0.04, 0.03]) // → [0.03, 0.04, 0.04]
 */
export function benjaminiHochberg(pValues: readonly number[]): number[] {
  const adjusted = pValues.map(() => 0);
  let lowest = 1;
  for (const [rank, { p, place }] of [...ascending(pValues).entries()].toReversed()) {
    lowest = Math.min(lowest, (pValues.length * p) / (rank + 1));
    adjusted[place] = lowest;
  }
  return adjusted;
}

function ascending(pValues: readonly number[]): { readonly p: number; readonly place: number }[] {
  for (const p of pValues) requireProbability(p, 'each p-value');
  return pValues.map((p, place) => ({ p, place })).sort((left, right) => left.p - right.p);
}
