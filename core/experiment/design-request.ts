import type { EffectPrior } from '../stats/shrinkage.js';
import { cellsOf, type Factor } from './cells.js';
import type { Audience, Baseline, Exclusion, Judging, TestDesign } from './design.js';
import { faultsOf, type DesignFault } from './design-faults.js';
import { guardrails as allGuardrails, type MetricKind, type PrimaryMetric } from './metric.js';
import type { Variation, VariedPart } from './variation.js';

/** A test as somebody asks for it. Only what has no sensible default must be said. */
export type TestRequest = {
  readonly name: string;
  readonly channel: string;
  /** The first is the control. Either these or factors. Without weights, all arms have the same. */
  readonly variations?: readonly VariationRequest[];
  readonly factors?: readonly Factor[];
  readonly audience: Audience;
  readonly primaryMetric: string;
  /** Of `conversion_rate`: the tenant's name for what counts as one. */
  readonly goal?: string;
  /** Of `revenue_per_user`. */
  readonly currency?: string;
  /** Of a mean: the quantile to which greater values are pulled down, such as 0.99. */
  readonly winsoriseAbove?: number;
  readonly guardrails?: readonly string[];
  readonly exposureShare?: number;
  readonly exclusion?: Exclusion;
  readonly baseline?: Baseline;
  readonly minimumEffect?: number;
  readonly alpha?: number;
  readonly power?: number;
  readonly durationDays?: number;
  readonly conversionWindowHours?: number;
  readonly mode?: 'sequential' | 'fixed' | 'bandit';
  /** Only with `sequential`: no planned maximum, judged by a confidence sequence. */
  readonly openEnded?: boolean;
  /** Only with `bandit`: the share that no arm falls below. */
  readonly floor?: number;
  readonly applyTo?: string;
  readonly applyAutomatically?: boolean;
};

export type VariationRequest = {
  readonly id: string;
  readonly name?: string;
  readonly weight?: number;
  readonly parts: Readonly<Partial<Record<VariedPart, string>>>;
};

/** What the tenant's own data says of a test that is asked for. */
export type KnownBefore = {
  /** The control's level from the tenant's history, or null where nobody emitted the metric. */
  readonly baseline: Baseline | null;
  /** Users of the segment or rule now. */
  readonly audienceUsers: number;
  /** What past tests say of relative effects, or null where there are too few. */
  readonly prior: EffectPrior | null;
};

export type Designed =
  { readonly status: 'designed'; readonly design: TestDesign } | { readonly status: 'refused'; readonly faults: readonly DesignFault[] };

export const DEFAULT_MINIMUM_EFFECT = 0.1;
const DEFAULT_DURATION_DAYS = 14;
const DEFAULT_WINDOW_HOURS = 72;
const DEFAULT_FLOOR = 0.01;

/** The design that is asked for, with defaults filled in; or all that is wrong with it, at once. */
export function designTest(request: TestRequest, known: KnownBefore): Designed {
  const faults = faultsOf(request, known);
  const design = assembled(request, known);
  return faults.length > 0 || design === null ? { status: 'refused', faults } : { status: 'designed', design };
}

function assembled(request: TestRequest, known: KnownBefore): TestDesign | null {
  const metric = metricOf(request);
  const baseline = request.baseline ?? known.baseline;
  if (metric === null || baseline === null) return null;
  const minimumEffect = request.minimumEffect ?? minimumEffectFrom(known.prior);
  return {
    name: request.name.trim(),
    channel: request.channel as TestDesign['channel'],
    variations: variationsOf(request),
    factors: request.factors ?? [],
    audience: request.audience,
    exposureShare: request.exposureShare ?? 1,
    exclusion: request.exclusion ?? null,
    primaryMetric: metric,
    guardrails: allGuardrails.filter((name) => (request.guardrails ?? allGuardrails).includes(name)),
    baseline,
    minimumEffect,
    alpha: request.alpha ?? 0.05,
    power: request.power ?? 0.8,
    durationDays: request.durationDays ?? DEFAULT_DURATION_DAYS,
    conversionWindowHours: request.conversionWindowHours ?? DEFAULT_WINDOW_HOURS,
    judging: judgingOf(request),
    prior: known.prior ?? { mean: 0, deviation: minimumEffect },
    applyTo: request.applyTo ?? null,
    applyAutomatically: request.applyAutomatically ?? false,
  };
}

/** Past tests say what size of effect is to be expected: one deviation of theirs is worth finding, within reason. */
function minimumEffectFrom(prior: EffectPrior | null): number {
  if (prior === null) return DEFAULT_MINIMUM_EFFECT;
  return Math.min(0.5, Math.max(0.02, prior.deviation));
}

/** The arms of a request: as listed, or the cells of its factors. Every missing weight is the same. */
export function variationsOf({ variations, factors }: Pick<TestRequest, 'variations' | 'factors'>): Variation[] {
  if (variations !== undefined) {
    return variations.map(({ id, name, weight, parts }) => ({ id, name: name ?? id, weight: weight ?? 1 / variations.length, parts }));
  }
  const cells = cellsOf(factors ?? []);
  return cells.map(({ id, levels }) => ({
    id,
    name: levels.map(({ value }) => value).join(' · '),
    weight: 1 / cells.length,
    parts: Object.fromEntries(levels.map(({ part, value }) => [part, value])),
  }));
}

function metricOf(request: TestRequest): PrimaryMetric | null {
  const { primaryMetric, goal, currency } = request;
  const winsoriseAbove = request.winsoriseAbove ?? null;
  const kind = primaryMetric as MetricKind;
  switch (kind) {
    case 'conversion_rate':
      return goal === undefined ? null : { kind, goal };
    case 'revenue_per_user':
      return currency === undefined ? null : { kind, currency, winsoriseAbove };
    case 'ctr':
    case 'open_rate':
    case 'reply_rate':
      return { kind };
    case 'engagement_time':
      return { kind, winsoriseAbove };
    default:
      return null;
  }
}

function judgingOf({ mode = 'sequential', openEnded = false, floor = DEFAULT_FLOOR }: TestRequest): Judging {
  switch (mode) {
    case 'sequential':
      return { mode, openEnded };
    case 'fixed':
      return { mode };
    case 'bandit':
      return { mode, floor };
  }
}
