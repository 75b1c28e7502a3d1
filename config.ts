import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { KNOWN_RATES, type Rates } from './core/message/rates.js';
import { isVapidSubject, vapidKeysOf, type VapidKeys } from './core/push/vapid.js';
import { isThisMachine, parseSmtpUrl, type SmtpServer } from './core/message/smtp-server.js';

/** The folder that holds package.json, whether this file runs from its source or from a build folder. */
export const projectRoot = findRoot(dirname(fileURLToPath(import.meta.url)));

function findRoot(folder: string): string {
  if (existsSync(join(folder, 'package.json'))) return folder;
  const parent = dirname(folder);
  if (parent === folder) throw new Error('no package.json above this file: the installation is not complete');
  return findRoot(parent);
}

const Port = z.coerce.number().int().min(0).max(65_535);
const Megabytes = z.coerce.number().int().min(64);
/** An address of http or https, without the slash at its end, so that paths can be appended. */
const HttpAddress = z.url({ protocol: /^https?$/ }).transform((text) => text.replace(/\/+$/, ''));

/** Naming an endpoint is enough to mean it. */
const wantsS3 = (env: { ARTIFACT_STORE?: 'directory' | 's3' | undefined; S3_ENDPOINT?: string | undefined }) =>
  (env.ARTIFACT_STORE ?? (env.S3_ENDPOINT ? 's3' : 'directory')) === 's3';

const PerSecond = z.coerce.number().min(0.01).max(100_000);

const SmtpUrl = z.string().transform((text, context): SmtpServer => {
  const server = parseSmtpUrl(text);
  if (!('fault' in server)) return server;
  context.addIssue({ code: 'custom', message: server.fault, input: undefined });
  return z.NEVER;
});

const REAL_SENDGRID = /^https:\/\/api\.([a-z]+\.)?sendgrid\.com/;
const REAL_META = /^https:\/\/graph\.(facebook|instagram)\.com/;
const REAL_TWILIO = /^https:\/\/api\.([a-z0-9-]+\.)*twilio\.com/;

/** A rule that is tried even when a single variable is at fault, so that all faults are told at once. */
const evenSo = (message: string) => ({ message, when: () => true });

const Environment = z
  .object({
    DATABASE_URL: z.url({ protocol: /^postgres(ql)?$/ }),
    TEMPORAL_ADDRESS: z
      .string()
      .regex(/^[^\s/]+:\d+$/, 'host:port is expected')
      .default('127.0.0.1:7233'),
    TEMPORAL_NAMESPACE: z.string().min(1).default('madansara'),
    TEMPORAL_UI_URL: HttpAddress.optional(),
    ARTIFACT_STORE: z.enum(['directory', 's3']).optional(),
    ARTIFACT_DIR: z.string().min(1).default('.madansara/artifacts'),
    S3_ENDPOINT: HttpAddress.optional(),
    S3_BUCKET: z.string().min(3).default('madansara-data'),
    S3_REGION: z.string().min(1).default('us-east-1'),
    S3_ACCESS_KEY_ID: z.string().min(1).optional(),
    S3_SECRET_ACCESS_KEY: z.string().min(1).optional(),
    LAKE_CACHE_DIR: z.string().min(1).default('.madansara/lake-cache'),
    LAKE_CACHE_MB: Megabytes.default(2_048),
    DUCKDB_MEMORY_MB: Megabytes.min(192).default(600),
    DUCKDB_THREADS: z.coerce.number().int().min(1).max(256).default(2),
    API_HOST: z.string().min(1).default('127.0.0.1'),
    API_PORT: Port.default(8002),
    WORKER_PORT: Port.default(8003),
    WORKER_ROLE: z.enum(['all', 'workflows', 'activities']).default('all'),
    ADMIN_API_KEY: z.string().min(24, 'at least 24 characters are expected').optional(),
    ENGARDE_API_URL: HttpAddress.optional(),
    ENGARDE_APP_URL: HttpAddress.default('https://app.engarde.media'),
    WALKER_AGENT_API_KEY_MADANSARA_AUDIENCE_INTELLIGENCE: z.string().min(1).optional(),
    PUBLIC_URL: z.url({ protocol: /^https$/, error: 'an https address is expected: mail programs follow no other' }).optional(),
    LEDGER_KEY: z.base64().min(44, 'base64 of at least 32 bytes is expected').optional(),
    SENDGRID_API_KEY: z.string().min(1).optional(),
    SENDGRID_API_URL: HttpAddress.default('https://api.sendgrid.com'),
    SENDGRID_WEBHOOK_KEY: z.base64().min(1).optional(),
    SENDGRID_INBOUND_SECRET: z
      .string()
      .regex(/^[\w-]{24,128}$/, 'at least 24 letters, digits, "-" and "_" are expected: it stands in an address')
      .optional(),
    SMTP_URL: SmtpUrl.optional(),
    TWILIO_ACCOUNT_SID: z
      .string()
      .regex(/^AC[0-9a-fA-F]{32}$/, 'AC and 32 hexadecimal digits are expected')
      .optional(),
    TWILIO_AUTH_TOKEN: z.string().min(1).optional(),
    TWILIO_API_URL: HttpAddress.default('https://api.twilio.com'),
    VAPID_PRIVATE_KEY: z
      .string()
      .refine((text) => vapidKeysOf(text, '') !== undefined, 'a private key of P-256 is expected, 32 bytes in base64url')
      .optional(),
    VAPID_SUBJECT: z
      .string()
      .refine(isVapidSubject, 'mailto: and an address, or an https address, is expected: push services write there')
      .optional(),
    PUSH_SERVICE_URL: z.url({ protocol: /^https$/ }).optional(),
    PUSH_SERVICE_CERTIFICATE: z.base64().min(1).optional(),
    EMAIL_PER_SECOND: PerSecond.optional(),
    SMS_PER_SECOND: PerSecond.optional(),
    WHATSAPP_PER_SECOND: PerSecond.default(KNOWN_RATES.whatsapp ?? 80),
    REDIS_URL: z.url({ protocol: /^rediss?$/ }).optional(),
    META_APP_SECRET: z.string().min(1).optional(),
    META_VERIFY_TOKEN: z.string().min(16, 'at least 16 characters are expected').optional(),
    META_API_URL: HttpAddress.default('https://graph.facebook.com/v24.0'),
    CLOCK_SPEED: z.coerce.number().min(1).max(1_000_000).default(1),
    LOG_LEVEL: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'silent']).default('info'),
  })
  .refine((env) => !wantsS3(env) || env.S3_ACCESS_KEY_ID, evenSo('an S3 store needs S3_ACCESS_KEY_ID'))
  .refine((env) => !wantsS3(env) || env.S3_SECRET_ACCESS_KEY, evenSo('an S3 store needs S3_SECRET_ACCESS_KEY'))
  .refine(
    (env) => !env.ENGARDE_API_URL || env.WALKER_AGENT_API_KEY_MADANSARA_AUDIENCE_INTELLIGENCE,
    evenSo('ENGARDE_API_URL needs WALKER_AGENT_API_KEY_MADANSARA_AUDIENCE_INTELLIGENCE'),
  )
  .refine((env) => !env.SENDGRID_API_KEY || env.LEDGER_KEY, evenSo('SENDGRID_API_KEY needs LEDGER_KEY'))
  .refine((env) => !env.SENDGRID_API_KEY || env.PUBLIC_URL, evenSo('SENDGRID_API_KEY needs PUBLIC_URL'))
  .refine(
    (env) => !env.SENDGRID_API_KEY || env.SENDGRID_WEBHOOK_KEY,
    evenSo('SENDGRID_API_KEY needs SENDGRID_WEBHOOK_KEY: without the events of SendGrid nobody would know what became of a mail'),
  )
  .refine(
    (env) => !env.SENDGRID_INBOUND_SECRET || env.SENDGRID_API_KEY || env.SMTP_URL,
    evenSo('SENDGRID_INBOUND_SECRET needs SENDGRID_API_KEY or SMTP_URL: replies are to mails that were sent'),
  )
  .refine((env) => !env.SMTP_URL || !env.SENDGRID_API_KEY, evenSo('SENDGRID_API_KEY and SMTP_URL are both set: mail goes one way'))
  .refine((env) => !env.SMTP_URL || env.LEDGER_KEY, evenSo('SMTP_URL needs LEDGER_KEY'))
  .refine((env) => !env.SMTP_URL || env.PUBLIC_URL, evenSo('SMTP_URL needs PUBLIC_URL'))
  .refine(
    (env) => env.CLOCK_SPEED === 1 || !env.SMTP_URL || isThisMachine(env.SMTP_URL.host),
    evenSo('CLOCK_SPEED is for rehearsals: people whom a mail server really writes to live by the clock'),
  )
  .refine(
    (env) => !env.TWILIO_ACCOUNT_SID || env.TWILIO_AUTH_TOKEN,
    evenSo('TWILIO_ACCOUNT_SID needs TWILIO_AUTH_TOKEN: Twilio signs its webhooks with it'),
  )
  .refine(
    (env) => !env.TWILIO_ACCOUNT_SID || env.SENDGRID_API_KEY || env.SMTP_URL,
    evenSo('TWILIO_ACCOUNT_SID needs SENDGRID_API_KEY or SMTP_URL: an installation that sends, sends mail'),
  )
  .refine(
    (env) => !env.VAPID_PRIVATE_KEY === !env.VAPID_SUBJECT,
    evenSo('VAPID_PRIVATE_KEY and VAPID_SUBJECT go together: push services want both'),
  )
  .refine(
    (env) => !env.VAPID_PRIVATE_KEY || env.SENDGRID_API_KEY || env.SMTP_URL,
    evenSo('VAPID_PRIVATE_KEY needs SENDGRID_API_KEY or SMTP_URL: an installation that sends, sends mail'),
  )
  .refine(
    (env) => !env.PUSH_SERVICE_URL || env.PUSH_SERVICE_CERTIFICATE,
    evenSo('PUSH_SERVICE_URL needs PUSH_SERVICE_CERTIFICATE: it is for a rehearsal, whose service has one of its own'),
  )
  .refine(
    (env) => env.CLOCK_SPEED === 1 || !env.VAPID_PRIVATE_KEY || env.PUSH_SERVICE_URL,
    evenSo('CLOCK_SPEED is for rehearsals: browsers to which push messages are really sent live by the clock'),
  )
  .refine(
    (env) => env.CLOCK_SPEED === 1 || !env.TWILIO_ACCOUNT_SID || !REAL_TWILIO.test(env.TWILIO_API_URL),
    evenSo('CLOCK_SPEED is for rehearsals: people whom Twilio really writes to live by the clock'),
  )
  .refine(
    (env) => !env.META_APP_SECRET || env.META_VERIFY_TOKEN,
    evenSo('META_APP_SECRET needs META_VERIFY_TOKEN: without the webhooks of Meta nobody could be answered'),
  )
  .refine(
    (env) => !env.META_APP_SECRET || env.SENDGRID_API_KEY || env.SMTP_URL,
    evenSo('META_APP_SECRET needs SENDGRID_API_KEY or SMTP_URL: an installation that sends, sends mail'),
  )
  .refine(
    (env) => env.CLOCK_SPEED === 1 || !env.META_APP_SECRET || !REAL_META.test(env.META_API_URL),
    evenSo('CLOCK_SPEED is for rehearsals: people whom Meta really writes to live by the clock'),
  )
  .refine(
    (env) => env.CLOCK_SPEED === 1 || !env.SENDGRID_API_KEY || !REAL_SENDGRID.test(env.SENDGRID_API_URL),
    evenSo('CLOCK_SPEED is for rehearsals: people whom SendGrid really writes to live by the clock'),
  );

type Environment = z.infer<typeof Environment>;

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

export type SendingConfig = {
  /** Signs the tokens of messages and hashes addresses. Whoever loses it loses who has unsubscribed. */
  readonly ledgerKey: Buffer;
  /** Where people reach the API: links in messages lead there. */
  readonly publicUrl: string;
  readonly mail: MailConfig;
  /** Stands in the address to which SendGrid posts what people write back. Absent: nothing is taken. */
  readonly inboundSecret?: string;
  /** Absent: no SMS and no WhatsApp message is sent. */
  readonly twilio?: TwilioConfig;
  /** Absent: no push message is sent. */
  readonly push?: PushConfig;
  /** What providers take: mails by account or server, texts by sender. */
  readonly rates: Rates;
  /** Absent: no message is sent over Messenger and Instagram. */
  readonly meta?: MetaConfig;
};

export type PushConfig = {
  readonly vapid: VapidKeys;
  /** The one push service of a rehearsal, and its certificate (PEM). */
  readonly service?: { readonly origin: string; readonly certificate: string };
};

/** The way that mails go. */
export type MailConfig =
  | {
      readonly kind: 'sendgrid';
      readonly apiKey: string;
      readonly apiUrl: string;
      /** As SendGrid shows it, base64. */
      readonly webhookKey: string;
    }
  | { readonly kind: 'smtp'; readonly server: SmtpServer };

export type TwilioConfig = {
  readonly accountSid: string;
  /** Opens the account, and signs what Twilio posts to us. */
  readonly authToken: string;
  readonly apiUrl: string;
};

export type MetaConfig = {
  /** Of the app: it signs what Meta posts to us, and shows that our requests are the app's. */
  readonly appSecret: string;
  /** Meta shows it when the webhook is set up. */
  readonly verifyToken: string;
  /** Of the Graph API, with its version. */
  readonly apiUrl: string;
};

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

function parseEnvironment(variables: NodeJS.ProcessEnv): Environment {
  // A variable that is set to nothing is not set: compose files and shells leave such behind.
  const given = Object.fromEntries(Object.entries(variables).filter(([, value]) => value !== ''));
  const parsed = Environment.safeParse(given, { reportInput: false });
  if (parsed.success) return parsed.data;
  const faults = parsed.error.issues.map(({ path, message }) => {
    const variable = path.join('.');
    if (!variable) return message;
    return given[variable] === undefined ? `${variable} is not set` : `${variable}: ${message}`;
  });
  throw new Error(`The environment cannot be used:\n${faults.map((fault) => `  - ${fault}`).join('\n')}\nSee .env.example.`);
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

function sending(env: Environment): { sending?: SendingConfig } {
  const { LEDGER_KEY: key, PUBLIC_URL: publicUrl, SENDGRID_INBOUND_SECRET: inboundSecret } = env;
  const mail = mailConfig(env);
  if (!key || !publicUrl || !mail) return {};
  const ledgerKey = Buffer.from(key, 'base64');
  const ways = { mail, ...twilio(env), ...meta(env), ...push(env), rates: rates(env), ...(inboundSecret && { inboundSecret }) };
  return { sending: { ledgerKey, publicUrl: publicUrl.replace(/\/+$/, ''), ...ways } };
}

function mailConfig(env: Environment): MailConfig | undefined {
  const { SMTP_URL: server, SENDGRID_API_KEY: apiKey, SENDGRID_API_URL: apiUrl, SENDGRID_WEBHOOK_KEY: webhookKey } = env;
  if (server) return { kind: 'smtp', server };
  return apiKey && webhookKey ? { kind: 'sendgrid', apiKey, apiUrl, webhookKey } : undefined;
}

function twilio({ TWILIO_ACCOUNT_SID: accountSid, TWILIO_AUTH_TOKEN: authToken, TWILIO_API_URL: apiUrl }: Environment) {
  return accountSid && authToken ? { twilio: { accountSid, authToken, apiUrl } } : {};
}

function push(env: Environment): { push?: PushConfig } {
  const { VAPID_PRIVATE_KEY: key, VAPID_SUBJECT: subject, PUSH_SERVICE_URL: url, PUSH_SERVICE_CERTIFICATE: certificate } = env;
  const vapid = key && subject ? vapidKeysOf(key, subject) : undefined;
  if (!vapid) return {};
  const service =
    url && certificate ? { origin: new URL(url).origin, certificate: Buffer.from(certificate, 'base64').toString() } : undefined;
  return { push: { vapid, ...(service && { service }) } };
}

function rates({ EMAIL_PER_SECOND: email, SMS_PER_SECOND: sms, WHATSAPP_PER_SECOND: whatsapp }: Environment): Rates {
  return { ...(email !== undefined && { email }), ...(sms !== undefined && { sms }), whatsapp };
}

function meta({ META_APP_SECRET: appSecret, META_VERIFY_TOKEN: verifyToken, META_API_URL: apiUrl }: Environment) {
  return appSecret && verifyToken ? { meta: { appSecret, verifyToken, apiUrl } } : {};
}

function maskPassword(value: string): string {
  return value.replace(/^(\w+:\/\/[^:@/]*:)[^@]*@/, '$1********@');
}
