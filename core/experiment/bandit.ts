import { bestOfMeans, bestOfRates, posteriorOfRate, type NormalPosterior } from '../stats/bayes/best-arm.js';
import { thompsonShares } from '../stats/bayes/thompson.js';
import type { LookFacts, PeriodResult } from './counts.js';
import type { TestDesign } from './design.js';
import { sampleOfArm } from './estimates.js';
import type { WeightPeriod } from './assignment.js';

/** Why a bandit's look has no p-value and no interval of a difference. */
export const NO_P_FROM_A_BANDIT =
  'A bandit gives more users to the arm that looks best, so the arms are not comparable samples: the losing ones look worse than they are, and a p-value of them is wrong twice as often as it says.';

/** The probability of being the best at which a bandit ends. */
export const SURE_OF_BEST = 0.99;

export type BestArm = { readonly best: readonly number[]; readonly loss: readonly number[] };

/**
 * For each arm the probability of being the best and the expected loss of choosing it, or null before there is any telling.
 * While the weights never changed, by the exact posterior of all users. Where they did, each period is an experiment of its own,
 * and an arm's value is that of its periods, weighted by all their users: else an arm that got its users in a good week looks good.
 */
export function bestArm(facts: Pick<LookFacts, 'arms' | 'periods'>): BestArm | null {
  const periods = facts.periods.flatMap(({ results }) => (results === null ? [] : [results]));
  if (periods.length > 1) return bestOverPeriods(periods);
  const [first] = facts.arms;
  if (first === undefined || facts.arms.length < 2 || facts.arms.some(({ measured }) => measured < 2)) return null;
  if (first.primary.kind === 'rate') {
    return bestOfRates(facts.arms.map(({ measured, primary }) => posteriorOfRate({ successes: successesOf(primary), trials: measured })));
  }
  return bestOfNormals(facts.arms.map(sampleOfArm).map(({ users, mean, variance }) => ({ mean, deviation: Math.sqrt(variance / users) })));
}

const successesOf = (primary: PeriodResult['primary']): number => (primary.kind === 'rate' ? primary.successes : 0);

function bestOfNormals(posteriors: readonly NormalPosterior[]): BestArm | null {
  return posteriors.every(({ deviation }) => deviation > 0) ? bestOfMeans(posteriors) : null;
}

function bestOverPeriods(periods: readonly (readonly PeriodResult[])[]): BestArm | null {
  const users = periods.map((arms) => arms.reduce((sum, { measured }) => sum + measured, 0));
  const all = users.reduce((sum, count) => sum + count, 0);
  const arms = periods[0]?.length ?? 0;
  if (all === 0 || arms < 2) return null;
  const posteriors = Array.from({ length: arms }, (_, arm) => {
    const results = periods.flatMap((period) => period[arm] ?? []);
    return results.length === periods.length
      ? weightedOverPeriods(
          results,
          users.map((count) => count / all),
        )
      : null;
  });
  return posteriors.every((posterior) => posterior !== null) ? bestOfNormals(posteriors) : null;
}

/** An arm's mean over periods; each period's is helped by the arm's overall mean with the weight of one user, for those that have few. */
function weightedOverPeriods(results: readonly PeriodResult[], shares: readonly number[]): NormalPosterior | null {
  const samples = results.map(sampleOfArm);
  const users = samples.reduce((sum, sample) => sum + sample.users, 0);
  if (users < 2) return null;
  const overall = samples.reduce((sum, sample) => sum + sample.users * sample.mean, 0) / users;
  const within = samples.reduce((sum, sample) => sum + sample.users * (sample.variance + (sample.mean - overall) ** 2), 0) / users;
  let [mean, variance] = [0, 0];
  for (const [i, sample] of samples.entries()) {
    const share = shares[i] ?? 0;
    mean += (share * (sample.users * sample.mean + overall)) / (sample.users + 1);
    variance += (share * share * within) / (sample.users + 1);
  }
  return { mean, deviation: Math.sqrt(variance) };
}

/**
 * The weights of a bandit's next period, from the probabilities of being the best: batched Thompson sampling with an additive
 * floor. Whoever was exposed keeps their arm. Null where there is nothing to learn from yet: the weights stay.
 */
export function nextPeriod(design: Pick<TestDesign, 'judging'>, best: BestArm | null, fromMs: number): WeightPeriod | null {
  if (best === null || design.judging.mode !== 'bandit') return null;
  return { fromMs, weights: thompsonShares(best.best, design.judging.floor) };
}
