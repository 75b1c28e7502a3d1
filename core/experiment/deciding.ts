import { bestArm, SURE_OF_BEST } from './bandit.js';
import type { LookFacts } from './counts.js';
import { comparisonsOf, controlOf, treatmentsOf, type TestDesign } from './design.js';
import { effectBetween, requireFacts, samplesOf } from './estimates.js';
import { gatesOf, type Gate } from './gates.js';
import { judge } from './judging.js';
import type { LookState, StoppingRule } from './look-state.js';
import type { Sample } from '../stats/means/sample.js';
import { ruleOnLook, type Estimated, type Ruling } from './stopping.js';
import type { Verdict } from './verdict.js';

/** A test as its looks see it: what was designed, and the rule that it started with or was extended to. */
export type JudgedTest = { readonly design: TestDesign; readonly rule: StoppingRule };

/** The part of a look that decides. All that is only shown is left to `takeLook`. */
export type Decision = {
  readonly information: number;
  readonly boundary: number | null;
  readonly gates: readonly Gate[];
  /** The arms as samples of the primary metric, in the order of the variations. */
  readonly samples: readonly Sample[];
  readonly estimates: readonly Estimated[];
  readonly ruling: Ruling;
  readonly verdict: Verdict;
  readonly state: LookState;
};

/** Where no maximum is planned, confidence sequences are tightest at so many users of a pair of arms. */
const DEFAULT_TIGHTEST = 10_000;

/**
 * Decides a look. Gates come first: until they pass, no alpha is spent and nothing stops, but for harm, a broken sample ratio, and
 * the end date. `information` counts everybody whose window has closed, those exposed to two arms too: it must not depend on what
 * anybody did.
 */
export function decideLook({ design, rule }: JudgedTest, before: LookState | null, facts: LookFacts): Decision {
  requireFacts(design, facts);
  const information = informationOf(rule, facts);
  const tightestAt = tightestFor(design, rule);
  const gates = gatesOf(design, facts, tightestAt);
  const ended = facts.atMs >= facts.endsAtMs;
  const samples = samplesOf(facts.arms);
  const estimates = estimatesOf(design, samples);
  const open = gates.gates.every(({ status }) => status === 'passed');
  const ruling = ruleOnLook(rule, before, estimates, { information, last: ended, open, tightestAt });
  const best = rule.kind === 'bandit' && open ? sureOf(design, facts) : null;
  const verdict = judge({ design, rule, gates, ruling, estimates, information, ended, open, best });
  return { information, boundary: ruling.boundary, gates: gates.gates, samples, estimates, ruling, verdict, state: ruling.state };
}

function informationOf(rule: StoppingRule, { arms, atMs, startedAtMs, endsAtMs }: LookFacts): number {
  const closed = arms.reduce((sum, arm) => sum + arm.closed, 0);
  switch (rule.kind) {
    case 'group_sequential':
    case 'fixed_horizon':
      return closed / rule.maximumUsers;
    case 'confidence_sequence':
      return closed / rule.tightestAt;
    case 'bandit':
      return Math.min(1, Math.max(0, (atMs - startedAtMs) / (endsAtMs - startedAtMs)));
  }
}

/** The users of a pair of arms at the planned maximum. */
function tightestFor(design: TestDesign, rule: StoppingRule): number {
  const pair = controlOf(design).weight + treatmentsOf(design).reduce((sum, { weight }) => sum + weight, 0) / comparisonsOf(design);
  switch (rule.kind) {
    case 'group_sequential':
    case 'fixed_horizon':
      return rule.maximumUsers * pair;
    case 'confidence_sequence':
      return rule.tightestAt * pair;
    case 'bandit':
      return DEFAULT_TIGHTEST;
  }
}

function estimatesOf(design: TestDesign, [control, ...treatments]: readonly Sample[]): Estimated[] {
  return treatments.map((treatment, i) => {
    const effect = control === undefined ? null : effectBetween(control, treatment, 'absolute');
    const variationId = design.variations[i + 1]?.id ?? '';
    if (effect === null || control === undefined) return { variationId, estimate: null };
    const { effect: difference, standardError } = effect;
    return { variationId, estimate: { effect: difference, standardError, users: control.users + treatment.users } };
  });
}

function sureOf(design: TestDesign, facts: LookFacts): string | null {
  const index = bestArm(facts)?.best.findIndex((probability) => probability >= SURE_OF_BEST) ?? -1;
  return design.variations[index]?.id ?? null;
}
