import { createWriteStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import type { Pool, PoolClient } from 'pg';
import { to as copyTo } from 'pg-copy-streams';
import type { TenantId } from '../../core/ids.js';
import type { Manifest } from './manifest.js';
import { committedBetween, parseSnapshot, type Snapshot } from './snapshot.js';

/** PostgreSQL at one moment, as one tenant sees it. */
export type Source = {
  readonly client: PoolClient;
  readonly tenantId: TenantId;
  readonly snapshot: Snapshot;
  /** Cluster and database: transaction ids mean nothing elsewhere. */
  readonly identity: string;
  readonly timeline: number;
};

/** Runs in one read-only transaction, so that everything read belongs to one snapshot. */
export async function readSource<T>(client: PoolClient, tenantId: TenantId, work: (source: Source) => Promise<T>): Promise<T> {
  await client.query('begin isolation level repeatable read read only');
  try {
    await client.query(
      `select set_config('app.tenant_id', $1, true), set_config('timezone', 'UTC', true), set_config('datestyle', 'ISO', true)`,
      [tenantId],
    );
    const { rows } = await client.query<{ snapshot: string; identity: string; timeline: number }>(
      `select pg_current_snapshot()::text as snapshot,
              (select system_identifier from pg_control_system()) || '/' || (select oid from pg_database where datname = current_database()) as identity,
              (select timeline_id from pg_control_checkpoint()) as timeline`,
    );
    const [row] = rows;
    if (!row) throw new Error('PostgreSQL did not say what it is');
    return await work({ client, tenantId, ...row });
  } finally {
    await client.query('rollback').catch(() => undefined); // a broken connection has nothing to roll back
  }
}

/** Holds the tenant's lake for one writer, for as long as the session lives. */
export async function withWriterLock<T>(pool: Pool, tenantId: TenantId, work: (client: PoolClient) => Promise<T>): Promise<T> {
  const client = await pool.connect();
  const lock = [`madansara lake ${tenantId}`];
  let broken: Error | undefined;
  try {
    await client.query('select pg_advisory_lock(hashtextextended($1, 0))', lock);
    const result = await work(client);
    await client.query('select pg_advisory_unlock(hashtextextended($1, 0))', lock);
    return result;
  } catch (error) {
    broken = error instanceof Error ? error : new Error(String(error));
    throw error;
  } finally {
    client.release(broken); // a session that failed is closed, and its lock with it
  }
}

/** A lake is read and continued beside its own database only, and not beside an older copy of it. */
export function checkSource({ source: written, snapshot }: Pick<Manifest, 'source' | 'snapshot'>, source: Source): void {
  if (written !== source.identity)
    throw new Error(
      'this lake was written from another database: name another object store, or write the lake anew with `madansara lake rebuild`',
    );
  if (parseSnapshot(snapshot).xmax > parseSnapshot(source.snapshot).xmax)
    throw new Error('the database is older than its lake, as after a restore: write the lake anew with `madansara lake rebuild`');
}

/** Whether a restore or a failover lies between: what the lake holds of the time before cannot be told from what was lost. */
export const isOfAnotherHistory = ({ timeline }: Pick<Manifest, 'timeline'>, source: Source): boolean => timeline !== source.timeline;

/** How many events were committed between two snapshots. */
export async function countEvents({ client, tenantId }: Source, from: Snapshot, to: Snapshot): Promise<number> {
  const { rows } = await client.query<{ count: string }>(
    `select count(*) from events where tenant_id = $1 and ${committedBetween('tx', from, to)}`,
    [tenantId],
  );
  return Number(rows[0]?.count ?? 0);
}

export type StepSizes = {
  /** A step takes an eighth of what waits, within these bounds; a single transaction is never divided. */
  readonly fewestRows: number;
  readonly mostRows: number;
};

export type StepPlan = {
  readonly waiting: number;
  /** Transaction ids below which each step ends; the last step, which takes all that there is by then, is not among them. */
  readonly stops: readonly bigint[];
};

/** Divides what waits since `from` into steps of bounded size, in the order of transactions. */
export async function planSteps({ client, tenantId, snapshot }: Source, from: Snapshot, sizes: StepSizes): Promise<StepPlan> {
  const { rows } = await client.query<{ last: string; events: string }>(
    `select max(tx)::text as last, sum(events)::text as events from (
       select tx::text::bigint as tx, events, ceil(running / greatest($2, least($3, ceil(total / 8)))) as step from (
         select tx, count(*) as events, sum(count(*)) over (order by tx) as running, sum(count(*)) over () as total
         from events where tenant_id = $1 and ${committedBetween('tx', from, snapshot)} group by tx) t) s
     group by step order by step`,
    [tenantId, sizes.fewestRows, sizes.mostRows],
  );
  const { xmax } = parseSnapshot(from); // a step must see all that `from` does
  const stops = rows.slice(0, -1).map(({ last }) => (BigInt(last) >= xmax ? BigInt(last) + 1n : xmax));
  return { waiting: rows.reduce((sum, { events }) => sum + Number(events), 0), stops: [...new Set(stops)] };
}

const copy = async ({ client }: Source, query: string, path: string): Promise<number> => {
  const stream = client.query(copyTo(`copy (${query}) to stdout (format csv)`));
  await pipeline(stream, createWriteStream(path, { highWaterMark: 1 << 20 }));
  return stream.rowCount;
};

/** Writes the events committed between two snapshots to a file of comma-separated values, and says how many. */
export function copyEvents(source: Source, from: Snapshot, to: Snapshot, path: string): Promise<number> {
  return copy(
    source,
    `select user_id, occurred_at, message_id, event, revenue_minor, currency, properties, tx from events
     where tenant_id = '${source.tenantId}' and ${committedBetween('tx', from, to)}`,
    path,
  );
}

/** Users whose earlier rows stopped counting between two snapshots, and the snapshots that see those rows. */
export function copyVoids(source: Source, from: Snapshot, to: Snapshot, path: string): Promise<number> {
  return copy(
    source,
    `select user_id, snapshot from lake_voids where tenant_id = '${source.tenantId}' and ${committedBetween('tx', from, to)}`,
    path,
  );
}

/** What the lake has taken out for good need not be remembered, nor who it was. */
export async function dropVoids(client: PoolClient, tenantId: TenantId, seen: Snapshot): Promise<void> {
  parseSnapshot(seen);
  await client.query('begin');
  try {
    await client.query(`select set_config('app.tenant_id', $1, true)`, [tenantId]);
    await client.query(`delete from lake_voids where tenant_id = $1 and pg_visible_in_snapshot(tx, $2::pg_snapshot)`, [tenantId, seen]);
    await client.query('commit');
  } catch (error) {
    await client.query('rollback').catch(() => undefined);
    throw error;
  }
}
