import { bestArm, nextPeriod } from './bandit.js';
import { comparisonOf, withHolm, type Comparison } from './comparison.js';
import type { LookFacts } from './counts.js';
import { decideLook, type Decision, type JudgedTest } from './deciding.js';
import { factorEffects, type FactorEffect } from './factors.js';
import type { Gate } from './gates.js';
import type { LookState, StoppingRule } from './look-state.js';
import { shownArm, type ShownArm } from './shown-arm.js';
import type { Verdict } from './verdict.js';

/** One look, as its row keeps it: immutable, and enough for the next look to go on. Plain JSON. */
export type Look = {
  readonly number: number;
  readonly atMs: number;
  readonly rule: StoppingRule['kind'];
  /** Users with closed windows as a part of the planned maximum; of a bandit, of its planned days. */
  readonly information: number;
  readonly boundary: number | null;
  readonly gates: readonly Gate[];
  readonly arms: readonly ShownArm[];
  readonly comparisons: readonly Comparison[];
  /** Of a factorial test: what each level does, and two together; null of others, and while there is too little to tell. */
  readonly factors: readonly FactorEffect[] | null;
  readonly verdict: Verdict;
  /** Of a bandit: the weights of the arms from now on. */
  readonly nextWeights: readonly number[] | null;
  readonly state: LookState;
};

/** Takes one look, from what the look before left (null at the first). The same input gives the same look, for ever. */
export function takeLook(test: JudgedTest, before: LookState | null, facts: LookFacts): Look {
  const decision = decideLook(test, before, facts);
  const best = bestArm(facts);
  return {
    number: decision.state.looks,
    atMs: facts.atMs,
    rule: test.rule.kind,
    information: decision.information,
    boundary: decision.boundary,
    gates: decision.gates,
    arms: facts.arms.map((arm, i) => shownArm(arm, { design: test.design, best, index: i })),
    comparisons: withHolm(comparisonsIn(test, decision, facts)),
    factors: test.design.factors.length === 0 ? null : factorEffects(test.design.factors, facts.arms),
    verdict: decision.verdict,
    nextWeights: decision.verdict.kind === 'continue' ? (nextPeriod(test.design, best, facts.atMs)?.weights ?? null) : null,
    state: decision.state,
  };
}

function comparisonsIn({ design, rule }: JudgedTest, decision: Decision, facts: LookFacts): Comparison[] {
  const [control, ...treatments] = facts.arms;
  const [base, ...samples] = decision.samples;
  return treatments.flatMap((treatment, i) => {
    const estimate = decision.estimates[i]?.estimate ?? null;
    const sample = samples[i];
    if (estimate === null || control === undefined || base === undefined || sample === undefined) return [];
    return [comparisonOf({ design, rule, decision, estimate, control, treatment, samples: { control: base, treatment: sample } })];
  });
}
