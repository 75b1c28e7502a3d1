import { fork, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { TenantId } from '../../core/ids.js';
import { freePort } from '../../sandbox/processes.js';
import type { SendgridOptions } from '../../sandbox/sendgrid/sendgrid.js';
import type { AudienceRule } from '../../sandbox/sendgrid/audience.js';
import { ADDRESS_KEY } from '../../test/harness/campaigns.js';
import { createTestDatabase, type TestDatabase } from '../../test/harness/database.js';
import { SENDGRID_KEY } from '../../test/harness/sendgrid.js';
import { SANDBOX_ACCOUNT } from '../../sandbox/twilio/account.js';
import type { ReceiverSettings } from '../exactly-once/webhook-receiver.js';
import { secondsByRole, type RoleSeconds } from '../measuring/usage-by-role.js';
import { readAccepted, readAcceptedInMemory, type Accepted } from './accepted.js';
import type { CampaignStack } from './stack.js';
import type { WorkerSettings } from './worker.js';

export type WorldOptions = {
  readonly name: string;
  /** `memory`: the worker itself accepts everything, and nobody tells of anything. `twilio`: texts, of which nobody tells either. */
  readonly provider: 'sandbox' | 'memory' | 'twilio';
  /** Of campaigns' clocks. */
  readonly clockSpeed?: number;
  /** How people react, told by webhooks, and how fast; absent: nobody does. */
  readonly reactions?: { readonly speed: number; readonly audience: readonly AudienceRule[] };
  /** With which the sandbox signs its webhooks: base64 of PKCS #8. */
  readonly webhookKey?: string;
};

/** A database of its own, and around it the product's worker, a provider and a receiver of its webhooks, each a process. */
export type World = {
  readonly database: TestDatabase;
  readonly tenantId: TenantId;
  readonly workerPid: number;
  readonly webhookUrl: string;
  /** What the provider writes down before it answers. */
  readonly journalPath: string;
  usage(): RoleSeconds;
  /** What the provider has accepted in all. Ends the worker first: its memory has to be asked for before. */
  accepted(): Promise<Accepted>;
  close(): Promise<void>;
};

const pathOf = (program: string): string => fileURLToPath(new URL(program, import.meta.url));

export async function startWorld(stack: CampaignStack, options: WorldOptions): Promise<World> {
  const children: ChildProcess[] = [];
  const database = await createTestDatabase(stack.postgres.url);
  const close = async () => {
    for (const child of children.toReversed()) await end(child);
    await database.drop();
  };
  try {
    return await startProcesses(stack, options, { database, children, close });
  } catch (error) {
    await close();
    throw error;
  }
}

type Beginnings = { readonly database: TestDatabase; readonly children: ChildProcess[]; readonly close: () => Promise<void> };

async function startProcesses(stack: CampaignStack, options: WorldOptions, { database, children, close }: Beginnings): Promise<World> {
  const { name, provider, clockSpeed = 1 } = options;
  const keep = (child: ChildProcess): number => (children.push(child), child.pid ?? 0);
  const tenantId = await database.newTenant();
  const journalPath = join(stack.folder, `${name}.ndjson`);
  const port = await freePort();
  const webhookUrl = `http://127.0.0.1:${port}/v1/webhooks/sendgrid`;
  const sendgrid = await startSendgrid(provider === 'twilio' ? undefined : journalPath, webhookUrl, options);
  const roles = new Map([
    [stack.temporal.pid, 'temporal'],
    [keep(sendgrid.process), 'provider'],
  ]);
  const ledgerKey = ADDRESS_KEY.toString('base64');
  const receiver = { databaseUrl: database.url, ledgerKey, authToken: SANDBOX_ACCOUNT.authToken, publicKey: sendgrid.publicKey, port };
  roles.set(keep(await startReceiver(receiver)), 'webhooks');
  const twilio = provider === 'twilio' ? await startTwilio(journalPath) : undefined;
  if (twilio) roles.set(keep(twilio.process), 'provider');
  const memoryPath = join(stack.folder, `${name}.accepted`);
  const worker = await startWorker(provider === 'memory' ? { acceptsInto: memoryPath } : {}, {
    DATABASE_URL: database.url,
    TEMPORAL_ADDRESS: stack.temporal.address,
    TEMPORAL_NAMESPACE: stack.temporal.namespace,
    ARTIFACT_DIR: join(stack.folder, 'artifacts'),
    LAKE_CACHE_DIR: join(stack.folder, 'lake-cache'),
    WORKER_PORT: '0',
    LEDGER_KEY: ledgerKey,
    PUBLIC_URL: 'https://madansara.example',
    ...twilio?.variables,
    SENDGRID_API_KEY: SENDGRID_KEY,
    SENDGRID_API_URL: sendgrid.url,
    SENDGRID_WEBHOOK_KEY: sendgrid.publicKey,
    CLOCK_SPEED: String(clockSpeed),
  });
  const workerPid = keep(worker);
  roles.set(workerPid, 'worker');
  return {
    database,
    tenantId,
    workerPid,
    webhookUrl,
    journalPath,
    usage: () => secondsByRole(roles),
    async accepted() {
      await end(worker);
      if (provider === 'memory') return readAcceptedInMemory(memoryPath);
      return readAccepted(journalPath, ADDRESS_KEY);
    },
    close,
  };
}

async function startSendgrid(journalPath: string | undefined, webhookUrl: string, { reactions, webhookKey }: WorldOptions) {
  const options: Partial<Omit<SendgridOptions, 'audience'>> & { audience?: readonly AudienceRule[] } = {
    journal: { ...(journalPath !== undefined && { path: journalPath }), keepsBodies: false },
    ...(webhookKey !== undefined && { webhookKey }),
    ...(reactions && { ...reactions, webhook: { url: webhookUrl } }),
  };
  const child = spawn(process.execPath, [pathOf('../../sandbox/sendgrid/main.js'), JSON.stringify(options)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = (await once(createInterface({ input: child.stdout }), 'line')) as [string];
  return { process: child, ...(JSON.parse(line) as { url: string; publicKey: string }) };
}

/** Everything is accepted, and nothing delivered before the end of days: no status is posted anywhere. */
async function startTwilio(journalPath: string) {
  const options = { journal: { path: journalPath, keepsBodies: false }, audience: [{ numberHas: '', deliveryMs: 1e12 }] };
  const child = spawn(process.execPath, [pathOf('../../sandbox/twilio/main.js'), JSON.stringify(options)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = (await once(createInterface({ input: child.stdout }), 'line')) as [string];
  const { url } = JSON.parse(line) as { url: string };
  const { accountSid, authToken } = SANDBOX_ACCOUNT;
  return { process: child, variables: { TWILIO_ACCOUNT_SID: accountSid, TWILIO_AUTH_TOKEN: authToken, TWILIO_API_URL: url } };
}

async function startReceiver(settings: ReceiverSettings): Promise<ChildProcess> {
  const child = spawn(process.execPath, [pathOf('../exactly-once/webhook-receiver.js'), JSON.stringify(settings)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(createInterface({ input: child.stdout }), 'line');
  return child;
}

async function startWorker(settings: WorkerSettings, variables: Readonly<Record<string, string>>): Promise<ChildProcess> {
  // With BENCH_PROFILE_DIR the worker writes a profile of its processor time there when it ends.
  const profile = process.env.BENCH_PROFILE_DIR ? ['--cpu-prof', `--cpu-prof-dir=${process.env.BENCH_PROFILE_DIR}`] : [];
  const child = fork(pathOf('worker.js'), [JSON.stringify(settings)], { env: { ...process.env, ...variables }, execArgv: profile });
  const over = once(child, 'exit').then(() => Promise.reject(new Error('the worker ended before it ran')));
  await Promise.race([once(child, 'message'), over]);
  return child;
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const over = once(child, 'exit');
  child.kill('SIGTERM');
  await over;
}
