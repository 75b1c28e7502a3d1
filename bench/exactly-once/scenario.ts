import { seededRandom } from '../../core/random.js';
import type { StepOfBatch } from '../../db/queries/send-ledger.js';
import { ADDRESS_KEY, BATCH } from '../../test/harness/campaigns.js';
import { compare, noMessages, type Comparison } from './comparing.js';
import { Crew } from './crew.js';
import { befall, countDisasters, planDisasters, type Disaster, type DisasterCounts, type DisasterKind } from './disasters.js';
import { stopSomebody, unsubscribeSomebody } from './opting-out.js';
import { channelOf, STEPS_EACH } from './people.js';
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
  /** Mails alone. */
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
  const users = Math.floor(messages / STEPS_EACH / perTask) * perTask;
  const world = await makeWorld(directory, users, noonAfterMs);
  const { database, sendgridUrl, twilioUrl, receiverUrl, aheadMs } = world;
  const urls = { databaseUrl: database.url, sendgridUrl, twilioUrl, receiverUrl };
  const crew = new Crew({ ...urls, ledgerKey: ADDRESS_KEY.toString('base64'), sendFirst, aheadMs }, WORKERS, (tasks) =>
    onProgress?.(tasks * perTask),
  );
  try {
    const steps = [...stepsOf(world, { messages, users, perTask, mailsOnly: sendFirst })];
    const disasters = planDisasters({ kills, zombies, unsubscriptions }, steps.length, seededRandom(SEED));
    const happened: Promise<DisasterKind | undefined>[] = [];
    await Promise.all([crew.run(steps), befall(disasters, crew, (disaster) => happen(world, crew, disaster, happened))]);
    const counts = countDisasters(await Promise.all(happened));
    if (!sendFirst) await settle(world, crew, steps);
    const expected = noMessages();
    for (const { channel, members } of steps) expected[channel as keyof typeof expected] += members.length;
    const found = await compare(world, expected);
    return { ...counts, ...found, seconds: Math.round((performance.now() - startedMs) / 1000) };
  } finally {
    crew.close();
    await world.close();
  }
}

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

type Sizes = { readonly messages: number; readonly users: number; readonly perTask: number; readonly mailsOnly: boolean };

/** Every member of every batch gets each step, so many of them at a time. */
function* stepsOf({ tenantId, campaignId }: World, { messages, users, perTask, mailsOnly }: Sizes): Generator<StepOfBatch> {
  for (let first = 0; first + perTask <= messages; first += perTask) {
    const [round, place] = [Math.floor(first / users), first % users];
    const members = Array.from({ length: perTask }, (_, n) => (place % BATCH) + n);
    const channel = mailsOnly ? 'email' : channelOf(round, place / perTask);
    yield { tenantId, campaignId, stepKey: round + 1, channel, batch: Math.floor(place / BATCH), members };
  }
}
