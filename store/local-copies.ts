import { createHash, randomUUID } from 'node:crypto';
import { mkdir, readdir, rename, rm, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import type { ObjectStore } from './objects.js';

/** A file that was asked for this lately is not thrown out: somebody may be about to open it. */
const IN_USE_MS = 10 * 60_000;

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

  async function fetch(key: string): Promise<string> {
    const path = join(directory, `${createHash('sha256').update(key).digest('hex')}.parquet`);
    const now = new Date();
    try {
      await utimes(path, now, now);
      return path;
    } catch {
      await mkdir(directory, { recursive: true });
    }
    const arriving = join(directory, `arriving-${randomUUID()}`);
    await objects.getToFile(key, arriving);
    await rename(arriving, path);
    await evict(directory, maxBytes, now.getTime() - IN_USE_MS);
    return path;
  }

  return {
    path(key) {
      const known = underway.get(key);
      if (known) return known;
      const coming = fetch(key).finally(() => underway.delete(key));
      underway.set(key, coming);
      return coming;
    },
  };
}

async function evict(directory: string, maxBytes: number, unusedSinceMs: number): Promise<void> {
  const files = (await Promise.all((await readdir(directory)).map((name) => describe(join(directory, name))))).filter(
    (file) => file !== undefined,
  );
  let total = files.reduce((sum, { bytes }) => sum + bytes, 0);
  for (const { path, bytes, usedMs } of files.sort((a, b) => a.usedMs - b.usedMs)) {
    if (total <= maxBytes || usedMs > unusedSinceMs) return;
    await rm(path, { force: true });
    total -= bytes;
  }
}

async function describe(path: string): Promise<{ path: string; bytes: number; usedMs: number } | undefined> {
  const found = await stat(path).catch(() => undefined); // another process may have thrown it out
  return found && { path, bytes: found.size, usedMs: found.mtimeMs };
}
