import type { Pool } from 'pg';
import type { TenantId } from '../core/ids.js';
import type { DuckDb, DuckDbSession } from './duckdb.js';
import { describe, type LakeDescription } from './lake/describing.js';
import { readLatestManifest, readManifest, rowsIn, type Manifest } from './lake/manifest.js';
import { readEverything, relationOf } from './lake/reading.js';
import { countEvents, readSource, type Source } from './lake/source.js';
import { compareMonths, countMonths, type Verification } from './lake/verify.js';
import { writeLake } from './lake/writing.js';
import type { LocalCopies } from './local-copies.js';
import type { ObjectStore } from './objects.js';

export type LakeDependencies = {
  readonly pool: Pool;
  readonly objects: ObjectStore;
  readonly copies: LocalCopies;
  readonly duckdb: DuckDb;
  /** For files that live as long as one step. */
  readonly workDirectory: string;
  readonly eventsPerBucket?: number;
  readonly stepRows?: number;
};

/** One whole version of the lake, which stays as it is while it is kept. */
export type LakePin = { readonly version: number; readonly snapshot: string; readonly buckets: number; readonly rows: number };

export type LakeProgress = { readonly rowsTaken: number; readonly rowsWaiting: number; readonly version: number };

export type UpdateOptions = {
  readonly onProgress?: (progress: LakeProgress) => void;
  /** Versions that a reader may come back to, such as those of recent walks. */
  readonly keepVersions?: readonly number[];
  /**
   * After people were deleted: rewrites at once what holds their rows, lets earlier versions go although a reader may come back to them
   * (within an hour, for those that are at work), and no longer remembers who was deleted.
   */
  readonly forget?: boolean;
};

/** SQL for the FROM clause of a query in the same session: each committed event once, with the columns of `EVENT_COLUMNS`. */
export type LakeRelation = string;

export type Lake = {
  /** Brings the lake up to this moment. One writer per tenant: others wait. */
  update(tenantId: TenantId, options?: UpdateOptions): Promise<LakePin>;
  /** Writes the lake anew from PostgreSQL. Readers go on with the version before it until it is whole. */
  rebuild(tenantId: TenantId, options?: UpdateOptions): Promise<LakePin>;
  /** The latest whole version, or the one that is named; undefined where there is none (any more). */
  pin(tenantId: TenantId, version?: number): Promise<LakePin | undefined>;
  /** The events of a pinned version, of one bucket or of all. */
  relation(tenantId: TenantId, pin: LakePin, bucket?: number): Promise<LakeRelation>;
  /** Every event that is committed now, once: the latest version and the tail that it does not hold yet. */
  withEverything<T>(tenantId: TenantId, work: (session: DuckDbSession, relation: LakeRelation) => Promise<T>): Promise<T>;
  /** Compares counts and checksums by month with PostgreSQL, at one moment. */
  verify(tenantId: TenantId): Promise<Verification>;
  describe(tenantId: TenantId): Promise<LakeDescription | undefined>;
};

export function openLake(dependencies: LakeDependencies): Lake {
  const { pool, objects, copies } = dependencies;

  async function withSource<T>(tenantId: TenantId, work: (source: Source) => Promise<T>): Promise<T> {
    const client = await pool.connect();
    try {
      return await readSource(client, tenantId, work);
    } finally {
      client.release();
    }
  }

  return {
    update: async (tenantId, options = {}) => pinOf(await writeLake(dependencies, tenantId, options, false)),
    rebuild: async (tenantId, options = {}) => pinOf(await writeLake(dependencies, tenantId, options, true)),
    async pin(tenantId, version) {
      const manifest =
        version === undefined ? await readLatestManifest(objects, tenantId, 'whole') : await readManifest(objects, tenantId, version);
      return manifest?.whole ? pinOf(manifest) : undefined;
    },
    async relation(tenantId, { version }, bucket) {
      const manifest = await readManifest(objects, tenantId, version);
      if (!manifest) throw new Error(`version ${version} of the lake is not kept any more`);
      return relationOf(copies, manifest, bucket);
    },
    withEverything: (tenantId, work) =>
      withSource(tenantId, (source) => readEverything(dependencies, source, ({ session, relation }) => work(session, relation))),
    verify: (tenantId) =>
      withSource(tenantId, (source) =>
        readEverything(dependencies, source, async ({ session, relation, version, tailRows }) => {
          const months = compareMonths(await countMonths.inLake(session, relation), await countMonths.inPostgres(source));
          return { version, tailRows, months };
        }),
      ),
    describe: (tenantId) =>
      withSource(tenantId, async (source) => {
        const manifest = await readLatestManifest(objects, tenantId, 'any');
        return manifest && describe(manifest, await countEvents(source, manifest.snapshot, source.snapshot));
      }),
  };
}

function pinOf({ version, snapshot, buckets, parts }: Manifest): LakePin {
  return { version, snapshot, buckets, rows: rowsIn(parts) };
}
