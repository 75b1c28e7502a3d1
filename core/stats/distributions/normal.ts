import { requireOpenProbability } from '../rules.js';
import { erfc } from './erfc.js';
import { polynomial } from './polynomial.js';

const ROOT_TWO_PI = Math.sqrt(2 * Math.PI);

/**
 * The density of the standard normal distribution.
 *
 * @example normalDensity(0) // → 0.3989422804014327
 */
export const normalDensity = (z: number): number => Math.exp(-0.5 * z * z) / ROOT_TWO_PI;

/**
 * The probability that a standard normal number lies above z. Keeps all its digits far into the tail (to z = 37), where 1 minus
 * the cumulative distribution would be 0.
 *
 * Source: ½ erfc(z / √2), Abramowitz and Stegun, 1964, 26.2.29.
 *
 * @example normalUpperTail(1.959963984540054) // → 0.025
 */
export const normalUpperTail = (z: number): number => 0.5 * erfc(z * Math.SQRT1_2);

/**
 * The cumulative distribution of the standard normal: the probability of lying below z.
 *
 * @example normalCdf(-10) // → 7.61985302416e-24
 */
export const normalCdf = (z: number): number => normalUpperTail(-z);

/**
 * The probability that a standard normal number lies as far from 0 as z, on either side: the two-sided p-value of z.
 *
 * @example normalTwoSidedP(1.959963984540054) // → 0.05
 */
export const normalTwoSidedP = (z: number): number => Math.min(1, 2 * normalUpperTail(Math.abs(z)));

const CENTRE_TOP = [
  2509.0809287301227, 33430.57558358813, 67265.7709270087, 45921.95393154987, 13731.69376550946, 1971.5909503065513, 133.14166789178438,
  3.3871328727963665,
];
const CENTRE_BOTTOM = [
  5226.495278852854, 28729.085735721943, 39307.89580009271, 21213.794301586597, 5394.196021424751, 687.1870074920579, 42.31333070160091, 1,
];
const TAIL_TOP = [
  0.0007745450142783414, 0.022723844989269184, 0.2417807251774506, 1.2704582524523684, 3.6478483247632045, 5.769497221460691,
  4.630337846156546, 1.4234371107496835,
];
const TAIL_BOTTOM = [
  1.0507500716444169e-9, 0.0005475938084995345, 0.015198666563616457, 0.14810397642748008, 0.6897673349851, 1.6763848301838038,
  2.053191626637759, 1,
];
const FAR_TOP = [
  2.0103343992922881e-7, 0.000027115555687434876, 0.0012426609473880784, 0.026532189526576124, 0.29656057182850487, 1.7848265399172913,
  5.463784911164114, 6.657904643501103,
];
const FAR_BOTTOM = [
  2.0442631033899397e-15, 1.421511758316446e-7, 0.000018463183175100548, 0.0007868691311456133, 0.014875361290850615, 0.1369298809227358,
  0.599832206555888, 1,
];

/**
 * The quantile of the standard normal distribution: the z below which a share p lies. To 16 digits for every p above 0, however
 * small. Throws a RangeError for p = 0 or 1, whose quantiles are infinite.
 *
 * Source: Wichura, "Algorithm AS 241: the percentage points of the normal distribution", 1988, routine PPND16.
 *
 * @example normalQuantile(0.975) // → 1.959963984540054
 */
export function normalQuantile(p: number): number {
  requireOpenProbability(p, 'the probability of a quantile');
  const q = p - 0.5;
  if (Math.abs(q) <= 0.425) {
    const r = 0.180625 - q * q;
    return (q * polynomial(CENTRE_TOP, r)) / polynomial(CENTRE_BOTTOM, r);
  }
  const z = tailQuantile(q < 0 ? p : 1 - p);
  return q < 0 ? -z : z;
}

/**
 * The z above which a share p of the standard normal distribution lies; for small p it keeps the digits that 1 - p would lose.
 *
 * @example normalUpperQuantile(1e-16) // → 8.222082216130435
 */
export const normalUpperQuantile = (p: number): number => -normalQuantile(p);

function tailQuantile(p: number): number {
  const r = Math.sqrt(-Math.log(p));
  if (r <= 5) return polynomial(TAIL_TOP, r - 1.6) / polynomial(TAIL_BOTTOM, r - 1.6);
  return polynomial(FAR_TOP, r - 5) / polynomial(FAR_BOTTOM, r - 5);
}
