import { waitUntil } from '../../sandbox/processes.js';

export type DisasterKind = 'kill worker' | 'kill receiver' | 'kill postgres' | 'stop worker' | 'unsubscribe' | 'stop by text';

/** Something that happens a moment after so many tasks are done. */
export type Disaster = { readonly kind: DisasterKind; readonly afterTasks: number; readonly waitMs: number; readonly chance: number };

export type DisasterCounts = {
  readonly kills: number;
  readonly zombies: number;
  /** By the link in a mail, and by a text that says STOP. */
  readonly unsubscriptions: number;
};

const LONGEST_WAIT_MS = 400;
/** Most kills hit workers; each of the others gets its share even of a few. */
const KILLS: readonly DisasterKind[] = ['kill worker', 'kill postgres', 'kill worker', 'kill receiver', 'kill worker'];

/** Spreads disasters by chance over most of the tasks, so that all of them happen while there is work. */
export function planDisasters(
  { kills, zombies, unsubscriptions }: DisasterCounts,
  tasks: number,
  random: () => number,
): readonly Disaster[] {
  const kinds = [
    ...Array.from({ length: kills }, (_, n) => KILLS[n % KILLS.length] ?? 'kill worker'),
    ...Array.from({ length: zombies }, () => 'stop worker' as const),
    ...Array.from({ length: unsubscriptions }, (_, n) => (n % 2 === 0 ? 'unsubscribe' : 'stop by text')),
  ] satisfies DisasterKind[];
  return kinds
    .map((kind) => ({ kind, afterTasks: Math.floor(random() * tasks * 0.9), waitMs: random() * LONGEST_WAIT_MS, chance: random() }))
    .toSorted((a, b) => a.afterTasks - b.afterTasks);
}

/** Lets disasters happen in their order, each when its time has come. */
export async function befall(
  disasters: readonly Disaster[],
  work: { readonly tasksDone: () => number; readonly isIdle: () => boolean },
  happen: (disaster: Disaster) => Promise<void>,
): Promise<void> {
  for (const disaster of disasters) {
    while (work.tasksDone() < disaster.afterTasks && !work.isIdle())
      await waitUntil(() => work.tasksDone() >= disaster.afterTasks, 1_000, 10);
    await new Promise((resolve) => setTimeout(resolve, disaster.waitMs));
    await happen(disaster);
  }
}

/** How many of each did happen. */
export function countDisasters(happened: readonly (DisasterKind | undefined)[]): DisasterCounts {
  const count = (...kinds: readonly DisasterKind[]) => happened.filter((kind) => kind !== undefined && kinds.includes(kind)).length;
  return {
    kills: count('kill worker', 'kill receiver', 'kill postgres'),
    zombies: count('stop worker'),
    unsubscriptions: count('unsubscribe', 'stop by text'),
  };
}
