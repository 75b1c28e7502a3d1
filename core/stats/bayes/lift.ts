import { normalCdf, normalDensity, normalUpperQuantile } from '../distributions/normal.js';
import { requireOpenProbability } from '../rules.js';
import { shrinkToPrior, type EffectPrior, type Measured } from '../shrinkage.js';
import type { Interval } from '../verdict.js';

/** No opinion on the effect: every size is as likely as another. */
export const FLAT_PRIOR: EffectPrior = { mean: 0, deviation: Number.POSITIVE_INFINITY };

export type Lift = {
  readonly mean: number;
  readonly deviation: number;
  readonly interval: Interval;
  readonly chanceToWin: number;
  /** The effect expected to be lost by choosing the control, or the treatment. */
  readonly risk: { readonly control: number; readonly treatment: number };
};

/**
 * The normal posterior of an effect: its credible interval, the chance that it is above 0, and what choosing either arm is
 * expected to lose. Assumes an estimate that is nearly normal (many users). Not a rule for stopping.
 *
 * Source: Gelman et al., "Bayesian data analysis", 2013, 2.5; the loss is the mean of a normal number cut off at 0.
 *
 * @example liftPosterior({ effect: 0.1, standardError: 0.05 }, FLAT_PRIOR, 0.05).risk // → { control: 0.1004245351308, treatment: 0.0004245351308 }
 */
export function liftPosterior(measured: Measured, prior: EffectPrior, alpha: number): Lift {
  requireOpenProbability(alpha, 'alpha');
  const { mean, deviation } = shrinkToPrior(measured, prior);
  if (deviation === 0) throw new RangeError("the prior's deviation is 0, so nothing can be learnt");
  const reach = normalUpperQuantile(alpha / 2) * deviation;
  const z = mean / deviation;
  const spread = deviation * normalDensity(z);
  return {
    mean,
    deviation,
    interval: { low: mean - reach, high: mean + reach },
    chanceToWin: normalCdf(z),
    risk: { control: spread + mean * normalCdf(z), treatment: spread - mean * normalCdf(-z) },
  };
}
