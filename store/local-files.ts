import { randomUUID } from 'node:crypto';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { ObjectStore } from './objects.js';

/**
 * Objects as files, for as long as `work` takes. A store that keeps files lends its own; from any other they are fetched anew, since
 * an artifact may be written again under its key. The paths are in the order of the keys. An object that is not there is an error.
 */
export async function withLocalFiles<T>(
  objects: ObjectStore,
  workDirectory: string,
  keys: readonly string[],
  work: (paths: readonly string[]) => Promise<T>,
): Promise<T> {
  const { filePath } = objects;
  if (filePath) return work(keys.map((key) => filePath(key)));
  await mkdir(workDirectory, { recursive: true });
  const paths = keys.map(() => join(workDirectory, `read-${randomUUID()}`));
  try {
    await Promise.all(keys.map((key, i) => objects.getToFile(key, paths[i] ?? '')));
    return await work(paths);
  } finally {
    await Promise.all(paths.map((path) => rm(path, { force: true })));
  }
}

/** A file that `write` makes at a path of its own, put into the store. */
export async function putWritten<T>(
  objects: ObjectStore,
  workDirectory: string,
  key: string,
  write: (path: string) => Promise<T>,
): Promise<T> {
  await mkdir(workDirectory, { recursive: true });
  const path = join(workDirectory, `write-${randomUUID()}`);
  try {
    const result = await write(path);
    await objects.putFile(key, path);
    return result;
  } finally {
    await rm(path, { force: true });
  }
}
