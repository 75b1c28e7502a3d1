import type { DuckDbSession } from '../duckdb.js';
import type { Source } from './source.js';

/** A month's events: how many, and the sum of a hash of each, which no order changes. */
export type MonthCount = { readonly month: string; readonly events: number; readonly checksum: string };
export type MonthComparison = {
  readonly month: string;
  readonly lake: MonthCount | undefined;
  readonly postgres: MonthCount | undefined;
  readonly same: boolean;
};

/** The lake's latest version with its tail, beside PostgreSQL. */
export type Verification = { readonly version: number; readonly tailRows: number; readonly months: readonly MonthComparison[] };

/** The first 60 bits of MD5 over all that a reader sees of an event, so that both engines can sum it exactly. */
const HASHED = `user_id || '|' || micros || '|' || message_id || '|' || event || '|' || coalesce(revenue_minor::text, '') || '|' || coalesce(currency, '') || '|' || properties`;

export const countMonths = {
  async inLake(session: DuckDbSession, relation: string): Promise<MonthCount[]> {
    return session.rows<MonthCount>(
      `select month, count(*)::double as events, sum(('0x' || substr(md5(${HASHED}), 1, 15))::bigint::hugeint)::varchar as checksum
       from (select *, strftime(occurred_at, '%Y-%m') as month, epoch_us(occurred_at)::varchar as micros from ${relation})
       group by month order by month`,
    );
  },
  async inPostgres({ client, tenantId }: Source): Promise<MonthCount[]> {
    const { rows } = await client.query<MonthCount>(
      `select month, count(*)::float8 as events, sum(('x' || substr(md5(${HASHED}), 1, 15))::bit(60)::bigint::numeric)::text as checksum
       from (select user_id, message_id, event, revenue_minor, currency, properties::text as properties,
               to_char(occurred_at at time zone 'UTC', 'YYYY-MM') as month, (extract(epoch from occurred_at) * 1000000)::bigint::text as micros
             from events where tenant_id = $1) e
       group by month order by month`,
      [tenantId],
    );
    return rows;
  },
};

export function compareMonths(lake: readonly MonthCount[], postgres: readonly MonthCount[]): MonthComparison[] {
  const months = [...new Set([...lake, ...postgres].map(({ month }) => month))].sort();
  return months.map((month) => {
    const [a, b] = [lake, postgres].map((counts) => counts.find((row) => row.month === month));
    return { month, lake: a, postgres: b, same: a?.events === b?.events && a?.checksum === b?.checksum };
  });
}
