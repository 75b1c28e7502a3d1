import { legendreRule } from '../quadrature.js';

/**
 * A posterior on a line of its own choosing (the value itself, or its logit), where its density has one hump with a logarithm
 * that is nowhere convex. Only the shape of the density is asked for; its size is found by integration.
 */
export type Curve = {
  readonly peak: number;
  readonly spread: number;
  /** The logarithm of the density, less that at the peak. */
  readonly logShape: (place: number) => number;
};

/** The line that curves lie on: how much value a step along it is, and how long a step may be for that to be integrated well. */
export type Line = { readonly valuePerStep: (place: number) => number; readonly longestStep: number };

/** For each arm the probability of having the highest value, and the value expected to be lost by choosing it. */
export type Race = { readonly best: readonly number[]; readonly loss: readonly number[] };

const POINTS = 12;
/** Breaks from the peak outwards, in spreads; further ones follow at growing distances until the density has vanished. */
const FIRST_STEP = 1.8;
const STEP_GROWTH = 1.1;
const VANISHED = -34;
/** By how much the logarithm of a density may fall within one panel: skewed curves have a side steeper than their spread says. */
const STEEPEST = 9;

/**
 * Which of several independent posteriors is the highest, by quadrature: on panels that are fine where any density is, by Gauss
 * and Legendre's rule, with each cumulative distribution integrated on the same points. Deterministic, to about twelve digits after the point.
 */
export function race(curves: readonly Curve[], line: Line): Race {
  const supports = curves.map(breaksOf);
  const breaks = merged(supports, line.longestStep);
  const arms = curves.map((curve, i) => tabulated(curve, supports[i] ?? [], breaks));
  const best = curves.map(() => 0);
  const loss = curves.map(() => 0);
  const { nodes, weights } = legendreRule(POINTS);
  for (let panel = 0; panel + 1 < breaks.length; panel += 1) {
    const [from, to] = [breaks[panel] ?? 0, breaks[panel + 1] ?? 0];
    for (let i = 0; i < POINTS; i += 1) {
      const weight = ((to - from) / 2) * (weights[i] ?? 0);
      const value = weight * line.valuePerStep(from + ((to - from) / 2) * (1 + (nodes[i] ?? 0)));
      addPoint(arms, panel * POINTS + i, { weight, value, best, loss });
    }
  }
  const all = best.reduce((sum, share) => sum + share, 0);
  return { best: best.map((share) => share / all), loss };
}

type Table = { readonly densities: Float64Array; readonly below: Float64Array };

function addPoint(
  arms: readonly Table[],
  at: number,
  into: { readonly weight: number; readonly value: number; readonly best: number[]; readonly loss: number[] },
): void {
  for (let k = 0; k < arms.length; k += 1) {
    const density = arms[k]?.densities[at] ?? 0;
    const below = arms[k]?.below[at] ?? 0;
    let others = 1;
    for (let j = 0; j < arms.length; j += 1) if (j !== k) others *= arms[j]?.below[at] ?? 0;
    into.best[k] = (into.best[k] ?? 0) + into.weight * density * others;
    into.loss[k] = (into.loss[k] ?? 0) + into.value * below * (1 - others);
  }
}

function breaksOf({ peak, spread, logShape }: Curve): number[] {
  const breaks = [peak];
  for (const direction of [-1, 1]) {
    let step = FIRST_STEP * spread * direction;
    for (let [place, height] = [peak, 0]; height > VANISHED; step *= STEP_GROWTH) {
      while (height - logShape(place + step) > STEEPEST) step /= 2;
      place += step;
      height = logShape(place);
      breaks.push(place);
    }
  }
  return breaks.sort((left, right) => left - right);
}

function merged(supports: readonly (readonly number[])[], longestStep: number): number[] {
  const breaks: number[] = [];
  for (const place of supports.flat().sort((left, right) => left - right)) {
    const last = breaks.at(-1);
    if (last === undefined) breaks.push(place);
    else if (place > last) {
      const parts = Math.ceil((place - last) / longestStep);
      for (let part = 1; part < parts; part += 1) breaks.push(last + ((place - last) * part) / parts);
      breaks.push(place);
    }
  }
  return breaks;
}

/** Density and cumulative distribution of a curve at all points of all panels, scaled to a total of 1. */
function tabulated(curve: Curve, support: readonly number[], breaks: readonly number[]): Table {
  const [first, last] = [support[0] ?? 0, support.at(-1) ?? 0];
  const size = (breaks.length - 1) * POINTS;
  const densities = new Float64Array(size);
  const below = new Float64Array(size);
  const { nodes, weights } = legendreRule(POINTS);
  const partial = partialIntegrals();
  let sum = 0;
  for (let panel = 0; panel + 1 < breaks.length; panel += 1) {
    const [from, to] = [breaks[panel] ?? 0, breaks[panel + 1] ?? 0];
    const [start, half] = [panel * POINTS, (to - from) / 2];
    if (to <= first || from >= last) {
      below.fill(sum, start, start + POINTS);
      continue;
    }
    for (let i = 0; i < POINTS; i += 1) densities[start + i] = Math.exp(curve.logShape(from + half * (1 + (nodes[i] ?? 0))));
    for (let j = 0; j < POINTS; j += 1) {
      let part = 0;
      for (let i = 0; i < POINTS; i += 1) part += (partial[j * POINTS + i] ?? 0) * (densities[start + i] ?? 0);
      below[start + j] = sum + half * part;
    }
    for (let i = 0; i < POINTS; i += 1) sum += half * (weights[i] ?? 0) * (densities[start + i] ?? 0);
  }
  for (let i = 0; i < size; i += 1) {
    densities[i] = (densities[i] ?? 0) / sum;
    below[i] = Math.min(1, Math.max(0, (below[i] ?? 0) / sum));
  }
  return { densities, below };
}

let integrals: Float64Array | null = null;

/** Row j, column i: the integral from -1 to point j of the polynomial that is 1 at point i and 0 at the others. */
function partialIntegrals(): Float64Array {
  if (integrals !== null) return integrals;
  const { nodes, weights } = legendreRule(POINTS);
  const polynomials = Array.from(nodes, (node) => legendrePolynomials(node, POINTS));
  integrals = Float64Array.from({ length: POINTS * POINTS }, (_, at) => {
    const [j, i] = [Math.floor(at / POINTS), at % POINTS];
    const [there, here] = [polynomials[j] ?? [], polynomials[i] ?? []];
    let sum = 1 + (nodes[j] ?? 0);
    for (let k = 1; k < POINTS; k += 1) sum += (here[k] ?? 0) * ((there[k + 1] ?? 0) - (there[k - 1] ?? 0));
    return ((weights[i] ?? 0) / 2) * sum;
  });
  return integrals;
}

function legendrePolynomials(x: number, highest: number): number[] {
  const values = [1, x];
  for (let k = 2; k <= highest; k += 1) values.push(((2 * k - 1) * x * (values[k - 1] ?? 0) - (k - 1) * (values[k - 2] ?? 0)) / k);
  return values;
}
