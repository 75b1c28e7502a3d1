import { spawn, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { TenantId } from '../../core/ids.js';
import { putPhoneSenders } from '../../db/queries/phone-senders.js';
import { putSendingPolicy } from '../../db/queries/sending-policy.js';
import { startPostgres, type PostgresServer } from '../../sandbox/postgres.js';
import { freePort } from '../../sandbox/processes.js';
import { SANDBOX_ACCOUNT } from '../../sandbox/twilio/account.js';
import type { PhoneAudienceRule } from '../../sandbox/twilio/audience.js';
import { addCampaign, ADDRESS_KEY } from '../../test/harness/campaigns.js';
import { createTestDatabase, type TestDatabase } from '../../test/harness/database.js';
import { EVENT_FAULTS, SEND_FAULTS, TEXT_FAULTS } from './faults.js';
import { addPeople, aheadMsOf, POLICY } from './people.js';
import type { ReceiverSettings } from './webhook-receiver.js';

/** The providers' time runs faster: an hour in which people open their mails is a second. */
const SPEED = 3_600;
/** More people than in life want no more, in the words that we have to understand. */
const OUTSPOKEN: readonly PhoneAudienceRule[] = [{ numberHas: '+1', stopped: 0.03, protested: 0.02 }];

/** How many events a provider still has to post, and how many messages it has refused so that nobody could know. */
type Told = { readonly pending: number; readonly unanswered: number };

/** What the workers work with and what may be killed around them. */
export type World = {
  readonly database: TestDatabase;
  readonly tenantId: TenantId;
  readonly campaignId: number;
  readonly sendgridUrl: string;
  readonly twilioUrl: string;
  readonly receiverUrl: string;
  readonly journals: { readonly mails: string; readonly texts: string };
  /** How far the campaign's clock is ahead of the machine's. */
  readonly aheadMs: number;
  killPostgres(): Promise<void>;
  killReceiver(): void;
  askProviders(): Promise<{ readonly mails: Told; readonly texts: Told }>;
  close(): Promise<void>;
};

/** A PostgreSQL, the providers and the receiver of their webhooks, each a process of its own, and people in one campaign. */
export async function makeWorld(directory: string, users: number, noonAfterMs: number): Promise<World> {
  const place = { directory: join(directory, 'postgres'), port: await freePort() };
  const start = () => startPostgres({ ...place, settings: { track_commit_timestamp: 'on' } });
  let postgres: PostgresServer = await start();
  const database = await createTestDatabase(postgres.url);
  const { tenantId, campaignId } = await addCampaignOf(database, users);
  const port = await freePort();
  const receiverUrl = `http://127.0.0.1:${port}`;
  const journals = { mails: join(directory, 'mails.ndjson'), texts: join(directory, 'texts.ndjson') };
  const { sendgrid, twilio } = await startProviders(journals, receiverUrl);
  const { authToken } = SANDBOX_ACCOUNT;
  const ledgerKey = ADDRESS_KEY.toString('base64');
  const settings = { databaseUrl: database.url, ledgerKey, publicKey: sendgrid.publicKey, authToken, port };
  let receiver = startReceiver(settings);
  return {
    database,
    tenantId,
    campaignId,
    sendgridUrl: sendgrid.url,
    twilioUrl: twilio.url,
    receiverUrl,
    journals,
    aheadMs: aheadMsOf(Date.now(), noonAfterMs),
    async killPostgres() {
      await postgres.kill();
      postgres = await start();
    },
    killReceiver() {
      receiver.kill('SIGKILL');
      receiver = startReceiver(settings);
    },
    async askProviders() {
      const ask = async (url: string) => (await (await fetch(`${url}/sandbox/counts`)).json()) as Told;
      return { mails: await ask(sendgrid.url), texts: await ask(twilio.url) };
    },
    async close() {
      receiver.kill('SIGKILL');
      for (const { process } of [sendgrid, twilio]) process.kill('SIGKILL');
      await database.drop().catch(() => undefined);
      await postgres.stop();
    },
  };
}

async function addCampaignOf(database: TestDatabase, users: number) {
  // Whether a call began after a suppression was committed is not for clocks to say: here each call keeps what it could see.
  await database.admin.query('alter table calls add column snapshot pg_snapshot not null default pg_current_snapshot()');
  const tenantId = await database.newTenant();
  await addPeople(database, tenantId, users);
  const [number = null] = SANDBOX_ACCOUNT.smsNumbers;
  const senders = { smsNumber: number, smsService: null, whatsappNumber: number };
  await database.withTenant(tenantId, async (tx) => {
    await putSendingPolicy(tx, tenantId, POLICY);
    await putPhoneSenders(tx, tenantId, senders, new Date());
  });
  return { tenantId, ...(await addCampaign(database, tenantId, users)) };
}

async function startProviders(journals: World['journals'], receiverUrl: string) {
  const common = (path: string, faults: typeof SEND_FAULTS, seed: number) => ({
    journal: { path, keepsBodies: false },
    chances: { seed, faults },
    speed: SPEED,
  });
  const told = (seed: number) => ({ chances: { seed, faults: EVENT_FAULTS } });
  const sendgrid = await startProvider<{ url: string; publicKey: string }>('sendgrid', {
    ...common(journals.mails, SEND_FAULTS, 1),
    webhook: { url: `${receiverUrl}/v1/webhooks/sendgrid`, retryBaseMs: 500, ...told(2) },
  });
  const twilio = await startProvider<{ url: string }>('twilio', {
    ...common(journals.texts, TEXT_FAULTS, 3),
    audience: OUTSPOKEN,
    webhook: { inboundUrl: `${receiverUrl}/v1/webhooks/twilio/inbound`, ...told(4) },
  });
  return { sendgrid, twilio };
}

async function startProvider<T>(name: 'sendgrid' | 'twilio', options: object): Promise<T & { readonly process: ChildProcess }> {
  const main = fileURLToPath(new URL(`../../sandbox/${name}/main.js`, import.meta.url));
  const child = spawn(process.execPath, [main, JSON.stringify(options)], { stdio: ['ignore', 'pipe', 'inherit'] });
  const first = await new Promise<string>((resolve) => createInterface({ input: child.stdout }).once('line', resolve));
  return { process: child, ...(JSON.parse(first) as T) };
}

function startReceiver(settings: ReceiverSettings): ChildProcess {
  const main = fileURLToPath(new URL('webhook-receiver.js', import.meta.url));
  return spawn(process.execPath, [main, JSON.stringify(settings)], { stdio: ['ignore', 'ignore', 'inherit'] });
}
