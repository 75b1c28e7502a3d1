import { sql, type SQL } from 'drizzle-orm';
import type { WeightPeriod } from '../../core/experiment/assignment.js';
import type { ArmCounts, LookFacts, PeriodCounts, PrimaryCounts } from '../../core/experiment/counts.js';
import type { MetricKind } from '../../core/experiment/metric.js';
import type { TenantTransaction } from '../client.js';
import type { TestRow } from './tests.js';

/** What one query counts of an arm, of those exposed while one set of weights held. */
type Counted = {
  readonly variationId: string;
  /** Of the test's weight periods, from 1. */
  readonly period: number;
  readonly exposed: number;
  readonly exposedTwice: number;
  readonly closed: number;
  readonly measured: number;
  readonly sent: number;
  readonly opened: number;
  readonly clicked: number;
  readonly replied: number;
  readonly converted: number;
  readonly machineOpened: number;
  readonly unsubscribed: number;
  readonly complained: number;
  readonly bounced: number;
  readonly sum: number;
  readonly sumOfSquares: number;
  readonly notZero: number;
  /** Of a mean: those whose past was measured, and the sums of it. */
  readonly withPast: number;
  readonly before: number;
  readonly beforeSquares: number;
  readonly products: number;
};

/**
 * All that a look is taken from, as of a moment: one pass over the exposures of the test. Who was exposed later is not seen, and
 * who did something counts from when their window has closed.
 */
export async function countArms(tx: TenantTransaction, test: TestRow, at: Date): Promise<LookFacts> {
  if (!('startedAtMs' in test.state)) throw new Error(`${test.testKey} has not started`);
  const { startedAtMs, endsAtMs } = test.state;
  const counted = await countByPeriod(tx, test, at);
  const isSentTold = counted.some(({ sent }) => sent > 0);
  const { kind } = test.design.primaryMetric;
  const ofArm = (variationId: string, period?: number) =>
    counted.filter((row) => row.variationId === variationId && (period === undefined || row.period === period));
  return {
    atMs: at.getTime(),
    startedAtMs,
    endsAtMs,
    arms: test.variations.map(({ id }) => armOf(id, kind, ofArm(id), isSentTold)),
    periods: test.weightPeriods.map((period, i) => periodOf(test, period, (id) => ofArm(id, i + 1))),
  };
}

async function countByPeriod(tx: TenantTransaction, { tenantId, id, weightPeriods, design }: TestRow, at: Date): Promise<Counted[]> {
  const metric = design.primaryMetric;
  const whole = metric.kind === 'engagement_time' ? sql`(value + engagement_seconds)` : sql`value`;
  const share = 'winsoriseAbove' in metric ? metric.winsoriseAbove : null;
  const value = share === null ? whole : sql`least(${whole}, highest)`;
  const starts = weightPeriods.map(({ fromMs }) => new Date(fromMs).toISOString());
  // With one set of weights, which is nearly always so, nobody's period need be looked for.
  const period = starts.length > 1 ? sql`greatest(1, width_bucket(exposed_at, ${sql.param(starts)}::timestamptz[]))` : sql`1`;
  const moment = sql`${at.toISOString()}::timestamptz`;
  const window = `${design.conversionWindowHours} hours`;
  const isClosed = sql`exposed_at <= ${moment} - ${window}::interval`;
  const isMeasured = sql`${isClosed} and second_variation_id is null`;
  const ofTest = sql`from ab_test_exposures where tenant_id = ${tenantId} and test_id = ${id} and exposed_at <= ${moment}`;
  // Read for itself: shared with the counting, all exposures would be written to disk in between.
  const highest = sql`select percentile_cont(${share}::double precision) within group (order by ${whole}) as highest ${ofTest} and ${isMeasured}`;
  const { rows } = await tx.execute<Counted>(sql`
    with seen as (select *, ${isClosed} as is_closed, ${isMeasured} as is_measured ${ofTest})
    select variation_id as "variationId", ${period} as period, count(*)::int as exposed,
      count(second_variation_id)::int as "exposedTwice",
      count(*) filter (where is_closed)::int as closed,
      count(*) filter (where is_measured)::int as measured,
      count(*) filter (where sent_at <= ${moment})::int as sent,
      count(opened_at) filter (where is_measured)::int as opened,
      count(clicked_at) filter (where is_measured)::int as clicked,
      count(replied_at) filter (where is_measured)::int as replied,
      count(converted_at) filter (where is_measured)::int as converted,
      count(*) filter (where is_measured and machine_opened and opened_at is null)::int as "machineOpened",
      count(*) filter (where second_variation_id is null and unsubscribed_at <= ${moment})::int as unsubscribed,
      count(*) filter (where second_variation_id is null and complained_at <= ${moment})::int as complained,
      count(*) filter (where second_variation_id is null and bounced_at <= ${moment})::int as bounced,
      coalesce(sum(${value}) filter (where is_measured), 0)::double precision as sum,
      coalesce(sum(${value}::numeric * ${value}) filter (where is_measured and ${value} <> 0), 0)::double precision as "sumOfSquares",
      count(*) filter (where is_measured and ${value} <> 0)::int as "notZero"
      ${metric.kind === 'revenue_per_user' ? pastOf(value) : sql``}
    from seen${share === null ? sql`` : sql` cross join (${highest}) h`}
    group by 1, 2`);
  return rows;
}

const pastOf = (value: SQL): SQL => sql`,
  count(spent_before) filter (where is_measured)::int as "withPast",
  coalesce(sum(spent_before) filter (where is_measured), 0)::double precision as before,
  coalesce(sum(spent_before::numeric * spent_before) filter (where is_measured and spent_before <> 0), 0)::double precision as "beforeSquares",
  coalesce(sum(spent_before::numeric * ${value}) filter (where is_measured and spent_before <> 0 and ${value} <> 0), 0)::double precision as products`;

function armOf(variationId: string, metric: MetricKind, rows: readonly Counted[], isSentTold: boolean): ArmCounts {
  const sum = totals(rows);
  return {
    variationId,
    exposed: sum('exposed'),
    exposedTwice: sum('exposedTwice'),
    closed: sum('closed'),
    measured: sum('measured'),
    // A test that runs elsewhere may tell nothing of sending.
    notDelivered: isSentTold ? sum('exposed') - sum('sent') : 0,
    primary: primaryOf(metric, rows),
    engaged: {
      opened: sum('opened'),
      clicked: sum('clicked'),
      replied: sum('replied'),
      converted: sum('converted'),
      machineOpened: sum('machineOpened'),
    },
    harmed: { unsubscribe: sum('unsubscribed'), complaint: sum('complained'), bounce: sum('bounced') },
  };
}

function periodOf(test: TestRow, { weights }: WeightPeriod, rowsOf: (variationId: string) => readonly Counted[]): PeriodCounts {
  const rows = test.variations.map(({ id }) => rowsOf(id));
  return {
    weights,
    exposed: rows.map((arm) => totals(arm)('exposed')),
    results:
      test.design.judging.mode === 'bandit'
        ? rows.map((arm) => ({ measured: totals(arm)('measured'), primary: primaryOf(test.design.primaryMetric.kind, arm) }))
        : null,
  };
}

const SUCCESSES = { conversion_rate: 'converted', ctr: 'clicked', open_rate: 'opened', reply_rate: 'replied' } as const;

function primaryOf(metric: MetricKind, rows: readonly Counted[]): PrimaryCounts {
  const sum = totals(rows);
  if (metric !== 'revenue_per_user' && metric !== 'engagement_time') return { kind: 'rate', successes: sum(SUCCESSES[metric]) };
  const isPastKnown = metric === 'revenue_per_user' && sum('measured') > 0 && sum('withPast') === sum('measured');
  const before = isPastKnown ? { sum: sum('before'), sumOfSquares: sum('beforeSquares'), products: sum('products') } : null;
  return { kind: 'mean', sum: sum('sum'), sumOfSquares: sum('sumOfSquares'), notZero: sum('notZero'), before };
}

const totals = (rows: readonly Counted[]) => (what: Exclude<keyof Counted, 'variationId'>) => rows.reduce((sum, row) => sum + row[what], 0);
