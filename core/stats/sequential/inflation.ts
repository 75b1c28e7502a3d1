import { normalUpperQuantile } from '../distributions/normal.js';
import { requireOpenProbability } from '../rules.js';
import { nextLook, type SequentialPlan, type SequentialState } from './look.js';
import { massesFor } from './sub-density.js';

/**
 * The power of a group-sequential test with looks at these shares of its maximum, of which the last closes it, where z drifts to
 * `drift` at full information. Counts stops on either side.
 *
 * By the likelihood ratio: who has not left under the null hypothesis, weighted by how much likelier the drift makes it.
 *
 * Source: Jennison and Turnbull, "Group sequential methods", 2000, 19.2.
 *
 * @example sequentialPower({ alpha: 0.05, spending: { kind: 'obrien_fleming' } }, [1], 2.801585) // → 0.80000
 */
export function sequentialPower(plan: SequentialPlan, informations: readonly number[], drift: number): number {
  return 1 - staying(finalState(plan, informations), drift);
}

function finalState(plan: SequentialPlan, informations: readonly number[]): SequentialState {
  let state: SequentialState | null = null;
  for (const [i, information] of informations.entries()) {
    state = nextLook(plan, state, { information, last: i === informations.length - 1 }).state;
  }
  if (state === null) throw new RangeError('a group-sequential test needs a look');
  return state;
}

function staying({ density, information }: SequentialState, drift: number): number {
  const { points, masses } = massesFor(density, density.growth);
  const height = Math.exp((-drift * drift * information) / 2);
  let sum = 0;
  for (let i = 0; i < points.length; i += 1) {
    const weight = drift * (points[i] ?? 0);
    sum += (masses[i] ?? 0) * (Math.exp(weight) + Math.exp(-weight));
  }
  return sum * height;
}

/**
 * The maximum-sample inflation R of a group-sequential test: by what its planned maximum must exceed the sample of a test with one
 * look, to find the same effect with the same power.
 *
 * Source: Jennison and Turnbull, "Group sequential methods", 2000, 2.3.
 *
 * @example sequentialInflation({ alpha: 0.05, spending: { kind: 'obrien_fleming' } }, { power: 0.8, looks: 14 }) // → 1.042
 */
export function sequentialInflation(plan: SequentialPlan, { power, looks }: { readonly power: number; readonly looks: number }): number {
  requireOpenProbability(power, 'power');
  if (!(Number.isSafeInteger(looks) && looks >= 1)) throw new RangeError(`looks must be 1 or more, not ${looks}`);
  const state = finalState(
    plan,
    Array.from({ length: looks }, (_, i) => (i + 1) / looks),
  );
  const fixed = normalUpperQuantile(plan.alpha / 2) + normalUpperQuantile(1 - power);
  let [low, high] = [fixed * 0.9, fixed * 2];
  for (let halving = 0; halving < 60; halving += 1) {
    const drift = (low + high) / 2;
    if (1 - staying(state, drift) < power) low = drift;
    else high = drift;
  }
  return (high / fixed) ** 2;
}
