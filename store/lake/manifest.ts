import { z } from 'zod';
import type { TenantId } from '../../core/ids.js';
import type { ObjectStore } from '../objects.js';

const Part = z.object({
  key: z.string(),
  month: z.string(), // YYYY-MM, UTC
  bucket: z.number().int(),
  rows: z.number().int(),
});

const Manifest = z.object({
  version: z.number().int().positive(),
  /** The database the events came from: a lake read beside another one would count wrongly. */
  source: z.string(),
  /** Every event that this snapshot sees is in the parts; nothing else is. */
  snapshot: z.string(),
  /** A power of two. A user's bucket is the same in every part. */
  buckets: z.number().int().positive(),
  parts: z.array(Part),
  /** Rows of this user that the snapshot sees no longer count: the user was merged into another, or deleted. */
  voids: z.array(z.object({ userId: z.string(), snapshot: z.string() })),
  writtenAtMs: z.number(),
});

export type Part = z.infer<typeof Part>;
export type Manifest = z.infer<typeof Manifest>;
export type Void = Manifest['voids'][number];

export const lakePrefix = (tenantId: TenantId) => `lake/events/${tenantId}/`;

const manifestPrefix = (tenantId: TenantId) => `${lakePrefix(tenantId)}manifest/`;
const manifestKey = (tenantId: TenantId, version: number) => `${manifestPrefix(tenantId)}${String(version).padStart(10, '0')}.json`;

/** The versions that are kept, oldest first. */
export async function listManifests(objects: ObjectStore, tenantId: TenantId): Promise<number[]> {
  const keys = await objects.list(manifestPrefix(tenantId));
  return keys.map((key) => Number(key.slice(manifestPrefix(tenantId).length, -'.json'.length)));
}

export async function readManifest(objects: ObjectStore, tenantId: TenantId, version: number): Promise<Manifest | undefined> {
  const body = await objects.get(manifestKey(tenantId, version));
  return body && Manifest.parse(JSON.parse(body.toString('utf8')));
}

export async function readLatestManifest(objects: ObjectStore, tenantId: TenantId): Promise<Manifest | undefined> {
  const version = (await listManifests(objects, tenantId)).at(-1);
  return version === undefined ? undefined : readManifest(objects, tenantId, version);
}

/** Compare-and-swap: only one writer can put the version that follows the one it read. */
export async function publishManifest(objects: ObjectStore, tenantId: TenantId, manifest: Manifest): Promise<void> {
  const answer = await objects.put(manifestKey(tenantId, manifest.version), JSON.stringify(manifest), { ifAbsent: true });
  if (answer === 'exists') throw new Error(`another writer has put version ${manifest.version} of this lake; nothing was changed`);
}

export const deleteManifest = (objects: ObjectStore, tenantId: TenantId, version: number) => objects.delete(manifestKey(tenantId, version));
