import { formatChange } from '../numbers.js';
import { normalCdf } from '../stats/distributions/normal.js';
import { alphaOfComparison, usersPerArm } from '../stats/planning/rates.js';
import { sequentialInflation } from '../stats/sequential/inflation.js';
import type { EffectPrior } from '../stats/shrinkage.js';
import type { TraitEvidence } from './learnings.js';
import { changeInWords, type Trait, type TraitChange } from './traits.js';

/** What to test next, what it rests on, and what it would need. */
export type Hypothesis = {
  readonly change: TraitChange;
  readonly statement: string;
  readonly evidence: {
    readonly tests: readonly string[];
    readonly expectedEffect: number;
    readonly deviation: number;
    readonly inWords: string;
  };
  /** What a test of it would take as its smallest effect and as its prior. */
  readonly minimumEffect: number;
  readonly prior: EffectPrior;
  readonly usersPerArm: number;
  /** The chance that the effect is at least as big as the smallest looked for. */
  readonly chance: number;
};

export type HypothesisContext = {
  readonly baselineRate: number;
  readonly alpha: number;
  readonly power: number;
  readonly durationDays: number;
  /** What a message of this channel can vary: a hypothesis about anything else is none. */
  readonly possible: readonly Trait[];
  /** Traits that a running test varies now. */
  readonly running: readonly Trait[];
};

const SMALLEST_WORTH_FINDING = 0.03;
const GREATEST_LOOKED_FOR = 0.5;
/** A hypothesis less likely than this is spent: enough tests have said that there is not much in it. */
const LEAST_CHANCE = 0.1;

/**
 * The next hypotheses, the most promising first: those most likely to have an effect worth finding. What was never tried has a
 * wide belief, and so a good place; what was tried often without effect has a narrow one, and drops out.
 */
export function nextHypotheses(evidence: readonly TraitEvidence[], context: HypothesisContext): Hypothesis[] {
  return evidence
    .filter(({ trait }) => context.possible.includes(trait) && !context.running.includes(trait))
    .flatMap((one) => hypothesisFrom(one, context))
    .filter(({ chance }) => chance >= LEAST_CHANCE)
    .sort((left, right) => right.chance - left.chance || left.usersPerArm - right.usersPerArm);
}

function hypothesisFrom({ trait, tests, effect, deviation }: TraitEvidence, context: HypothesisContext): Hypothesis[] {
  const change: TraitChange = { trait, sign: effect < 0 ? -1 : 1 };
  const expectedEffect = Math.abs(effect);
  const minimumEffect = Math.min(GREATEST_LOOKED_FOR, Math.max(SMALLEST_WORTH_FINDING, tests.length === 0 ? deviation : expectedEffect));
  const rate = context.baselineRate * (1 + minimumEffect);
  if (!(rate < 1)) return [];
  const words = changeInWords(change);
  return [
    {
      change,
      statement: `${words[0]?.toUpperCase() ?? ''}${words.slice(1)} raises the rate by ${formatChange(minimumEffect)} or more.`,
      evidence: { tests, expectedEffect, deviation, inWords: evidenceInWords(tests.length, expectedEffect, deviation) },
      minimumEffect,
      prior: { mean: expectedEffect, deviation },
      usersPerArm: sampleFor(rate, context),
      chance: normalCdf((expectedEffect - SMALLEST_WORTH_FINDING) / deviation),
    },
  ];
}

function evidenceInWords(tests: number, effect: number, deviation: number): string {
  if (tests === 0) return `Never tried here; effects of its kind are of the size of ${formatChange(deviation).replace('+', '')}.`;
  const range = `${formatChange(effect - 1.96 * deviation)} to ${formatChange(effect + 1.96 * deviation)}`;
  return `${tests} ${tests === 1 ? 'test' : 'tests'} so far: ${formatChange(effect)} after shrinkage, and with 95 % probability ${range}.`;
}

function sampleFor(rate: number, { baselineRate, alpha, power, durationDays }: HypothesisContext): number {
  const spending = { kind: 'obrien_fleming' } as const;
  const inflation = sequentialInflation({ alpha: alphaOfComparison(alpha, 1), spending }, { power, looks: Math.min(60, durationDays) });
  return Math.ceil(usersPerArm({ baseline: baselineRate, rate, alpha, power }) * inflation);
}
