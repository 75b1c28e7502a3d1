import type { TestDesign } from '../experiment/design.js';
import { priceOfExtension } from '../experiment/extension.js';
import type { TestState } from '../experiment/lifecycle.js';
import type { Look } from '../experiment/look.js';
import type { StoppingRule } from '../experiment/look-state.js';
import { ruleOf, type TestPlan } from '../experiment/plan.js';

export type Extended = {
  readonly rule: StoppingRule;
  readonly price: { readonly errorBefore: number; readonly errorAfter: number };
  /** Absent where it costs nothing. */
  readonly inWords?: string;
};

/**
 * How a test goes on that is extended by so many days, and what that costs. One without a look has spent nothing; a bandit promises
 * no error, so it goes on as it was.
 */
export function extensionOf(
  { design, plan, state }: { readonly design: TestDesign; readonly plan: TestPlan; readonly state: TestState },
  { days, lastLook }: { readonly days: number; readonly lastLook: Look | undefined },
): Extended {
  const rule = 'rule' in state ? state.rule : ruleOf(design, plan);
  const free = { errorBefore: rule.alpha, errorAfter: rule.alpha };
  if (rule.kind === 'bandit') return { rule, price: free };
  const more = Math.ceil((plan.maximumUsers * days) / design.durationDays);
  if (lastLook === undefined) {
    return { rule: { kind: 'confidence_sequence', alpha: rule.alpha, tightestAt: plan.maximumUsers + more }, price: free };
  }
  const { errorBefore, errorAfter, inWords, rule: next } = priceOfExtension(design, lastLook, rule, more);
  return { rule: next, price: { errorBefore, errorAfter }, inWords };
}
