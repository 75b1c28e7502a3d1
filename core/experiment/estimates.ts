import { effectOf, type Effect, type Scale } from '../stats/means/effect.js';
import { adjustByPast } from '../stats/means/cuped.js';
import { sampleFromSums, sampleOfRate, type Sample } from '../stats/means/sample.js';
import { DomainError } from '../errors.js';
import type { ArmCounts, LookFacts } from './counts.js';
import type { TestDesign } from './design.js';

/** The arms as samples of the primary metric, with the users' own past taken out where every arm has it. */
export function samplesOf(arms: readonly Pick<ArmCounts, 'measured' | 'primary'>[]): readonly Sample[] {
  const withPast = arms.flatMap(({ measured, primary }) =>
    primary.kind === 'mean' && primary.before !== null ? [{ measured, primary, before: primary.before }] : [],
  );
  if (withPast.length < arms.length) return arms.map(sampleOfArm);
  const sums = withPast.map(({ measured, primary, before }) => ({
    users: measured,
    metric: primary.sum,
    metricSquares: primary.sumOfSquares,
    before: before.sum,
    beforeSquares: before.sumOfSquares,
    products: before.products,
  }));
  return adjustByPast(sums).samples;
}

export function sampleOfArm({ measured, primary }: Pick<ArmCounts, 'measured' | 'primary'>): Sample {
  return primary.kind === 'rate'
    ? sampleOfRate({ successes: primary.successes, trials: measured })
    : sampleFromSums({ users: measured, sum: primary.sum, sumOfSquares: primary.sumOfSquares });
}

/** Users for whom the metric has anything to say: those who converted, or whose value is not 0. */
export const telling = ({ primary }: Pick<ArmCounts, 'primary'>): number => (primary.kind === 'rate' ? primary.successes : primary.notZero);

/** An effect against the control, or null where there is none yet: too few users, or no value that differs from another. */
export function effectBetween(control: Sample, treatment: Sample, scale: Scale): Effect | null {
  const answer = effectOf(control, treatment, scale);
  return answer.status === 'ok' ? answer : null;
}

/** Numbers that no query can count are the caller's mistake, and are refused before anything is concluded from them. */
export function requireFacts(design: TestDesign, facts: LookFacts): void {
  const ids = facts.arms.map(({ variationId }) => variationId);
  const expected = design.variations.map(({ id }) => id);
  if (ids.join('\n') !== expected.join('\n')) {
    throw new DomainError('invalid', `a look needs the arms ${expected.join(', ')} in this order, and got ${ids.join(', ')}`);
  }
  for (const arm of facts.arms) requireArm(arm);
  for (const { weights, exposed } of facts.periods) {
    if (weights.length !== expected.length || exposed.length !== expected.length) {
      throw new DomainError('invalid', 'every period of a look needs a weight and a count for each arm');
    }
  }
}

function requireArm(arm: ArmCounts): void {
  const { variationId, exposed, exposedTwice, closed, measured } = arm;
  const counts = [exposed, exposedTwice, closed, measured, telling(arm), ...Object.values(arm.engaged), ...Object.values(arm.harmed)];
  const fault = !counts.every((count) => Number.isSafeInteger(count) && count >= 0)
    ? 'a count that is not a whole number of 0 or more'
    : exposedTwice > exposed || closed > exposed || measured > closed
      ? 'more users measured than closed, or more closed or exposed twice than exposed'
      : Math.max(telling(arm), ...Object.values(arm.engaged)) > measured
        ? 'more users who did something than were measured'
        : Math.max(0, ...Object.values(arm.harmed)) > exposed - exposedTwice
          ? 'more users harmed than were exposed once'
          : null;
  if (fault !== null) throw new DomainError('invalid', `the counts of ${JSON.stringify(variationId)} hold ${fault}`);
}
