import { createWriteStream, rmSync } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import pg from 'pg';
import { to as copyTo } from 'pg-copy-streams';
import { startProgress } from '../cli/progress.js';
import { parseTenantId } from '../core/ids.js';
import { activityFields } from '../core/segment/activity.js';
import { openDatabase } from '../db/client.js';
import { migrate } from '../db/migrate.js';
import { startPostgres } from '../sandbox/postgres.js';
import { quote, type DuckDb } from '../store/duckdb.js';
import { writeActivity, writeAffinities } from '../store/features.js';
import { openStore } from '../store/open.js';
import { AS_OF_MS, generateEvents } from './measuring/events-in-postgres.js';
import { processorSeconds } from './measuring/processes.js';
import { plainActivity, plainAffinities } from './measuring/features-in-postgres.js';
import { temporaryFolder } from '../test/harness/folder.js';

/**
 * Events from PostgreSQL into the lake, then the features of all users from it, with the product's own limits of memory and threads;
 * beside it the same features in PostgreSQL, and whether both agree to the last row. `npm run bench -- lake [EVENTS]`
 */
const EVENTS = Number(process.argv[2] ?? 10_000_000);
const USERS = Math.max(1, Math.round(EVENTS / 10));
const GOAL_EVENTS_PER_SECOND = 200_000;
const RUNS = 3;
const THREADS = 2;
const TENANT = parseTenantId('7a4c1f52-0a5e-4f6e-9d1b-3c2a51d0b0aa');

type Timed<T> = { readonly seconds: number; readonly cpuSeconds: number; readonly result: T };

if (!Number.isSafeInteger(EVENTS) || EVENTS < 1) throw new Error(`how many events? a whole number is expected, not ${process.argv[2]}`);
const directory = temporaryFolder('lake');
const settings = { fsync: 'off', synchronous_commit: 'off', max_wal_size: '8GB', maintenance_work_mem: '512MB', work_mem: '256MB' };
const postgres = await startPostgres({ directory: join(directory, 'postgres'), settings: { ...settings, shared_buffers: '512MB' } });
const admin = new pg.Pool({ connectionString: postgres.url, max: 2, options: '-c search_path=madansara_analytics' });
admin.on('error', () => undefined); // the server ends before it
const database = openDatabase(postgres.url, { applicationName: 'bench' });
const { duckdb, scans, lake, close } = await openStore(
  {
    objects: { kind: 'directory', directory: join(directory, 'objects') },
    lake: { cacheDirectory: join(directory, 'cache'), cacheMegabytes: 1_000 },
    duckdb: { memoryMegabytes: 600, threads: THREADS },
  },
  database.pool,
);
try {
  await migrate(postgres.url);
  await admin.query(`insert into tenants (tenant_id, name) values ($1, 'Bench')`, [TENANT]);
  await generateEvents(admin, { tenantId: TENANT, events: EVENTS, users: USERS });

  const progress = startProgress('into the lake', { total: EVENTS, unit: 'events' });
  const filled = await timed(() => lake.update(TENANT, { onProgress: ({ rowsTaken }) => progress.update(rowsTaken) }));
  progress.done(`${filled.result.rows.toLocaleString('en-US')} events in ${filled.result.buckets} buckets`);

  const relations = await Promise.all(
    Array.from({ length: filled.result.buckets }, (_, bucket) => lake.relation(TENANT, filled.result, bucket)),
  );
  const runs: Timed<number>[] = [];
  for (let run = 0; run < RUNS; run++) runs.push(await timed(() => featuresInLake(scans, relations)));
  const median = (of: (run: Timed<number>) => number) => runs.map(of).sort((a, b) => a - b)[Math.floor(RUNS / 2)] ?? 0;
  const seconds = median((run) => run.seconds);
  const users = runs[0]?.result ?? 0;
  console.error(
    `features of ${users.toLocaleString('en-US')} users in the lake: ${runs.map((run) => run.seconds.toFixed(2)).join(', ')} s`,
  );

  const client = await admin.connect();
  const plain = await timed(() => featuresInPostgres(client));
  console.error(`the same in PostgreSQL: ${plain.seconds.toFixed(2)} s`);
  const differences = await countDifferences(client, duckdb, relations.length);
  client.release();
  if (differences > 0 || users !== plain.result) throw new Error(`the lake and PostgreSQL differ in ${differences} rows`);

  const value = Math.round(EVENTS / filled.seconds);
  console.log(
    JSON.stringify({
      bench: 'lake',
      value,
      unit: 'events/s',
      ratio: round(value / GOAL_EVENTS_PER_SECOND),
      events: EVENTS,
      lake_s: round(filled.seconds),
      lake_cpu_s: round(filled.cpuSeconds),
      buckets: filled.result.buckets,
      users,
      features_s: round(seconds),
      features_cpu_s: round(median((run) => run.cpuSeconds)),
      features_postgres_s: round(plain.seconds),
      features_postgres_cpu_s: round(plain.cpuSeconds),
      features_ratio: round(plain.seconds / seconds),
      differences,
    }),
  );
} finally {
  close();
  await database.close();
  await admin.end();
  await postgres.stop();
  rmSync(directory, { recursive: true, force: true });
}

async function timed<T>(work: () => Promise<T>): Promise<Timed<T>> {
  const startedAt = performance.now();
  const cpuBefore = processorSeconds(postgres.pid);
  const result = await work();
  return { seconds: (performance.now() - startedAt) / 1000, cpuSeconds: processorSeconds(postgres.pid) - cpuBefore, result };
}

function filesOf(kind: 'activity' | 'affinities', buckets: number): string[] {
  return Array.from({ length: buckets }, (_, bucket) => join(directory, `${kind}-${bucket}.parquet`));
}

/** As the walk does it: everyone's activity and affinities into files, two buckets at a time. */
async function featuresInLake(scans: DuckDb, relations: readonly string[]): Promise<number> {
  const query = { asOfMs: AS_OF_MS, currency: 'USD' };
  const activity = filesOf('activity', relations.length);
  const affinities = filesOf('affinities', relations.length);
  const waiting = [...relations.entries()];
  let users = 0;
  const work = () =>
    scans.session(async (session) => {
      for (let next = waiting.shift(); next; next = waiting.shift()) {
        const [bucket, relation] = next;
        const counted = await writeActivity(session, relation, query, activity[bucket] ?? '');
        await writeAffinities(session, relation, query, affinities[bucket] ?? '');
        users += counted;
      }
    });
  await Promise.all(Array.from({ length: THREADS }, work));
  return users;
}

async function featuresInPostgres(client: pg.PoolClient): Promise<number> {
  const query = { tenantId: TENANT, asOfMs: AS_OF_MS, currency: 'USD' };
  const made = await client.query(`create temporary table activity as ${plainActivity(query, activityFields)}`);
  await client.query(`create temporary table affinities as ${plainAffinities(query)}`);
  return made.rowCount ?? 0;
}

/** Rows of either side that the other does not have. */
async function countDifferences(client: pg.PoolClient, duckdb: DuckDb, buckets: number): Promise<number> {
  let differences = 0;
  for (const kind of ['activity', 'affinities'] as const) {
    const csv = join(directory, `${kind}.csv`);
    await pipeline(client.query(copyTo(`copy (select * from ${kind}) to stdout (format csv)`)), createWriteStream(csv));
    const lake = `select * from read_parquet([${filesOf(kind, buckets).map(quote).join(', ')}])`;
    differences += await duckdb.session(async (session) => {
      await session.run(`create temporary table plain as ${lake} limit 0`);
      await session.run(`copy plain from ${quote(csv)} (format csv, header false, allow_quoted_nulls false)`);
      const [row] = await session.rows<{ rows: number }>(
        `select ((select count(*) from (${lake} except all from plain)) + (select count(*) from (from plain except all ${lake})))::double as rows`,
      );
      return row?.rows ?? Number.NaN;
    });
  }
  return differences;
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
