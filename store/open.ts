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
  /** For what is done once: it has all the threads. */
  readonly duckdb: DuckDb;
  /**
   * For scans of one bucket: each has one thread, and as many run side by side as there are threads. Threads that share a query cost a fifth more processor
   * time than buckets that share nothing.
   */
  readonly scans: DuckDb;
  readonly lake: Lake;
  /** For files that live as long as one step. */
  readonly workDirectory: string;
  close(): void;
};

export async function openStore(config: Pick<Config, 'objects' | 'lake' | 'duckdb'>, pool: Pool): Promise<Store> {
  const { cacheDirectory, cacheMegabytes } = config.lake;
  const workDirectory = join(cacheDirectory, 'work');
  const { memoryMegabytes, threads } = config.duckdb;
  const scanMegabytes = Math.floor(memoryMegabytes / 3);
  const spill = join(cacheDirectory, 'spill');
  const duckdb = await openDuckDb({ memoryMegabytes: memoryMegabytes - scanMegabytes, threads, temporaryDirectory: join(spill, 'all') });
  const scans = await openDuckDb({
    memoryMegabytes: scanMegabytes,
    threads: 1,
    sessionsAtOnce: threads,
    temporaryDirectory: join(spill, 'scans'),
  });
  const objects = openObjectStore(config.objects);
  const copies = openLocalCopies(objects, join(cacheDirectory, 'parts'), cacheMegabytes * 1024 * 1024);
  const lake = openLake({ pool, objects, copies, duckdb, workDirectory });
  return {
    objects,
    duckdb,
    scans,
    lake,
    workDirectory,
    close() {
      scans.close();
      duckdb.close();
    },
  };
}
