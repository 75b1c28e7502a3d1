import type pg from 'pg';

/** Asks questions of a session's transaction, and tells how many rows of all tables were read for each message. */
export function readerOf(client: pg.PoolClient, messages: number) {
  const readSoFar = async () => {
    const { rows } = await client.query<{ n: number }>(
      `select sum(coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0))::float8 as n from pg_stat_xact_user_tables
       where schemaname = 'madansara_analytics'`,
    );
    return rows[0]?.n ?? 0;
  };
  return async (query: string, values: readonly unknown[]) => {
    const before = await readSoFar();
    const { rows } = await client.query<{ id: string; done: number }>(query, [...values]);
    return { rows, perMessage: ((await readSoFar()) - before) / messages };
  };
}
