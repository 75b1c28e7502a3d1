import { normalUpperQuantile } from '../distributions/normal.js';
import { requireOpenProbability } from '../rules.js';
import { notEnoughData, type Answer, type Interval } from '../verdict.js';
import { requireCounts, type Counts } from './counts.js';
import { wilsonLimits } from './wilson.js';

/**
 * Newcombe's hybrid score interval of the difference between two rates, treatment minus control, at level 1 - alpha. Assumes
 * independent users and arms. Where an arm has no trial there is nothing to say.
 *
 * Source: Newcombe, "Interval estimation for the difference between independent proportions", 1998, method 10.
 *
 * @example newcombeInterval({ successes: 100, trials: 1000 }, { successes: 120, trials: 1000 }, 0.05) // → { status: 'ok', low: -0.007492, high: 0.047551 }
 */
export function newcombeInterval(control: Counts, treatment: Counts, alpha: number): Answer<Interval> {
  requireCounts(control, 'control');
  requireCounts(treatment, 'treatment');
  requireOpenProbability(alpha, 'alpha');
  if (control.trials === 0 || treatment.trials === 0) return notEnoughData('an arm has no exposed user');
  return { status: 'ok', ...newcombeLimits(control, treatment, normalUpperQuantile(alpha / 2)) };
}

/**
 * Newcombe's limits z standard errors away, for a z of any origin: a normal quantile, or the boundary of a sequential look.
 *
 * @example newcombeLimits({ successes: 0, trials: 20 }, { successes: 0, trials: 10 }, 1.959964) // → { low: -0.161125, high: 0.277533 }
 */
export function newcombeLimits(control: Counts, treatment: Counts, z: number): Interval {
  const [base, rate] = [control.successes / control.trials, treatment.successes / treatment.trials];
  const [around, about] = [wilsonLimits(control, z), wilsonLimits(treatment, z)];
  return {
    low: Math.max(-1, rate - base - Math.hypot(rate - about.low, around.high - base)),
    high: Math.min(1, rate - base + Math.hypot(about.high - rate, base - around.low)),
  };
}
