import { spawn, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { TenantId } from '../../core/ids.js';
import { putSendingPolicy, type SendingPolicy } from '../../db/queries/sending-policy.js';
import { startPostgres, type PostgresServer } from '../../sandbox/postgres.js';
import { freePort } from '../../sandbox/processes.js';
import { addCampaign, addReachableUsers, ADDRESS_KEY } from '../../test/harness/campaigns.js';
import { createTestDatabase, type TestDatabase } from '../../test/harness/database.js';
import { EVENT_FAULTS, SEND_FAULTS } from './faults.js';
import type { ReceiverSettings } from './webhook-receiver.js';

/** The provider's time runs faster: an hour in which people open their mails is a second. */
const SPEED = 3_600;

/** Hours and a cap that hold nobody, so that they are asked for every message. */
const EVERY_CHECK: SendingPolicy = {
  quietHours: { email: 'daily 00:00-24:00' },
  caps: [{ capKey: 'many', channel: 'all', most: 100, spanMinutes: 30 * 24 * 60, priority: 0 }],
  topics: [],
};

/** What the workers work with and what may be killed around them. */
export type World = {
  readonly database: TestDatabase;
  readonly tenantId: TenantId;
  readonly campaignId: number;
  readonly providerUrl: string;
  readonly receiverUrl: string;
  readonly journalPath: string;
  killPostgres(): Promise<void>;
  killReceiver(): void;
  /** How many events the provider still has to post. */
  pendingEvents(): Promise<number>;
  close(): Promise<void>;
};

/** A PostgreSQL, the provider and the receiver of its events, each a process of its own, and users in one campaign. */
export async function makeWorld(directory: string, users: number): Promise<World> {
  const place = { directory: join(directory, 'postgres'), port: await freePort() };
  const start = () => startPostgres({ ...place, settings: { track_commit_timestamp: 'on' } });
  let postgres: PostgresServer = await start();
  const database = await createTestDatabase(postgres.url);
  // Whether a call began after a suppression was committed is not for clocks to say: here each call keeps what it could see.
  await database.admin.query('alter table calls add column snapshot pg_snapshot not null default pg_current_snapshot()');
  const tenantId = await database.newTenant();
  await addReachableUsers(database, tenantId, users);
  await database.withTenant(tenantId, (tx) => putSendingPolicy(tx, tenantId, EVERY_CHECK));
  const { campaignId } = await addCampaign(database, tenantId, users);
  const port = await freePort();
  const receiverUrl = `http://127.0.0.1:${port}`;
  const journalPath = join(directory, 'journal.ndjson');
  const provider = await startProvider(journalPath, receiverUrl);
  const settings = { databaseUrl: database.url, ledgerKey: ADDRESS_KEY.toString('base64'), publicKey: provider.publicKey, port };
  let receiver = startReceiver(settings);
  return {
    database,
    tenantId,
    campaignId,
    providerUrl: provider.url,
    receiverUrl,
    journalPath,
    async killPostgres() {
      await postgres.kill();
      postgres = await start();
    },
    killReceiver() {
      receiver.kill('SIGKILL');
      receiver = startReceiver(settings);
    },
    async pendingEvents() {
      const answer = await fetch(`${provider.url}/sandbox/counts`);
      return ((await answer.json()) as { pending: number }).pending;
    },
    async close() {
      receiver.kill('SIGKILL');
      provider.process.kill('SIGKILL');
      await database.drop().catch(() => undefined);
      await postgres.stop();
    },
  };
}

async function startProvider(journalPath: string, receiverUrl: string) {
  const options = {
    journal: { path: journalPath, keepsBodies: false },
    chances: { seed: 1, faults: SEND_FAULTS },
    webhook: { url: `${receiverUrl}/v1/webhooks/sendgrid`, retryBaseMs: 500, chances: { seed: 2, faults: EVENT_FAULTS } },
    speed: SPEED,
  };
  const main = fileURLToPath(new URL('../../sandbox/sendgrid/main.js', import.meta.url));
  const child = spawn(process.execPath, [main, JSON.stringify(options)], { stdio: ['ignore', 'pipe', 'inherit'] });
  const first = await new Promise<string>((resolve) => createInterface({ input: child.stdout }).once('line', resolve));
  return { process: child, ...(JSON.parse(first) as { url: string; publicKey: string }) };
}

function startReceiver(settings: ReceiverSettings): ChildProcess {
  const main = fileURLToPath(new URL('webhook-receiver.js', import.meta.url));
  return spawn(process.execPath, [main, JSON.stringify(settings)], { stdio: ['ignore', 'ignore', 'inherit'] });
}
