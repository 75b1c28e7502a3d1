import { fork, spawn, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { startProgress } from '../cli/progress.js';
import type { TenantId } from '../core/ids.js';
import { seededRandom } from '../core/random.js';
import { readToken } from '../core/message/token.js';
import type { StepOfBatch } from '../db/queries/send-ledger.js';
import { startPostgres, type PostgresServer } from '../sandbox/postgres.js';
import { freePort } from '../sandbox/processes.js';
import { readJournal } from '../sandbox/sendgrid/journal.js';
import { addCampaign, addReachableUsers, ADDRESS_KEY, BATCH } from '../test/harness/campaigns.js';
import { createTestDatabase, type TestDatabase } from '../test/harness/database.js';
import { temporaryFolder } from '../test/harness/folder.js';
import type { ReceiverSettings } from './measuring/webhook-receiver.js';
import type { WorkerReport, WorkerSettings, WorkerTask } from './measuring/sending-worker.js';

/**
 * Sends mails through a provider that fails in every way, while workers, the receiver of its events and PostgreSQL are killed at
 * random moments, and compares the ledger with the provider's journal: no message twice, none lost. Beside it, the same with
 * workers that send first and record later. `npm run bench -- exactly-once [MESSAGES] [KILLS]`
 */
const MESSAGES = Number(process.argv[2] ?? 100_000);
const KILLS = Number(process.argv[3] ?? 24);
const WORKERS = 2;
const EVIDENCE_MS = 120_000;
if (!(MESSAGES >= BATCH && KILLS >= 0)) throw new Error(`at least ${BATCH} messages and no or more kills are expected`);

const FAULTS = [
  { probability: 0.03, fault: { kind: 'rate_limited', resetAfterS: 1 } },
  { probability: 0.02, fault: { kind: 'error', status: 503, accepts: false } },
  { probability: 0.02, fault: { kind: 'error', status: 500, accepts: true } },
  { probability: 0.02, fault: { kind: 'reset', accepts: false } },
  { probability: 0.02, fault: { kind: 'reset', accepts: true } },
  { probability: 0.01, fault: { kind: 'half_open', accepts: true } },
  { probability: 0.05, fault: { kind: 'slow', delayMs: 400 } },
] as const;
const EVENT_FAULTS = [
  { probability: 0.05, fault: { kind: 'duplicate', copies: 3 } },
  { probability: 0.05, fault: { kind: 'late', delayMs: 2_000 } },
  { probability: 0.05, fault: { kind: 'reordered' } },
  { probability: 0.02, fault: { kind: 'forged' } },
  { probability: 0.05, fault: { kind: 'answer_lost' } },
] as const;

const ledger = await scenario({ messages: MESSAGES, kills: KILLS, sendFirst: false });
const sendFirst = await scenario({ messages: Math.min(10_000, MESSAGES), kills: Math.min(6, KILLS), sendFirst: true });
console.error(`send first, record later: ${sendFirst.duplicates} of ${sendFirst.messages} messages were sent twice or more often`);
console.log(
  JSON.stringify({
    bench: 'exactly-once',
    value: ledger.duplicates + ledger.lost,
    unit: 'messages sent twice or lost',
    ...ledger,
    uncertain_per_kill: KILLS === 0 ? 0 : ledger.uncertain / KILLS,
    send_first: sendFirst,
  }),
);

type Found = {
  messages: number;
  kills: number;
  duplicates: number;
  lost: number;
  uncertain: number;
  contradictions: number;
  seconds: number;
};

async function scenario({ messages, kills, sendFirst }: { messages: number; kills: number; sendFirst: boolean }): Promise<Found> {
  const startedMs = performance.now();
  const directory = temporaryFolder('exactly-once');
  const settings = { directory: join(directory, 'postgres'), port: await freePort() };
  let postgres: PostgresServer = await startPostgres(settings);
  const database = await createTestDatabase(postgres.url);
  const tenantId = await database.newTenant();
  const users = Math.min(messages, 20_000);
  await addReachableUsers(database, tenantId, users);
  const { campaignId } = await addCampaign(database, tenantId, users);
  const receiverPort = await freePort();
  const journal = join(directory, 'journal.ndjson');
  const fake = await startFake(journal, receiverPort);
  const ledgerKey = ADDRESS_KEY.toString('base64');
  const workerSettings: WorkerSettings = { databaseUrl: database.url, sendgridUrl: fake.url, ledgerKey, sendFirst };
  const receiverSettings: ReceiverSettings = { databaseUrl: database.url, ledgerKey, publicKey: fake.publicKey, port: receiverPort };
  let receiver = startReceiver(receiverSettings);

  const progress = startProgress(sendFirst ? 'send first' : 'ledger', { total: messages, unit: 'messages' });
  const crew = startCrew(workerSettings, tasksOf(tenantId, campaignId, { messages, users }), (done) => progress.update(done * BATCH));
  const random = seededRandom(20_261_125);
  let killed = 0;
  const restartPostgres = async () => {
    await postgres.kill();
    postgres = await startPostgres(settings);
  };
  while (killed < kills && !crew.isDone()) {
    await sleep(150 + 900 * random());
    const dice = random();
    killed += 1;
    if (dice < 0.7) crew.killOne(random());
    else if (dice < 0.85) {
      receiver.kill('SIGKILL');
      receiver = startReceiver(receiverSettings);
    } else await restartPostgres();
  }
  await crew.done;
  progress.done(`${messages.toLocaleString('en-US')} messages, ${killed} kills`);
  await untilSettled(database);
  const found = await compare(database, tenantId, { campaignId, journal, messages });
  crew.close();
  receiver.kill('SIGKILL');
  fake.process.kill('SIGTERM');
  await database.drop().catch(() => undefined);
  await postgres.stop();
  return { ...found, messages, kills: killed, seconds: Math.round((performance.now() - startedMs) / 1000) };
}

function* tasksOf(
  tenantId: TenantId,
  campaignId: number,
  { messages, users }: { messages: number; users: number },
): Generator<StepOfBatch> {
  const batches = Math.floor(users / BATCH);
  for (let n = 0; n < Math.floor(messages / BATCH); n++) {
    const members = Array.from({ length: BATCH }, (_, idx) => idx);
    yield { tenantId, campaignId, stepKey: `step ${Math.floor(n / batches)}`, channel: 'email', batch: n % batches, members };
  }
}

/** Workers that take tasks one after the other; what a dead one had is given to another, as Temporal would. */
function startCrew(settings: WorkerSettings, steps: Iterable<StepOfBatch>, onProgress: (done: number) => void) {
  const waiting: WorkerTask[] = [...steps].map((step, id) => ({ id, step }));
  const total = waiting.length;
  const workers = new Map<ChildProcess, WorkerTask | undefined>();
  let done = 0;
  let finish = (): void => undefined;
  const all = new Promise<void>((resolve) => (finish = resolve));
  const later = (task: WorkerTask, ms: number) =>
    setTimeout(() => {
      waiting.push(task);
      for (const worker of workers.keys()) give(worker);
    }, ms);
  const give = (worker: ChildProcess): void => {
    if (workers.get(worker) !== undefined || !worker.connected) return;
    const task = waiting.shift();
    if (task === undefined) return;
    workers.set(worker, task);
    worker.send(task);
  };
  const hear = (worker: ChildProcess, { error, sent = [] }: WorkerReport): void => {
    const task = workers.get(worker);
    workers.set(worker, undefined);
    const dueAtMs = Math.max(0, ...sent.map(([, outcome, due = 0]) => (outcome === 'waiting' ? due : 0)));
    if (task && (error !== undefined || dueAtMs > 0)) later(task, error === undefined ? Math.max(20, dueAtMs - Date.now()) : 200);
    else if (task) onProgress((done += 1));
    if (done === total) finish();
    give(worker);
  };
  const start = (): void => {
    const worker = fork(fileURLToPath(new URL('measuring/sending-worker.js', import.meta.url)), [JSON.stringify(settings)]);
    workers.set(worker, undefined);
    worker.on('message', (report: WorkerReport) => hear(worker, report));
    worker.once('exit', () => {
      const task = workers.get(worker);
      workers.delete(worker);
      if (task) later(task, 100);
      if (done < total) start();
    });
    give(worker);
  };
  for (let i = 0; i < WORKERS; i++) start();
  return {
    done: all,
    isDone: () => done === total,
    killOne: (chance: number) => [...workers.keys()][Math.floor(chance * workers.size)]?.kill('SIGKILL'),
    close: () => [...workers.keys()].forEach((worker) => worker.disconnect()),
  };
}

async function startFake(journal: string, receiverPort: number) {
  const options = {
    journal: { path: journal, keepsBodies: false },
    chances: { seed: 1, faults: FAULTS },
    webhook: { url: `http://127.0.0.1:${receiverPort}/v1/webhooks/sendgrid`, retryBaseMs: 500, chances: { seed: 2, faults: EVENT_FAULTS } },
    speed: 1_000,
  };
  const main = fileURLToPath(new URL('../sandbox/sendgrid/main.js', import.meta.url));
  const process_ = spawn(process.execPath, [main, JSON.stringify(options)], { stdio: ['ignore', 'pipe', 'inherit'] });
  const lines = createInterface({ input: process_.stdout });
  const first = await new Promise<string>((resolve) => lines.once('line', resolve));
  return { process: process_, ...(JSON.parse(first) as { url: string; publicKey: string }) };
}

function startReceiver(settings: ReceiverSettings): ChildProcess {
  const main = fileURLToPath(new URL('measuring/webhook-receiver.js', import.meta.url));
  return spawn(process.execPath, [main, JSON.stringify(settings)], { stdio: ['ignore', 'ignore', 'inherit'] });
}

/** Waits until the provider's events have stopped changing anything, or for the two minutes in which they may. */
async function untilSettled({ admin }: TestDatabase): Promise<void> {
  let before = '';
  for (const deadline = Date.now() + EVIDENCE_MS; Date.now() < deadline; await sleep(4_000)) {
    const { rows } = await admin.query(`select status, count(*)::int as n from messages group by status order by status`);
    const now = JSON.stringify(rows);
    if (now === before) return;
    before = now;
  }
}

/** The journal is the truth. Lost: not in it, and in the ledger neither uncertain nor held nor refused with a reason. */
async function compare(
  { admin }: TestDatabase,
  tenantId: TenantId,
  { campaignId, journal, messages }: { campaignId: number; journal: string; messages: number },
) {
  const accepted = new Map<number, number>();
  for (const { custom_args } of readJournal(journal)) {
    for (const token of Object.values(custom_args)) {
      const message = readToken(ADDRESS_KEY, token);
      if (message?.tenantId === tenantId) accepted.set(message.messageId, (accepted.get(message.messageId) ?? 0) + 1);
    }
  }
  const { rows } = await admin.query<{ id: number; status: string }>(
    'select message_id::int as id, status from messages where tenant_id = $1 and campaign_id = $2',
    [tenantId, campaignId],
  );
  const held = new Set(['uncertain', 'deferred', 'suppressed', 'failed', 'claimed']);
  const missing = Math.floor(messages / BATCH) * BATCH - rows.length;
  return {
    duplicates: [...accepted.values()].filter((times) => times > 1).length,
    lost: missing + rows.filter(({ id, status }) => !held.has(status) && !accepted.has(id)).length,
    uncertain: rows.filter(({ status }) => status === 'uncertain' || status === 'claimed').length,
    contradictions: rows.filter(({ id, status }) => accepted.has(id) && (status === 'suppressed' || status === 'deferred')).length,
  };
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
