import { existsSync, readFileSync } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { startPostgres } from './postgres.js';
import { readLivePid, writePidFile } from './processes.js';
import { startTemporal } from './temporal.js';

/** The servers of one folder, and the variables that tell the product where they are. */
export type Stack = {
  readonly variables: Readonly<Record<string, string>>;
  /** Resolves with a sentence when a server of ours has ended without being asked to. */
  readonly broken: Promise<string>;
  stop(): Promise<void>;
};

type Server = { readonly ended: Promise<string>; stop(): Promise<void> };

export type StackOptions = {
  /** Everything that the servers keep. One stack at a time may use it. */
  readonly directory: string;
  readonly environment: NodeJS.ProcessEnv;
  readonly say: (line: string) => void;
  /** Gives up starting. */
  readonly signal?: AbortSignal;
  /** Begin with nothing. */
  readonly fresh?: boolean;
  /** Fixed ports for people; free ones when absent. */
  readonly ports?: { readonly temporal: number; readonly temporalUi: number };
};

export const NAMESPACE = 'madansara';
const GRACE_MS = 5_000;

export const launcherPidPath = (directory: string) => join(directory, 'launcher.pid');

export type Launcher = { readonly pid: number; readonly api?: string };

/** Who runs in this folder, and where their API is once it is up: undefined when nobody does. */
export function whoRuns(directory: string): Launcher | undefined {
  const pidPath = launcherPidPath(directory);
  if (readLivePid(pidPath) === undefined || !existsSync(pidPath)) return undefined;
  return JSON.parse(readFileSync(pidPath, 'utf8')) as Launcher;
}

/**
 * Starts what the environment does not name: PostgreSQL unless DATABASE_URL is set, Temporal unless TEMPORAL_ADDRESS is. The
 * folder remembers who started them, so that a second start is told, and servers that a killed launcher left are ended first.
 */
export async function startStack({ directory, environment, say, ports, fresh = false, signal }: StackOptions): Promise<Stack> {
  await mkdir(directory, { recursive: true });
  writePidFile(launcherPidPath(directory));
  const servers: Server[] = [];
  let stopping = false;
  const stop = async () => {
    stopping = true;
    await Promise.all(servers.map((server) => server.stop()));
    await rm(launcherPidPath(directory), { force: true });
  };
  // The other server may still be starting when one has failed: it is stopped as soon as it is there.
  const keep = async (server: Server) => (stopping ? server.stop() : void servers.push(server));
  const variables: Record<string, string> = {};
  const starting: Promise<void>[] = [];
  if (!environment.DATABASE_URL) {
    starting.push(
      startPostgres({ directory: join(directory, 'postgres'), fresh }).then(async (postgres) => {
        await keep(postgres);
        variables.DATABASE_URL = postgres.url;
      }),
    );
  }
  if (!environment.TEMPORAL_ADDRESS) {
    starting.push(
      startTemporal({
        directory: join(directory, 'temporal'),
        namespace: NAMESPACE,
        environment,
        say,
        fresh,
        ...(ports && { port: ports.temporal, uiPort: ports.temporalUi }),
      }).then(async (temporal) => {
        await keep(temporal);
        variables.TEMPORAL_ADDRESS = temporal.address;
        variables.TEMPORAL_NAMESPACE = NAMESPACE;
        variables.TEMPORAL_UI_URL = temporal.uiUrl;
      }),
    );
  }
  try {
    await Promise.race([Promise.all(starting), aborted(signal)]);
  } catch (error) {
    stopping = true;
    await Promise.race([Promise.allSettled(starting), pause(GRACE_MS)]); // a server that is half up is stopped when it is up
    await stop();
    throw error;
  }
  if (!environment.ARTIFACT_STORE && !environment.S3_ENDPOINT && !environment.ARTIFACT_DIR) {
    variables.ARTIFACT_DIR = join(directory, 'artifacts');
  }
  if (!environment.LAKE_CACHE_DIR) variables.LAKE_CACHE_DIR = join(directory, 'lake-cache');
  return {
    variables,
    broken: new Promise((resolve) => {
      for (const { ended } of servers) void ended.then((sentence) => !stopping && resolve(sentence));
    }),
    stop,
  };
}

function aborted(signal: AbortSignal | undefined): Promise<never> {
  return new Promise((_, reject) => signal?.addEventListener('abort', () => reject(new Error('stopped while starting')), { once: true }));
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms).unref());
}
