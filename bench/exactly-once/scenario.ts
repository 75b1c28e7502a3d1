import { seededRandom } from '../../core/random.js';
import { ADDRESS_KEY } from '../../test/harness/campaigns.js';
import { compare, type Comparison } from './comparing.js';
import { Crew } from './crew.js';
import { befall, countDisasters, planDisasters, type Disaster, type DisasterCounts, type DisasterKind } from './disasters.js';
import { giveSteps, sizesOf } from './given.js';
import { stopSomebody, unsubscribeSomebody } from './opting-out.js';
import { wayOf } from './providers/all.js';
import type { WorkerSettings } from './sending-worker.js';
import { settle } from './settling.js';
import { makeWorld, type World } from './world.js';

export type Scenario = DisasterCounts & {
  /** A new one of its own. */
  readonly directory: string;
  readonly messages: number;
  /** How many messages a worker is given at a time. */
  readonly perTask: number;
  /** How long after the beginning some people wake up, and others go to bed. */
  readonly noonAfterMs: number;
  /** By workers that keep no ledger. */
  readonly sendFirst?: boolean;
  readonly onProgress?: (messagesDone: number) => void;
};

export type Found = Comparison & DisasterCounts & { readonly seconds: number };

const WORKERS = 2;
const ZOMBIE_MS = 15_000;
const SEED = 20_261_125;

/**
 * Sends messages over all channels through providers that fail in every way, while workers, the receiver of webhooks and PostgreSQL are
 * killed at random moments, workers sleep, and people unsubscribe. Then it waits for the providers' evidence, and compares.
 */
export async function runScenario(scenario: Scenario): Promise<Found> {
  const { directory, messages, perTask, noonAfterMs, sendFirst = false, onProgress, kills, zombies, unsubscriptions } = scenario;
  const startedMs = performance.now();
  const sizes = sizesOf(messages);
  const world = await makeWorld(directory, { users: sizes.users, noonAfterMs, sendFirst });
  // Whoever wakes up at noon is waited for.
  const waitedForMs = noonAfterMs + 5_000;
  const crew = new Crew(workerSettings(world, sendFirst), { size: WORKERS, waitedForMs }, (tasks) => onProgress?.(tasks * perTask));
  try {
    const given = giveSteps(world, sizes, perTask);
    const disasters = planDisasters({ kills, zombies, unsubscriptions }, given.length, seededRandom(SEED));
    const happened: Promise<DisasterKind | undefined>[] = [];
    await Promise.all([crew.run(given), befall(disasters, crew, (disaster) => happen(world, crew, disaster, happened))]);
    const counts = countDisasters(await Promise.all(happened));
    if (!sendFirst) await settle(world, crew, { given, waitedForMs });
    const asked = new Map<string, number>();
    for (const { tenant, step } of given) {
      const { name } = wayOf(tenant, step.channel);
      asked.set(name, (asked.get(name) ?? 0) + step.members.length);
    }
    const found = await compare(world, asked);
    return { ...counts, ...found, seconds: Math.round((performance.now() - startedMs) / 1000) };
  } finally {
    crew.close();
    await world.close();
  }
}

const workerSettings = ({ database, providers, receiverUrl, aheadMs }: World, sendFirst: boolean): WorkerSettings => ({
  databaseUrl: database.url,
  urls: Object.fromEntries([...providers].map(([name, { url }]) => [name, url])),
  receiverUrl,
  ledgerKey: ADDRESS_KEY.toString('base64'),
  sendFirst,
  aheadMs,
});

/** Only those that kill are waited for: other things happen while somebody sleeps, or tries to unsubscribe. */
async function happen(world: World, crew: Crew, { kind, chance }: Disaster, happened: Promise<DisasterKind | undefined>[]): Promise<void> {
  const isDone = strike(world, crew, kind, chance);
  happened.push(isDone.then((did) => (did ? kind : undefined)));
  if (kind.startsWith('kill')) await isDone;
}

async function strike(world: World, crew: Crew, kind: DisasterKind, chance: number): Promise<boolean> {
  switch (kind) {
    case 'kill worker':
      return crew.killOne(chance);
    case 'kill receiver':
      world.killReceiver();
      return true;
    case 'kill postgres':
      await world.killPostgres();
      return true;
    case 'stop worker':
      return crew.stopOne(chance, ZOMBIE_MS);
    case 'unsubscribe':
      return unsubscribeSomebody(world, chance);
    case 'stop by text':
      return stopSomebody(world, chance);
  }
}
