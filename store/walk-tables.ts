import { quote, type DuckDbSession } from './duckdb.js';

export type WalkTables = {
  readonly walkDate: string;
  readonly asOfMs: number;
  readonly currency: string;
  /** SQL for the FROM clause: the events of the lake's version that the walk read. */
  readonly events: string;
  /** Local files that `writeMemberships` wrote. */
  readonly memberships: readonly string[];
  readonly segments: readonly { readonly key: string; readonly name: string }[];
};

/** Lays out what a walk saw as tables of the session: walk, events, members, segments. */
export async function layOutWalk(session: DuckDbSession, walk: WalkTables): Promise<void> {
  const { walkDate, asOfMs, currency, events, memberships, segments } = walk;
  const names = segments.map(({ key, name }) => `(${quote(key)}, ${quote(name)})`);
  const named = names.length > 0 ? `(values ${names.join(', ')})` : `(select null::varchar, null::varchar limit 0)`;
  await session.run(
    `create temporary table walk as
     select make_timestamptz(${asOfMs * 1000}) as as_of, date ${quote(walkDate)} as walk_date, ${quote(currency)} as currency`,
  );
  await session.run(`create temporary table names as select * from ${named} n(segment_key, segment)`);
  await session.run(`create temporary view events as select * from ${events} where occurred_at < make_timestamptz(${asOfMs * 1000})`);
  await session.run(
    memberships.length === 0
      ? `create temporary view members as select null::varchar as user_id, null::varchar as segment, null::varchar as segment_before limit 0`
      : `create temporary view members as
         select user_id, s.segment, confidence / 10000 as confidence, b.segment as segment_before, m.* exclude (user_id, segment_key, confidence, segment_key_before)
         from read_parquet([${memberships.map(quote).join(', ')}]) m
         join names s using (segment_key) left join names b on b.segment_key = m.segment_key_before`,
  );
  await session.run(
    `create temporary view segments as select segment, segment_key, count(m.user_id)::integer as users
     from names left join members m using (segment) group by all order by users desc`,
  );
}
