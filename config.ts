import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Environment, parseEnvironment, wantsS3 } from './config/environment.js';
import { sending, type SendingConfig } from './config/sending.js';

/** The folder that holds package.json, whether this file runs from its source or from a build folder. */
export const projectRoot = findRoot(dirname(fileURLToPath(import.meta.url)));

function findRoot(folder: string): string {
  if (existsSync(join(folder, 'package.json'))) return folder;
  const parent = dirname(folder);
  if (parent === folder) throw new Error('no package.json above this file: the installation is not complete');
  return findRoot(parent);
}

export type ObjectStoreConfig =
  | { readonly kind: 'directory'; readonly directory: string }
  | {
      readonly kind: 's3';
      readonly bucket: string;
      readonly region: string;
      readonly endpoint?: string;
      readonly accessKeyId: string;
      readonly secretAccessKey: string;
    };

export type EngardeConfig = { readonly apiUrl: string; readonly apiKey: string };

export type Config = {
  readonly databaseUrl: string;
  readonly temporal: { readonly address: string; readonly namespace: string; readonly uiUrl?: string };
  readonly objects: ObjectStoreConfig;
  readonly lake: { readonly cacheDirectory: string; readonly cacheMegabytes: number };
  readonly duckdb: { readonly memoryMegabytes: number; readonly threads: number };
  readonly api: { readonly host: string; readonly port: number; readonly adminKey?: string };
  readonly worker: { readonly port: number; readonly role: 'all' | 'workflows' | 'activities' };
  /** Absent: suggestions are kept and shown, and delivered to nobody. */
  readonly engarde?: EngardeConfig;
  readonly engardeAppUrl: string;
  /** Absent: campaigns are drafts, and nothing is sent. */
  readonly sending?: SendingConfig;
  /** Absent: what processes share is kept in PostgreSQL. */
  readonly redisUrl?: string;
  /** How many times faster than ours the clocks of campaigns run: 1, but in a rehearsal. */
  readonly clockSpeed: number;
  readonly logLevel: Environment['LOG_LEVEL'];
};

/** The names of all variables that configure the product. */
export const configurationVariables: readonly string[] = Object.keys(Environment.shape);

const SECRETS = new Set([
  'ADMIN_API_KEY',
  'S3_SECRET_ACCESS_KEY',
  'WALKER_AGENT_API_KEY_MADANSARA_AUDIENCE_INTELLIGENCE',
  'LEDGER_KEY',
  'SENDGRID_API_KEY',
  'SENDGRID_INBOUND_SECRET',
  'SMTP_URL',
  'TWILIO_AUTH_TOKEN',
  'META_APP_SECRET',
  'META_VERIFY_TOKEN',
  'VAPID_PRIVATE_KEY',
]);

/** Called once, by each process's main. Reports every fault at once, in words, and never a value that may be secret. */
export function loadConfig(variables: NodeJS.ProcessEnv): Config {
  const env = parseEnvironment(variables);
  return {
    databaseUrl: env.DATABASE_URL,
    temporal: {
      address: env.TEMPORAL_ADDRESS,
      namespace: env.TEMPORAL_NAMESPACE,
      ...(env.TEMPORAL_UI_URL && { uiUrl: env.TEMPORAL_UI_URL }),
    },
    objects: objectStore(env),
    lake: { cacheDirectory: resolve(env.LAKE_CACHE_DIR), cacheMegabytes: env.LAKE_CACHE_MB },
    duckdb: { memoryMegabytes: env.DUCKDB_MEMORY_MB, threads: env.DUCKDB_THREADS },
    api: { host: env.API_HOST, port: env.API_PORT, ...(env.ADMIN_API_KEY && { adminKey: env.ADMIN_API_KEY }) },
    worker: { port: env.WORKER_PORT, role: env.WORKER_ROLE },
    ...engarde(env),
    engardeAppUrl: env.ENGARDE_APP_URL,
    ...sending(env),
    ...(env.REDIS_URL && { redisUrl: env.REDIS_URL }),
    clockSpeed: env.CLOCK_SPEED,
    logLevel: env.LOG_LEVEL,
  };
}

/** The effective configuration for people to read: defaults filled in, secrets and passwords masked. */
export function describeConfig(variables: NodeJS.ProcessEnv): { readonly variable: string; readonly value: string }[] {
  const env = parseEnvironment(variables);
  return Object.entries(Environment.shape).map(([variable]) => {
    const value = env[variable as keyof Environment];
    if (value === undefined) return { variable, value: '(not set)' };
    if (SECRETS.has(variable)) return { variable, value: '********' };
    return { variable, value: maskPassword(String(value)) };
  });
}

function objectStore(env: Environment): ObjectStoreConfig {
  if (!wantsS3(env)) return { kind: 'directory', directory: resolve(env.ARTIFACT_DIR) };
  return {
    kind: 's3',
    bucket: env.S3_BUCKET,
    region: env.S3_REGION,
    ...(env.S3_ENDPOINT && { endpoint: env.S3_ENDPOINT }),
    accessKeyId: env.S3_ACCESS_KEY_ID ?? '',
    secretAccessKey: env.S3_SECRET_ACCESS_KEY ?? '',
  };
}

function engarde(env: Environment): { engarde?: EngardeConfig } {
  const apiKey = env.WALKER_AGENT_API_KEY_MADANSARA_AUDIENCE_INTELLIGENCE;
  return env.ENGARDE_API_URL && apiKey ? { engarde: { apiUrl: env.ENGARDE_API_URL, apiKey } } : {};
}

function maskPassword(value: string): string {
  return value.replace(/^(\w+:\/\/[^:@/]*:)[^@]*@/, '$1********@');
}
