import type { Client } from '@temporalio/client';
import type pg from 'pg';
import { batchStart } from '../activities/campaigns/batch-control.js';
import type { Database } from '../db/client.js';
import { deleteEngagements, listEngagedBatches, readEngagements, type EngagedBatch } from '../db/queries/engagement-outbox.js';
import { createEntrantsAnnouncer } from './entrants.js';
import { journeyBatchWorkflowType, recordEngagementsSignalName, type RecordEngagements } from '../workflows/journey-batch/contract.js';

export type RelaySettings = {
  /** Told of what went wrong; the relay goes on. */
  readonly onError: (error: unknown) => void;
};

export type Relay = { close(): Promise<void> };

/** The batches are divided into so many slices; each belongs to the relay that holds its lock. */
const SLICES = 16;
const LOCK_CLASS = 20_261; // of advisory locks with two keys
const POLL_MS = 1_000;
/** Engagements in one signal. */
const MOST_TOLD = 200;
/** Batches that are told at once: never one of them twice, since signals that come side by side starve a workflow's own task. */
const MOST_AT_ONCE = 8;
/** With so many waiting, single ones are held a little, so that they travel together. */
const BUSY = 50;
const COALESCE_MS = 500;

/**
 * Carries engagements from the outbox to the workflows of their batches, and tells campaigns that somebody waits to enter, until it is
 * closed. At least once: rows are deleted after their signal was taken. Several relays divide the batches among them; what one leaves
 * behind, another takes up.
 */
export async function startRelay(database: Database, client: Client, settings: RelaySettings): Promise<Relay> {
  let isClosing = false;
  let wake: () => void = () => undefined;
  let wasWoken = false;
  const onNews = () => {
    wasWoken = true;
    wake();
  };
  const session = openSession(database, onNews);
  const announceEntrants = createEntrantsAnnouncer(database, client);
  const rest = (ms: number) =>
    new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms);
      wake = () => {
        clearTimeout(timer);
        resolve();
      };
      if (wasWoken || isClosing) wake();
    });
  const running = (async () => {
    while (!isClosing) {
      wasWoken = false;
      try {
        const owned = await session.claimSlices();
        const told = await tellAll(database, client, { owned, of: SLICES });
        await announceEntrants({ owned, of: SLICES });
        if (told >= BUSY) await new Promise((resolve) => setTimeout(resolve, COALESCE_MS));
      } catch (error) {
        session.drop();
        if (!isClosing) settings.onError(error);
        wasWoken = false;
      }
      await rest(POLL_MS);
    }
  })();
  return {
    async close() {
      isClosing = true;
      wake();
      await running;
      session.drop();
    },
  };
}

/** Tells every batch in some slices what waits for it. Gives how many engagements were told. */
async function tellAll(
  database: Database,
  client: Client,
  slices: { readonly owned: readonly number[]; readonly of: number },
): Promise<number> {
  let total = 0;
  for (;;) {
    const batches = await listEngagedBatches(database, slices, 200);
    if (batches.length === 0) return total;
    const queue = [...batches];
    const tellNext = async (): Promise<void> => {
      for (let batch = queue.shift(); batch !== undefined; batch = queue.shift()) total += await tell(database, client, batch);
    };
    const tellers = await Promise.allSettled(Array.from({ length: MOST_AT_ONCE }, tellNext));
    const broken = tellers.find((one) => one.status === 'rejected');
    if (broken) throw broken.reason;
    if (total >= BUSY) return total;
  }
}

/** One signal to one batch. A batch that is over needs to hear nothing. */
async function tell(database: Database, client: Client, batch: EngagedBatch): Promise<number> {
  const { ids, told, isOpen } = await readEngagements(database, batch, MOST_TOLD);
  if (isOpen) {
    const ref = { tenantId: batch.tenantId, campaignId: batch.campaignKey, batch: batch.batch };
    await client.workflow.signalWithStart(journeyBatchWorkflowType, {
      ...batchStart(ref),
      signal: recordEngagementsSignalName,
      signalArgs: [{ engagements: told }] satisfies [RecordEngagements],
    });
  }
  await deleteEngagements(database, batch.tenantId, ids);
  return ids.length;
}

/** A session of the database that hears of news and holds the locks of slices; made anew where it was lost. */
function openSession({ pool }: Database, onNews: () => void) {
  let held: { readonly client: pg.PoolClient; readonly owned: number[] } | undefined;
  /** The locks go with the session. */
  const drop = () => {
    held?.client.release(true);
    held = undefined;
  };
  const open = async () => {
    if (held) return held;
    const client = await pool.connect();
    const opened = { client, owned: [] };
    held = opened;
    client.on('notification', onNews);
    // Given back even so: a pool does not end before all of its clients have come home.
    client.on('error', () => {
      if (held === opened) drop();
    });
    await client.query('listen madansara_engagements');
    return opened;
  };
  return {
    /** Takes what nobody else holds, and gives all that this one holds. */
    async claimSlices(): Promise<readonly number[]> {
      const { client, owned } = await open();
      const { rows } = await client.query<{ slice: number }>(
        'select s as slice from generate_series(0, $2::int - 1) s where s <> all ($3::int[]) and pg_try_advisory_lock($1, s)',
        [LOCK_CLASS, SLICES, owned],
      );
      owned.push(...rows.map(({ slice }) => slice));
      return owned;
    },
    drop,
  };
}
