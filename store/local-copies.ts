import { createHash, randomUUID } from 'node:crypto';
import { mkdir, readdir, rename, rm, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import type { ObjectStore } from './objects.js';

/** A file that was asked for this lately is not thrown out: somebody may be about to open it. */
const IN_USE_MS = 10 * 60_000;
/** A file that nobody asked for since is thrown out however much room there is: what it is of may have been deleted meanwhile. */
const STALE_MS = 24 * 3_600_000;
/** The folder is looked through again once so much of its limit has been fetched. */
const LOOKED_THROUGH_EVERY = 1 / 20;

/** Immutable objects as local files, for engines that read files. Several processes may share the folder. */
export type LocalCopies = {
  /** The path of a file with the object's bytes. */
  path(key: string): Promise<string>;
};

/** A store that keeps files answers with them; from any other, copies are kept, the least lately used thrown out above `maxBytes`. */
export function openLocalCopies(objects: ObjectStore, directory: string, maxBytes: number): LocalCopies {
  const { filePath } = objects;
  if (filePath) return { path: async (key) => filePath(key) };
  const underway = new Map<string, Promise<string>>();
  let fetchedBytes = maxBytes; // what others left is looked through at the first fetch

  async function find(key: string): Promise<string> {
    const path = join(directory, `${createHash('sha256').update(key).digest('hex')}.parquet`);
    const now = new Date();
    const isThere = await utimes(path, now, now).then(
      () => true,
      () => false,
    );
    if (!isThere) await fetch(key, path);
    return path;
  }

  /** Other processes see the file when it is whole; one that fetches it too puts the same bytes there. */
  async function fetch(key: string, path: string): Promise<void> {
    await mkdir(directory, { recursive: true });
    const arriving = join(directory, `arriving-${randomUUID()}`);
    try {
      await objects.getToFile(key, arriving);
      fetchedBytes += (await stat(arriving)).size;
      await rename(arriving, path);
    } finally {
      await rm(arriving, { force: true });
    }
    if (fetchedBytes < maxBytes * LOOKED_THROUGH_EVERY) return;
    fetchedBytes = 0;
    await evict(directory, maxBytes);
  }

  return {
    path(key) {
      const known = underway.get(key);
      if (known) return known;
      const coming = find(key).finally(() => underway.delete(key));
      underway.set(key, coming);
      return coming;
    },
  };
}

async function evict(directory: string, maxBytes: number): Promise<void> {
  const found = await Promise.all((await readdir(directory)).map((name) => describe(join(directory, name))));
  const files = found.filter((file) => file !== undefined).sort((a, b) => a.usedMs - b.usedMs);
  let total = files.reduce((sum, { bytes }) => sum + bytes, 0);
  for (const { path, bytes, usedMs } of files) {
    const unusedMs = Date.now() - usedMs;
    if (unusedMs < IN_USE_MS || (total <= maxBytes && unusedMs < STALE_MS)) return;
    if ((await describe(path))?.usedMs !== usedMs) continue; // somebody has just asked for it, or thrown it out
    await rm(path, { force: true });
    total -= bytes;
  }
}

async function describe(path: string): Promise<{ path: string; bytes: number; usedMs: number } | undefined> {
  const found = await stat(path).catch(() => undefined); // another process may have thrown it out
  return found && { path, bytes: found.size, usedMs: found.mtimeMs };
}
