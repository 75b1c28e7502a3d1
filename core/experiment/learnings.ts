import { jamesStein, priorFromPast, shrinkToPrior, type EffectPrior, type Measured } from '../stats/shrinkage.js';
import { controlOf, type TestDesign } from './design.js';
import type { Look } from './look.js';
import type { MetricKind } from './metric.js';
import { changesBetween, traits, type Trait, type TraitChange } from './traits.js';
import type { FinalVerdict } from './verdict.js';

/** What one comparison of an ended test leaves behind: its relative effect, described by what was varied. Plain JSON. */
export type Learning = {
  readonly testId: string;
  readonly variationId: string;
  readonly channel: string;
  readonly metric: MetricKind;
  readonly verdict: FinalVerdict['kind'];
  readonly changes: readonly TraitChange[];
  readonly effect: number;
  readonly standardError: number;
};

/** The learnings of a test's last look. One that is invalid teaches nothing; one that found nothing teaches that. */
export function learningsFrom(testId: string, design: TestDesign, look: Look): Learning[] {
  const { verdict } = look;
  if (verdict.kind === 'continue' || verdict.kind === 'invalid' || look.rule === 'bandit') return [];
  return look.comparisons.flatMap(({ variationId, relative }) => {
    const treatment = design.variations.find(({ id }) => id === variationId);
    if (relative === null || treatment === undefined || !(relative.standardError > 0)) return [];
    return [
      {
        testId,
        variationId,
        channel: design.channel,
        metric: design.primaryMetric.kind,
        verdict: verdict.kind,
        changes: changesBetween(controlOf(design), treatment),
        effect: relative.effect,
        standardError: relative.standardError,
      },
    ];
  });
}

/** The effects as they are to be believed, together: each pulled towards 0 by what all say. As they were where there are too few. */
export function believedEffects(learnings: readonly Learning[]): number[] {
  const answer = jamesStein(learnings);
  return answer.status === 'ok' ? [...answer.effects] : learnings.map(({ effect }) => effect);
}

/** Tests so few say nothing of how big effects are. */
const LEAST_TESTS = 3;
/** Not even many tests that agree make a next one certain. */
const LEAST_DEVIATION = 0.02;

/** What past tests say of the relative effect of a next one: its prior, and by its deviation the effect worth looking for. */
export function priorFrom(learnings: readonly Learning[]): EffectPrior | null {
  if (new Set(learnings.map(({ testId }) => testId)).size < LEAST_TESTS) return null;
  const answer = priorFromPast(learnings);
  if (answer.status !== 'ok') return null;
  return { mean: answer.mean, deviation: Math.max(LEAST_DEVIATION, answer.deviation) };
}

/** What is believed of more of a trait: a relative effect with its uncertainty, and the tests that it rests on. */
export type TraitEvidence = {
  readonly trait: Trait;
  readonly tests: readonly string[];
  readonly effect: number;
  readonly deviation: number;
  /** How much of the raw evidence is left after shrinkage; 0 where there is none. */
  readonly kept: number;
};

/**
 * The evidence of every trait, those that were never varied too. A test that varied several things at once tells of each only
 * their sum, so its error counts for each as many times. Each trait's evidence is pulled towards no effect, as far as the spread
 * of all past effects, or of `fallback` where there are too few tests, says that effects are small.
 */
export function evidenceOfTraits(learnings: readonly Learning[], fallback: EffectPrior): TraitEvidence[] {
  const past = priorFrom(learnings);
  // more of a trait may help or harm, so the prior has no side: only the size of past effects counts
  const prior = { mean: 0, deviation: past === null ? fallback.deviation : Math.hypot(past.mean, past.deviation) };
  return traits.map((trait) => {
    const about = learnings.flatMap((learning) => {
      const change = learning.changes.find((one) => one.trait === trait);
      return change === undefined ? [] : [{ learning, sign: change.sign, errors: learning.changes.length }];
    });
    const tests = [...new Set(about.map(({ learning }) => learning.testId))];
    const pooled = pool(
      about.map(({ learning, sign, errors }) => ({ effect: sign * learning.effect, standardError: errors * learning.standardError })),
    );
    if (pooled === null) return { trait, tests, effect: 0, deviation: prior.deviation, kept: 0 };
    const { mean, deviation, kept } = shrinkToPrior(pooled, prior);
    return { trait, tests, effect: mean, deviation, kept };
  });
}

/** The average of measured effects, weighted by their precision, with the spread between them taken into the error. */
function pool(measured: readonly Measured[]): Measured | null {
  if (measured.length === 0) return null;
  const spread = priorFromPast(measured);
  const between = spread.status === 'ok' ? spread.deviation ** 2 : 0;
  const weights = measured.map(({ standardError }) => 1 / (standardError ** 2 + between));
  const all = weights.reduce((sum, weight) => sum + weight, 0);
  return {
    effect: measured.reduce((sum, { effect }, i) => sum + ((weights[i] ?? 0) * effect) / all, 0),
    standardError: Math.sqrt(1 / all),
  };
}
