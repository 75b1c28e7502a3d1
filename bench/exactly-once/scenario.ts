import { seededRandom } from '../../core/random.js';
import type { StepOfBatch } from '../../db/queries/send-ledger.js';
import { waitUntil } from '../../sandbox/processes.js';
import { ADDRESS_KEY, BATCH } from '../../test/harness/campaigns.js';
import { compare, type Comparison } from './comparing.js';
import { Crew } from './crew.js';
import { befall, planDisasters, type Disaster, type DisasterCounts } from './disasters.js';
import { unsubscribeSomebody } from './unsubscribing.js';
import { makeWorld, type World } from './world.js';

export type Scenario = DisasterCounts & {
  /** A new one of its own. */
  readonly directory: string;
  readonly messages: number;
  /** How many messages a worker is given at a time. */
  readonly perTask: number;
  readonly sendFirst?: boolean;
  readonly onProgress?: (messagesDone: number) => void;
};

export type Found = Comparison & DisasterCounts & { readonly messages: number; readonly seconds: number };

const WORKERS = 2;
const MOST_USERS = 20_000;
const FEWEST_STEPS = 5;
const ZOMBIE_MS = 15_000;
const EVIDENCE_MS = 120_000;
const SEED = 20_261_125;

/**
 * Sends mails through a provider that fails in every way, while workers, the receiver of its events and PostgreSQL are killed at
 * random moments, workers sleep, and people unsubscribe. Then it waits for the provider's evidence, and compares.
 */
export async function runScenario(scenario: Scenario): Promise<Found> {
  const { directory, messages, perTask, sendFirst = false, onProgress, kills, zombies, unsubscriptions } = scenario;
  const startedMs = performance.now();
  const users = Math.min(Math.floor(messages / FEWEST_STEPS / perTask) * perTask, MOST_USERS);
  const world = await makeWorld(directory, users);
  const { database, providerUrl } = world;
  const settings = { databaseUrl: database.url, sendgridUrl: providerUrl, ledgerKey: ADDRESS_KEY.toString('base64'), sendFirst };
  const crew = new Crew(settings, WORKERS, (tasks) => onProgress?.(tasks * perTask));
  try {
    const steps = [...stepsOf(world, { messages, users, perTask })];
    const disasters = planDisasters({ kills, zombies, unsubscriptions }, steps.length, seededRandom(SEED));
    const sleepers: Promise<void>[] = [];
    await Promise.all([crew.run(steps), befall(disasters, crew, (disaster) => happen(world, crew, disaster, sleepers))]);
    await Promise.all(sleepers);
    if (!sendFirst) await settle(world, crew, steps);
    const found = await compare(world, steps.length * perTask);
    return { messages: steps.length * perTask, kills, zombies, unsubscriptions, ...found, seconds: secondsSince(startedMs) };
  } finally {
    crew.close();
    await world.close();
  }
}

async function happen(world: World, crew: Crew, { kind, chance }: Disaster, sleepers: Promise<void>[]): Promise<void> {
  switch (kind) {
    case 'kill worker':
      return crew.killOne(chance);
    case 'kill receiver':
      return world.killReceiver();
    case 'kill postgres':
      return world.killPostgres();
    case 'stop worker':
      return void sleepers.push(crew.stopOne(chance, ZOMBIE_MS));
    case 'unsubscribe':
      return unsubscribeSomebody(world, chance);
  }
}

/** Every member of every batch gets each step, so many of them at a time. */
function* stepsOf(
  { tenantId, campaignId }: World,
  { messages, users, perTask }: { readonly messages: number; readonly users: number; readonly perTask: number },
): Generator<StepOfBatch> {
  for (let first = 0; first + perTask <= messages; first += perTask) {
    const [round, place] = [Math.floor(first / users), first % users];
    const members = Array.from({ length: perTask }, (_, n) => (place % BATCH) + n);
    yield { tenantId, campaignId, stepKey: round + 1, channel: 'email', batch: Math.floor(place / BATCH), members };
  }
}

/**
 * Waits until the provider has told all that it knows, or for the two minutes that it has. What a late call gave back meanwhile is
 * sent, and the provider heard once more.
 */
async function settle(world: World, crew: Crew, steps: readonly StepOfBatch[]): Promise<void> {
  const { admin } = world.database;
  for (const deadline = Date.now() + EVIDENCE_MS; ;) {
    await waitUntil(async () => (await world.pendingEvents()) === 0, deadline - Date.now(), 200);
    const { rows } = await admin.query<{ step_key: number; batch: number }>(
      `select distinct step_key, batch from messages where tenant_id = $1 and status in ('claimed', 'deferred')`,
      [world.tenantId],
    );
    const left = steps.filter(({ stepKey, batch }) => rows.some((row) => row.step_key === stepKey && row.batch === batch));
    if (left.length === 0 || Date.now() > deadline) return;
    await crew.run(left);
  }
}

const secondsSince = (startedMs: number): number => Math.round((performance.now() - startedMs) / 1000);
