import { logGamma } from '../distributions/gamma.js';
import { requireCounts, type Counts } from './counts.js';

/** Tables this much likelier than the observed one still count as equally likely, as in R's fisher.test. */
const ROUNDING = 1 + 1e-7;

/**
 * Fisher's exact two-sided test that two rates are equal: the probability, with all margins fixed, of the tables that are at most
 * as likely as the observed one. Assumes independent users; needs no size.
 *
 * Source: Fisher, "Statistical methods for research workers", 1934, 21.02; two-sided as in R's fisher.test.
 *
 * @example fisherTest({ successes: 3, trials: 4 }, { successes: 1, trials: 4 }) // → 0.4857142857
 */
export function fisherTest(control: Counts, treatment: Counts): number {
  requireCounts(control, 'control');
  requireCounts(treatment, 'treatment');
  const successes = control.successes + treatment.successes;
  const lowest = Math.max(0, successes - treatment.trials);
  const highest = Math.min(successes, control.trials);
  const logWeight = (k: number) => logChoose(control.trials, k) + logChoose(treatment.trials, successes - k);
  const observed = logWeight(control.successes);
  let [all, asUnlikely] = [0, 0];
  for (let k = lowest; k <= highest; k += 1) {
    const ratio = Math.exp(logWeight(k) - observed);
    all += ratio;
    if (ratio <= ROUNDING) asUnlikely += ratio;
  }
  return Math.min(1, asUnlikely / all);
}

const logChoose = (n: number, k: number): number => logGamma(n + 1) - logGamma(k + 1) - logGamma(n - k + 1);
