import jStat from 'jstat';
import { requireOpenProbability } from '../rules.js';
import { log1pMinus, stirlingError } from './gamma.js';
import { legendreRule } from '../quadrature.js';

/**
 * The regularised incomplete beta function I_x(a, b): the cumulative distribution of Beta(a, b) at x, for parameters of any size.
 * Assumes a > 0 and b > 0; throws a RangeError otherwise.
 *
 * Source: the continued fraction of Abramowitz and Stegun, 1964, 26.5.8, by Lentz's method; where both parameters are large, the
 * density is integrated instead, whose cost does not grow with them.
 *
 * @example betaCdf(0.5, 2, 3) // → 0.6875
 */
export const betaCdf = (x: number, a: number, b: number): number => betaTails(x, 1 - x, a, b).lower;

/**
 * Both tails of Beta(a, b) at x, each with its own digits. `complement` is 1 - x, given apart for callers that know it better
 * than subtraction does.
 *
 * @example betaTails(0.5, 0.5, 2, 3) // → { lower: 0.6875, upper: 0.3125 }
 */
export function betaTails(x: number, complement: number, a: number, b: number): { readonly lower: number; readonly upper: number } {
  if (!(a > 0 && b > 0) || Number.isNaN(x)) throw new RangeError('the beta distribution needs a > 0, b > 0 and a number');
  if (x <= 0) return { lower: 0, upper: 1 };
  if (complement <= 0) return { lower: 1, upper: 0 };
  const above = x > (a + 1) / (a + b + 2);
  const tail = clamp(above ? lowerTail(complement, x, b, a) : lowerTail(x, complement, a, b));
  return above ? { lower: 1 - tail, upper: tail } : { lower: tail, upper: 1 - tail };
}

/** The size of parameters from which the density is so close to a bell that integrating it is quicker than the fraction. */
const LARGE = 3000;

/** The lower tail at an x that does not lie above the mean. */
function lowerTail(x: number, y: number, a: number, b: number): number {
  if (a > LARGE && b > LARGE) return integratedTail(x, y, a, b);
  return (Math.exp(logKernel(x, y, a, b)) / a) * continuedFraction(x, a, b);
}

/**
 * The logarithm of x^a y^b / B(a, b), with y = 1 - x: the density of the logit of a Beta(a, b) number. Near the mean the large
 * terms are cancelled by hand.
 *
 * Source: the saddle-point form of Loader, "Fast and accurate computation of binomial probabilities", 2000.
 *
 * @example logKernel(0.5, 0.5, 1, 1) // → -1.38629436112
 */
export function logKernel(x: number, y: number, a: number, b: number): number {
  const n = a + b;
  const distance = x < 0.5 ? x - a / n : b / n - y;
  const bulk = a * logRatioMinus(x, a / n, distance) + b * logRatioMinus(y, b / n, -distance);
  return bulk + stirlingError(n) - stirlingError(a) - stirlingError(b) + 0.5 * Math.log((a / n) * b * (1 / (2 * Math.PI)));
}

/** ln(x / mean) - distance / mean, with all the digits of a small x as well as of a small distance. */
function logRatioMinus(x: number, mean: number, distance: number): number {
  const u = distance / mean;
  return Math.abs(u) < 0.3 ? log1pMinus(u) : Math.log(x / mean) - u;
}

const PANELS = 8;
const REACH_IN_DEVIATIONS = 16;

/** The integral of the density from x away from the mean, as far as it matters. */
function integratedTail(x: number, y: number, a: number, b: number): number {
  const n = a + b;
  const deviation = Math.sqrt((a / n) * (b / n)) / Math.sqrt(n);
  const width = Math.min(x, REACH_IN_DEVIATIONS * deviation) / PANELS;
  const { nodes, weights } = legendreRule(16);
  let sum = 0;
  for (let panel = 0; panel < PANELS; panel += 1) {
    for (let i = 0; i < nodes.length; i += 1) {
      const back = width * (panel + 0.5 + 0.5 * (nodes[i] ?? 0));
      const [at, complement] = [x - back, y + back];
      sum += ((weights[i] ?? 0) * Math.exp(logKernel(at, complement, a, b))) / (at * complement);
    }
  }
  return (sum * width) / 2;
}

const TINY = 1e-300;
const MOST_TERMS = 100_000;

function continuedFraction(x: number, a: number, b: number): number {
  let c = 1;
  let d = 1 / awayFromZero(1 - ((a + b) * x) / (a + 1));
  let value = d;
  for (let m = 1; m <= MOST_TERMS; m += 1) {
    const even = (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m));
    d = 1 / awayFromZero(1 + even * d);
    c = awayFromZero(1 + even / c);
    value *= c * d;
    const odd = (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1));
    d = 1 / awayFromZero(1 + odd * d);
    c = awayFromZero(1 + odd / c);
    value *= c * d;
    if (Math.abs(c * d - 1) < 1e-15) return value;
  }
  return value;
}

const awayFromZero = (value: number): number => (Math.abs(value) < TINY ? TINY : value);
const clamp = (value: number): number => Math.min(1, Math.max(0, value));

/** The size up to which jStat's quantile is right (to 1e-8), and so a good first guess. */
const JSTAT_SAFE = 30_000;

/**
 * The quantile of Beta(a, b): the x below which a share p lies, for parameters of any size. Throws a RangeError for p = 0 or 1.
 *
 * By Newton's method on our own cumulative distribution, kept inside a bracket, from jStat's quantile where that is safe.
 *
 * @example betaQuantile(0.025, 121, 881) // → 0.101323419644
 */
export function betaQuantile(p: number, a: number, b: number): number {
  requireOpenProbability(p, 'the probability of a quantile');
  let [low, high] = [0, 1];
  let x = a + b <= JSTAT_SAFE ? jStat.beta.inv(p, a, b) : a / (a + b);
  if (!(x > 0 && x < 1)) x = a / (a + b);
  for (let step = 0; step < 200; step += 1) {
    const excess = betaCdf(x, a, b) - p;
    if (excess > 0) high = x;
    else low = x;
    const slope = Math.exp(logKernel(x, 1 - x, a, b)) / (x * (1 - x));
    const newton = x - excess / slope;
    const next = newton > low && newton < high ? newton : (low + high) / 2;
    if (Math.abs(next - x) <= 1e-15 * x) return next;
    x = next;
  }
  return x;
}
