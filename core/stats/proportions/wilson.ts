import { normalUpperQuantile } from '../distributions/normal.js';
import { requireOpenProbability } from '../rules.js';
import { notEnoughData, type Answer, type Interval } from '../verdict.js';
import { requireCounts, type Counts } from './counts.js';

/**
 * Wilson's score interval of one rate, at level 1 - alpha. Never leaves [0, 1], and has a width where nobody or everybody
 * converted. Assumes independent users. Without a trial there is nothing to say.
 *
 * Source: Wilson, "Probable inference, the law of succession, and statistical inference", 1927.
 *
 * @example wilsonInterval({ successes: 120, trials: 1000 }, 0.05) // → { status: 'ok', low: 0.101299, high: 0.141609 }
 */
export function wilsonInterval(counts: Counts, alpha: number): Answer<Interval> {
  requireCounts(counts, 'the arm');
  requireOpenProbability(alpha, 'alpha');
  if (counts.trials === 0) return notEnoughData('no user was exposed');
  return { status: 'ok', ...wilsonLimits(counts, normalUpperQuantile(alpha / 2)) };
}

/**
 * Wilson's limits z standard errors away, for a z of any origin: a normal quantile, or the boundary of a sequential look.
 *
 * @example wilsonLimits({ successes: 0, trials: 20 }, 1.959964) // → { low: 0, high: 0.161125 }
 */
export function wilsonLimits({ successes, trials }: Counts, z: number): Interval {
  const failures = trials - successes;
  const square = z * z;
  const width = z * Math.sqrt(((successes / trials) * failures + square / 4) / (trials + square) / (trials + square));
  const centre = (successes + square / 2) / (trials + square);
  return { low: successes === 0 ? 0 : Math.max(0, centre - width), high: failures === 0 ? 1 : Math.min(1, centre + width) };
}
