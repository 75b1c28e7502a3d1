import { z } from 'zod';
import type { TenantId } from '../../core/ids.js';
import type { ObjectStore } from '../objects.js';

const Part = z.object({
  key: z.string(),
  month: z.string(), // YYYY-MM, UTC
  bucket: z.number().int(),
  rows: z.number().int(),
  bytes: z.number().int(),
});

const Manifest = z.object({
  version: z.number().int().positive(),
  /** The database the events came from: a lake read beside another one would count wrongly. */
  source: z.string(),
  /** The database's history: it takes another turn with every restore or failover, and may have lost what the lake holds. */
  timeline: z.number().int(),
  /** The parts and PostgreSQL's events that this snapshot does not see are together every event once. */
  snapshot: z.string(),
  /** The parts alone are every event that the snapshot sees. Not so on the way there, after a step of several. */
  whole: z.boolean(),
  /** A power of two. A user's bucket is the same in every part. */
  buckets: z.number().int().positive(),
  parts: z.array(Part),
  /** An object with users whose rows no longer count where their snapshot sees them: merged into another, or deleted. */
  voids: z.object({ key: z.string(), users: z.number().int() }).optional(),
  /** Versions before this one hold people who were deleted since: they are kept for readers that are at work, and no longer. */
  forgetsBefore: z.number().int(),
  writtenAtMs: z.number(),
});

export type Part = z.infer<typeof Part>;
export type Manifest = z.infer<typeof Manifest>;

export const lakePrefix = (tenantId: TenantId) => `lake/events/${tenantId}/`;

/**
 * Data objects carry the version that they were written for. One that no manifest names is nobody's once that version is there;
 * until then a writer may be about to publish it.
 */
export const dataKey = (tenantId: TenantId, folder: string, name: string, version: number) =>
  `${lakePrefix(tenantId)}${folder}/${name}-v${version}.parquet`;

/** The version that a data object was written for; undefined for a manifest. */
export function versionOf(key: string): number | undefined {
  const match = /-v(\d+)\.parquet$/.exec(key);
  return match ? Number(match[1]) : undefined;
}

const manifestPrefix = (tenantId: TenantId) => `${lakePrefix(tenantId)}manifest/`;
export const manifestKey = (tenantId: TenantId, version: number) => `${manifestPrefix(tenantId)}${String(version).padStart(10, '0')}.json`;

/** The versions that are kept, oldest first. */
export async function listManifests(objects: ObjectStore, tenantId: TenantId): Promise<number[]> {
  const keys = await objects.list(manifestPrefix(tenantId));
  return keys.map((key) => Number(key.slice(manifestPrefix(tenantId).length, -'.json'.length)));
}

export async function readManifest(objects: ObjectStore, tenantId: TenantId, version: number): Promise<Manifest | undefined> {
  const body = await objects.get(manifestKey(tenantId, version));
  return body && Manifest.parse(JSON.parse(body.toString('utf8')));
}

/** The latest version; or, for who reads parts without their tail, the latest that is whole. */
export async function readLatestManifest(objects: ObjectStore, tenantId: TenantId, which: 'any' | 'whole'): Promise<Manifest | undefined> {
  for (const version of (await listManifests(objects, tenantId)).toReversed()) {
    const manifest = await readManifest(objects, tenantId, version);
    if (manifest && (which === 'any' || manifest.whole)) return manifest;
  }
  return undefined;
}

/** Compare-and-swap: only one writer can put the version that follows the one it read, and only while that is the latest. */
export async function publishManifest(objects: ObjectStore, tenantId: TenantId, manifest: Manifest): Promise<void> {
  const latest = (await listManifests(objects, tenantId)).at(-1) ?? 0;
  const answer =
    latest < manifest.version && (await objects.put(manifestKey(tenantId, manifest.version), JSON.stringify(manifest), { ifAbsent: true }));
  if (answer !== 'stored') throw new Error(`another writer has put version ${manifest.version} of this lake; nothing was changed`);
}

export const deleteManifest = (objects: ObjectStore, tenantId: TenantId, version: number) => objects.delete(manifestKey(tenantId, version));

export const rowsIn = (parts: readonly Part[]): number => parts.reduce((sum, { rows }) => sum + rows, 0);
