import { spawn, type ChildProcess } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { TenantId } from '../../core/ids.js';
import { putPhoneSenders } from '../../db/queries/phone-senders.js';
import { putSendingPolicy } from '../../db/queries/sending-policy.js';
import { startPostgres, type PostgresServer } from '../../sandbox/postgres.js';
import { freePort } from '../../sandbox/processes.js';
import { SANDBOX_ACCOUNT } from '../../sandbox/twilio/account.js';
import { addCampaign, ADDRESS_KEY } from '../../test/harness/campaigns.js';
import { createTestDatabase, type TestDatabase } from '../../test/harness/database.js';
import { addPeople, aheadMsOf, POLICY, TENANTS, type TenantName } from './people.js';
import { PROVIDERS } from './providers/all.js';
import type { RunningProvider } from './providers/provider.js';
import type { ReceiverSettings } from './webhook-receiver.js';

export type Tenant = { readonly name: TenantName; readonly tenantId: TenantId; readonly campaignId: number };

/** What the workers work with and what may be killed around them. */
export type World = {
  readonly database: TestDatabase;
  readonly tenants: readonly Tenant[];
  /** By their names. */
  readonly providers: ReadonlyMap<string, RunningProvider>;
  readonly receiverUrl: string;
  /** How far the campaign's clock is ahead of the machine's. */
  readonly aheadMs: number;
  killPostgres(): Promise<void>;
  killReceiver(): void;
  close(): Promise<void>;
};

export type WorldSize = { readonly users: Readonly<Record<TenantName, number>>; readonly noonAfterMs: number; readonly sendFirst: boolean };

/** A PostgreSQL, the providers and the receiver of their webhooks, and people of each tenant in one campaign. */
export async function makeWorld(directory: string, { users, noonAfterMs, sendFirst }: WorldSize): Promise<World> {
  const place = { directory: join(directory, 'postgres'), port: await freePort() };
  mkdirSync(directory, { recursive: true });
  const start = () => startPostgres({ ...place, settings: { track_commit_timestamp: 'on' } });
  let postgres: PostgresServer = await start();
  const database = await createTestDatabase(postgres.url);
  await prepare(database, sendFirst);
  const tenants = await Promise.all(TENANTS.map((name) => addTenant(database, name, users[name])));
  const port = await freePort();
  const receiverUrl = `http://127.0.0.1:${port}`;
  const aheadMs = aheadMsOf(Date.now(), noonAfterMs);
  const providers = new Map<string, RunningProvider>();
  for (const { name, tenant, start: startProvider } of PROVIDERS) {
    const { tenantId } = tenantCalled(tenants, tenant);
    providers.set(name, await startProvider({ directory, receiverUrl, database, tenantId, aheadMs }));
  }
  const known = [...providers.values()].map(({ receiver: settings }) => settings);
  const settings = Object.assign(
    { databaseUrl: database.url, ledgerKey: ADDRESS_KEY.toString('base64'), port },
    ...known,
  ) as ReceiverSettings;
  let receiver = startReceiver(settings);
  return {
    database,
    tenants,
    providers,
    receiverUrl,
    aheadMs,
    async killPostgres() {
      await postgres.kill();
      postgres = await start();
    },
    killReceiver() {
      receiver.kill('SIGKILL');
      receiver = startReceiver(settings);
    },
    async close() {
      receiver.kill('SIGKILL');
      for (const { stop } of providers.values()) await stop();
      await database.drop().catch(() => undefined);
      await postgres.stop();
    },
  };
}

export function tenantCalled(tenants: readonly Tenant[], name: TenantName): Tenant {
  const found = tenants.find((tenant) => tenant.name === name);
  if (!found) throw new Error(`there is no ${name}`);
  return found;
}

async function prepare({ admin }: TestDatabase, sendFirst: boolean): Promise<void> {
  // Whether a call began after a suppression was committed is not for clocks to say: here each call keeps what it could see.
  await admin.query('alter table calls add column snapshot pg_snapshot not null default pg_current_snapshot()');
  // Our own inbox takes nothing twice, and nothing without a ledger; somebody else's would.
  if (sendFirst) await admin.query('alter table inbox_items drop constraint inbox_items_tenant_id_message_id_fkey');
  if (sendFirst) await admin.query('drop index inbox_items_once');
}

async function addTenant(database: TestDatabase, name: TenantName, users: number): Promise<Tenant> {
  const tenantId = await database.newTenant();
  await addPeople(database, tenantId, users);
  const [number = null] = SANDBOX_ACCOUNT.smsNumbers;
  const senders = { smsNumber: number, smsService: null, whatsappNumber: number };
  await database.withTenant(tenantId, async (tx) => {
    await putSendingPolicy(tx, tenantId, POLICY);
    // A number is one tenant's alone.
    if (name === 'shop') await putPhoneSenders(tx, tenantId, senders, new Date());
  });
  return { name, tenantId, ...(await addCampaign(database, tenantId, users)) };
}

function startReceiver(settings: ReceiverSettings): ChildProcess {
  const main = fileURLToPath(new URL('webhook-receiver.js', import.meta.url));
  return spawn(process.execPath, [main, JSON.stringify(settings)], { stdio: ['ignore', 'ignore', 'inherit'] });
}
