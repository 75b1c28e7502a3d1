import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { TenantId } from '../../core/ids.js';
import type { ObjectStore } from '../objects.js';
import { deleteManifest, lakePrefix, listManifests, readManifest, versionOf, type Manifest } from './manifest.js';

/** A replaced version lives on for readers that have pinned it. */
const KEEP_REPLACED_MS = 3_600_000;
/** No step takes so long: a file that nobody wrote to since is of a process that was killed. */
const ABANDONED_MS = 24 * 3_600_000;

/**
 * Forgets versions that nobody reads any more, and every data object that no kept version names, those of writers cut off included. What
 * was written for a version that is not there yet stays: another writer, whose lock the database may have lost, can still publish it.
 */
export async function sweep(objects: ObjectStore, tenantId: TenantId, latest: Manifest, keepVersions: readonly number[]): Promise<void> {
  const named = new Set<string>();
  let replacedAtMs = Number.POSITIVE_INFINITY;
  for (const version of (await listManifests(objects, tenantId)).toReversed()) {
    const manifest = await readManifest(objects, tenantId, version);
    if (!manifest) continue;
    const isAtWork = version >= latest.version || replacedAtMs > Date.now() - KEEP_REPLACED_MS;
    const isWanted = keepVersions.includes(version) && version >= latest.forgetsBefore;
    replacedAtMs = manifest.writtenAtMs;
    if (isAtWork || isWanted) for (const key of dataOf(manifest)) named.add(key);
    else await deleteManifest(objects, tenantId, version);
  }
  for (const key of await objects.list(lakePrefix(tenantId))) {
    const version = versionOf(key);
    if (version !== undefined && version <= latest.version && !named.has(key)) await objects.delete(key);
  }
}

const dataOf = ({ parts, voids }: Manifest): string[] => [...parts.map(({ key }) => key), ...(voids ? [voids.key] : [])];

export async function sweepWorkDirectory(directory: string): Promise<void> {
  for (const name of await readdir(directory)) {
    const path = join(directory, name);
    const found = await stat(path).catch(() => undefined); // its owner may have just removed it
    if (found?.isFile() && found.mtimeMs < Date.now() - ABANDONED_MS) await rm(path, { force: true });
  }
}
