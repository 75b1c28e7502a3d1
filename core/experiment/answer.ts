import type { TestDesign } from './design.js';
import { NO_P_FROM_A_BANDIT } from './bandit.js';
import type { Comparison } from './comparison.js';
import type { Look } from './look.js';
import type { Verdict } from './verdict.js';

/**
 * A look in the terms that programs outside were promised. `improvement` is relative, as measured; `p_value` is the always-valid
 * one; `confidence_interval` is the rule's own interval of the difference, in the metric's unit; `confidence_level` is the level, in
 * percent, of that interval where it leaves 0 out, and null where it does not.
 */
export type DocumentAnswer = {
  readonly status: 'winner_found' | 'no_winner';
  readonly winning_variation: string | null;
  readonly improvement: number | null;
  readonly improvement_interval: readonly [number, number] | null;
  readonly expected_improvement: number | null;
  readonly p_value: number | null;
  readonly p_value_note?: string;
  readonly confidence_interval: readonly [number, number] | null;
  readonly confidence_level: number | null;
  readonly recommendation: 'apply_winner' | 'continue_test' | 'inconclusive';
};

export function documentAnswer(design: TestDesign, look: Look): DocumentAnswer {
  const { verdict } = look;
  const winner = verdict.kind === 'winner' ? verdict.variationId : null;
  const told = comparisonToTell(look, winner);
  const interval = told?.sequential ?? null;
  return {
    status: winner === null ? 'no_winner' : 'winner_found',
    winning_variation: winner,
    improvement: winner === null ? null : (told?.relative?.effect ?? null),
    improvement_interval: winner === null || !told?.relative?.interval ? null : [told.relative.interval.low, told.relative.interval.high],
    expected_improvement: winner === null ? null : (told?.shrunk?.relative ?? null),
    p_value: told?.alwaysValidP ?? null,
    ...(design.judging.mode === 'bandit' && { p_value_note: NO_P_FROM_A_BANDIT }),
    confidence_interval: interval === null ? null : [interval.interval.low, interval.interval.high],
    confidence_level: interval !== null && told?.decided ? roundedPercent(interval.level) : null,
    recommendation: recommendationOf(verdict),
  };
}

/** The comparison that a short answer is about: the winner's, or else the one nearest to a decision. */
export function comparisonToTell({ comparisons }: Look, winner: string | null): Comparison | null {
  if (winner !== null) return comparisons.find(({ variationId }) => variationId === winner) ?? null;
  return [...comparisons].sort((left, right) => Math.abs(right.z) - Math.abs(left.z))[0] ?? null;
}

function recommendationOf(verdict: Verdict): DocumentAnswer['recommendation'] {
  switch (verdict.kind) {
    case 'winner':
      return 'apply_winner';
    case 'continue':
      return 'continue_test';
    case 'loser':
    case 'harmful':
    case 'inconclusive':
    case 'invalid':
      return 'inconclusive';
  }
}

const roundedPercent = (level: number): number => Math.round(level * 10_000) / 100;
