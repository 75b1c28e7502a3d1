import { execFile } from 'node:child_process';
import { randomInt, randomUUID } from 'node:crypto';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import pg from 'pg';
import { projectRoot } from '../config.js';
import { buildGoProgram, temporalServer, temporalSqlTool } from './go.js';
import { endLeftOver, freePort, startServer, waitUntil, type ServerProcess } from './processes.js';
import { temporalAnswers, type TemporalServer } from './temporal.js';

const run = promisify(execFile);
const START_TIMEOUT_MS = 60_000;

/** With pgx, statements are prepared once on each connection; with lib/pq they would be parsed and planned every time. */
const PLUGIN = 'postgres12_pgx';
const SCHEMAS = ['temporal', 'visibility'] as const;
/** Each service listens on two ports; the first of all is for clients. */
const PORTS = ['FRONTEND', 'HISTORY', 'MATCHING', 'WORKER'].flatMap((service) => [`${service}_GRPC`, `${service}_MEMBERSHIP`]);

export type TemporalOnPostgresOptions = {
  /** Of the log. */
  readonly directory: string;
  /** A superuser's address. Two databases are made there, and dropped when the server is stopped. */
  readonly postgresUrl: string;
  readonly namespace: string;
  /** Fixed for the life of the databases. */
  readonly historyShards?: number;
  readonly environment: NodeJS.ProcessEnv;
  readonly say: (line: string) => void;
};

/**
 * The server that production runs, all its services in one process, with production's dynamic configuration: for measurements. The
 * laptop's server keeps everything in one SQLite file, and waits for it where this one works.
 */
export async function startTemporalOnPostgres(options: TemporalOnPostgresOptions): Promise<Omit<TemporalServer, 'uiUrl'>> {
  const { directory, postgresUrl, namespace, historyShards = 16, environment } = options;
  const say = (line: string) => options.say(`Temporal: ${line}`);
  const program = await buildGoProgram(temporalServer, environment, say);
  const sqlTool = await buildGoProgram(temporalSqlTool, environment, say);
  await mkdir(directory, { recursive: true });
  const pidPath = join(directory, 'temporal-server.pid');
  await endLeftOver(pidPath);
  const name = `temporal_${randomUUID().replaceAll('-', '')}`;
  const drop = () => dropDatabases(postgresUrl, name);
  const ports = await freeLowPorts();
  const address = `127.0.0.1:${ports[0]}`;
  let server: ServerProcess | undefined;
  try {
    await makeDatabases(sqlTool, postgresUrl, name);
    const env = { ...environment, ...serverVariables({ postgresUrl, name, ports, shards: historyShards }) };
    const logPath = join(directory, 'temporal-server.log');
    server = startServer(program, ['--allow-no-auth', 'start'], { logPath, pidPath, cwd: directory, env });
    await untilReady(server, logPath, () => temporalAnswers(address, namespace));
  } catch (error) {
    await server?.stop('SIGKILL');
    await drop();
    throw error;
  }
  const { pid, ended, stop } = server;
  const end = async (signal: NodeJS.Signals) => {
    await stop(signal);
    await drop();
  };
  return { address, namespace, pid, ended, stop: () => end('SIGTERM'), kill: () => end('SIGKILL') };
}

async function untilReady(server: ServerProcess, logPath: string, answers: () => Promise<boolean>): Promise<void> {
  let over: string | undefined;
  void server.ended.then((sentence) => (over = sentence));
  const isReady = await waitUntil(async () => over !== undefined || (await answers()), START_TIMEOUT_MS, 100);
  if (over === undefined && isReady) return;
  const log = await readFile(logPath, 'utf8').catch(() => '');
  throw new Error(`Temporal did not start: ${over ?? 'no answer within a minute'}\n${log.trim().split('\n').slice(-5).join('\n')}`);
}

/** The schemas are in the tool. */
async function makeDatabases(sqlTool: string, postgresUrl: string, name: string): Promise<void> {
  const { hostname, port, username, password } = new URL(postgresUrl);
  for (const schema of SCHEMAS) {
    const place = ['--plugin', PLUGIN, '--ep', hostname, '-p', port, '-u', username, '--pw', password, '--db', `${name}_${schema}`];
    await run(sqlTool, [...place, 'create-database']);
    await run(sqlTool, [...place, 'setup-schema', '-v', '0.0']);
    await run(sqlTool, [...place, 'update-schema', '--schema-name', `postgresql/v12/${schema}`]);
  }
}

async function dropDatabases(postgresUrl: string, name: string): Promise<void> {
  const client = new pg.Client({ connectionString: postgresUrl });
  await client.connect();
  try {
    for (const schema of SCHEMAS) await client.query(`drop database if exists ${name}_${schema} with (force)`);
  } finally {
    await client.end();
  }
}

type ServerPlace = { readonly postgresUrl: string; readonly name: string; readonly ports: readonly number[]; readonly shards: number };

/** What the server's own configuration template asks for. */
function serverVariables({ postgresUrl, name, ports, shards }: ServerPlace): Record<string, string> {
  const { hostname, port, username, password } = new URL(postgresUrl);
  return {
    DB: PLUGIN,
    POSTGRES_SEEDS: hostname,
    DB_PORT: port,
    POSTGRES_USER: username,
    POSTGRES_PWD: password,
    DBNAME: `${name}_temporal`,
    VISIBILITY_DBNAME: `${name}_visibility`,
    // Each of the four services has its own.
    SQL_MAX_CONNS: '10',
    SQL_MAX_IDLE_CONNS: '10',
    SQL_VIS_MAX_CONNS: '4',
    SQL_VIS_MAX_IDLE_CONNS: '4',
    NUM_HISTORY_SHARDS: String(shards),
    BIND_ON_IP: '127.0.0.1',
    ...Object.fromEntries(PORTS.map((one, i) => [`${one}_PORT`, String(ports[i])])),
    FRONTEND_HTTP_PORT: '0', // off
    DYNAMIC_CONFIG_FILE_PATH: join(projectRoot, 'temporal-config', 'dynamic-config', 'production.yaml'),
    LOG_LEVEL: 'error',
  };
}

/** Temporal's table of its members keeps ports in two bytes with a sign: those that a system gives by itself do not fit. */
async function freeLowPorts(): Promise<readonly number[]> {
  const ports = new Set<number>();
  while (ports.size < PORTS.length) {
    const port = await freePort(randomInt(10_000, 32_768)).catch(() => undefined);
    if (port !== undefined) ports.add(port);
  }
  return [...ports];
}
