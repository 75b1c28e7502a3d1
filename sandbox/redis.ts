import { execFile } from 'node:child_process';
import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { cacheFolder, makeOnce } from './cache.js';
import { endLeftOver, freePort, isListening, startServer, waitUntil } from './processes.js';

const run = promisify(execFile);

export type RedisServer = {
  readonly url: string;
  /** As `kill -9` does; what it held is gone. */
  kill(): Promise<void>;
  stop(): Promise<void>;
};

export type RedisOptions = {
  readonly directory: string;
  readonly environment: NodeJS.ProcessEnv;
  readonly say: (line: string) => void;
  readonly port?: number;
};

type Program = { readonly path: string; readonly libraries?: string };

/** A Redis for tests, which keeps nothing on disk: one that is installed, or Debian's, unpacked and not installed. */
export async function startRedis({ directory, environment, say, port: wanted }: RedisOptions): Promise<RedisServer> {
  const { path, libraries } = await findProgram(environment, say);
  await mkdir(directory, { recursive: true });
  const pidPath = join(directory, 'redis.pid');
  await endLeftOver(pidPath);
  const port = await freePort(wanted);
  const server = startServer(path, ['--port', `${port}`, '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no', '--dir', directory], {
    logPath: join(directory, 'redis.log'),
    pidPath,
    env: { ...environment, ...(libraries !== undefined && { LD_LIBRARY_PATH: libraries }) },
  });
  let over: string | undefined;
  void server.ended.then((sentence) => (over = sentence));
  await waitUntil(async () => over !== undefined || (await isListening(port)), 20_000);
  if (over !== undefined) throw new Error(`Redis did not start: ${over}`);
  return { url: `redis://127.0.0.1:${port}`, kill: () => server.stop('SIGKILL'), stop: () => server.stop() };
}

async function findProgram(environment: NodeJS.ProcessEnv, say: (line: string) => void): Promise<Program> {
  for (const path of ['redis-server', 'valkey-server']) {
    const isThere = await run(path, ['--version']).then(
      () => true,
      () => false,
    );
    if (isThere) return { path };
  }
  return unpackDebians(environment, say);
}

/** The program, and what it needs that a machine without it does not have. */
const PACKAGES = ['redis-server', 'redis-tools', 'libjemalloc2', 'liblzf1'];
const PATIENCE_MS = 120_000;

async function unpackDebians(environment: NodeJS.ProcessEnv, say: (line: string) => void): Promise<Program> {
  const root = join(cacheFolder(environment), 'redis-of-debian');
  await makeOnce(
    root,
    async (unfinished) => {
      say('Redis: fetching the packages of the Debian that this is; done once …');
      await mkdir(unfinished, { recursive: true });
      const options = { cwd: unfinished, timeout: PATIENCE_MS };
      await run('apt-get', ['download', ...PACKAGES], options).catch((error: unknown) => {
        throw new Error('there is no redis-server on the PATH, and apt-get has none to give', { cause: error });
      });
      const names = (await readdir(unfinished)).filter((name) => name.endsWith('.deb'));
      for (const name of names) await run('dpkg-deb', ['-x', name, '.'], options);
    },
    () => say('Redis: another command is fetching it; waiting for it …'),
  );
  const libraries = join(root, 'usr', 'lib');
  const folders = (await readdir(libraries, { withFileTypes: true })).filter((entry) => entry.isDirectory());
  return {
    path: join(root, 'usr', 'bin', 'redis-server'),
    libraries: folders.map(({ name }) => join(libraries, name)).join(':'),
  };
}
