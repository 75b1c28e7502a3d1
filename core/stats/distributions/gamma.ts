import { requirePositive } from '../rules.js';
import { polynomial } from './polynomial.js';

const LANCZOS = [
  676.5203681218851, -1259.1392167224028, 771.3234287776531, -176.6150291621406, 12.507343278686905, -0.13857109526572012,
  0.000009984369578019572, 1.5056327351493116e-7,
] as const;

const HALF_LOG_TWO_PI = 0.5 * Math.log(2 * Math.PI);

/** The coefficients B_2k / (2k(2k-1)) of Stirling's series, from the highest power of 1/x² down. */
const STIRLING = [-3617 / 122_400, 1 / 156, -691 / 360_360, 1 / 1188, -1 / 1680, 1 / 1260, -1 / 360, 1 / 12];

/** From here on Stirling's series has all the digits of a double. */
const STIRLING_FROM = 15;

/**
 * The logarithm of the gamma function for x > 0, to about 15 digits. Throws a RangeError for x of 0 or less.
 *
 * Source: Lanczos, "A precision approximation of the gamma function", 1964; above 15 Stirling's series, DLMF 5.11.1.
 *
 * @example logGamma(10) // → 12.801827480081469
 */
export function logGamma(x: number): number {
  requirePositive(x, 'the argument of the gamma function');
  return x >= STIRLING_FROM ? (x - 0.5) * Math.log(x) - x + HALF_LOG_TWO_PI + stirlingError(x) : lanczos(x);
}

function lanczos(x: number): number {
  if (x < 0.5) return Math.log(Math.PI / Math.sin(Math.PI * x)) - lanczos(1 - x);
  let sum = 0.9999999999998099;
  for (const [i, coefficient] of LANCZOS.entries()) sum += coefficient / (x + i);
  const t = x + 6.5;
  return HALF_LOG_TWO_PI + (x - 0.5) * Math.log(t) - t + Math.log(sum);
}

/**
 * By how much the logarithm of the gamma function exceeds Stirling's formula (x - ½) ln x - x + ½ ln 2π.
 *
 * @example stirlingError(1) // → 0.0810614667953
 */
export function stirlingError(x: number): number {
  if (x >= STIRLING_FROM) return polynomial(STIRLING, 1 / (x * x)) / x;
  return lanczos(x) - ((x - 0.5) * Math.log(x) - x + HALF_LOG_TWO_PI);
}

/**
 * ln(1 + u) - u without cancellation, by a series in u / (2 + u) near 0.
 *
 * @example log1pMinus(1) // → -0.30685281944
 */
export function log1pMinus(u: number): number {
  if (Math.abs(u) > 0.3) return Math.log1p(u) - u;
  const r = u / (2 + u);
  const square = r * r;
  let power = r;
  let sum = 0;
  for (let odd = 3; odd < 60; odd += 2) {
    power *= square;
    const next = sum + power / odd;
    if (next === sum) break;
    sum = next;
  }
  return 2 * sum - u * r;
}
