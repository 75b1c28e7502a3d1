import { randomUUID } from 'node:crypto';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Pool } from 'pg';
import type { TenantId } from '../core/ids.js';
import type { DuckDb, DuckDbSession } from './duckdb.js';
import { compact } from './lake/compaction.js';
import {
  deleteManifest,
  lakePrefix,
  listManifests,
  publishManifest,
  readLatestManifest,
  readManifest,
  type Manifest,
  type Void,
} from './lake/manifest.js';
import { bucketOf, csvRelation, EVENT_COLUMNS, localPaths, partsRelation, writeParts, type PartWriter } from './lake/parts.js';
import { EMPTY_SNAPSHOT, parseSnapshot } from './lake/snapshot.js';
import { copyEvents, countEvents, nextStop, readSource, readVoids, withWriterLock, type Source } from './lake/source.js';
import { compareMonths, countMonths, type MonthDifference } from './lake/verify.js';
import type { LocalCopies } from './local-copies.js';
import type { ObjectStore } from './objects.js';

/** What one step takes from PostgreSQL: minutes of work at most, published before the next begins. */
const STEP_ROWS = 1_000_000;
/** A bucket is scanned by one activity in about a second. */
const EVENTS_PER_BUCKET = 500_000;
const MOST_BUCKETS = 256;
/** A replaced version lives on for readers that have pinned it. */
const KEEP_REPLACED_MS = 3_600_000;

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

/** One version of the lake, which stays as it is while it is kept. */
export type LakePin = { readonly version: number; readonly snapshot: string; readonly buckets: number; readonly rows: number };

export type LakeProgress = { readonly rowsTaken: number; readonly version: number };

export type UpdateOptions = {
  readonly onProgress?: (progress: LakeProgress) => void;
  /** Versions that a reader may come back to, such as those of recent walks. */
  readonly keepVersions?: readonly number[];
  /** Rewrite at once what holds rows of people who were deleted. */
  readonly forget?: boolean;
};

/** SQL for the FROM clause of a query in the same session: each committed event once, with the columns of `EVENT_COLUMNS`. */
export type LakeRelation = string;

export type Lake = {
  /** Brings the lake up to this moment. One writer per tenant: others wait. */
  update(tenantId: TenantId, options?: UpdateOptions): Promise<LakePin>;
  /** Writes the lake anew from PostgreSQL. Readers stay right meanwhile: what is not there yet is their tail. */
  rebuild(tenantId: TenantId, options?: UpdateOptions): Promise<LakePin>;
  /** The latest version, or the one that is named; undefined where there is none (any more). */
  pin(tenantId: TenantId, version?: number): Promise<LakePin | undefined>;
  /** The events of a pinned version, of one bucket or of all. */
  relation(tenantId: TenantId, pin: LakePin, bucket?: number): Promise<LakeRelation>;
  /** Every event that is committed now, once: the latest version and the tail that it does not hold yet. */
  withEverything<T>(tenantId: TenantId, work: (session: DuckDbSession, relation: LakeRelation) => Promise<T>): Promise<T>;
  /** Compares counts and checksums by month with PostgreSQL, at one moment. Empty: the lake is right. */
  verify(tenantId: TenantId): Promise<MonthDifference[]>;
};

export function openLake(dependencies: LakeDependencies): Lake {
  const { pool, objects, copies, duckdb, workDirectory } = dependencies;
  const eventsPerBucket = dependencies.eventsPerBucket ?? EVENTS_PER_BUCKET;
  const stepRows = dependencies.stepRows ?? STEP_ROWS;
  const writer: PartWriter = { objects, workDirectory };

  async function update(tenantId: TenantId, options: UpdateOptions = {}, anew = false): Promise<LakePin> {
    await mkdir(workDirectory, { recursive: true });
    return withWriterLock(pool, tenantId, (client) =>
      duckdb.session(async (session) => {
        let manifest = await readLatestManifest(objects, tenantId);
        const first = await readSource(client, tenantId, async (source) => {
          checkSource(manifest, source, anew);
          const outgrown =
            manifest && (await countEvents(source)) > 4 * eventsPerBucket * manifest.buckets && manifest.buckets < MOST_BUCKETS;
          if (manifest && !anew && !outgrown) return undefined;
          return emptyManifest(source, (manifest?.version ?? 0) + 1, bucketsFor(await countEvents(source), eventsPerBucket));
        });
        if (first) {
          await publishManifest(objects, tenantId, first);
          manifest = first;
        }
        if (!manifest) throw new Error('a lake without a manifest'); // first is one where there was none
        let rowsTaken = 0;
        for (let done = false; !done;) {
          const before: Manifest = manifest;
          const step = await readSource(client, tenantId, (source) => takeStep(session, source, before));
          rowsTaken += step.rows;
          done = step.done;
          const next = await compact({ session, copies, writer, tenantId }, step.manifest, { forget: options.forget === true && done });
          if (isSame(before, next)) break;
          await publishManifest(objects, tenantId, next);
          manifest = next;
          options.onProgress?.({ rowsTaken, version: next.version });
        }
        await sweep(tenantId, manifest.version, options.keepVersions ?? []);
        return pinOf(manifest);
      }),
    );
  }

  /** Everything from the manifest's snapshot to the next stop, as new parts and voids. */
  async function takeStep(
    session: DuckDbSession,
    source: Source,
    before: Manifest,
  ): Promise<{ manifest: Manifest; rows: number; done: boolean }> {
    const snapshot = await nextStop(source, before.snapshot, stepRows);
    const path = join(workDirectory, `step-${randomUUID()}.csv`);
    try {
      const rows = await copyEvents(source, before.snapshot, snapshot, path);
      const voids = await readVoids(source, before.snapshot, snapshot);
      const parts = rows === 0 ? [] : await partsOf(session, source.tenantId, path, before.buckets);
      const manifest = {
        ...before,
        version: before.version + 1,
        snapshot,
        parts: [...before.parts, ...parts],
        voids: [...before.voids, ...voids],
        writtenAtMs: Date.now(),
      };
      return { manifest, rows, done: snapshot === source.snapshot };
    } finally {
      await rm(path, { force: true });
    }
  }

  async function partsOf(session: DuckDbSession, tenantId: TenantId, csvPath: string, buckets: number) {
    await session.run(
      `create or replace temporary table step as
       select *, strftime(occurred_at, '%Y-%m') as month, ${bucketOf(buckets)} as bucket from ${csvRelation(csvPath)}`,
    );
    const parts = await writeParts(session, writer, tenantId, 'step');
    await session.run('drop table step');
    return parts;
  }

  /** Forgets versions that nobody reads any more, and every part that no kept version names, those of writers cut off included. */
  async function sweep(tenantId: TenantId, latest: number, keepVersions: readonly number[]): Promise<void> {
    const kept = new Set<string>();
    let replacedAtMs = Number.POSITIVE_INFINITY;
    for (const version of (await listManifests(objects, tenantId)).toReversed()) {
      const manifest = await readManifest(objects, tenantId, version);
      if (!manifest) continue;
      const recent = version === latest || replacedAtMs > Date.now() - KEEP_REPLACED_MS;
      replacedAtMs = manifest.writtenAtMs;
      if (recent || keepVersions.includes(version)) for (const { key } of manifest.parts) kept.add(key);
      else await deleteManifest(objects, tenantId, version);
    }
    for (const key of await objects.list(lakePrefix(tenantId))) {
      if (key.endsWith('.parquet') && !kept.has(key)) await objects.delete(key);
    }
  }

  async function manifestOf(tenantId: TenantId, version: number): Promise<Manifest> {
    const manifest = await readManifest(objects, tenantId, version);
    if (!manifest) throw new Error(`version ${version} of the lake is not kept any more`);
    return manifest;
  }

  async function relationOf(manifest: Manifest, bucket: number | undefined, laterVoids: readonly Void[]): Promise<LakeRelation> {
    const parts = manifest.parts.filter((part) => bucket === undefined || part.bucket === bucket);
    return `(select ${EVENT_COLUMNS} from ${partsRelation(await localPaths(copies, parts), [...manifest.voids, ...laterVoids])})`;
  }

  /** The latest version and the tail, read in the source's transaction. */
  async function everything<T>(source: Source, work: (session: DuckDbSession, relation: LakeRelation) => Promise<T>): Promise<T> {
    const manifest = (await readLatestManifest(objects, source.tenantId)) ?? emptyManifest(source, 1, 1);
    checkSource(manifest, source, false);
    await mkdir(workDirectory, { recursive: true });
    const path = join(workDirectory, `tail-${randomUUID()}.csv`);
    try {
      await copyEvents(source, manifest.snapshot, source.snapshot, path);
      const sealed = await relationOf(manifest, undefined, await readVoids(source, manifest.snapshot, source.snapshot));
      const relation = `(select ${EVENT_COLUMNS} from ${sealed} union all select ${EVENT_COLUMNS} from ${csvRelation(path)})`;
      return await duckdb.session((session) => work(session, relation));
    } finally {
      await rm(path, { force: true });
    }
  }

  async function withSource<T>(tenantId: TenantId, work: (source: Source) => Promise<T>): Promise<T> {
    const client = await pool.connect();
    try {
      return await readSource(client, tenantId, work);
    } finally {
      client.release();
    }
  }

  return {
    update: (tenantId, options) => update(tenantId, options),
    rebuild: (tenantId, options) => update(tenantId, options, true),
    async pin(tenantId, version) {
      const manifest = version === undefined ? await readLatestManifest(objects, tenantId) : await readManifest(objects, tenantId, version);
      return manifest && pinOf(manifest);
    },
    relation: async (tenantId, pin, bucket) => relationOf(await manifestOf(tenantId, pin.version), bucket, []),
    withEverything: (tenantId, work) => withSource(tenantId, (source) => everything(source, work)),
    verify: (tenantId) =>
      withSource(tenantId, (source) =>
        everything(source, async (session, relation) =>
          compareMonths(await countMonths.inLake(session, relation), await countMonths.inPostgres(source)),
        ),
      ),
  };
}

function emptyManifest(source: Source, version: number, buckets: number): Manifest {
  return { version, source: source.identity, snapshot: EMPTY_SNAPSHOT, buckets, parts: [], voids: [], writtenAtMs: Date.now() };
}

function checkSource(manifest: Manifest | undefined, source: Source, anew: boolean): void {
  if (!manifest || anew) return;
  const behind = parseSnapshot(manifest.snapshot).xmax > parseSnapshot(source.snapshot).xmax;
  if (manifest.source === source.identity && !behind) return;
  throw new Error(
    behind && manifest.source === source.identity
      ? 'the database is older than its lake, as after a restore: write the lake anew with `madansara lake rebuild`'
      : 'this lake was written from another database: name another object store, or write the lake anew with `madansara lake rebuild`',
  );
}

function isSame(before: Manifest, next: Manifest): boolean {
  return (
    before.parts.length === next.parts.length &&
    before.voids.length === next.voids.length &&
    before.parts.every((part, i) => part === next.parts[i])
  );
}

function bucketsFor(events: number, eventsPerBucket: number): number {
  return Math.min(MOST_BUCKETS, 2 ** Math.max(0, Math.ceil(Math.log2(events / eventsPerBucket))));
}

function pinOf({ version, snapshot, buckets, parts }: Manifest): LakePin {
  return { version, snapshot, buckets, rows: parts.reduce((sum, { rows }) => sum + rows, 0) };
}
