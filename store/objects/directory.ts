import { randomUUID } from 'node:crypto';
import { copyFile, link, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join, relative, resolve, sep } from 'node:path';
import type { ObjectStore } from '../objects.js';
import { checkKey, checkPrefix } from './key.js';

/** Written beside their place under a name that no key can have, then moved: a reader never sees half an object. */
const UNFINISHED = '.unfinished-';

export function openDirectory(directory: string): ObjectStore {
  const root = resolve(directory);
  const filePath = (key: string) => join(root, checkKey(key));

  async function publish(key: string, write: (unfinished: string) => Promise<void>, ifAbsent = false): Promise<'stored' | 'exists'> {
    const path = filePath(key);
    await mkdir(dirname(path), { recursive: true });
    const unfinished = join(dirname(path), `${UNFINISHED}${randomUUID()}`);
    try {
      await write(unfinished);
      if (!ifAbsent) {
        await rename(unfinished, path);
        return 'stored';
      }
      await link(unfinished, path); // unlike a rename, fails where something is
      return 'stored';
    } catch (error) {
      if (ifAbsent && codeOf(error) === 'EEXIST') return 'exists';
      throw error;
    } finally {
      await rm(unfinished, { force: true });
    }
  }

  return {
    get: (key) => readFile(filePath(key)).catch(absent),
    put: (key, body, { ifAbsent } = {}) => publish(key, (unfinished) => writeFile(unfinished, body), ifAbsent),
    putFile: async (key, path) => void (await publish(key, (unfinished) => copyFile(path, unfinished))),
    getToFile: (key, path) => copyFile(filePath(key), path),
    delete: (key) => rm(filePath(key), { force: true }),
    locate: filePath,
    filePath,
    async list(prefix) {
      const folder = checkPrefix(prefix).slice(0, prefix.lastIndexOf('/') + 1);
      const entries = await readdir(join(root, folder), { recursive: true, withFileTypes: true }).catch(absent);
      return (entries ?? [])
        .filter((entry) => entry.isFile() && !entry.name.startsWith(UNFINISHED))
        .map((entry) => relative(root, join(entry.parentPath, entry.name)).split(sep).join('/'))
        .filter((key) => key.startsWith(prefix))
        .sort();
    },
  };
}

/** There is no object where there is no file, be it that the name is a folder's or goes through a file. */
function absent(error: unknown): undefined {
  if (['ENOENT', 'ENOTDIR', 'EISDIR'].includes(codeOf(error) ?? '')) return undefined;
  throw error;
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error ? String(error.code) : undefined;
}
