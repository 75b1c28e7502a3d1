import { accessSync, constants } from 'node:fs';
import { mkdir, readFile, rm } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { Connection } from '@temporalio/client';
import { parse } from 'yaml';
import { projectRoot } from '../config.js';
import { setUpTemporal } from '../temporal-config/setup.js';
import { cacheFolder, isThere } from './cache.js';
import { buildGoProgram, goProgramPath, temporalCli } from './go.js';
import { endLeftOver, freePort, isListening, startServer, waitUntil } from './processes.js';
import { DOWNLOADS, downloadTemporal } from './temporal-download.js';

const START_TIMEOUT_MS = 60_000;

export type TemporalServer = {
  readonly address: string;
  readonly namespace: string;
  readonly uiUrl: string;
  readonly pid: number;
  readonly ended: Promise<string>;
  stop(): Promise<void>;
  kill(): Promise<void>;
};

export type TemporalOptions = {
  /** Database and log. Workflows survive a restart. */
  readonly directory: string;
  readonly namespace: string;
  readonly port?: number;
  readonly uiPort?: number;
  /** Begin with nothing, whatever is there. */
  readonly fresh?: boolean;
  readonly environment: NodeJS.ProcessEnv;
  readonly say: (line: string) => void;
};

/** A real Temporal server with its pages, on SQLite: for laptops and tests. One left over by a killed launcher is ended first. */
export async function startTemporal(options: TemporalOptions): Promise<TemporalServer> {
  const { directory, namespace, environment, say } = options;
  const program = await findTemporal(environment, say);
  await mkdir(directory, { recursive: true });
  const pidPath = join(directory, 'temporal.pid');
  await endLeftOver(pidPath);
  if (options.fresh) await Promise.all(['', '-shm', '-wal'].map((end) => rm(join(directory, `temporal.db${end}`), { force: true })));
  const port = options.port ?? (await freePort());
  const uiPort = options.uiPort ?? (await freePort());
  for (const [taken, what] of [
    [port, 'Temporal'],
    [uiPort, "Temporal's UI"],
  ] as const) {
    if (await isListening(taken)) throw new Error(`port ${taken}, which ${what} should use, is taken by another program`);
  }
  const logPath = join(directory, 'temporal.log');
  const args = ['server', 'start-dev', '--ip', '127.0.0.1', '--port', String(port), '--ui-port', String(uiPort)];
  args.push('--http-port', String(await freePort()), '--metrics-port', String(await freePort()));
  args.push('--namespace', namespace, '--db-filename', join(directory, 'temporal.db'), '--log-level', 'error', '--ui-disable-news-fetch');
  for (const [name, value] of await developmentSettings()) args.push('--dynamic-config-value', `${name}=${JSON.stringify(value)}`);
  const server = startServer(program, args, { logPath, pidPath, cwd: directory });
  const address = `127.0.0.1:${port}`;
  let over: string | undefined;
  void server.ended.then((sentence) => (over = sentence));
  const ready = await waitUntil(async () => over !== undefined || (await temporalAnswers(address, namespace)), START_TIMEOUT_MS, 100);
  if (over !== undefined || !ready) {
    await server.stop('SIGKILL');
    const log = await readFile(logPath, 'utf8').catch(() => '');
    throw new Error(`Temporal did not start: ${over ?? 'no answer within a minute'}\n${log.trim().split('\n').slice(-5).join('\n')}`);
  }
  return {
    address,
    namespace,
    uiUrl: `http://127.0.0.1:${uiPort}`,
    pid: server.pid,
    ended: server.ended,
    stop: () => server.stop(),
    kill: () => server.stop('SIGKILL'),
  };
}

/** Looks for the program where it may be, dearest last, and says each try. When all fail, the error says what to do. */
export async function findTemporal(environment: NodeJS.ProcessEnv, say: (line: string) => void): Promise<string> {
  const tries: string[] = [];
  const onPath = programOnPath('temporal', environment);
  if (onPath) return onPath;
  tries.push('no program `temporal` on the PATH');
  const built = await goProgramPath(temporalCli, environment);
  if (await isThere(built)) return built;
  tries.push(`none built earlier in ${cacheFolder(environment)}`);
  try {
    return await downloadTemporal('server', environment, say);
  } catch (error) {
    tries.push(`not downloaded from ${DOWNLOADS}: ${messageOf(error)}`);
    say(`Temporal: ${tries.at(-1)}`);
  }
  try {
    return await buildGoProgram(temporalCli, environment, (line) => say(`Temporal: ${line}`));
  } catch (error) {
    tries.push(`not built: ${messageOf(error)}`);
  }
  throw new Error(
    `No Temporal server was found:\n${tries.map((line) => `  - ${line}`).join('\n')}\n` +
      'Install the Temporal CLI (https://docs.temporal.io/cli) or Go 1.26, or name a running server with TEMPORAL_ADDRESS.',
  );
}

function programOnPath(name: string, environment: NodeJS.ProcessEnv): string | undefined {
  return (environment.PATH ?? '')
    .split(delimiter)
    .map((folder) => join(folder, name))
    .find((path) => {
      try {
        accessSync(path, constants.X_OK);
        return true;
      } catch {
        return false;
      }
    });
}

async function developmentSettings(): Promise<[string, unknown][]> {
  const text = await readFile(join(projectRoot, 'temporal-config', 'dynamic-config', 'development.yaml'), 'utf8');
  const settings = parse(text) as Record<string, { value: unknown }[]>;
  return Object.entries(settings).map(([name, values]) => [name, values[0]?.value]);
}

/** Whether a server answers there. Sets the namespace up, without which it is of no use. */
export async function temporalAnswers(address: string, namespace: string): Promise<boolean> {
  let connection: Connection | undefined;
  try {
    connection = await Connection.connect({ address, connectTimeout: '2s' });
    await setUpTemporal(connection, namespace);
    return true;
  } catch {
    return false; // not yet
  } finally {
    await connection?.close();
  }
}

const messageOf = (error: unknown) => {
  const cause = error instanceof Error && error.cause instanceof Error ? `: ${error.cause.message}` : '';
  return `${error instanceof Error ? error.message : String(error)}${cause}`;
};
