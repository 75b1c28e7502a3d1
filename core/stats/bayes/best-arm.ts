import { requireCounts, type Counts } from '../proportions/counts.js';
import { requireFinite, requirePositive } from '../rules.js';
import { race, type Curve, type Race } from './race.js';

/** A Beta(a, b) posterior of a rate. */
export type BetaPosterior = { readonly a: number; readonly b: number };

/** A normal posterior of a mean or an effect. */
export type NormalPosterior = { readonly mean: number; readonly deviation: number };

/**
 * The posterior of a rate under the uniform prior Beta(1, 1). Assumes independent users.
 *
 * @example posteriorOfRate({ successes: 100, trials: 1000 }) // → { a: 101, b: 901 }
 */
export function posteriorOfRate(counts: Counts): BetaPosterior {
  requireCounts(counts, 'the arm');
  return { a: 1 + counts.successes, b: 1 + counts.trials - counts.successes };
}

/**
 * The probability of being the best, and the expected loss of choosing it, for each of several arms with Beta posteriors of a
 * rate. Of two arms, `best[1]` is P(B > A). By quadrature on the logit, where every Beta density is smooth: the same answer each
 * time. Assumes independent posteriors. Not a rule for stopping: looked at daily, P(best) above 95 % is wrong in 4 of 10 tests.
 *
 * Source: Chapelle and Li, "An empirical evaluation of Thompson sampling", 2011; loss: Stucchio, "Bayesian A/B testing at VWO",
 * 2015; computed by Gauss–Legendre quadrature.
 *
 * @example bestOfRates([{ a: 101, b: 901 }, { a: 121, b: 881 }]) // → { best: [0.07681656, 0.92318344], loss: [0.0204446938, 0.0004846139] }
 */
export function bestOfRates(posteriors: readonly BetaPosterior[]): Race {
  requireArms(posteriors);
  return race(posteriors.map(logitCurve), { valuePerStep: slopeOfRate, longestStep: 2.5 });
}

/** How much the rate grows for a step of its logit. */
function slopeOfRate(logit: number): number {
  const smaller = Math.exp(-Math.abs(logit));
  return smaller / (1 + smaller) ** 2;
}

function logitCurve({ a, b }: BetaPosterior): Curve {
  requirePositive(a, 'a of a posterior');
  requirePositive(b, 'b of a posterior');
  const n = a + b;
  const peak = Math.log(a / b);
  const logShape =
    a <= b
      ? (place: number) => a * (place - peak) - n * Math.log1p((a / n) * Math.expm1(place - peak))
      : (place: number) => b * (peak - place) - n * Math.log1p((b / n) * Math.expm1(peak - place));
  return { peak, spread: Math.sqrt(1 / a + 1 / b), logShape };
}

/**
 * The probability of being the best, and the expected loss of choosing it, for each of several arms with normal posteriors.
 * Assumes independent posteriors.
 *
 * Source: as `bestOfRates`.
 *
 * @example bestOfMeans([{ mean: 1, deviation: 0.5 }, { mean: 2, deviation: 0.5 }, { mean: 3, deviation: 0.5 }]).best // → [0.00132509, 0.07833829, 0.92033662]
 */
export function bestOfMeans(posteriors: readonly NormalPosterior[]): Race {
  requireArms(posteriors);
  const curves = posteriors.map(({ mean, deviation }): Curve => {
    requireFinite(mean, 'the mean of a posterior');
    requirePositive(deviation, 'the deviation of a posterior');
    return { peak: mean, spread: deviation, logShape: (place) => -0.5 * ((place - mean) / deviation) ** 2 };
  });
  return race(curves, { valuePerStep: () => 1, longestStep: Number.POSITIVE_INFINITY });
}

function requireArms(posteriors: readonly unknown[]): void {
  if (posteriors.length < 2) throw new RangeError(`the best of ${posteriors.length} arms is not a question`);
}
