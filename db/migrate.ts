import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';
import { projectRoot } from '../config.js';

const MIGRATION_LOCK = 7_228_140_119n; // any constant: every migrating process takes the same

type Migration = { readonly version: number; readonly name: string; readonly sql: string; readonly checksum: string };

export type MigrationReport = { readonly applied: readonly string[]; readonly version: number };

/**
 * Brings the schema `madansara_analytics` up to date: numbered SQL files, each in a transaction of its own, under one
 * advisory lock, so that any number of processes may start at once. An applied file that was changed since is an error.
 */
export async function migrate(databaseUrl: string): Promise<MigrationReport> {
  const migrations = await readMigrations(join(projectRoot, 'db', 'migrations'));
  const client = new pg.Client({ connectionString: databaseUrl, application_name: 'madansara-migrate' });
  await client.connect();
  try {
    await client.query('select pg_advisory_lock($1)', [MIGRATION_LOCK.toString()]);
    await client.query('create schema if not exists madansara_analytics');
    await client.query('set search_path = madansara_analytics');
    await client.query(`create table if not exists schema_migrations (
      version integer primary key, name text not null, checksum text not null, applied_at timestamptz not null default now())`);
    const { rows } = await client.query<{ version: number; checksum: string }>('select version, checksum from schema_migrations');
    const known = new Map(rows.map((row) => [row.version, row.checksum]));
    const applied: string[] = [];
    for (const migration of migrations) {
      const checksum = known.get(migration.version);
      if (checksum === undefined) {
        await apply(client, migration);
        applied.push(migration.name);
      } else if (checksum !== migration.checksum) {
        throw new Error(`migration ${migration.name} was changed after it was applied; add a new one instead`);
      }
    }
    return { applied, version: migrations.at(-1)?.version ?? 0 };
  } finally {
    await client.end(); // ends the session, and with it the lock
  }
}

async function apply(client: pg.Client, { version, name, sql, checksum }: Migration): Promise<void> {
  try {
    await client.query('begin');
    await client.query(sql);
    await client.query('insert into schema_migrations (version, name, checksum) values ($1, $2, $3)', [version, name, checksum]);
    await client.query('commit');
  } catch (cause) {
    await client.query('rollback');
    throw new Error(`migration ${name} failed: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  }
}

async function readMigrations(folder: string): Promise<Migration[]> {
  const names = (await readdir(folder)).filter((name) => /^\d{4}_[a-z0-9_]+\.sql$/.test(name)).sort();
  return Promise.all(
    names.map(async (name) => {
      const sql = await readFile(join(folder, name), 'utf8');
      return { version: Number(name.slice(0, 4)), name, sql, checksum: createHash('sha256').update(sql).digest('hex') };
    }),
  );
}
