import { minorDigitsOf } from '../event/money.js';
import { comparisonToTell, documentAnswer } from '../experiment/answer.js';
import { NO_P_FROM_A_BANDIT } from '../experiment/bandit.js';
import { comparisonsOf, controlOf, variationNamer, type TestDesign } from '../experiment/design.js';
import { annualImpact, type MonthlyVolume } from '../experiment/impact.js';
import type { Comparison } from '../experiment/comparison.js';
import type { Look } from '../experiment/look.js';
import { metricInWords } from '../experiment/metric.js';
import { isTold, type SecondaryRate, type ShownArm } from '../experiment/shown-arm.js';
import { formatChange, formatNumber, roundTo } from '../numbers.js';
import { normalCdf, normalUpperQuantile } from '../stats/distributions/normal.js';
import type { Bases } from './basis.js';
import { suggestionId } from './id.js';
import type { AbTestWinner, Priority } from './payload.js';
import type { WalkContext } from './segment-opportunity.js';

/** A test that found a winner, whose template family is known. */
export type WonTest = {
  readonly testId: string;
  readonly design: TestDesign & { readonly applyTo: string };
  readonly startedAtMs: number;
  /** The one that decided. */
  readonly look: Look;
  readonly volume: MonthlyVolume | null;
};

const TYPE = 'ab_test_winner';
const DAY_MS = 86_400_000;
/** To four places much would round to certainty, which a measured effect never is. */
const MOST_SURE = 0.9999;

/** By the relative effect that is to be expected: high from a tenth, medium from three hundredths, and where none can be told. */
export function winnerPriority(improvement: number | undefined): Priority {
  if (improvement === undefined) return 'medium';
  if (improvement >= 0.1) return 'high';
  return improvement >= 0.03 ? 'medium' : 'low';
}

/**
 * The suggestion to apply a winner. Its impact is what to expect, from the shrunk effect; its results are what was measured. Throws
 * a RangeError for a look without a winner.
 */
export function testWinner(won: WonTest, context: WalkContext & { readonly asOf: string; readonly currency: string }): AbTestWinner {
  const { testId, design, look } = won;
  const { control, winner, comparison } = partsOf(won);
  const id = suggestionId({ ...context, type: TYPE, subject: testId });
  const { annual, ...impact } = impactOf(won, winner, comparison);
  const nameOf = variationNamer(design);
  const metric = metricInWords(design.primaryMetric.kind);
  const expected = impact.improvement === undefined ? '' : `, ${formatChange(impact.improvement)} ${metric} to be expected`;
  const action = { action_type: 'apply_test_winner', test_id: testId, apply_to: design.applyTo } as const;
  return {
    id,
    type: TYPE,
    title: `${design.name}: "${nameOf(winner.variationId)}" won${expected}`,
    description: describe(won, winner, comparison),
    priority: winnerPriority(impact.improvement),
    impact,
    test_results: resultsOf(won, control, winner),
    recommended_actions: [{ ...action, ...(annual !== undefined && { estimated_annual_impact: annual }) }],
    actions: [
      {
        action_type: action.action_type,
        description: `Make "${nameOf(winner.variationId)}" the default of ${design.applyTo.replaceAll('_', ' ')}; it can be rolled back`,
      },
    ],
    cta_url: `${context.engardeAppUrl}/ab-tests/${encodeURIComponent(testId)}?suggestion=${id}`,
    metadata: {
      walk_date: context.walkDate,
      as_of: context.asOf,
      currency: context.currency,
      decided_at: new Date(look.atMs).toISOString(),
    },
  };
}

function partsOf({ testId, look }: WonTest): { control: ShownArm; winner: ShownArm; comparison: Comparison | null } {
  const [control] = look.arms;
  const won = look.verdict.kind === 'winner' ? look.verdict.variationId : undefined;
  const winner = look.arms.find(({ variationId }) => variationId === won);
  if (control === undefined || winner === undefined) throw new RangeError(`${testId} has no winner`);
  return { control, winner, comparison: comparisonToTell(look, winner.variationId) };
}

function describe({ design, startedAtMs, look }: WonTest, winner: ShownArm, comparison: Comparison | null): string {
  const metric = metricInWords(design.primaryMetric.kind);
  const users = formatNumber(measuredIn(look));
  const against = `against "${controlOf(design).name}", over ${users} users in ${daysOf(startedAtMs, look)} days`;
  if (comparison?.relative == null) return `Most likely the best of ${look.arms.length} by its ${metric} ${against}. ${NO_P_FROM_A_BANDIT}`;
  const { effect, interval } = comparison.relative;
  const range = interval === null ? '' : ` (${formatChange(interval.low)} to ${formatChange(interval.high)})`;
  const shrunk = comparison.shrunk === null ? '' : ` After shrinkage, ${formatChange(comparison.shrunk.relative)} is to be expected.`;
  return `"${variationNamer(design)(winner.variationId)}" changed the ${metric} by ${formatChange(effect)}${range} ${against}.${shrunk}`;
}

const measuredIn = ({ arms }: Look): number => arms.reduce((sum, { measured }) => sum + measured, 0);
const daysOf = (startedAtMs: number, { atMs }: Look): number => roundTo((atMs - startedAtMs) / DAY_MS, 0);

function resultsOf({ testId, design, startedAtMs, look }: WonTest, control: ShownArm, winner: ShownArm): AbTestWinner['test_results'] {
  const answer = documentAnswer(design, look);
  return {
    test_id: testId,
    test_name: design.name,
    primary_metric: design.primaryMetric.kind,
    duration_days: daysOf(startedAtMs, look),
    sample_size: measuredIn(look),
    control: armOf(design, control, look),
    winner: {
      ...armOf(design, winner, look),
      ...(answer.improvement !== null && { improvement: roundTo(answer.improvement, 4) }),
      ...(answer.improvement_interval && {
        improvement_interval: [roundTo(answer.improvement_interval[0], 4), roundTo(answer.improvement_interval[1], 4)],
      }),
    },
    ...(answer.p_value !== null && { p_value: answer.p_value }),
    ...(answer.p_value_note !== undefined && { p_value_note: answer.p_value_note }),
    statistical_significance: answer.confidence_level !== null,
  };
}

function armOf(design: TestDesign, { variationId, secondary }: ShownArm, { arms }: Look) {
  const variation = design.variations.find(({ id }) => id === variationId);
  const rate = (name: SecondaryRate) => roundTo(secondary[name]?.rate ?? 0, 4);
  return {
    variation: variation?.parts.subject ?? variation?.name ?? variationId,
    ...(isTold(arms, 'open_rate') && { open_rate: rate('open_rate') }),
    ...(isTold(arms, 'click_rate') && { click_rate: rate('click_rate') }),
    conversions: secondary.conversion_rate?.successes ?? 0,
  };
}

type Impact = AbTestWinner['impact'] & { readonly annual?: number };

function impactOf(won: WonTest, winner: ShownArm, comparison: Comparison | null): Impact {
  const { design, look, volume, startedAtMs } = won;
  const period = { from: new Date(startedAtMs).toISOString(), to: new Date(look.atMs).toISOString() };
  if (!comparison?.shrunk || !comparison.relative) {
    const best = Math.min(MOST_SURE, roundTo(winner.best ?? 0, 4));
    const note = 'By the posterior of each arm, integrated numerically.';
    return { confidence_score: best, basis: { confidence_score: { formula: 'p_best', inputs: { p_best: best }, period, note } } };
  }
  const { shrunk, relative, sequential } = comparison;
  const deviation = (shrunk.interval.high - shrunk.interval.low) / (2 * normalUpperQuantile(0.025));
  const improvement = {
    formula: 'prior + kept * (measured - prior)',
    inputs: { measured: relative.effect, kept: shrunk.kept, prior: design.prior.mean },
    period,
    note: 'The measured relative effect, pulled towards what past tests found, or towards none: that of a test that stopped early is too big.',
  };
  const figures = {
    improvement: roundTo(shrunk.relative, 4),
    ...(design.primaryMetric.kind === 'conversion_rate' && { conversion_improvement: roundTo(shrunk.relative, 4) }),
    ...(sequential !== null && { confidence_level: roundTo(sequential.level, 4) }),
    confidence_score: Math.min(MOST_SURE, roundTo(normalCdf(shrunk.relative / deviation), 4)),
  };
  const basis: Bases = {
    improvement,
    ...('conversion_improvement' in figures && { conversion_improvement: improvement }),
    ...(sequential !== null && {
      confidence_level: { formula: '1 - alpha / comparisons', inputs: { alpha: design.alpha, comparisons: comparisonsOf(design) }, period },
    }),
    confidence_score: { formula: 'normal_cdf(expected / deviation)', inputs: { expected: shrunk.relative, deviation }, period },
  };
  const annual = volume && annualOf(design, comparison, volume, period);
  return annual ? { ...figures, ...annual, basis: { ...basis, ...annual.basis } } : { ...figures, basis };
}

/** What the winner brings in a year: of conversions and of revenue. More opens or clicks are worth what nobody has measured. */
function annualOf({ primaryMetric }: TestDesign, comparison: Comparison, volume: MonthlyVolume, period: Bases[string]['period']) {
  const impact = annualImpact(comparison, volume);
  if (impact === null || !comparison.shrunk) return null;
  const { shrunk } = comparison;
  const perUser = {
    formula: 'users / days * 30 / share * improvement * control',
    inputs: {
      users: volume.exposed,
      days: volume.days,
      share: volume.share,
      improvement: shrunk.relative,
      control: shrunk.relative === 0 ? 0 : shrunk.effect / shrunk.relative,
    },
    period,
    note: 'The volume is that of the slower part of the test; share is the part of all such users that the test took.',
  };
  const yearly = { ...perUser, formula: `12 * ${perUser.formula}` };
  const interval = (round: (value: number) => number): [number, number] => [round(impact.interval.low), round(impact.interval.high)];
  switch (primaryMetric.kind) {
    case 'conversion_rate': {
      const round = (value: number) => roundTo(value, 0);
      const annual = round(impact.expected);
      const basis = { annual_additional_conversions: yearly };
      return { annual, annual_additional_conversions: annual, annual_interval: interval(round), basis };
    }
    case 'revenue_per_user': {
      const digits = minorDigitsOf(primaryMetric.currency);
      const round = (value: number) => roundTo(value / 10 ** digits, digits);
      const inMajor = { ...perUser, inputs: { ...perUser.inputs, control: perUser.inputs.control / 10 ** digits } };
      const annual = round(impact.expected);
      return {
        annual,
        annual_additional_revenue: annual,
        annual_interval: interval(round),
        estimated_revenue_increase: round(impact.expected / 12),
        basis: {
          annual_additional_revenue: { ...inMajor, formula: yearly.formula },
          estimated_revenue_increase: inMajor,
        },
      };
    }
    default:
      return null;
  }
}
