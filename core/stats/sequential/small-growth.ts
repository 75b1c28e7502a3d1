import { normalUpperTail } from '../distributions/normal.js';
import { legendreRule } from '../quadrature.js';
import { interpolation, type SubDensity } from './sub-density.js';

/** Steps this many standard deviations long do not happen. */
const LONGEST_STEP = 8;

/**
 * The limit beyond which `spend` leaves when information hardly grows, or not at all: no grid could follow so narrow a step, so
 * the density is integrated apart within reach of the limit and beyond it. Bisection, because the closing look happens once.
 */
export function limitAfterSmallGrowth(density: SubDensity, growth: number, spend: number): number {
  const valueAt = interpolation(density);
  const step = Math.sqrt(growth);
  let [low, high] = [0, density.limit + LONGEST_STEP * step];
  for (let halving = 0; halving < 60; halving += 1) {
    const limit = (low + high) / 2;
    if (leavingAfter(density.limit, valueAt, { limit, step }) > spend) low = limit;
    else high = limit;
  }
  return high;
}

function leavingAfter(edge: number, valueAt: (score: number) => number, { limit, step }: { limit: number; step: number }): number {
  const reach = LONGEST_STEP * step;
  const within = Math.min(edge, Math.max(0, limit - reach));
  const beyond = Math.min(edge, limit + reach);
  const sure = integral(beyond, edge, valueAt);
  const unsure = step === 0 ? 0 : integral(within, beyond, (score) => valueAt(score) * normalUpperTail((limit - score) / step));
  return 2 * (sure + unsure);
}

function integral(from: number, to: number, of: (score: number) => number): number {
  if (!(to > from)) return 0;
  const { nodes, weights } = legendreRule(48);
  let sum = 0;
  for (let i = 0; i < nodes.length; i += 1) sum += (weights[i] ?? 0) * of(from + ((to - from) / 2) * (1 + (nodes[i] ?? 0)));
  return (sum * (to - from)) / 2;
}
