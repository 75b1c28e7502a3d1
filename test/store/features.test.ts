import assert from 'node:assert/strict';
import { createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { describe, it } from 'node:test';
import { to as copyTo } from 'pg-copy-streams';
import { plainActivity, plainAffinities } from '../../bench/measuring/features-in-postgres.js';
import { activityFields } from '../../core/segment/activity.js';
import { computeFeatures, featureNames } from '../../core/segment/features.js';
import { quote } from '../../store/duckdb.js';
import { readFeatures } from '../../store/feature-files.js';
import { writeActivity, writeAffinities, type FeatureQuery } from '../../store/features.js';
import { openLake, type Lake } from '../../store/lake.js';
import { temporaryFolder } from '../harness/folder.js';
import { directoryStore, useLake } from '../harness/lake.js';

const AS_OF = '2025-03-01T06:00:00.000Z';
const AFFINITIES = ['category:Tech', 'channel:email'] as const;
const DAY_MS = 86_400_000;
const folder = temporaryFolder('features');

/** Random but seeded events of every kind: money and refunds in two currencies, messages, events of the tenant's own, odd properties. */
const RANDOM_EVENTS = `
  insert into events (tenant_id, occurred_at, message_id, user_id, event, properties, revenue_minor, currency)
  select $1, timestamptz '2024-08-01 00:00+00' + (h % 19000000000000) * interval '1 microsecond', 'm' || n, 'user ' || (h / 11) % 220,
    (array['purchase','page_view','refund','email_delivered','email_delivered','email_opened','email_clicked','whatsapp_delivered','whatsapp_replied',
           'sms_failed','identify','Played a Round','ein "Ereignis", ''eigenes''','subscription_started','order_cancelled'])[1 + (h / 13) % 15],
    (array['{}','{"category":"Tech","plan":5}','{"category":"Größe 🎯","plan":"5"}','{"category":7}','{"category":null,"plan":"gold"}',
           '{"category":"Tech","plan":"5.0","a/b":true}','{"category":"","plan":true}'])[1 + (h / 17) % 7]::jsonb,
    case when money then (h / 19) % 30001 - 8000 end, case when money then (array['USD','USD','USD','EUR'])[1 + (h / 23) % 4] end
  from (select n, h, (h / 29) % 3 = 0 as money from (select n, hashint8extended(n, 7) & 9223372036854775807 as h from generate_series(1, 9000) n) r) m`;

/** Around every boundary: a microsecond before it, on it, a microsecond after it. */
const BOUNDARY_EVENTS = `
  insert into events (tenant_id, occurred_at, message_id, user_id, event, properties, revenue_minor, currency)
  select $1, timestamptz '${AS_OF}' - days * interval '24 hours' + step * interval '1 microsecond', format('edge %s %s', days, step),
    format('edge %s', case when days % 2 = 0 then days || ' ' || step else 'all' end), 'purchase', '{"category":"Tech","plan":5}', 100 + days + step, 'USD'
  from unnest(array[0, 1, 15, 30, 31, 45, 60, 75, 90, 105, 120, 150]) days, generate_series(-1, 1) step`;

const HUGE_EVENTS = `
  insert into events (tenant_id, occurred_at, message_id, user_id, event, revenue_minor, currency)
  select $1, timestamptz '2025-02-20', 'many ' || n, 'many', 'purchase', 2000000000000, 'USD' from generate_series(1, 300) n`;

const goals: readonly (readonly [name: string, goal: FeatureQuery['goal'], plain: string | undefined])[] = [
  ['no goal', undefined, undefined],
  ['a goal without filters', { event: 'purchase', filters: {} }, `event = 'purchase'`],
  ['a number', { event: 'purchase', filters: { plan: 5 } }, `event = 'purchase' and properties->>'plan' in ('5', '5.0')`],
  [
    'a text',
    { event: 'purchase', filters: { category: 'Größe 🎯' } },
    `event = 'purchase' and coalesce(properties->>'category' = 'Größe 🎯', false)`,
  ],
  [
    'a boolean under an odd name',
    { event: 'page_view', filters: { 'a/b': true } },
    `event = 'page_view' and coalesce((properties->'a/b')::boolean, false)`,
  ],
  ['an event of their own', { event: `ein "Ereignis", 'eigenes'`, filters: {} }, `event = 'ein "Ereignis", ''eigenes'''`],
];

describe('the features of all users', () => {
  const given = useLake(directoryStore.open);

  async function addEvents(): Promise<void> {
    for (const month of ['2024-08-01', '2024-09-01', '2024-10-01', '2024-11-01', '2024-12-01'])
      await given.database.pool.query('select ensure_event_month($1)', [month]);
    for (const statement of [RANDOM_EVENTS, BOUNDARY_EVENTS, HUGE_EVENTS]) await given.database.admin.query(statement, [given.tenant]);
  }

  /** A lake of its own for each number of buckets, over the same database. */
  async function lakeOf(
    buckets: number,
  ): Promise<{ lake: Lake; files: (query: FeatureQuery) => Promise<{ activity: string[]; affinities: string[] }> }> {
    const objects = directoryStore.open(join(folder, String(buckets)));
    const eventsPerBucket = Math.ceil(9400 / buckets);
    const { filePath } = objects;
    assert.ok(filePath);
    const lake = openLake({
      ...given.dependencies,
      objects,
      copies: { path: async (key) => filePath(key) },
      eventsPerBucket,
      stepRows: 5_000,
    });
    const pin = await lake.update(given.tenant);
    assert.equal(pin.buckets, buckets);
    const files = (query: FeatureQuery) =>
      given.duckdb.session(async (session) => {
        const written = { activity: [] as string[], affinities: [] as string[] };
        for (let bucket = 0; bucket < buckets; bucket++) {
          const relation = await lake.relation(given.tenant, pin, bucket);
          const [activity, affinities] = ['activity', 'affinities'].map((kind) => join(folder, `${kind}-${buckets}-${bucket}.parquet`));
          assert.ok(activity && affinities);
          await writeActivity(session, relation, query, activity);
          await writeAffinities(session, relation, query, affinities);
          written.activity.push(activity);
          written.affinities.push(affinities);
        }
        return written;
      });
    return { lake, files };
  }

  async function inPostgres(query: string): Promise<string> {
    const path = join(folder, 'plain.csv');
    const client = await given.database.admin.connect();
    try {
      await pipeline(client.query(copyTo(`copy (${query}) to stdout (format csv)`)), createWriteStream(path));
    } finally {
      client.release();
    }
    return path;
  }

  /** Rows that one side has and the other has not. */
  async function differences(files: readonly string[], csv: string): Promise<Record<string, unknown>[]> {
    return given.duckdb.session(async (session) => {
      const lake = `select * from read_parquet([${files.map(quote).join(', ')}])`;
      await session.run(`create temporary table plain as ${lake} limit 0`);
      await session.run(`copy plain from ${quote(csv)} (format csv, header false, allow_quoted_nulls false)`);
      const [count] = await session.rows<{ n: number }>('select count(*)::double as n from plain');
      assert.ok(count && count.n > 200, 'there is something to compare');
      return session.rows(
        `select * from (select 'lake' as side, * from (${lake} except all from plain) union all select 'PostgreSQL', * from (from plain except all ${lake}))`,
      );
    });
  }

  it('equal the same question in plain SQL to PostgreSQL, to the last row, in 1, 4 and 8 buckets', async () => {
    await addEvents();
    const query = { asOfMs: Date.parse(AS_OF), currency: 'USD' };
    for (const buckets of [1, 4, 8]) {
      const { files } = await lakeOf(buckets);
      for (const [name, goal, plain] of buckets === 4 ? goals : goals.slice(0, 3)) {
        const written = await files({ ...query, ...(goal && { goal }) });
        const plainQuery = { ...query, tenantId: given.tenant, ...(plain && { goal: plain }) };
        const activity = plainActivity(plainQuery, activityFields);
        assert.deepEqual(await differences(written.activity, await inPostgres(activity)), [], `${name}, ${buckets} buckets`);
        assert.deepEqual(await differences(written.affinities, await inPostgres(plainAffinities(plainQuery))), [], `${buckets} buckets`);
      }
    }
  });

  it('as of 30 days before equal those of a walk that was run then', async () => {
    await addEvents();
    const { files } = await lakeOf(2);
    const read = async (asOfMs: number) => {
      const written = await files({ asOfMs, currency: 'USD' });
      return given.duckdb.session((session) => readFeatures(session, written, { affinities: AFFINITIES }));
    };
    const asOfMs = Date.parse(AS_OF);
    const now = await read(asOfMs);
    const then = await read(asOfMs - 30 * DAY_MS);
    const before = computeFeatures(now.activity, asOfMs, 'before');
    const walked = computeFeatures(then.activity, asOfMs - 30 * DAY_MS, 'asOf');
    const present = now.activity.userIds.flatMap((user, i) => (before.present[i] ? [{ user, i }] : []));
    assert.deepEqual(
      present.map(({ user }) => user),
      then.activity.userIds,
    );
    for (const name of featureNames) {
      assert.deepEqual(
        present.map(({ i }) => before[name][i]),
        [...walked[name]],
        name,
      );
    }
    for (const name of AFFINITIES) {
      assert.deepEqual(
        present.map(({ i }) => now.affinities.before[name]?.[i]),
        [...(then.affinities.asOf[name] ?? [])],
        name,
      );
    }
  });
});
