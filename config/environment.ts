import { z } from 'zod';
import { isThisMachine, parseSmtpUrl, type SmtpServer } from '../core/message/smtp-server.js';
import { KNOWN_RATES } from '../core/message/rates.js';
import { isVapidSubject, vapidKeysOf } from '../core/push/vapid.js';

const Port = z.coerce.number().int().min(0).max(65_535);
const Megabytes = z.coerce.number().int().min(64);
/** An address of http or https, without the slash at its end, so that paths can be appended. */
const HttpAddress = z.url({ protocol: /^https?$/ }).transform((text) => text.replace(/\/+$/, ''));

/** Naming an endpoint is enough to mean it. */
export const wantsS3 = (env: { ARTIFACT_STORE?: 'directory' | 's3' | undefined; S3_ENDPOINT?: string | undefined }) =>
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

/** The variables, and what has to hold between them. */
export const Environment = z
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

export type Environment = z.infer<typeof Environment>;

/** The variables as they are meant. Reports every fault at once, in words, and never a value that may be secret. */
export function parseEnvironment(variables: NodeJS.ProcessEnv): Environment {
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
