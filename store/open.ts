import { join } from 'node:path';
import type { Pool } from 'pg';
import type { Config } from '../config.js';
import { openDuckDb, type DuckDb } from './duckdb.js';
import { openLake, type Lake } from './lake.js';
import { openLocalCopies } from './local-copies.js';
import { openObjectStore, type ObjectStore } from './objects.js';

/** What a process that reads or writes the lake works with. One per process. */
export type Store = {
  readonly objects: ObjectStore;
  readonly duckdb: DuckDb;
  readonly lake: Lake;
  /** For files that live as long as one step. */
  readonly workDirectory: string;
  close(): void;
};

export async function openStore(config: Pick<Config, 'objects' | 'lake' | 'duckdb'>, pool: Pool): Promise<Store> {
  const { cacheDirectory, cacheMegabytes } = config.lake;
  const workDirectory = join(cacheDirectory, 'work');
  const duckdb = await openDuckDb({ ...config.duckdb, temporaryDirectory: join(cacheDirectory, 'spill') });
  const objects = openObjectStore(config.objects);
  const copies = openLocalCopies(objects, join(cacheDirectory, 'parts'), cacheMegabytes * 1024 * 1024);
  const lake = openLake({ pool, objects, copies, duckdb, workDirectory });
  return { objects, duckdb, lake, workDirectory, close: () => duckdb.close() };
}
