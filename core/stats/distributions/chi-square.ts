import jStat from 'jstat';
import { requireFinite, requireOpenProbability, requirePositive } from '../rules.js';
import { normalTwoSidedP } from './normal.js';
import { log1pMinus, stirlingError } from './gamma.js';

/**
 * The probability that a chi-square number with so many degrees of freedom exceeds x: the p-value of a chi-square test. Keeps its
 * digits far into the tail, where jStat's 1 - cdf is 0 (x ≥ 74). Throws a RangeError for degrees of 0 or less.
 *
 * Source: the upper regularised incomplete gamma function, DLMF 8.7.1 (series) and 8.9.2 (continued fraction).
 *
 * @example chiSquareUpperTail(100, 1) // → 1.5239706048320995e-23
 */
export function chiSquareUpperTail(x: number, degrees: number): number {
  requirePositive(degrees, 'degrees of freedom');
  requireFinite(x, 'chi-square');
  if (x <= 0) return 1;
  if (degrees === 1) return normalTwoSidedP(Math.sqrt(x));
  if (degrees === 2) return Math.exp(-x / 2);
  const [a, half] = [degrees / 2, x / 2];
  return half < a + 1 ? 1 - lowerSeries(a, half) : upperFraction(a, half);
}

/**
 * The quantile of the chi-square distribution, by jStat, which is good to 2e-9 of the value here (1 to 100,000 degrees), and one
 * step of Newton's method on our own tail. Throws a RangeError outside that domain and for p = 0 or 1, where jStat answers wrongly.
 *
 * @example chiSquareQuantile(0.95, 3) // → 7.81472790325
 */
export function chiSquareQuantile(p: number, degrees: number): number {
  requireOpenProbability(p, 'the probability of a quantile');
  if (!(degrees >= 1 && degrees <= 100_000)) throw new RangeError(`degrees of freedom from 1 to 100,000 are expected, not ${degrees}`);
  const guess = jStat.chisquare.inv(p, degrees);
  const density = front(degrees / 2, guess / 2) / guess;
  return guess + (chiSquareUpperTail(guess, degrees) - (1 - p)) / density;
}

/** x^a e^-x / Γ(a), without overflow and without cancelling large logarithms. */
function front(a: number, x: number): number {
  const u = (x - a) / a;
  return Math.exp(a * log1pMinus(u) - stirlingError(a)) * Math.sqrt(a / (2 * Math.PI));
}

function lowerSeries(a: number, x: number): number {
  let term = 1 / a;
  let sum = term;
  for (let n = 1; term > sum * 1e-17; n += 1) {
    term *= x / (a + n);
    sum += term;
  }
  return Math.min(1, sum * front(a, x));
}

function upperFraction(a: number, x: number): number {
  let b = x + 1 - a;
  let c = 1e300;
  let d = 1 / b;
  let value = d;
  for (let n = 1; n < 100_000; n += 1) {
    const numerator = -n * (n - a);
    b += 2;
    d = 1 / (numerator * d + b);
    c = b + numerator / c;
    value *= c * d;
    if (Math.abs(c * d - 1) < 1e-15) break;
  }
  return value * front(a, x);
}
