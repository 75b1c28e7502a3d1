import { notEnoughData, type Answer } from '../verdict.js';
import type { Sample } from './sample.js';

/** Whether an effect is a difference, or a difference as a part of the control's mean. */
export type Scale = 'absolute' | 'relative';

export type Effect = { effect: number; standardError: number };

/**
 * The effect of a treatment on a mean, with its standard error. `relative` is (treatment - control) / |control|, by the delta
 * method, so that more is positive even where the control's mean is negative. Assumes independent users and arms, and for
 * `relative` a control whose mean is well away from 0. Refuses with fewer than two users in an arm, without variation, and, for
 * `relative`, where the control's mean is 0.
 *
 * Source: Casella and Berger, "Statistical inference", 2002, 5.5.24 (delta method).
 *
 * @example effectOf({ users: 100, mean: 2, variance: 4 }, { users: 100, mean: 3, variance: 4 }, 'relative') // → { status: 'ok', effect: 0.5, standardError: 0.18027756 }
 */
export function effectOf(control: Sample, treatment: Sample, scale: Scale): Answer<Effect> {
  if (control.users < 2 || treatment.users < 2) return notEnoughData('each arm needs at least two users');
  const [left, right] = [control.variance / control.users, treatment.variance / treatment.users];
  if (!(left + right > 0)) return notEnoughData('no value differs from another');
  const difference = treatment.mean - control.mean;
  if (scale === 'absolute') return { status: 'ok', effect: difference, standardError: Math.sqrt(left + right) };
  const base = Math.abs(control.mean);
  const ratio = treatment.mean / base;
  const standardError = Math.sqrt(right + left * ratio * ratio) / base;
  if (!Number.isFinite(standardError)) return notEnoughData("the control's mean is 0, so nothing is a part of it");
  return { status: 'ok', effect: difference / base, standardError };
}
