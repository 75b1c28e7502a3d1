import type { TenantId } from '../../core/ids.js';
import type { DuckDbSession } from '../duckdb.js';

/** What a reader sees of an event. `properties` is JSON text; `category` is its property of that name, where that is a text. */
export const EVENT_COLUMNS = 'user_id, occurred_at, message_id, event, revenue_minor, currency, category, properties';

/** One version of a tenant's lake. It never changes, and can be read for as long as it is kept. */
export type LakePin = {
  readonly tenantId: TenantId;
  readonly version: number;
  /** PostgreSQL's own words for what was committed: an event is in this version when this snapshot sees it. */
  readonly snapshot: string;
  /** A power of two. A user's events are all in one bucket, 0 to buckets - 1: a unit of work for an activity. */
  readonly buckets: number;
  /** Rows in the parts, those of merged users not yet cleared away included. */
  readonly rows: number;
  readonly months: readonly string[];
};

/** SQL for a FROM clause, with the columns of `EVENT_COLUMNS`: each event once, in no order that could be relied on. */
export type LakeRelation = string;

export type LakeProgress = { readonly doing: 'taking' | 'compacting'; readonly rows: number; readonly version: number };

export type UpdateOptions = {
  readonly onProgress?: (progress: LakeProgress) => void;
  /** Versions that somebody may come back to, such as those of recent walks. A version that holds a deleted person is not kept. */
  readonly keepVersions?: readonly number[];
};

/** A month's events: how many, and a sum over hashes of all that readers see of each, which no order changes. */
export type MonthCount = { readonly month: string; readonly events: number; readonly checksum: string };
export type MonthDifference = { readonly month: string; readonly lake: MonthCount | undefined; readonly postgres: MonthCount | undefined };
export type Verification = { readonly events: number; readonly months: number; readonly differences: readonly MonthDifference[] };

export type Lake = {
  /** Brings the lake up to this moment, in bounded steps of which each is kept. One writer per tenant: others wait their turn. */
  update(tenantId: TenantId, options?: UpdateOptions): Promise<LakePin>;
  /** Writes the lake anew from PostgreSQL; readers keep what they have until it is whole. */
  rebuild(tenantId: TenantId, options?: UpdateOptions): Promise<LakePin>;
  /** The latest version, or the one named. Fails (`not_available`) where there is none, or none any more. */
  pin(tenantId: TenantId, version?: number): Promise<LakePin>;
  /** The events of a version, of one bucket or of all: for queries in sessions of the same DuckDB, soon (within ten minutes). */
  relation(pin: LakePin, bucket?: number): Promise<LakeRelation>;
  /** Every event that is committed at this moment, once: a version (the latest, unless one is given) and the tail that it does not hold. */
  withTail<T>(
    tenantId: TenantId,
    work: (session: DuckDbSession, relation: LakeRelation) => Promise<T>,
    from?: { readonly pin?: LakePin; readonly bucket?: number },
  ): Promise<T>;
  /** Compares counts and checksums by month with PostgreSQL, both at one moment, and every part with its own checksum. */
  verify(tenantId: TenantId): Promise<Verification>;
};
