import { requireCount, requireFinite } from '../rules.js';
import type { Sample } from './sample.js';

/** Sums over the users of an arm: the metric, the same users' value from before the test, and the product of the two. */
export type CovariateSums = {
  readonly users: number;
  readonly metric: number;
  readonly metricSquares: number;
  readonly before: number;
  readonly beforeSquares: number;
  readonly products: number;
};

export type Adjusted = { readonly samples: readonly Sample[]; readonly theta: number; readonly varianceKept: number };

type Moments = { users: number; metric: number; before: number; metricVariance: number; beforeVariance: number; covariance: number };

/**
 * Controlled experiments using pre-experiment data (CUPED): removes from each arm's metric what the users' own past explains. One
 * theta for all arms, from the variation within them. Assumes that `before` was measured before anybody was exposed. Where the
 * past does not vary, theta is 0 and nothing changes. `varianceKept` is the share of the variance that is left.
 *
 * Source: Deng, Xu, Kohavi and Walker, "Improving the sensitivity of online controlled experiments", 2013, equations 3 and 4.
 *
 * @example adjustByPast([{ users: 3, metric: 6, metricSquares: 14, before: 6, beforeSquares: 14, products: 14 }]) // → { samples: [{ users: 3, mean: 2, variance: 0 }], theta: 1, varianceKept: 0 }
 */
export function adjustByPast(arms: readonly CovariateSums[]): Adjusted {
  const moments = arms.map(momentsOf);
  const within = (pick: (arm: Moments) => number) => moments.reduce((sum, arm) => sum + Math.max(0, arm.users - 1) * pick(arm), 0);
  const beforeVariance = within((arm) => arm.beforeVariance);
  const theta = beforeVariance > 0 ? within((arm) => arm.covariance) / beforeVariance : 0;
  const users = moments.reduce((sum, arm) => sum + arm.users, 0);
  const overall = users === 0 ? 0 : moments.reduce((sum, arm) => sum + arm.users * arm.before, 0) / users;
  const samples = moments.map((arm) => ({
    users: arm.users,
    mean: arm.metric - theta * (arm.before - overall),
    variance: Math.max(0, arm.metricVariance + theta * theta * arm.beforeVariance - 2 * theta * arm.covariance),
  }));
  const raw = within((arm) => arm.metricVariance);
  const left = samples.reduce((sum, sample) => sum + Math.max(0, sample.users - 1) * sample.variance, 0);
  return { samples, theta, varianceKept: raw > 0 ? left / raw : 1 };
}

function momentsOf(sums: CovariateSums): Moments {
  requireCount(sums.users, 'users');
  for (const [name, value] of Object.entries(sums)) requireFinite(value, name);
  const { users } = sums;
  const centred = (products: number, left: number, right: number) => (users < 2 ? 0 : (products - (left * right) / users) / (users - 1));
  return {
    users,
    metric: users === 0 ? 0 : sums.metric / users,
    before: users === 0 ? 0 : sums.before / users,
    metricVariance: Math.max(0, centred(sums.metricSquares, sums.metric, sums.metric)),
    beforeVariance: Math.max(0, centred(sums.beforeSquares, sums.before, sums.before)),
    covariance: centred(sums.products, sums.metric, sums.before),
  };
}
