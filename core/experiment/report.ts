import { formatChange, formatNumber } from '../numbers.js';
import { documentAnswer, comparisonToTell } from './answer.js';
import { NO_P_FROM_A_BANDIT } from './bandit.js';
import type { Comparison } from './comparison.js';
import { controlOf, variationNamer, type TestDesign } from './design.js';
import { annualImpact, impactInWords, type MonthlyVolume } from './impact.js';
import type { Look } from './look.js';
import { familyOf, metricInWords } from './metric.js';
import { isTold, type SecondaryRate, type ShownArm, type ShownRate } from './shown-arm.js';
import { verdictInWords } from './verdict.js';

/** What a report needs besides the look. */
export type ReportContext = {
  readonly days: number;
  readonly audienceName: string;
  /** Null where it is not known. */
  readonly volume: MonthlyVolume | null;
  readonly links: { readonly apply: string; readonly details: string } | null;
};

/** A look as a person reads it: the arms, the difference with its uncertainty, what to do, and what it is worth. */
export function reportOf(design: TestDesign, look: Look, context: ReportContext): string {
  const winner = look.verdict.kind === 'winner' ? look.verdict.variationId : null;
  const told = comparisonToTell(look, winner);
  const [control, ...others] = look.arms;
  const exposed = look.arms.reduce((sum, arm) => sum + arm.exposed, 0);
  const nameOf = variationNamer(design);
  return [
    `🧪 A/B Test Results: ${design.name}`,
    '',
    `Test: ${design.name} (${metricInWords(design.primaryMetric.kind)})`,
    `Duration: ${context.days} ${context.days === 1 ? 'day' : 'days'}`,
    `Audience: ${formatNumber(exposed)} of ${context.audienceName}`,
    '',
    '📊 Results:',
    ...(control === undefined
      ? []
      : ['', ...armLines(`Control: "${nameOf(control.variationId)}"`, control, { control: null, arms: look.arms })]),
    ...others.flatMap((arm) => {
      const label = arm.variationId === winner ? '✅ Winner' : 'Variation';
      return ['', ...armLines(`${label}: "${nameOf(arm.variationId)}"`, arm, { control: control ?? null, arms: look.arms })];
    }),
    '',
    ...certaintyLines(design, look, told),
    ...factorLines(design, look),
    '',
    `💡 ${recommendation(design, look, told, context)}`,
    ...(context.links === null ? [] : linkLines(context.links, winner !== null)),
    '',
  ].join('\n');
}

const RATES = { open_rate: 'Open rate', click_rate: 'Click rate' } as const;

function armLines(
  title: string,
  arm: ShownArm,
  { control, arms }: { readonly control: ShownArm | null; readonly arms: Look['arms'] },
): string[] {
  const { conversion_rate } = arm.secondary;
  if (conversion_rate === null) return [title, '  - Nobody was measured yet'];
  const against = (rate: SecondaryRate) => control?.secondary[rate] ?? null;
  const told = (['open_rate', 'click_rate'] as const).flatMap((name) => {
    const rate = isTold(arms, name) ? arm.secondary[name] : null;
    return rate === null ? [] : [`  - ${RATES[name]}: ${percent(rate.rate)}${change(rate, against(name))}`];
  });
  return [
    title,
    ...told,
    `  - Conversions: ${formatNumber(conversion_rate.successes)} of ${formatNumber(conversion_rate.users)} (${percent(conversion_rate.rate)})${change(conversion_rate, against('conversion_rate'))}`,
    ...(arm.notDelivered === 0 ? [] : [`  - Not delivered: ${formatNumber(arm.notDelivered)}`]),
  ];
}

const percent = (fraction: number): string => `${formatNumber(100 * fraction, 1)}%`;

function change(rate: ShownRate, base: ShownRate | null): string {
  if (base === null || base.rate === 0) return '';
  return ` (${formatChange(rate.rate / base.rate - 1).replace(' %', '%')})`;
}

function certaintyLines(design: TestDesign, look: Look, told: Comparison | null): string[] {
  if (look.rule === 'bandit') {
    const best = look.arms.filter(({ best }) => best !== null).sort((left, right) => (right.best ?? 0) - (left.best ?? 0))[0];
    const said =
      best === undefined
        ? []
        : [`Most likely the best: "${variationNamer(design)(best.variationId)}", with probability ${percent(best.best ?? 0)}`];
    return [...said, NO_P_FROM_A_BANDIT];
  }
  const answer = documentAnswer(design, look);
  if (told === null || answer.p_value === null) return ['Statistical significance: nothing can be compared yet'];
  const level = answer.confidence_level;
  return [
    level === null
      ? 'Statistical significance: not reached'
      : `Statistical significance: ${formatNumber(level, level % 1 === 0 ? 0 : 1)}% confidence, valid at every look`,
    `P-value (always valid): ${pInWords(answer.p_value)}`,
    ...(told.relative?.interval
      ? [
          `Improvement: ${formatChange(told.relative.effect)} (${formatChange(told.relative.interval.low)} to ${formatChange(told.relative.interval.high)})`,
        ]
      : []),
    ...(told.shrunk === null ? [] : [`To be expected, after shrinkage: ${formatChange(told.shrunk.relative)}`]),
  ];
}

/** What each factor did, averaged over the others: it describes, and the verdict is on the cells. */
function factorLines({ factors, primaryMetric }: TestDesign, look: Look): string[] {
  if (look.factors === null) return [];
  const valueOf = (part: string, levelId: string) =>
    factors.find((factor) => factor.part === part)?.levels.find(({ id }) => id === levelId)?.value ?? levelId;
  const isRate = familyOf(primaryMetric.kind) === 'rate';
  const size = (effect: number) =>
    isRate ? `${effect > 0 ? '+' : ''}${formatNumber(100 * effect, 2)} points` : `${effect > 0 ? '+' : ''}${formatNumber(effect, 2)}`;
  return [
    '',
    `Factors (${metricInWords(primaryMetric.kind)}, against the first level of each):`,
    ...look.factors.map(({ levels, effect, adjustedP }) => {
      const named = levels.map(({ part, levelId }) => `${part.replaceAll('_', ' ')} "${valueOf(part, levelId)}"`).join(' with ');
      return `  - ${named}: ${size(effect)}, p ${pInWords(adjustedP)} after Holm`;
    }),
  ];
}

const pInWords = (p: number): string => (p < 0.0001 ? 'below 0.0001' : formatNumber(p, p < 0.1 ? 4 : 2));

function recommendation(design: TestDesign, look: Look, told: Comparison | null, { volume }: ReportContext): string {
  const sentence = verdictInWords(look.verdict, variationNamer(design));
  if (look.verdict.kind === 'continue') return `Recommendation: let it run. ${sentence}`;
  if (look.verdict.kind !== 'winner') return `Recommendation: keep "${controlOf(design).name}". ${sentence}`;
  const where = design.applyTo === null ? 'from now on' : `to all of ${design.applyTo.replaceAll('_', ' ')}`;
  const impact = told === null || volume === null ? null : annualImpact(told, volume);
  const worth = impact === null ? '' : ` Expected annual impact: ${impactInWords(impact, design.primaryMetric)}.`;
  return `Recommendation: apply the winning variation ${where}. ${sentence}${worth}`;
}

function linkLines({ apply, details }: NonNullable<ReportContext['links']>, canApply: boolean): string[] {
  return ['', ...(canApply ? [`👉 Apply winner: ${apply}`] : []), `👉 View details: ${details}`];
}
