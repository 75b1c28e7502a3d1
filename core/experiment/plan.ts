import { formatChange, formatNumber } from '../numbers.js';
import { sequentialInflation } from '../stats/sequential/inflation.js';
import { daysNeeded } from '../stats/planning/duration.js';
import { detectableEffect, usersPerArm } from '../stats/planning/rates.js';
import { usersPerArmOfMeans } from '../stats/planning/means.js';
import { normalUpperQuantile } from '../stats/distributions/normal.js';
import { comparisonsOf, controlOf, treatmentsOf, type TestDesign } from './design.js';
import type { StoppingRule } from './look-state.js';

/** Who could take part: users there now, and how many new ones come each day. */
export type AvailableAudience = { readonly usersNow: number; readonly newUsersPerDay: number };

/** What a test needs and gets, said before anything runs. */
export type TestPlan = {
  /** Users with closed windows in all arms at which the test ends: what information is measured against. */
  readonly maximumUsers: number;
  readonly usersPerArm: readonly { readonly variationId: string; readonly users: number }[];
  /** By what daily looks make the sample greater than that of one look. */
  readonly inflation: number;
  /** Users who can take part within the planned duration, after exposure share and exclusion group. */
  readonly availableUsers: number;
  /** Whole weeks until enough users were exposed; null where they never will be. */
  readonly daysNeeded: number | null;
  /** The relative effect that the available users show with the power asked for; null where not even the greatest. */
  readonly detectableEffect: number | null;
  readonly enough: boolean;
  readonly notes: readonly string[];
};

/** More looks than these need hardly a user more. */
const MOST_LOOKS = 60;

/** Sample, duration and what can be seen with what there is, for any number of arms and any weights. */
export function planTest(design: TestDesign, audience: AvailableAudience): TestPlan {
  const inflation = inflationOf(design);
  const maximumUsers = Math.ceil(Math.max(...treatmentsOf(design).map(({ weight }) => usersFor(design, weight))) * inflation);
  const share = design.exposureShare * (design.exclusion === null ? 1 : design.exclusion.to - design.exclusion.from);
  const availableUsers = Math.floor(share * (audience.usersNow + audience.newUsersPerDay * design.durationDays));
  const plan = {
    maximumUsers,
    usersPerArm: design.variations.map(({ id, weight }) => ({ variationId: id, users: Math.ceil(weight * maximumUsers) })),
    inflation,
    availableUsers,
    daysNeeded: daysFor(maximumUsers, { now: share * audience.usersNow, perDay: share * audience.newUsersPerDay }, design.durationDays),
    detectableEffect: effectSeen(design, availableUsers / inflation),
    enough: availableUsers >= maximumUsers,
  };
  return { ...plan, notes: notesOn(design, plan) };
}

function inflationOf({ judging, alpha, power, durationDays, variations }: TestDesign): number {
  if (judging.mode !== 'sequential') return 1;
  const share = alpha / (variations.length - 1);
  if (judging.openEnded) return sequenceInflation(share, power);
  return sequentialInflation({ alpha: share, spending: { kind: 'obrien_fleming' } }, { power, looks: Math.min(MOST_LOOKS, durationDays) });
}

/** Of a confidence sequence at its tightest: an end that is not planned costs about twice the users. */
function sequenceInflation(alpha: number, power: number): number {
  const growth = -2 * Math.log(alpha) + Math.log(1 - 2 * Math.log(alpha));
  const reach = Math.sqrt(((1 + growth) / growth) * (2 * Math.log(1 / alpha) + Math.log1p(growth)));
  const needed = normalUpperQuantile(1 - power);
  return ((reach + needed) / (normalUpperQuantile(alpha / 2) + needed)) ** 2;
}

/** Users in all arms that one look needs for the comparison of a treatment of this weight with the control. */
function usersFor(design: TestDesign, weight: number): number {
  const { alpha, power, baseline, minimumEffect } = design;
  const control = controlOf(design).weight;
  const common = { alpha, power, comparisons: comparisonsOf(design), ratio: weight / control };
  const inControl =
    baseline.kind === 'rate'
      ? usersPerArm({ ...common, baseline: baseline.rate, rate: baseline.rate * (1 + minimumEffect) })
      : usersPerArmOfMeans({ ...common, difference: minimumEffect * baseline.mean, deviation: baseline.deviation });
  return inControl / control;
}

/** The effect that one look at so many users in all arms shows in the comparison that has the fewest. */
function effectSeen(design: TestDesign, users: number): number | null {
  const { alpha, power, baseline } = design;
  const control = controlOf(design).weight;
  const least = Math.min(...treatmentsOf(design).map(({ weight }) => weight));
  const common = { alpha, power, comparisons: comparisonsOf(design), ratio: least / control };
  if (users * control < 2) return null;
  if (baseline.kind === 'rate') {
    const answer = detectableEffect({ ...common, baseline: baseline.rate, users: users * control });
    return answer.status === 'ok' ? answer.effect : null;
  }
  const oneDeviation = usersPerArmOfMeans({ ...common, difference: baseline.deviation, deviation: baseline.deviation });
  return Math.sqrt(oneDeviation / (users * control)) * (baseline.deviation / Math.abs(baseline.mean));
}

function daysFor(users: number, come: { readonly now: number; readonly perDay: number }, durationDays: number): number | null {
  if (come.now >= users) return durationDays;
  return come.perDay > 0 ? daysNeeded({ users: users - come.now, usersPerDay: come.perDay }) : null;
}

function notesOn(design: TestDesign, plan: Omit<TestPlan, 'notes'>): string[] {
  const notes: string[] = [];
  if (!plan.enough) notes.push(tooSmall(design, plan));
  if (plan.daysNeeded !== null && plan.daysNeeded > design.durationDays) {
    notes.push(`It would take ${plan.daysNeeded} days, and ${design.durationDays} are planned.`);
  }
  if (design.baseline.ageDays > OLD_BASELINE_DAYS) {
    notes.push(
      `The baseline is ${formatNumber(design.baseline.ageDays)} days old (${design.baseline.source}); the sample is only as good as it.`,
    );
  }
  if (design.judging.mode === 'bandit')
    notes.push('A bandit earns while it learns: it ends when one arm is almost surely the best, and makes no p-value.');
  return notes;
}

const OLD_BASELINE_DAYS = 90;

function tooSmall(design: TestDesign, { maximumUsers, availableUsers, detectableEffect }: Omit<TestPlan, 'notes'>): string {
  const seen =
    detectableEffect === null
      ? 'these show no effect at all'
      : `these show ${formatChange(detectableEffect)} or more, and ${formatChange(design.minimumEffect)} is looked for`;
  return `Too small: ${formatNumber(maximumUsers)} users are needed and ${formatNumber(availableUsers)} can take part; ${seen}.`;
}

/** Whether a test may start: one that is too small only when the caller says that it is accepted. */
export function mayStart(
  plan: TestPlan,
  options: { readonly acceptTooSmall: boolean },
): { readonly ok: true } | { readonly ok: false; readonly because: string } {
  if (plan.enough || options.acceptTooSmall) return { ok: true };
  return { ok: false, because: plan.notes[0] ?? 'too few users can take part' };
}

/** The rule that a design's looks are judged by from its start. */
export function ruleOf(design: TestDesign, plan: Pick<TestPlan, 'maximumUsers'>): StoppingRule {
  const { judging, alpha } = design;
  switch (judging.mode) {
    case 'bandit':
      return { kind: 'bandit', alpha };
    case 'fixed':
      return { kind: 'fixed_horizon', alpha, maximumUsers: plan.maximumUsers };
    case 'sequential':
      return judging.openEnded
        ? { kind: 'confidence_sequence', alpha, tightestAt: plan.maximumUsers }
        : { kind: 'group_sequential', alpha, maximumUsers: plan.maximumUsers };
  }
}
