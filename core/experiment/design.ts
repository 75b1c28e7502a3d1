import type { EngagementChannel } from '../event/engagement.js';
import type { EffectPrior } from '../stats/shrinkage.js';
import type { Factor } from './cells.js';
import type { Guardrail, PrimaryMetric } from './metric.js';
import type { Variation } from './variation.js';

export type Audience = { readonly kind: 'segment'; readonly segmentId: string } | { readonly kind: 'rule'; readonly rule: string };

/** A stretch [from, to) of an exclusion group's users: tests of one group with stretches apart never share anybody. */
export type Exclusion = { readonly group: string; readonly from: number; readonly to: number };

/** What the control is expected to do, from where that is known, and how old it is. */
export type Baseline = BaselineLevel & { readonly source: string; readonly ageDays: number };
export type BaselineLevel =
  { readonly kind: 'rate'; readonly rate: number } | { readonly kind: 'mean'; readonly mean: number; readonly deviation: number };

/**
 * How a test is judged.
 *
 * sequential: looked at daily; alpha is spent over the planned maximum, or, with `openEnded`, a confidence sequence has no end.
 * fixed: judged once, at its planned sample or its last day. bandit: users are moved to what earns most, and no p-value is made.
 */
export type Judging =
  | { readonly mode: 'sequential'; readonly openEnded: boolean }
  | { readonly mode: 'fixed' }
  | { readonly mode: 'bandit'; readonly floor: number };

/** A test as it may run: every rule of `designTest` holds. Plain JSON. */
export type TestDesign = {
  readonly name: string;
  readonly channel: EngagementChannel;
  readonly variations: readonly Variation[];
  /** The factors whose cells the variations are, or none where they were listed one by one. */
  readonly factors: readonly Factor[];
  readonly audience: Audience;
  readonly exposureShare: number;
  readonly exclusion: Exclusion | null;
  readonly primaryMetric: PrimaryMetric;
  readonly guardrails: readonly Guardrail[];
  readonly baseline: Baseline;
  /** The smallest effect worth finding, as a part of the baseline. */
  readonly minimumEffect: number;
  readonly alpha: number;
  readonly power: number;
  readonly durationDays: number;
  readonly conversionWindowHours: number;
  readonly judging: Judging;
  /** What was known of relative effects before: past tests, or else none bigger than the smallest worth finding. */
  readonly prior: EffectPrior;
  /** The template family of which a winner becomes the default. */
  readonly applyTo: string | null;
  readonly applyAutomatically: boolean;
};

/** How many comparisons with the control share alpha. */
export const comparisonsOf = (design: Pick<TestDesign, 'variations'>): number => design.variations.length - 1;

export const controlOf = ({ variations: [control] }: Pick<TestDesign, 'variations'>): Variation => {
  if (control === undefined) throw new RangeError('a design without variations');
  return control;
};

export const treatmentsOf = ({ variations }: Pick<TestDesign, 'variations'>): readonly Variation[] => variations.slice(1);

export const variationNamer = (design: Pick<TestDesign, 'variations'>) => (variationId: string) =>
  design.variations.find(({ id }) => id === variationId)?.name ?? variationId;
