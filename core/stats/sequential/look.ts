import { normalUpperQuantile } from '../distributions/normal.js';
import { requireNotNegative } from '../rules.js';
import { alphaSpent, type Spending } from './spending.js';
import { grown, leaving, massesFor, START, type Masses, type SubDensity } from './sub-density.js';
import { limitAfterSmallGrowth } from './small-growth.js';

/** The promise of a group-sequential test: the two-sided error of one comparison, and how it is spent. */
export type SequentialPlan = { readonly alpha: number; readonly spending: Spending };

/**
 * What a look leaves for the next one. Plain JSON, to be stored in the look's row and handed back unchanged.
 *
 * A state is `open` until a look at full information, or a last look, spends the rest of alpha; then it is `closed`, and no later
 * look has a boundary.
 */
export type SequentialState = {
  readonly phase: 'open' | 'closed';
  readonly looks: number;
  readonly information: number;
  readonly spent: number;
  readonly boundary: number;
  readonly density: SubDensity;
};

export type Look =
  | { readonly status: 'boundary'; readonly boundary: number; readonly spentHere: number; readonly state: SequentialState }
  | { readonly status: 'no_boundary'; readonly reason: 'no_growth' | 'closed'; readonly state: SequentialState | null };

/** No boundary above this z: at the very first looks O'Brien and Fleming's would be beyond any computer's arithmetic. */
export const HIGHEST_BOUNDARY = 8;

/** Less growth of information than this is no look: what it may spend is spent at the next one. */
export const LEAST_GROWTH = 1 / 1000;

/**
 * One look of a group-sequential test: the two-sided boundary that |z| must reach now, with any number and spacing of looks, of
 * which none need be planned. Continues from the state of the look before (null at the first).
 *
 * Assumes that z is a comparison of two arms with independent increments, and that the times of looks do not depend on outcomes.
 * Without growth of information there is no boundary, and the state stays. At `information` of 1 or more, and at a look said to
 * be the last, all remaining alpha is spent and the state closes. Throws a RangeError for alpha outside (0, 1).
 *
 * Source: Armitage, McPherson and Rowe, "Repeated significance tests on accumulating data", 1969 (recursive integration); Lan and
 * DeMets, 1983.
 *
 * @example nextLook({ alpha: 0.05, spending: { kind: 'obrien_fleming' } }, null, { information: 0.5 }).boundary // → 2.9626
 */
export function nextLook(
  plan: SequentialPlan,
  state: SequentialState | null,
  look: { readonly information: number; readonly last?: boolean },
): Look {
  requireNotNegative(look.information, 'the information fraction');
  if (state?.phase === 'closed') return { status: 'no_boundary', reason: 'closed', state };
  const closing = look.last === true || look.information >= 1;
  const allowed = closing ? plan.alpha : alphaSpent(plan.spending, plan.alpha, look.information);
  const spend = allowed - (state?.spent ?? 0);
  const growth = look.information - (state?.information ?? 0);
  if (growth >= LEAST_GROWTH) return fullLook(state, { information: look.information, growth, spend, closing });
  if (closing && state !== null) return closeWithoutGrowth(state, { information: look.information, growth: Math.max(0, growth), spend });
  return { status: 'no_boundary', reason: 'no_growth', state };
}

type Step = { readonly information: number; readonly growth: number; readonly spend: number; readonly closing: boolean };

function fullLook(state: SequentialState | null, { information, growth, spend, closing }: Step): Look {
  const masses = state === null ? START : massesFor(state.density, growth);
  const highest = HIGHEST_BOUNDARY * Math.sqrt(information);
  const { limit, left } = limitFor(masses, { growth, spend, highest, edge: state?.density.limit ?? 0 });
  const boundary = limit / Math.sqrt(information);
  const next: SequentialState = {
    phase: closing ? 'closed' : 'open',
    looks: (state?.looks ?? 0) + 1,
    information,
    spent: (state?.spent ?? 0) + left,
    boundary,
    density: grown(masses, growth, limit),
  };
  return { status: 'boundary', boundary, spentHere: left, state: next };
}

/** Less error than this cannot be told from rounding, so it is left for a later look. */
const LEAST_SPEND = 1e-12;

/**
 * The limit beyond which exactly `spend` leaves, by Newton's method on the logarithm of the leaving probability. That is concave
 * in the limit, and the start lies beyond the solution, so every step comes nearer from the same side. The start is the nearer of
 * two such points: where `spend` of those who never left would be, and where one step from the edge could bring so many.
 */
function limitFor(masses: Masses, { growth, spend, highest, edge }: LimitQuestion): { limit: number; left: number } {
  const atMost = leaving(masses, growth, highest).probability;
  if (!(spend > Math.max(LEAST_SPEND, atMost))) return { limit: highest, left: Math.max(0, atMost) };
  const quantile = normalUpperQuantile(Math.min(spend, 0.999) / 2);
  let limit = Math.min((quantile * highest) / HIGHEST_BOUNDARY, edge + quantile * Math.sqrt(growth));
  for (let step = 0; step < 60; step += 1) {
    const { probability, slope } = leaving(masses, growth, limit);
    const newton = (Math.log(probability / spend) * probability) / slope;
    const change = Number.isFinite(newton) ? newton : Math.sqrt(growth) / 2;
    limit -= change;
    if (Math.abs(change) < 1e-10) break;
  }
  return { limit, left: spend };
}

type LimitQuestion = { readonly growth: number; readonly spend: number; readonly highest: number; readonly edge: number };

/** The end of a test of which no more is known than at its last look: the rest of alpha is spent on what is known. */
function closeWithoutGrowth(state: SequentialState, { information, growth, spend }: Omit<Step, 'closing'>): Look {
  const limit = limitAfterSmallGrowth(state.density, growth, spend);
  const at = Math.max(information, state.information);
  const boundary = Math.min(HIGHEST_BOUNDARY, limit / Math.sqrt(at));
  const next: SequentialState = {
    ...state,
    phase: 'closed',
    looks: state.looks + 1,
    spent: state.spent + spend,
    information: at,
    boundary,
  };
  return { status: 'boundary', boundary, spentHere: spend, state: next };
}
