import { createWriteStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import type { Pool, PoolClient } from 'pg';
import { to as copyTo } from 'pg-copy-streams';
import type { TenantId } from '../../core/ids.js';
import type { Void } from './manifest.js';
import { committedBetween, parseSnapshot, snapshotBelow, type Snapshot } from './snapshot.js';

/** PostgreSQL at one moment, as one tenant sees it. */
export type Source = {
  readonly client: PoolClient;
  readonly tenantId: TenantId;
  readonly snapshot: Snapshot;
  /** Cluster and database: transaction ids mean nothing elsewhere. */
  readonly identity: string;
};

/** Runs in one read-only transaction, so that everything read belongs to one snapshot. */
export async function readSource<T>(client: PoolClient, tenantId: TenantId, work: (source: Source) => Promise<T>): Promise<T> {
  await client.query('begin isolation level repeatable read read only');
  try {
    await client.query(
      `select set_config('app.tenant_id', $1, true), set_config('timezone', 'UTC', true), set_config('datestyle', 'ISO', true)`,
      [tenantId],
    );
    const { rows } = await client.query<{ snapshot: string; identity: string }>(
      `select pg_current_snapshot()::text as snapshot,
              (select system_identifier from pg_control_system()) || '/' || (select oid from pg_database where datname = current_database()) as identity`,
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

export async function countEvents({ client, tenantId }: Source): Promise<number> {
  const { rows } = await client.query<{ count: string }>('select count(*) from events where tenant_id = $1', [tenantId]);
  return Number(rows[0]?.count ?? 0);
}

/**
 * The next stop on the way from one snapshot to this source's: all of it, or, when more than `mostRows` are waiting, a moment on the way.
 * A moment on the way must lie above everything that `from` knows of and below everything that still ran.
 */
export async function nextStop({ client, tenantId, snapshot }: Source, from: Snapshot, mostRows: number): Promise<Snapshot> {
  const { rows } = await client.query<{ tx: string }>(
    `select tx::text from events where tenant_id = $1 and ${committedBetween('tx', from, snapshot)} order by tx offset $2 limit 1`,
    [tenantId, mostRows],
  );
  if (!rows[0]) return snapshot;
  const stop = [BigInt(rows[0].tx) + 1n, parseSnapshot(from).xmax].reduce((a, b) => (a > b ? a : b));
  const moved = stop > parseSnapshot(from).xmax && stop <= parseSnapshot(snapshot).xmin;
  return moved ? snapshotBelow(stop) : snapshot;
}

/** Writes the events committed between two snapshots to a file of comma-separated values, and says how many. */
export async function copyEvents({ client, tenantId }: Source, from: Snapshot, to: Snapshot, path: string): Promise<number> {
  const stream = client.query(
    copyTo(
      `copy (select user_id, occurred_at, message_id, event, revenue_minor, currency, properties, tx from events
             where tenant_id = '${tenantId}' and ${committedBetween('tx', from, to)}) to stdout (format csv)`,
    ),
  );
  await pipeline(stream, createWriteStream(path, { highWaterMark: 1 << 20 }));
  return stream.rowCount;
}

/** Users whose earlier rows stopped counting between two snapshots. */
export async function readVoids({ client, tenantId }: Source, from: Snapshot, to: Snapshot): Promise<Void[]> {
  const { rows } = await client.query<Void>(
    `select user_id as "userId", snapshot::text as snapshot from lake_voids
     where tenant_id = $1 and ${committedBetween('tx', from, to)} order by tx, user_id`,
    [tenantId],
  );
  return rows;
}
