import { minorDigitsOf } from '../event/money.js';
import { roundTo } from '../numbers.js';
import { PERIOD_DAYS } from '../segment/statistics.js';
import { jeffreys, NEARNESS } from '../stats/proportion.js';
import { expectedSpendMinor, type MeasuredSegment } from './evidence.js';
import type { Basis } from './payload.js';

export type Bases = Record<string, Basis>;
type Inputs = Basis['inputs'];

const DAY_MS = 86_400_000;
/** Before the earliest event that can be stored. */
const EVER = '1990-01-01T00:00:00.000Z';

/**
 * The basis of each figure that `figuresOf` computes: the same arithmetic in words that a program can evaluate, over the
 * inputs as they were measured. A test evaluates every formula and compares.
 */
export function basisFor(segment: MeasuredSegment, better: readonly MeasuredSegment[], potential: MeasuredSegment | undefined): Bases {
  const { statistics, measured } = segment;
  const recent = { from: daysBefore(statistics.asOf, PERIOD_DAYS), to: statistics.asOf };
  const major = majorOf(statistics.currency);
  const inputs = { users: statistics.users, cohort_users: measured.users };
  const { a, b } = jeffreys(measured.converted, measured.users);
  const conversions = { ...inputs, cohort_converted: measured.converted };
  return {
    conversion_probability: {
      formula: 'cohort_converted / cohort_users',
      inputs: { cohort_converted: measured.converted, cohort_users: measured.users },
      period: recent,
      note: 'The cohort: everybody who was in this segment when the period began.',
    },
    confidence_score: {
      formula: `beta_cdf(${1 + NEARNESS} * cohort_converted / cohort_users, a, b) - beta_cdf(${1 - NEARNESS} * cohort_converted / cohort_users, a, b)`,
      inputs: { cohort_converted: measured.converted, cohort_users: measured.users, a, b },
      period: recent,
      note: 'The probability that the true conversion probability lies within a tenth of the measured one. It knows nothing of seasons.',
    },
    ...(expectedSpendMinor(segment) !== undefined && {
      potential_revenue: {
        formula: 'users * cohort_spent / cohort_users',
        inputs: { ...inputs, cohort_spent: major(measured.spentMinor ?? 0) },
        period: recent,
        note: 'What the members spend in the next 30 days if they do as the cohort did.',
      },
    }),
    ...(better.length > 0 && {
      ...(expectedSpendMinor(segment) !== undefined && {
        estimated_revenue_increase: {
          ...spendRaise(better, major, { ...inputs, cohort_spent: major(measured.spentMinor ?? 0) }, measured.movedTo),
          period: recent,
          note: NOT_CAUSED,
        },
      }),
      estimated_conversion_increase: { ...conversionRaise(better, conversions, measured.movedTo), period: recent, note: NOT_CAUSED },
    }),
    ...characteristicBases(segment, potential),
  };
}

const NOT_CAUSED =
  'What moving up at the measured pace is worth per 30 days. Seen without a campaign: what one adds is known only with a control group.';

function characteristicBases({ statistics }: MeasuredSegment, potential: MeasuredSegment | undefined): Bases {
  const { asOf, engagement, spendMinor, topInterests, avgMonetaryMinor } = statistics;
  const major = majorOf(statistics.currency);
  const ever = { from: EVER, to: asOf };
  const other = potential?.statistics;
  return {
    ...(engagement.previous30Days > 0 && {
      avg_engagement_growth: {
        formula: '(interactions_last_30_days - interactions_previous_30_days) / interactions_previous_30_days',
        inputs: { interactions_last_30_days: engagement.last30Days, interactions_previous_30_days: engagement.previous30Days },
        period: { from: daysBefore(asOf, 2 * PERIOD_DAYS), to: asOf },
      },
    }),
    ...(avgMonetaryMinor !== undefined && {
      avg_current_value: spendMinor
        ? { formula: 'spent / users', inputs: { spent: major(spendMinor.total), users: statistics.users }, period: ever }
        : { formula: 'average_spent', inputs: { average_spent: major(avgMonetaryMinor) }, period: ever },
    }),
    ...(potential &&
      other?.avgMonetaryMinor !== undefined && {
        avg_potential_value: {
          formula: other.spendMinor ? 'spent / users' : 'average_spent',
          inputs: other.spendMinor
            ? { segment: potential.name, spent: major(other.spendMinor.total), users: other.users }
            : { segment: potential.name, average_spent: major(other.avgMonetaryMinor) },
          period: ever,
          note: 'The average value of the next better segment.',
        },
      }),
    ...(topInterests?.length && {
      top_interests: {
        formula: "the categories of the members' interactions, by their share",
        inputs: Object.fromEntries(topInterests.map(({ category, share }) => [category, roundTo(share, 4)])),
        period: ever,
      },
    }),
  };
}

function spendRaise(
  better: readonly MeasuredSegment[],
  major: (minor: number) => number,
  inputs: Inputs,
  movedTo: Readonly<Record<string, number>>,
) {
  const terms = better.map((target, i) => ({
    term: `moved_${i + 1} / cohort_users * (spent_${i + 1} / cohort_${i + 1} - cohort_spent / cohort_users)`,
    inputs: { ...moved(target, i, movedTo), [`spent_${i + 1}`]: major(target.measured.spentMinor ?? 0) },
  }));
  return sumOf(terms, inputs);
}

function conversionRaise(better: readonly MeasuredSegment[], inputs: Inputs, movedTo: Readonly<Record<string, number>>) {
  const terms = better.map((target, i) => ({
    term: `moved_${i + 1} / cohort_users * max(0, converted_${i + 1} / cohort_${i + 1} - cohort_converted / cohort_users)`,
    inputs: { ...moved(target, i, movedTo), [`converted_${i + 1}`]: target.measured.converted },
  }));
  return sumOf(terms, inputs);
}

function moved(target: MeasuredSegment, i: number, movedTo: Readonly<Record<string, number>>): Inputs {
  return {
    [`segment_${i + 1}`]: target.name,
    [`moved_${i + 1}`]: movedTo[target.segmentId] ?? 0,
    [`cohort_${i + 1}`]: target.measured.users,
  };
}

function sumOf(terms: readonly { readonly term: string; readonly inputs: Inputs }[], inputs: Inputs): { formula: string; inputs: Inputs } {
  return {
    formula: `users * (${terms.map(({ term }) => term).join(' + ')})`,
    inputs: Object.assign({}, inputs, ...terms.map((each) => each.inputs)) as Inputs,
  };
}

function majorOf(currency: string): (minor: number) => number {
  const digits = minorDigitsOf(currency);
  return (minor) => roundTo(minor / 10 ** digits, digits);
}

function daysBefore(moment: string, days: number): string {
  return new Date(Date.parse(moment) - days * DAY_MS).toISOString();
}
