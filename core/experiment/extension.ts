import { formatNumber, formatPercent } from '../numbers.js';
import { normalUpperQuantile } from '../stats/distributions/normal.js';
import type { TestDesign } from './design.js';
import type { Look } from './look.js';
import type { StoppingRule } from './look-state.js';

/** What an extension costs, told before it is made, and the rule that it is made with. */
export type ExtensionPrice = {
  readonly rule: StoppingRule;
  /** The most often that a test in which nothing differs finds something: as planned, and after the extension. */
  readonly errorBefore: number;
  readonly errorAfter: number;
  /** By what the rule's interval grows at the same number of users, compared with one look. */
  readonly widening: number;
  readonly inWords: string;
};

/**
 * The price of going on beyond the plan. A planned maximum cannot be moved once outcomes were seen, so an extended test is judged
 * by a confidence sequence, which needs no end. While alpha is left, that has only what is left, and the promise holds. A test
 * that closed has spent all of it: the sequence gets as much again, and the whole may err twice as often as was planned.
 */
export function priceOfExtension(design: TestDesign, lastLook: Look, rule: StoppingRule, usersInMore: number): ExtensionPrice {
  const spent = spentShare(design, lastLook, rule);
  const left = rule.alpha - spent;
  const isSpent = left < rule.alpha * LEAST_LEFT;
  const alpha = isSpent ? rule.alpha : left;
  const errorAfter = isSpent ? spent + alpha : rule.alpha;
  const users = lastLook.arms.reduce((sum, { measured }) => sum + measured, 0) + usersInMore;
  const widening = wideningOf(alpha / (design.variations.length - 1));
  return {
    rule: { kind: 'confidence_sequence', alpha, tightestAt: Math.max(2, Math.round(users)) },
    errorBefore: rule.alpha,
    errorAfter,
    widening,
    inWords:
      `From now on the test is judged by a confidence sequence over ${formatNumber(users)} users: intervals are at best ` +
      `${formatNumber(widening, 1)} times as wide as those of a single look. ` +
      (isSpent
        ? `Its ${formatPercent(rule.alpha)} of error are spent; with the extension it may err in up to ${formatPercent(errorAfter)} of tests in which nothing differs.`
        : `${formatPercent(spent)} of error are spent, and the extension has the rest: together at most ${formatPercent(errorAfter)}, as planned.`),
  };
}

/** Less than this part of alpha is not worth going on with. */
const LEAST_LEFT = 0.2;

/** What of the whole test's alpha was spent so far; each comparison has spent the same part of its own. */
function spentShare(design: TestDesign, { state }: Look, rule: StoppingRule): number {
  switch (rule.kind) {
    case 'group_sequential':
    case 'fixed_horizon':
      return Math.min(rule.alpha, (state.sequential?.spent ?? 0) * (design.variations.length - 1));
    case 'confidence_sequence':
    case 'bandit':
      // a sequence can go on for ever at no price, and a bandit promises no error
      return 0;
  }
}

/** The sequence's reach at its tightest, in reaches of one look at the same level. */
function wideningOf(alpha: number): number {
  const growth = -2 * Math.log(alpha) + Math.log(1 - 2 * Math.log(alpha));
  const reach = Math.sqrt(((1 + growth) / growth) * (2 * Math.log(1 / alpha) + Math.log1p(growth)));
  return reach / normalUpperQuantile(alpha / 2);
}
