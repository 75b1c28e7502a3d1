/**
 * The regularised incomplete beta function I_x(a, b): the cumulative distribution of Beta(a, b) at x.
 *
 * By the continued fraction of Abramowitz & Stegun 26.5.8, evaluated by Lentz's method; where it converges slowly, by the
 * symmetry I_x(a, b) = 1 - I_{1-x}(b, a). Assumes a > 0 and b > 0; throws a RangeError otherwise.
 * betaCdf(0.5, 2, 3) is 0.6875.
 */
export function betaCdf(x: number, a: number, b: number): number {
  if (!(a > 0 && b > 0) || Number.isNaN(x)) throw new RangeError('the beta distribution needs a > 0, b > 0 and a number');
  if (x <= 0) return 0;
  if (x >= 1) return 1;
  if (x > (a + 1) / (a + b + 2)) return 1 - betaCdf(1 - x, b, a);
  const logFront = logGamma(a + b) - logGamma(a) - logGamma(b) + a * Math.log(x) + b * Math.log1p(-x);
  return clamp((Math.exp(logFront) / a) * continuedFraction(x, a, b));
}

const TINY = 1e-300;
const MOST_TERMS = 10_000;

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
    if (Math.abs(c * d - 1) < 1e-14) return value;
  }
  return value;
}

const awayFromZero = (value: number): number => (Math.abs(value) < TINY ? TINY : value);
const clamp = (value: number): number => Math.min(1, Math.max(0, value));

const LANCZOS = [
  0.99999999999980993, 676.5203681218851, -1259.1392167224028, 771.32342877765313, -176.61502916214059, 12.507343278686905,
  -0.13857109526572012, 9.9843695780195716e-6, 1.5056327351493116e-7,
] as const;

/** The logarithm of the gamma function for x > 0, by Lanczos's approximation (g = 7, n = 9): about 15 digits. */
function logGamma(x: number): number {
  if (x < 0.5) return Math.log(Math.PI / Math.sin(Math.PI * x)) - logGamma(1 - x);
  const t = x + 6.5;
  const sum = LANCZOS.reduce((total, coefficient, i) => (i === 0 ? coefficient : total + coefficient / (x - 1 + i)), 0);
  return 0.5 * Math.log(2 * Math.PI) + (x - 0.5) * Math.log(t) - t + Math.log(sum);
}

/** How far the true proportion may lie from the measured one, as a part of the measured one, and still count as near it. */
export const NEARNESS = 0.1;

/**
 * How sure a measured proportion is: the probability that the true one lies within a tenth (±10 %) of it.
 *
 * By the posterior of a proportion after `successes` of `trials` with Jeffreys' prior, Beta(successes + ½, failures + ½).
 * Assumes that the people were independent of each other and that what is asked about is like what was measured: it knows
 * nothing of seasons. Without a success there is no tenth of anything: 0. nearness(20, 100) is about 0.38.
 */
export function nearness(successes: number, trials: number): number {
  if (!(trials > 0 && successes >= 0 && successes <= trials)) throw new RangeError('successes among trials are expected');
  const { a, b } = jeffreys(successes, trials);
  const measured = successes / trials;
  return clamp(betaCdf((1 + NEARNESS) * measured, a, b) - betaCdf((1 - NEARNESS) * measured, a, b));
}

/** The parameters of the posterior of a proportion with Jeffreys' prior. */
export const jeffreys = (successes: number, trials: number) => ({ a: successes + 0.5, b: trials - successes + 0.5 });
