import { normalTwoSidedP } from '../distributions/normal.js';
import { notEnoughData, type Answer } from '../verdict.js';
import { requireCounts, type Counts } from './counts.js';
import { fisherTest } from './fisher.js';

export type RateDifference = { effect: number; standardError: number; z: number; p: number };

/**
 * The pooled z test that two rates are equal; z is positive when the treatment's is higher, and z² is Pearson's chi-square of the
 * 2 × 2 table without correction. Assumes independent users and expected counts of at least 5 (see `compareRates`). Refuses where
 * an arm is empty, or nobody or everybody converted.
 *
 * Source: Fleiss, Levin and Paik, "Statistical methods for rates and proportions", 2003, 3.1.
 *
 * @example pooledZTest({ successes: 100, trials: 1000 }, { successes: 120, trials: 1000 }).z // → 1.4293008498
 */
export function pooledZTest(control: Counts, treatment: Counts): Answer<RateDifference> {
  const pooled = (control.successes + treatment.successes) / (control.trials + treatment.trials);
  return zTest(control, treatment, pooled * (1 - pooled) * (1 / control.trials + 1 / treatment.trials));
}

/**
 * The unpooled (Wald) z of the difference between two rates, whose standard error is that of the estimate and not of the null
 * hypothesis: what sequential statistics and effects are built on. Assumes independent users. Refuses where an arm is empty, or
 * both rates are 0 or 1.
 *
 * Source: Fleiss, Levin and Paik, "Statistical methods for rates and proportions", 2003, 3.2.
 *
 * @example unpooledZTest({ successes: 100, trials: 1000 }, { successes: 120, trials: 1000 }).z // → 1.4300313895
 */
export function unpooledZTest(control: Counts, treatment: Counts): Answer<RateDifference> {
  return zTest(control, treatment, variance(control) + variance(treatment));
}

const variance = ({ successes, trials }: Counts): number => ((successes / trials) * ((trials - successes) / trials)) / trials;

function zTest(control: Counts, treatment: Counts, squaredError: number): Answer<RateDifference> {
  requireCounts(control, 'control');
  requireCounts(treatment, 'treatment');
  if (control.trials === 0 || treatment.trials === 0) return notEnoughData('an arm has no exposed user');
  if (!(squaredError > 0)) return notEnoughData('nobody or everybody converted, so the rates do not vary');
  const effect = treatment.successes / treatment.trials - control.successes / control.trials;
  const standardError = Math.sqrt(squaredError);
  const z = effect / standardError;
  return { status: 'ok', effect, standardError, z, p: normalTwoSidedP(z) };
}

/** Below this expected count in any cell the normal approximation is not trusted. */
export const LEAST_EXPECTED = 5;

/**
 * The fixed-horizon p-value that two rates are equal: the pooled z test, or Fisher's exact test when an expected count is below
 * 5. It is valid for one look at a sample whose size was fixed beforehand, and for nothing else.
 *
 * @example compareRates({ successes: 3, trials: 4 }, { successes: 1, trials: 4 }) // → { status: 'ok', method: 'fisher', p: 0.4857142857 }
 */
export function compareRates(control: Counts, treatment: Counts): Answer<{ method: 'pooled_z' | 'fisher'; p: number }> {
  const pooled = pooledZTest(control, treatment);
  if (pooled.status !== 'ok') return pooled;
  const all = control.trials + treatment.trials;
  const successes = control.successes + treatment.successes;
  const least = (Math.min(control.trials, treatment.trials) / all) * Math.min(successes, all - successes);
  if (least >= LEAST_EXPECTED) return { status: 'ok', method: 'pooled_z', p: pooled.p };
  return { status: 'ok', method: 'fisher', p: fisherTest(control, treatment) };
}
