import { studentQuantile, studentTwoSidedP } from '../distributions/student-t.js';
import { requireOpenProbability } from '../rules.js';
import type { Answer, Interval } from '../verdict.js';
import { effectOf, type Effect, type Scale } from './effect.js';
import type { Sample } from './sample.js';

export type Welch = Effect & { degrees: number; t: number; p: number; interval: Interval };

/**
 * Welch's t test that two means are equal, with the interval of the effect at level 1 - alpha. Assumes independent users and
 * means that are nearly normal (many users, or winsorised values); variances may differ. Valid for one look. Refuses as
 * `effectOf` does.
 *
 * Source: Welch, "The generalization of Student's problem", 1947; degrees of freedom after Satterthwaite, 1946.
 *
 * @example welchTest({ users: 30, mean: 10, variance: 4 }, { users: 30, mean: 11, variance: 4 }, { alpha: 0.05, scale: 'absolute' }).p // → 0.0577
 */
export function welchTest(control: Sample, treatment: Sample, options: { readonly alpha: number; readonly scale: Scale }): Answer<Welch> {
  requireOpenProbability(options.alpha, 'alpha');
  const answer = effectOf(control, treatment, options.scale);
  if (answer.status !== 'ok') return answer;
  const degrees = satterthwaiteDegrees(control, treatment);
  const t = answer.effect / answer.standardError;
  const reach = answer.standardError * -studentQuantile(options.alpha / 2, degrees);
  return { ...answer, degrees, t, p: studentTwoSidedP(t, degrees), interval: { low: answer.effect - reach, high: answer.effect + reach } };
}

function satterthwaiteDegrees(control: Sample, treatment: Sample): number {
  const [left, right] = [control.variance / control.users, treatment.variance / treatment.users];
  return (left + right) ** 2 / (left ** 2 / (control.users - 1) + right ** 2 / (treatment.users - 1));
}
