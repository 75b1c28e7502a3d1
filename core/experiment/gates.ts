import { formatNumber } from '../numbers.js';
import { lowerSequence } from '../stats/always-valid/asymptotic-sequence.js';
import { chiSquareUpperTail } from '../stats/distributions/chi-square.js';
import { pooledZTest } from '../stats/proportions/two-proportions.js';
import { SAMPLE_RATIO_ALARM, sampleRatioTest } from '../stats/sample-ratio.js';
import type { ArmCounts, LookFacts, PeriodCounts } from './counts.js';
import type { TestDesign } from './design.js';
import { telling } from './estimates.js';
import type { Guardrail } from './metric.js';

export const gateNames = ['whole_week', 'users', 'conversions', 'sample_ratio', 'multiple_exposures', 'guardrails'] as const;
export type GateName = (typeof gateNames)[number];

/**
 * A condition that a look must meet before it may spend alpha or decide.
 *
 * passed · waiting: more days or users will bring it · failed: the numbers are wrong or somebody is harmed, and no more data helps.
 */
export type Gate = { readonly name: GateName; readonly status: 'passed' | 'waiting' | 'failed'; readonly detail: string };

export type Harm = { readonly variationId: string; readonly guardrail: Guardrail };

/** All gates of a look, and the harm that was found, if any. */
export type Gates = { readonly gates: readonly Gate[]; readonly harm: Harm | null };

const WEEK_MS = 7 * 86_400_000;
export const LEAST_USERS = 100;
export const LEAST_CONVERSIONS = 25;
/** A bandit moves users by what it saw, so it must have seen more. */
export const LEAST_CONVERSIONS_OF_BANDIT = 40;
const MOST_EXPOSED_TWICE = 0.01;
/** Fewer than these are a handful of people who changed their device, not a fault of the test. */
const FEWEST_EXPOSED_TWICE = 10;
const LEAST_EXPECTED = 5;

export function gatesOf(design: TestDesign, facts: LookFacts, tightestAt: number): Gates {
  const harm = harmIn(design, facts.arms, tightestAt);
  return {
    gates: [
      wholeWeek(facts),
      users(facts.arms),
      conversions(design, facts.arms),
      sampleRatio(facts.periods),
      multipleExposures(facts.arms),
      guardrailGate(design, harm),
    ],
    harm,
  };
}

const gate = (name: GateName, status: Gate['status'], detail: string): Gate => ({ name, status, detail });
const least = (arms: readonly ArmCounts[], of: (arm: ArmCounts) => number): number => Math.min(...arms.map(of));

function wholeWeek({ atMs, startedAtMs }: LookFacts): Gate {
  const days = Math.floor((atMs - startedAtMs) / 86_400_000);
  return gate('whole_week', atMs - startedAtMs >= WEEK_MS ? 'passed' : 'waiting', `${days} of at least 7 days`);
}

function users(arms: readonly ArmCounts[]): Gate {
  const fewest = least(arms, ({ measured }) => measured);
  return gate(
    'users',
    fewest >= LEAST_USERS ? 'passed' : 'waiting',
    `${formatNumber(fewest)} of at least ${LEAST_USERS} users with a closed window in every arm`,
  );
}

function conversions(design: TestDesign, arms: readonly ArmCounts[]): Gate {
  const needed = design.judging.mode === 'bandit' ? LEAST_CONVERSIONS_OF_BANDIT : LEAST_CONVERSIONS;
  const fewest = least(arms, telling);
  return gate(
    'conversions',
    fewest >= needed ? 'passed' : 'waiting',
    `${formatNumber(fewest)} of at least ${needed} conversions in every arm`,
  );
}

/** Pearson's chi-square of each period's exposures against its weights, added up; arms that expect too few in a period are left out of it. */
function sampleRatio(periods: readonly PeriodCounts[]): Gate {
  let [chiSquare, degrees] = [0, 0];
  for (const { weights, exposed } of periods) {
    const all = exposed.reduce((sum, count) => sum + count, 0);
    const arms = weights.map((weight, i) => ({ weight, users: exposed[i] ?? 0 })).filter(({ weight }) => weight * all >= LEAST_EXPECTED);
    if (arms.length < 2) continue;
    const answer = sampleRatioTest(arms);
    if (answer.status !== 'ok') continue;
    chiSquare += answer.chiSquare;
    degrees += arms.length - 1;
  }
  if (degrees === 0) return gate('sample_ratio', 'waiting', 'too few users to compare the arms with their weights');
  const p = chiSquareUpperTail(chiSquare, degrees);
  const seen = `p = ${p < 0.0001 ? p.toExponential(1) : p.toFixed(4)}`;
  return p >= SAMPLE_RATIO_ALARM
    ? gate('sample_ratio', 'passed', seen)
    : gate('sample_ratio', 'failed', `the arms do not have the users that their weights should bring (${seen})`);
}

function multipleExposures(arms: readonly ArmCounts[]): Gate {
  const exposed = arms.reduce((sum, arm) => sum + arm.exposed, 0);
  const twice = arms.reduce((sum, arm) => sum + arm.exposedTwice, 0);
  const detail = `${formatNumber(twice)} of ${formatNumber(exposed)} users were exposed to two arms`;
  if (exposed === 0 || twice / exposed < MOST_EXPOSED_TWICE) return gate('multiple_exposures', 'passed', detail);
  return gate('multiple_exposures', twice >= FEWEST_EXPOSED_TWICE ? 'failed' : 'waiting', detail);
}

function guardrailGate({ guardrails }: TestDesign, harm: Harm | null): Gate {
  if (harm !== null) return gate('guardrails', 'failed', `${harm.guardrail} rate raised by ${JSON.stringify(harm.variationId)}`);
  return gate('guardrails', 'passed', guardrails.length === 0 ? 'none are watched' : `no harm seen in ${guardrails.join(', ')}`);
}

/** The first guardrail that an arm surely raises: one-sided, valid at every look, and not corrected, because missing harm is worse. */
function harmIn({ guardrails, alpha }: TestDesign, arms: readonly ArmCounts[], tightestAt: number): Harm | null {
  const [control, ...treatments] = arms;
  if (control === undefined) return null;
  for (const guardrail of guardrails) {
    for (const treatment of treatments) {
      const answer = pooledZTest(harmed(control, guardrail), harmed(treatment, guardrail));
      if (answer.status !== 'ok' || least([control, treatment], watched) < LEAST_USERS) continue;
      const estimate = { effect: answer.effect, standardError: answer.standardError, users: watched(control) + watched(treatment) };
      if (lowerSequence(estimate, { alpha, tightestAt }).p < alpha) return { variationId: treatment.variationId, guardrail };
    }
  }
  return null;
}

const watched = ({ exposed, exposedTwice }: ArmCounts): number => exposed - exposedTwice;
const harmed = (arm: ArmCounts, guardrail: Guardrail) => ({ successes: arm.harmed[guardrail] ?? 0, trials: watched(arm) });
