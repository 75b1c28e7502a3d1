import { spawn, type ChildProcess } from 'node:child_process';
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { Agent, request as startRequest } from 'node:http';
import { join } from 'node:path';
import { projectRoot } from '../config.js';
import { parseTenantId } from '../core/ids.js';
import { seededRandom } from '../core/random.js';
import { openDatabase, type Database } from '../db/client.js';
import { migrate } from '../db/migrate.js';
import { createApiKey } from '../db/queries/api-keys.js';
import { startPostgres } from '../sandbox/postgres.js';
import { freePort } from '../sandbox/processes.js';
import { temporaryFolder } from '../test/harness/folder.js';

/**
 * Events through HTTP, as Segment's clients send them, into PostgreSQL with its own defaults of durability: one API process, one
 * sender over a few kept connections, all on this machine. What is counted was answered 200, that is, committed.
 */
const EVENTS = Number(process.argv[2] ?? 200_000);
const LIMIT_PER_SECOND = 10_000;
const BATCH = 100;
const SENDERS = Number(process.argv[3] ?? 6);
const WARM_UP_BATCHES = 150;
const LONGEST_MS = 15_000;
const CLOCK_TICKS_PER_SECOND = 100;
const USERS = 20_000;
const TENANT = parseTenantId('00000000-0000-4000-8000-000000000001');

const folder = temporaryFolder('ingest');
const postgres = await startPostgres({ directory: join(folder, 'postgres') });
let database: Database | undefined;
let api: ChildProcess | undefined;
try {
  await migrate(postgres.url);
  database = openDatabase(postgres.url, { applicationName: 'bench' });
  const key = await prepareTenant(database);
  const port = await freePort();
  api = startApi(port);
  await untilItAnswers(port);
  const send = createSender(port, key);

  console.error(`making ${EVENTS.toLocaleString('en')} events …`);
  const bodies = makeBodies(WARM_UP_BATCHES + Math.ceil(EVENTS / BATCH));
  await sendAll(send, bodies.slice(0, WARM_UP_BATCHES));
  console.error(`sending them in batches of ${BATCH} over ${SENDERS} connections …`);
  const before = processorSeconds(api.pid ?? 0, postgres.pid);
  const measured = await sendAll(send, bodies.slice(WARM_UP_BATCHES));
  const after = processorSeconds(api.pid ?? 0, postgres.pid);
  const stored = await countEvents(database);
  const expected = measured.events + WARM_UP_BATCHES * BATCH;
  if (stored !== expected) throw new Error(`${expected} events were answered with 200, and ${stored} are stored`);
  report(measured, { api: after.api - before.api, postgres: after.postgres - before.postgres });
} finally {
  await end(api);
  await database?.close();
  await postgres.stop();
  rmSync(folder, { recursive: true, force: true });
}

async function prepareTenant(opened: Database): Promise<string> {
  await opened.withTenant(TENANT, (tx) => tx.execute(`insert into tenants (tenant_id, name) values ('${TENANT}', 'Bench')`));
  return (await createApiKey(opened, TENANT, { name: 'bench', scopes: ['events:write'] })).key;
}

function startApi(port: number): ChildProcess {
  const program = [join(projectRoot, 'dist', 'cli', 'main.js'), 'api'];
  const settings = {
    DATABASE_URL: postgres.url,
    API_PORT: String(port),
    ARTIFACT_DIR: join(folder, 'artifacts'),
    TEMPORAL_ADDRESS: '127.0.0.1:1', // events need none
  };
  // With BENCH_PROFILE_DIR the API writes a profile of its processor time there when it ends.
  const profile = process.env.BENCH_PROFILE_DIR ? ['--cpu-prof', `--cpu-prof-dir=${process.env.BENCH_PROFILE_DIR}`] : [];
  return spawn(process.execPath, [...profile, ...program], {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { ...process.env, ...settings },
  });
}

async function untilItAnswers(port: number): Promise<void> {
  for (let attempt = 0; attempt < 300; attempt += 1) {
    const answer = await fetch(`http://127.0.0.1:${port}/healthz`).catch(() => undefined);
    if (answer?.ok) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error('the API did not answer within 30 s');
}

type Send = (body: Buffer) => Promise<void>;

function createSender(port: number, key: string): Send {
  const agent = new Agent({ keepAlive: true, maxSockets: SENDERS });
  const headers = { Authorization: `Basic ${Buffer.from(`${key}:`).toString('base64')}`, 'Content-Type': 'application/json' };
  return (body) =>
    new Promise((resolve, reject) => {
      const options = { agent, port, method: 'POST', path: '/v1/batch', headers: { ...headers, 'Content-Length': body.length } };
      const request = startRequest({ host: '127.0.0.1', ...options }, (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
        response.once('end', () =>
          response.statusCode === 200 && text.includes(`"stored":${BATCH},`)
            ? resolve()
            : reject(new Error(`the API answered ${response.statusCode}: ${text}`)),
        );
        response.once('error', reject);
      });
      request.once('error', reject);
      request.end(body);
    });
}

type Measured = { readonly events: number; readonly seconds: number; readonly latenciesMs: readonly number[] };

async function sendAll(send: Send, bodies: readonly Buffer[]): Promise<Measured> {
  const latenciesMs: number[] = [];
  const startedAt = performance.now();
  let next = 0;
  const sender = async (): Promise<void> => {
    for (let body = bodies[next++]; body && performance.now() - startedAt < LONGEST_MS; body = bodies[next++]) {
      const sentAt = performance.now();
      await send(body);
      latenciesMs.push(performance.now() - sentAt);
    }
  };
  await Promise.all(Array.from({ length: SENDERS }, sender));
  return { events: latenciesMs.length * BATCH, seconds: (performance.now() - startedAt) / 1000, latenciesMs };
}

/** Bodies as the official Node client writes them: its context, its long message ids, its `sentAt`. */
function makeBodies(count: number): Buffer[] {
  const random = seededRandom(42);
  const sentAt = new Date();
  let made = 0;
  const message = (): object => {
    made += 1;
    const user = Math.floor(random() ** 2 * USERS); // a few are busy, most are not
    const at = new Date(sentAt.getTime() - Math.floor(random() * 60_000));
    const common = {
      messageId: `node-next-${sentAt.getTime()}-${String(made).padStart(9, '0')}-3f2b8c1e-9d4a-4e57`,
      timestamp: at,
      context: { library: { name: '@segment/analytics-node', version: '3.1.0' } },
      integrations: {},
      _metadata: { nodeVersion: process.version, jsRuntime: 'node' },
    };
    return { ...common, ...contentOf(random(), user, made) };
  };
  return Array.from({ length: count }, () =>
    Buffer.from(JSON.stringify({ batch: Array.from({ length: BATCH }, message), writeKey: 'in the header', sentAt })),
  );
}

/** A shop's mixture: mostly pages and products, some purchases, a log-in now and then, of which some bring a new device. */
function contentOf(draw: number, user: number, serial: number): object {
  const userId = `user-${user}`;
  const product = { product_id: `sku-${user % 500}`, name: `Product ${user % 500}`, category: `category-${user % 12}`, price: 19.9 };
  if (draw < 0.55)
    return { type: 'page', userId, name: 'Product', properties: { path: `/products/${user % 500}`, title: product.name, referrer: '/' } };
  if (draw < 0.8) return { type: 'track', userId, event: 'Product Viewed', properties: product };
  if (draw < 0.92) return { type: 'track', userId, event: 'Product Added', properties: { ...product, quantity: 1 } };
  if (draw < 0.97) {
    const properties = { order_id: `order-${serial}`, total: 59.7, currency: 'USD', products: [product] };
    return { type: 'track', userId, event: 'Order Completed', properties };
  }
  const traits = { email: `${userId}@example.org`, plan: user % 3 === 0 ? 'pro' : 'free' };
  return { type: 'identify', userId, traits, ...(draw > 0.998 && { anonymousId: `device-${serial}` }) };
}

async function countEvents(opened: Database): Promise<number> {
  const { rows } = await opened.withTenant(TENANT, (tx) => tx.execute<{ count: number }>('select count(*)::int as count from events'));
  return rows[0]?.count ?? 0;
}

type ProcessorSeconds = { readonly api: number; readonly postgres: number };

/** Processor time so far: of the API, and of PostgreSQL with all its processes, those that have ended too. */
function processorSeconds(apiPid: number, postgresPid: number): ProcessorSeconds {
  let ticks = 0;
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    const fields = statOf(pid);
    if (fields && (Number(pid) === postgresPid || fields[1] === postgresPid)) ticks += ownTicks(fields);
  }
  return { api: ownTicks(statOf(String(apiPid)) ?? []) / CLOCK_TICKS_PER_SECOND, postgres: ticks / CLOCK_TICKS_PER_SECOND };
}

function ownTicks(fields: readonly number[]): number {
  return (fields[11] ?? 0) + (fields[12] ?? 0);
}

/** The numbers of /proc/PID/stat that follow the name: state, parent, … user time, system time. */
function statOf(pid: string): readonly number[] | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat
      .slice(stat.lastIndexOf(')') + 2)
      .split(' ')
      .map(Number);
  } catch {
    return undefined; // it has ended meanwhile
  }
}

function report({ events, seconds, latenciesMs }: Measured, used: ProcessorSeconds): void {
  const sorted = [...latenciesMs].sort((a, b) => a - b);
  const quantile = (q: number): number => sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? 0;
  const value = events / seconds;
  console.log(
    JSON.stringify({
      bench: 'ingest',
      value: Math.round(value),
      unit: 'events/s',
      ratio: round(value / LIMIT_PER_SECOND),
      p50_ms: round(quantile(0.5)),
      p99_ms: round(quantile(0.99)),
      api_cpu_s_per_10k: round((used.api / events) * 10_000),
      postgres_cpu_s_per_10k: round((used.postgres / events) * 10_000),
      events,
      seconds: round(seconds),
      batch: BATCH,
      connections: SENDERS,
    }),
  );
}

async function end(child: ChildProcess | undefined): Promise<void> {
  if (!child || child.exitCode !== null) return;
  const over = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  await over;
}

function round(value: number): number {
  return Math.round(value * 1_000) / 1_000;
}
