import type { TenantId } from '../../core/ids.js';
import type { DuckDbSession } from '../duckdb.js';
import type { LocalCopies } from '../local-copies.js';
import { rowsIn, type Manifest, type Part } from './manifest.js';
import { localPaths, partsRelation, writeParts, type PartWriter } from './parts.js';
import { holdsVoids, storedVoids, withoutVoids, type VoidRelation } from './voids.js';

/** Above this, a month's bucket costs readers more to open than to read. */
const MOST_PARTS = 8;
/** Above this, or a twentieth of the rows where those are few, rewriting once is cheaper than leaving void rows out at every reading. */
const MOST_VOIDS = 20_000;
const FEW_VOIDS = 1_000;

export type Compaction = {
  readonly session: DuckDbSession;
  readonly copies: LocalCopies;
  readonly writer: PartWriter;
  readonly tenantId: TenantId;
};

export type CompactionOptions = {
  /** Take void rows out now, however few. */
  readonly forget: boolean;
  /** How many buckets there should be; more than there are now rewrites all. */
  readonly buckets: number;
};

/** Merges small parts, splits buckets that have grown too large, and takes void rows out once there are many. */
export async function compact(work: Compaction, manifest: Manifest, { forget, buckets }: CompactionOptions): Promise<Manifest> {
  const { voids } = manifest;
  const splitting = buckets !== manifest.buckets;
  const clearing = voids !== undefined && (forget || splitting || voids.users > mostVoids(manifest));
  const voidRelations = voids ? [storedVoids(await work.copies.path(voids.key))] : [];
  const parts: Part[] = [];
  for (const group of groupParts(manifest.parts)) {
    const worn =
      splitting || group.length > MOST_PARTS || (clearing && (await holdsVoids(work.session, await rowsOf(work, group), voidRelations)));
    parts.push(...(worn ? await merge(work, group, voidRelations, buckets) : group));
  }
  const { voids: _, ...rest } = manifest;
  return { ...rest, buckets, parts, ...(voids && !clearing && { voids }) };
}

const mostVoids = ({ parts }: Manifest) => Math.min(MOST_VOIDS, Math.max(FEW_VOIDS, rowsIn(parts) / 20));

function groupParts(parts: readonly Part[]): Part[][] {
  const groups = new Map<string, Part[]>();
  for (const part of parts) {
    const name = `${part.month} ${part.bucket}`;
    groups.set(name, [...(groups.get(name) ?? []), part]);
  }
  return [...groups.values()];
}

const rowsOf = async ({ copies }: Compaction, parts: readonly Part[]) => partsRelation(await localPaths(copies, parts));

async function merge(work: Compaction, parts: readonly Part[], voids: readonly VoidRelation[], buckets: number): Promise<Part[]> {
  return writeParts(work.session, work.writer, work.tenantId, withoutVoids(await rowsOf(work, parts), voids), buckets);
}
