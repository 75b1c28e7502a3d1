import { confidenceSequence } from '../stats/always-valid/asymptotic-sequence.js';
import { normalTwoSidedP } from '../stats/distributions/normal.js';
import { nextLook, type SequentialPlan, type SequentialState } from '../stats/sequential/look.js';
import type { Interval } from '../stats/verdict.js';
import type { DecidedComparison, LookState, StoppingRule } from './look-state.js';

/** A treatment's effect in the metric's unit, with the users of both arms. Null where nothing can be said yet. */
export type Estimated = {
  readonly variationId: string;
  readonly estimate: { readonly effect: number; readonly standardError: number; readonly users: number } | null;
};

/** What the rule says at a look. `boundary` is what |z| had to reach, where there was one. */
export type Ruling = {
  readonly boundary: number | null;
  readonly anytime: Readonly<Record<string, Interval>>;
  readonly alwaysValidP: Readonly<Record<string, number>>;
  readonly state: LookState;
};

export type LookMoment = {
  /** Users with closed windows, as a part of the planned maximum. */
  readonly information: number;
  /** The end date has come: all that is left of alpha is spent now. */
  readonly last: boolean;
  /** Whether this look may spend alpha at all. */
  readonly open: boolean;
  /** Users of a pair of arms at which confidence sequences are tightest. */
  readonly tightestAt: number;
};

/**
 * Judges every comparison by the rule. The p-value of a group-sequential test is that of its repeated tests where it crosses: the
 * least alpha at which it still would have; elsewhere it is alpha more than that of the confidence sequence, so that both together
 * are valid at every look, and p is at most alpha exactly where the test crossed. A confidence sequence's p may be small before the
 * gates pass, which is the only way to have a small p and no decision. All p-values are multiplied by the number of
 * comparisons, and alpha is divided by it.
 */
export function ruleOnLook(rule: StoppingRule, before: LookState | null, estimates: readonly Estimated[], moment: LookMoment): Ruling {
  const alpha = rule.alpha / estimates.length;
  const sequences = sequencesOf(estimates, before, { alpha, tightestAt: moment.tightestAt });
  const spent = boundaryAt(rule, before, moment, alpha);
  const decided = { ...before?.decided };
  for (const { variationId, estimate } of estimates) {
    if (decided[variationId] !== undefined || estimate === null || !moment.open) continue;
    const z = estimate.effect / estimate.standardError;
    const p = crossingP(rule, { alpha, z, spent, anytimeP: sequences.pNow[variationId] ?? 1 });
    if (p !== null) decided[variationId] = { side: z > 0 ? 'better' : 'worse', p };
  }
  const state: LookState = {
    looks: (before?.looks ?? 0) + 1,
    sequential: spent.sequential,
    informations: spent.informations,
    sequenceAlpha: alpha,
    leastP: sequences.leastP,
    decided,
  };
  const alwaysValidP = Object.fromEntries(
    estimates.map(({ variationId, estimate }) => [
      variationId,
      Math.min(1, estimates.length * shownP(rule, { variationId, estimate, state, closed: spent.closed })),
    ]),
  );
  return { boundary: spent.boundary, anytime: sequences.intervals, alwaysValidP, state };
}

type Sequences = {
  readonly intervals: Record<string, Interval>;
  readonly pNow: Record<string, number>;
  readonly leastP: Record<string, number>;
};

function sequencesOf(
  estimates: readonly Estimated[],
  before: LookState | null,
  plan: { readonly alpha: number; readonly tightestAt: number },
): Sequences {
  const earlier = before !== null && before.sequenceAlpha === plan.alpha ? before.leastP : {};
  const sequences: Sequences = { intervals: {}, pNow: {}, leastP: { ...earlier } };
  for (const { variationId, estimate } of estimates) {
    if (estimate === null) continue;
    const { interval, p } = confidenceSequence(estimate, plan);
    sequences.intervals[variationId] = interval;
    sequences.pNow[variationId] = p;
    sequences.leastP[variationId] = Math.min(p, earlier[variationId] ?? 1);
  }
  return sequences;
}

type Spent = {
  readonly boundary: number | null;
  readonly closed: boolean;
  readonly sequential: SequentialState | null;
  readonly informations: readonly number[];
};

/** The boundary of this look, where the rule has one and the look may spend; what was spent before stays otherwise. */
function boundaryAt(rule: StoppingRule, before: LookState | null, { information, last, open }: LookMoment, alpha: number): Spent {
  const kept = { sequential: before?.sequential ?? null, informations: before?.informations ?? [] };
  const none: Spent = { boundary: null, closed: false, ...kept };
  if (!open) return none;
  switch (rule.kind) {
    case 'confidence_sequence':
    case 'bandit':
      return none;
    case 'fixed_horizon':
      if (!last && information < 1) return none;
      return spendAt(kept, { information: 1, last: true }, alpha);
    case 'group_sequential':
      return spendAt(kept, { information, last }, alpha);
  }
}

function spendAt(
  kept: Pick<Spent, 'sequential' | 'informations'>,
  look: { readonly information: number; readonly last: boolean },
  alpha: number,
): Spent {
  const answer = nextLook(planFor(alpha), kept.sequential, look);
  if (answer.status === 'no_boundary') return { boundary: null, closed: answer.reason === 'closed', ...kept };
  return {
    boundary: answer.boundary,
    closed: answer.state.phase === 'closed',
    sequential: answer.state,
    informations: [...kept.informations, look.information],
  };
}

const planFor = (alpha: number): SequentialPlan => ({ alpha, spending: { kind: 'obrien_fleming' } });

/** The p-value of a comparison that is decided at this look, or null where it is not. */
function crossingP(
  rule: StoppingRule,
  look: { readonly alpha: number; readonly z: number; readonly spent: Spent; readonly anytimeP: number },
): number | null {
  const { alpha, z, spent, anytimeP } = look;
  switch (rule.kind) {
    case 'bandit':
      return null;
    case 'confidence_sequence':
      return anytimeP <= alpha ? anytimeP : null;
    case 'fixed_horizon':
      return spent.boundary !== null && Math.abs(z) >= spent.boundary ? Math.min(alpha, normalTwoSidedP(z)) : null;
    case 'group_sequential':
      return spent.boundary !== null && Math.abs(z) >= spent.boundary ? repeatedP(spent, alpha, z) : null;
  }
}

/** Below this a p-value is only said to be at most this. */
const LEAST_P = 1e-9;

/**
 * The repeated p-value: the least alpha whose boundary, after looks at the same informations, z still reaches. It is no less than
 * the p-value of one look, and no more than alpha. By the method of false position (Illinois) on the logarithm of alpha.
 *
 * Source: Jennison and Turnbull, "Group sequential methods", 2000, 9.2.
 */
function repeatedP({ informations, closed, boundary }: Spent, alpha: number, z: number): number {
  const excess = (level: number): number => boundaryOf(level, informations, closed) - Math.abs(z);
  const least = Math.min(alpha, Math.max(LEAST_P, normalTwoSidedP(z)));
  let [low, high, side] = [Math.log(least), Math.log(alpha), 0];
  let [above, below] = [excess(least), (boundary ?? 0) - Math.abs(z)];
  if (above <= CLOSE || below >= 0) return above <= CLOSE ? least : alpha;
  for (let step = 0; step < 40 && high - low > CLOSE; step += 1) {
    const middle = (low * below - high * above) / (below - above);
    const value = excess(Math.exp(middle));
    if (Math.abs(value) < CLOSE) return Math.min(alpha, Math.exp(middle));
    if (value > 0) {
      [low, above] = [middle, value];
      if (side === 1) below /= 2;
      side = 1;
    } else {
      [high, below] = [middle, value];
      if (side === -1) above /= 2;
      side = -1;
    }
  }
  return Math.exp(high);
}

/** So near to z a boundary is the same: it moves p by less than a part in a thousand. */
const CLOSE = 2e-4;

function boundaryOf(alpha: number, informations: readonly number[], closed: boolean): number {
  let [state, boundary]: [SequentialState | null, number] = [null, Number.POSITIVE_INFINITY];
  for (const [i, information] of informations.entries()) {
    const look = nextLook(planFor(alpha), state, { information, last: closed && i === informations.length - 1 });
    if (look.status === 'boundary') [state, boundary] = [look.state, look.boundary];
  }
  return boundary;
}

function shownP(
  rule: StoppingRule,
  { variationId, estimate, state, closed }: Estimated & { readonly state: LookState; readonly closed: boolean },
): number {
  const decided: DecidedComparison | undefined = state.decided[variationId];
  if (decided !== undefined) return decided.p;
  const anytime = state.leastP[variationId] ?? 1;
  switch (rule.kind) {
    case 'group_sequential':
      return state.sequenceAlpha + anytime;
    case 'fixed_horizon':
      return closed && estimate !== null ? normalTwoSidedP(estimate.effect / estimate.standardError) : state.sequenceAlpha + anytime;
    case 'confidence_sequence':
    case 'bandit':
      return anytime;
  }
}
