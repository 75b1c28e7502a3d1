import jStat from 'jstat';
import { requireFinite, requireOpenProbability, requirePositive } from '../rules.js';
import { betaTails } from './beta.js';
import { logGamma } from './gamma.js';
import { normalQuantile, normalUpperTail } from './normal.js';

/** From here on the distribution is a normal one of a transformed number, to more digits than the fraction would give. */
const NEARLY_NORMAL = 20_000;

/**
 * The probability that a Student t number with so many degrees of freedom lies above t. For any degrees, whole or not, including
 * the millions where jStat's is wrong by percents. Throws a RangeError for degrees of 0 or less.
 *
 * Source: the incomplete beta function, Abramowitz and Stegun, 1964, 26.7.1; above 20,000 degrees the normal transformation of
 * Hill, "Algorithm 395: Student's t-distribution", 1970.
 *
 * @example studentUpperTail(-0.1, 1e6) // → 0.539827827254
 */
export function studentUpperTail(t: number, degrees: number): number {
  requireFinite(t, 't');
  const outside = studentTwoSidedP(t, degrees) / 2;
  return t < 0 ? 1 - outside : outside;
}

/**
 * The probability that a Student t number lies as far from 0 as t, on either side: the two-sided p-value of t.
 *
 * @example studentTwoSidedP(2, 11) // → 0.070803955068
 */
export function studentTwoSidedP(t: number, degrees: number): number {
  requirePositive(degrees, 'degrees of freedom');
  requireFinite(t, 't');
  if (degrees > NEARLY_NORMAL) return Math.min(1, 2 * normalUpperTail(hillsTransformation(Math.abs(t), degrees)));
  const square = t * t;
  return betaTails(degrees / (degrees + square), square / (degrees + square), degrees / 2, 0.5).lower;
}

function hillsTransformation(t: number, degrees: number): number {
  const a = degrees - 0.5;
  const b = 48 * a * a;
  const y = a * Math.log1p((t * t) / degrees);
  const correction = (((-0.4 * y - 3.3) * y - 24) * y - 85.5) / (0.8 * y * y + 100 + b);
  return ((correction + y + 3) / b + 1) * Math.sqrt(y);
}

/**
 * The quantile of Student's t distribution: the t below which a share p lies. Throws a RangeError for p = 0 or 1.
 *
 * By Newton's method on our own tail, from jStat's quantile where that is safe (to 30,000 degrees) and else the normal one.
 *
 * @example studentQuantile(0.975, 11) // → 2.200985160092
 */
export function studentQuantile(p: number, degrees: number): number {
  requireOpenProbability(p, 'the probability of a quantile');
  requirePositive(degrees, 'degrees of freedom');
  if (p === 0.5) return 0;
  if (p > 0.5) return -lowerQuantile(1 - p, degrees);
  return lowerQuantile(p, degrees);
}

function lowerQuantile(p: number, degrees: number): number {
  const guess = degrees <= 30_000 ? jStat.studentt.inv(p, degrees) : normalQuantile(p);
  let t = Number.isFinite(guess) && guess < 0 ? guess : normalQuantile(p);
  for (let step = 0; step < 60; step += 1) {
    const tail = studentUpperTail(-t, degrees);
    // Newton on the logarithm of the tail, which is nearly straight in ln |t| far out and never overshoots 0 there
    const change = (tail * Math.log(tail / p)) / (density(t, degrees) * t);
    const next = t * Math.exp(-Math.max(-1, Math.min(1, change)));
    if (Math.abs(next - t) <= 1e-15 * Math.abs(t)) return next;
    t = next;
  }
  return t;
}

function density(t: number, degrees: number): number {
  const logConstant = logGamma((degrees + 1) / 2) - logGamma(degrees / 2) - 0.5 * Math.log(degrees * Math.PI);
  return Math.exp(logConstant - ((degrees + 1) / 2) * Math.log1p((t * t) / degrees));
}
