import { mkdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { readLivePid, waitUntil, writePidFile } from './processes.js';

/** Programs that take minutes to build are kept here, for every clone of this machine's user. */
export function cacheFolder(environment: NodeJS.ProcessEnv): string {
  return join(environment.XDG_CACHE_HOME || join(homedir(), '.cache'), 'madansara');
}

const BUILD_TIMEOUT_MS = 30 * 60_000;

/** Makes a file once, whoever asks at the same time: the others wait. The file appears whole or not at all. */
export async function makeOnce(path: string, make: (unfinished: string) => Promise<void>, onWait: () => void): Promise<void> {
  if (await isThere(path)) return;
  await mkdir(dirname(path), { recursive: true });
  const lock = `${path}.lock`;
  for (let waited = false; !(await takeLock(lock)); waited = true) {
    if (!waited) onWait();
    const free = await waitUntil(async () => (await isThere(path)) || readLivePid(join(lock, 'pid')) === undefined, BUILD_TIMEOUT_MS, 500);
    if (await isThere(path)) return;
    if (!free) throw new Error(`${lock} has been held for half an hour; delete it when nothing is being built`);
    await rm(lock, { recursive: true, force: true });
  }
  const unfinished = `${path}.${process.pid}.unfinished`;
  try {
    await make(unfinished);
    await rename(unfinished, path);
  } finally {
    await rm(unfinished, { recursive: true, force: true });
    await rm(lock, { recursive: true, force: true });
  }
}

async function takeLock(lock: string): Promise<boolean> {
  try {
    await mkdir(lock);
  } catch {
    return false; // somebody holds it
  }
  writePidFile(join(lock, 'pid'));
  return true;
}

export async function isThere(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

export async function writeProgram(path: string, text: string): Promise<void> {
  await writeFile(path, text, { mode: 0o755 });
}
