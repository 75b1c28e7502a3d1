import { requireFinite, requirePositive } from './rules.js';
import { notEnoughData, type Answer } from './verdict.js';

export type Measured = { readonly effect: number; readonly standardError: number };

/**
 * The positive-part James–Stein estimator: many effects, each pulled towards 0 by the same share, so that together they are nearer
 * the truth than the raw ones are. With standard errors that differ, the share is that of the z values. Assumes normal,
 * independent estimates. Refuses fewer than three effects, for which it cannot help.
 *
 * Source: James and Stein, "Estimation with quadratic loss", 1961; positive part: Baranchik, 1964.
 *
 * @example jamesStein([{ effect: 2, standardError: 1 }, { effect: 1, standardError: 1 }, { effect: -1, standardError: 1 }]).kept // → 0.833333
 */
export function jamesStein(measured: readonly Measured[]): Answer<{ kept: number; effects: readonly number[] }> {
  for (const one of measured) requireMeasured(one);
  if (measured.length < 3) return notEnoughData(`${measured.length} effects are too few to shrink together; three are needed`);
  const size = measured.reduce((sum, { effect, standardError }) => sum + (effect / standardError) ** 2, 0);
  const kept = size === 0 ? 0 : Math.max(0, 1 - (measured.length - 2) / size);
  return { status: 'ok', kept, effects: measured.map(({ effect }) => kept * effect) };
}

/** What past tests say of a next effect: a normal distribution of true effects. */
export type EffectPrior = { readonly mean: number; readonly deviation: number };

/**
 * The normal–normal posterior of an effect: a measured one, weighed by its precision against what is known from past tests.
 * Assumes that the effect is one more of their kind. A prior deviation of 0 leaves nothing to learn.
 *
 * Source: Gelman et al., "Bayesian data analysis", 2013, equation 2.10.
 *
 * @example shrinkToPrior({ effect: 0.05, standardError: 0.0357158 }, { mean: 0.1, deviation: 0.316228 }) // → { mean: 0.05063, deviation: 0.03549, kept: 0.98740 }
 */
export function shrinkToPrior(measured: Measured, prior: EffectPrior): EffectPrior & { readonly kept: number } {
  requireMeasured(measured);
  requireFinite(prior.mean, "the prior's mean");
  if (!(prior.deviation >= 0)) throw new RangeError(`the prior's deviation must not be negative, not ${prior.deviation}`);
  if (prior.deviation === Number.POSITIVE_INFINITY) return { mean: measured.effect, deviation: measured.standardError, kept: 1 };
  const [own, known] = [measured.standardError ** 2, prior.deviation ** 2];
  const kept = known / (known + own);
  return { mean: prior.mean + kept * (measured.effect - prior.mean), deviation: measured.standardError * Math.sqrt(kept), kept };
}

/**
 * The distribution of true effects behind past tests, by the method of moments: their spread beyond what chance alone explains.
 * Assumes independent tests of one kind. Refuses fewer than two.
 *
 * Source: DerSimonian and Laird, "Meta-analysis in clinical trials", 1986.
 *
 * @example priorFromPast([{ effect: 0.1, standardError: 0.1 }, { effect: 0.1, standardError: 0.1 }]) // → { status: 'ok', mean: 0.1, deviation: 0 }
 */
export function priorFromPast(past: readonly Measured[]): Answer<EffectPrior> {
  for (const one of past) requireMeasured(one);
  if (past.length < 2) return notEnoughData('a spread of effects needs at least two past tests');
  const between = spreadBetween(past);
  const { mean } = weighted(past, between);
  return { status: 'ok', mean, deviation: Math.sqrt(between) };
}

function spreadBetween(past: readonly Measured[]): number {
  const { mean, weights, all } = weighted(past, 0);
  const misfit = past.reduce((sum, { effect }, i) => sum + (weights[i] ?? 0) * (effect - mean) ** 2, 0);
  const squares = weights.reduce((sum, weight) => sum + weight * weight, 0);
  return Math.max(0, (misfit - (past.length - 1)) / (all - squares / all));
}

function weighted(past: readonly Measured[], between: number) {
  const weights = past.map(({ standardError }) => 1 / (standardError ** 2 + between));
  const all = weights.reduce((sum, weight) => sum + weight, 0);
  return { weights, all, mean: past.reduce((sum, { effect }, i) => sum + (weights[i] ?? 0) * effect, 0) / all };
}

function requireMeasured({ effect, standardError }: Measured): void {
  requireFinite(effect, 'an effect');
  requirePositive(standardError, 'a standard error');
}
