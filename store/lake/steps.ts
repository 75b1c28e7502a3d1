import { randomUUID } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { PoolClient } from 'pg';
import type { TenantId } from '../../core/ids.js';
import { snapshotBelow, type Snapshot } from './snapshot.js';
import { copyEvents, copyVoids, readSource } from './source.js';

/** What was committed from one snapshot to the next, as files that live as long as the step. */
export type Step = {
  readonly snapshot: Snapshot;
  readonly rows: number;
  readonly eventsPath: string;
  readonly voids: number;
  readonly voidsPath: string;
  /** It takes all that there is; the steps before it end on the way. */
  readonly isLast: boolean;
};

export type StepsFrom = {
  readonly events: Snapshot;
  /** Absent: as the events. Where no parts were before, voids from before the first step void nothing. */
  readonly voids?: Snapshot | undefined;
  readonly stops: readonly bigint[];
};

/**
 * Copies step after step out of PostgreSQL, one ahead of whoever consumes them, each in a transaction of its own. Rows that a merge moves
 * between two steps are in neither as they were: the last step, which sees all, takes them with the void.
 */
export async function* readSteps(
  client: PoolClient,
  tenantId: TenantId,
  from: StepsFrom,
  workDirectory: string,
): AsyncGenerator<Step, void> {
  const read = (events: Snapshot, stop: bigint | undefined) =>
    readSource(client, tenantId, async (source): Promise<Step> => {
      const snapshot = stop === undefined ? source.snapshot : snapshotBelow(source.snapshot, stop);
      const name = join(workDirectory, `step-${randomUUID()}`);
      const [eventsPath, voidsPath] = [`${name}.csv`, `${name}-voids.csv`];
      try {
        const rows = await copyEvents(source, events, snapshot, eventsPath);
        const voids = await copyVoids(source, from.voids ?? events, snapshot, voidsPath);
        return { snapshot, rows, eventsPath, voids, voidsPath, isLast: stop === undefined };
      } catch (error) {
        await discard({ eventsPath, voidsPath });
        throw error;
      }
    });

  const stops = [...from.stops, undefined];
  let coming: Promise<Step> | undefined = read(from.events, stops[0]);
  try {
    for (let next = 1; coming; next++) {
      const step: Step = await coming;
      coming = step.isLast ? undefined : read(step.snapshot, stops[next]);
      coming?.catch(() => undefined); // told when its turn comes
      try {
        yield step;
      } finally {
        await discard(step);
      }
    }
  } finally {
    await coming?.then(discard, () => undefined);
  }
}

async function discard({ eventsPath, voidsPath }: Pick<Step, 'eventsPath' | 'voidsPath'>): Promise<void> {
  await Promise.all([eventsPath, voidsPath].map((path) => rm(path, { force: true })));
}
