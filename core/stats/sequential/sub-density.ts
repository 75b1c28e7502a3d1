import { erfc } from '../distributions/erfc.js';
import { legendreRule } from '../quadrature.js';

/**
 * The density of the score of a test that has not stopped yet, if nothing differs. The score is z·√information, which moves like
 * Brownian motion; whoever crosses `limit` on either side has left. The density is even, so only its values at the positive
 * points of a Gauss and Legendre rule on [-limit, limit] are kept, in ascending order: plain numbers that a row can hold.
 */
export type SubDensity = {
  readonly limit: number;
  /** The growth of information by which the density was last smoothed: it bends no faster than a bell of this variance. */
  readonly growth: number;
  readonly values: readonly number[];
};

/** Points per standard deviation of the narrowest bell, in the middle of the rule: leaves errors of about 1e-11 of the density. */
const FINENESS = 1.6;
const LEAST_POINTS = 8;

/** Positive points that a rule on [-limit, limit] needs to integrate a function that bends like a bell of this variance. */
function pointsFor(limit: number, variance: number): number {
  const needed = (FINENESS * Math.PI * limit) / Math.sqrt(variance) / 2;
  return Math.max(LEAST_POINTS, 4 * Math.ceil(needed / 4));
}

/** Points (positive) and weights times values of a density: all that its integrals need. */
export type Masses = { readonly points: Float64Array; readonly masses: Float64Array };

/** The density as point masses, close enough together for a next growth of information of this size. */
export function massesFor(density: SubDensity, growth: number): Masses {
  const variance = (density.growth * growth) / (density.growth + growth);
  const needed = Math.max(density.values.length, pointsFor(density.limit, variance));
  const { nodes, weights } = legendreRule(2 * needed);
  const points = new Float64Array(needed);
  const masses = new Float64Array(needed);
  const valueAt = needed === density.values.length ? null : interpolation(density);
  for (let i = 0; i < needed; i += 1) {
    const node = nodes[needed + i] ?? 0;
    points[i] = density.limit * node;
    masses[i] = density.limit * (weights[needed + i] ?? 0) * (valueAt === null ? (density.values[i] ?? 0) : valueAt(density.limit * node));
  }
  return { points, masses };
}

/**
 * The density between its points, by the barycentric formula of Lagrange's polynomial, folded because it is even.
 *
 * Source: Berrut and Trefethen, "Barycentric Lagrange interpolation", 2004, 4.2; weights after Wang and Xiang, 2012.
 */
export function interpolation({ limit, values }: SubDensity): (score: number) => number {
  const { nodes, weights } = legendreRule(2 * values.length);
  const squares = new Float64Array(values.length);
  const factors = new Float64Array(values.length);
  for (let i = 0; i < values.length; i += 1) {
    const node = nodes[values.length + i] ?? 0;
    squares[i] = node * node;
    factors[i] = (i % 2 === 0 ? 1 : -1) * node * Math.sqrt((1 - node * node) * (weights[values.length + i] ?? 0));
  }
  return (score) => {
    const square = (score / limit) ** 2;
    let [top, bottom] = [0, 0];
    for (let i = 0; i < squares.length; i += 1) {
      const distance = square - (squares[i] ?? 0);
      if (distance === 0) return values[i] ?? 0;
      const part = (factors[i] ?? 0) / distance;
      top += part * (values[i] ?? 0);
      bottom += part;
    }
    return Math.max(0, top / bottom);
  };
}

/** The probability of leaving beyond ±limit when information grows, and its slope there. */
export function leaving({ points, masses }: Masses, growth: number, limit: number): { probability: number; slope: number } {
  const scale = Math.SQRT1_2 / Math.sqrt(growth);
  let [probability, density] = [0, 0];
  for (let i = 0; i < points.length; i += 1) {
    const near = (limit - (points[i] ?? 0)) * scale;
    const far = (limit + (points[i] ?? 0)) * scale;
    const mass = masses[i] ?? 0;
    probability += mass * (erfc(near) + erfc(far));
    density += mass * (Math.exp(-near * near) + Math.exp(-far * far));
  }
  return { probability, slope: (-2 * density * scale) / Math.sqrt(Math.PI) };
}

/** The density after information has grown and those beyond the new limit have left. */
export function grown({ points, masses }: Masses, growth: number, limit: number): SubDensity {
  // twice as many as this growth needs, so that a next one of the same size needs no interpolation
  const values = Array.from({ length: pointsFor(limit, growth / 2) }, () => 0);
  const { nodes } = legendreRule(2 * values.length);
  const scale = 1 / (2 * growth);
  const height = 1 / Math.sqrt(2 * Math.PI * growth);
  for (let k = 0; k < values.length; k += 1) {
    const score = limit * (nodes[values.length + k] ?? 0);
    let sum = 0;
    for (let i = 0; i < points.length; i += 1) {
      const point = points[i] ?? 0;
      const distance = score - point;
      const mirrored = 4 * score * point * scale;
      const factor = mirrored > 40 ? 1 : 1 + Math.exp(-mirrored);
      sum += (masses[i] ?? 0) * Math.exp(-distance * distance * scale) * factor;
    }
    values[k] = sum * height;
  }
  return { limit, growth, values };
}

/** Everybody at 0: the density before the first look, as one mass. Half of it, because each point stands for two. */
export const START: Masses = { points: Float64Array.of(0), masses: Float64Array.of(0.5) };
