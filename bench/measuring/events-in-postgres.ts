import type pg from 'pg';
import { startProgress } from '../../cli/progress.js';
import type { TenantId } from '../../core/ids.js';

export type GeneratedEvents = { readonly tenantId: TenantId; readonly events: number; readonly users: number };

/** The days that the events are spread over: whole months, so that the lake has three. */
export const FIRST_DAY = '2025-01-01';
export const DAYS = 90;
export const AS_OF_MS = Date.parse('2025-04-01T00:00:00Z');

const ROWS_AT_ONCE = 250_000;
const CONNECTIONS = 2;

/**
 * Fills `events` inside PostgreSQL, past the intake, as intake would have left it: a year's usual mixture of looking and buying, every
 * user at least once, hashes of a counter for chance. Indexes are made afterwards, which takes a third of the time.
 */
export async function generateEvents(pool: pg.Pool, { tenantId, events, users }: GeneratedEvents): Promise<void> {
  for (const month of ['2025-01-01', '2025-02-01', '2025-03-01']) await pool.query('select ensure_event_month($1)', [month]);
  const restore = await takeIndexesAway(pool);
  const progress = startProgress('generating events', { total: events, unit: 'events' });
  let next = 0;
  let done = 0;
  const fill = async () => {
    while (next < events) {
      const from = next;
      const to = Math.min(events, from + ROWS_AT_ONCE);
      next = to;
      await pool.query(GENERATE, [tenantId, from, to, users]);
      progress.update((done += to - from));
    }
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, fill));
  progress.done();
  const indexing = startProgress('indexing them', { total: restore.length, unit: 'indexes' });
  for (const [i, statement] of restore.entries()) {
    await pool.query(statement);
    indexing.update(i + 1);
  }
  await pool.query('vacuum analyze events');
  indexing.done();
}

/** Drops the keys and indexes of `events`, and gives the statements that make them again. */
async function takeIndexesAway(pool: pg.Pool): Promise<string[]> {
  const { rows: keys } = await pool.query<{ name: string; definition: string }>(
    `select conname as name, pg_get_constraintdef(oid) as definition from pg_constraint where conrelid = 'events'::regclass and contype = 'p'`,
  );
  const { rows: indexes } = await pool.query<{ name: string; definition: string }>(
    `select i.indexrelid::regclass::text as name, pg_get_indexdef(i.indexrelid) as definition from pg_index i
     where i.indrelid = 'events'::regclass and not i.indisprimary`,
  );
  for (const { name } of keys) await pool.query(`alter table events drop constraint ${name}`);
  for (const { name } of indexes) await pool.query(`drop index ${name}`);
  return [
    ...keys.map(({ name, definition }) => `alter table events add constraint ${name} ${definition}`),
    ...indexes.map(({ definition }) => definition),
  ];
}

/** Everybody looks at three categories of twelve. */
const GENERATE = `
  insert into events (tenant_id, occurred_at, message_id, user_id, event, properties, revenue_minor, currency)
  select $1, timestamptz '${FIRST_DAY} 00:00+00' + (chance % ${DAYS * 86_400_000_000}) * interval '1 microsecond',
    'm-' || to_char(n, 'FM0000000000'), 'user-' || person, event,
    case when kind < 60 then jsonb_build_object('category', category, 'path', '/products/' || chance % 5000)
         when kind < 90 then jsonb_build_object('category', category) else '{}' end,
    case when event = 'purchase' then 500 + chance % 20000 when event = 'refund' then -(100 + chance % 5000) end,
    case when event in ('purchase', 'refund') then case when kind = 92 then 'EUR' else 'USD' end end
  from (
    select n, chance, kind, person, 'category-' || (person * 7 + chance % 3) % 12 as category,
      case when kind < 45 then 'page_view' when kind < 65 then 'product_viewed' when kind < 75 then 'product_added'
           when kind < 80 then 'email_delivered' when kind < 82 then 'email_opened' when kind < 83 then 'email_clicked'
           when kind < 88 then 'checkout_started' when kind < 96 then 'purchase' when kind < 97 then 'refund' else 'Played a Round' end as event
    from (
      select n, chance, (chance / 7777) % 100 as kind, case when n < $4::bigint then n else (chance / 1000) % $4::bigint end as person
      from (select n, hashint8extended(n, 42) & ${2n ** 63n - 1n} as chance from generate_series($2::bigint, $3::bigint - 1) n) c) k) e`;
