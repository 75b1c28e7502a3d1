import type { TenantId } from '../../core/ids.js';
import type { DuckDbSession } from '../duckdb.js';
import type { LocalCopies } from '../local-copies.js';
import type { Manifest, Part } from './manifest.js';
import { isVoid, localPaths, partsRelation, writeParts, type PartWriter } from './parts.js';

/** Above this, a month's bucket costs readers more to open than to read. */
const MOST_PARTS = 8;
/** Above this, leaving void rows out costs every reader more than rewriting once costs the writer. */
const MOST_VOIDS = 1_000;

type Compaction = {
  readonly session: DuckDbSession;
  readonly copies: LocalCopies;
  readonly writer: PartWriter;
  readonly tenantId: TenantId;
};

type Group = { readonly month: string; readonly bucket: number; readonly parts: readonly Part[] };

/** Merges small parts, and takes void rows out once there are many, or at once when a person must be gone. */
export async function compact(work: Compaction, manifest: Manifest, options: { readonly forget: boolean }): Promise<Manifest> {
  const clearing = manifest.voids.length > MOST_VOIDS || (options.forget && manifest.voids.length > 0);
  const groups = groupParts(manifest.parts);
  let parts: Part[] = [];
  for (const group of groups) {
    const worn = group.parts.length > MOST_PARTS || (clearing && (await holdsVoid(work, group, manifest)));
    parts = parts.concat(worn ? await merge(work, group, manifest) : group.parts);
  }
  return { ...manifest, parts, voids: clearing ? [] : manifest.voids };
}

function groupParts(parts: readonly Part[]): Group[] {
  const groups = new Map<string, Group & { parts: Part[] }>();
  for (const part of parts) {
    const name = `${part.month} ${part.bucket}`;
    const group = groups.get(name) ?? { month: part.month, bucket: part.bucket, parts: [] };
    group.parts.push(part);
    groups.set(name, group);
  }
  return [...groups.values()];
}

async function holdsVoid({ session, copies }: Compaction, { parts }: Group, { voids }: Manifest): Promise<boolean> {
  const rows = partsRelation(await localPaths(copies, parts), []);
  return (await session.rows(`select 1 from ${rows} p where ${isVoid('p', voids)} limit 1`)).length > 0;
}

async function merge(
  { session, copies, writer, tenantId }: Compaction,
  { month, bucket, parts }: Group,
  { voids }: Manifest,
): Promise<Part[]> {
  const rows = partsRelation(await localPaths(copies, parts), voids);
  await session.run(`create or replace temporary table merged as select *, '${month}' as month, ${bucket} as bucket from ${rows}`);
  const written = await writeParts(session, writer, tenantId, 'merged');
  await session.run('drop table merged');
  return written;
}
