import type { StoredBlock } from '../../db/queries/imports.js';
import type { Rejects } from './rejects.js';

/** Gathers items into blocks and stores them, a few blocks at a time. */
export type Storing<T> = {
  /** Takes an item into the open block; true when the block is full. */
  take(item: T, place: Place): boolean;
  /** Begins to store the open block, when fewer than the most are under way. Throws what went wrong with an earlier one. */
  handOver(): Promise<void>;
  /** Waits until nothing is being stored any more. */
  idle(): Promise<void>;
  counts(): { readonly stored: number; readonly accepted: number };
};

type Place = { readonly line: number; readonly source: string };

const BLOCK_ROWS = 10_000;
/** A block is also full when its rows' texts are this long, so that memory does not depend on how wide they are. */
const BLOCK_CHARS = 4_000_000;
const MAX_HELD_SOURCE = 200;

export function createStoring<T extends object>(
  store: (items: readonly T[]) => Promise<StoredBlock<T>>,
  { blocksAtOnce, rejects }: { readonly blocksAtOnce: number; readonly rejects: Rejects },
): Storing<T> {
  let items: T[] = [];
  let places: Place[] = [];
  let chars = 0;
  let stored = 0;
  let accepted = 0;
  const underWay = new Set<Promise<void>>();
  let failure: { readonly error: unknown } | undefined;

  const storeBlock = async (block: readonly T[], blockPlaces: readonly Place[]): Promise<void> => {
    const { stored: added, refused } = await store(block);
    stored += added;
    accepted += block.length - refused.length;
    for (const { item, reason } of refused) {
      const { line, source } = blockPlaces[block.indexOf(item)] ?? { line: 0, source: '' };
      await rejects.add({ line, reason, source });
    }
  };
  const begin = (): void => {
    const work = storeBlock(items, places)
      .catch((error: unknown) => void (failure ??= { error }))
      .finally(() => underWay.delete(work));
    underWay.add(work);
    items = [];
    places = [];
    chars = 0;
  };
  const throwFailure = (): void => {
    if (failure) throw failure.error;
  };
  return {
    take(item, { line, source }) {
      items.push(item);
      places.push({ line, source: source.length > MAX_HELD_SOURCE ? source.slice(0, MAX_HELD_SOURCE) : source });
      chars += source.length;
      return items.length >= BLOCK_ROWS || chars >= BLOCK_CHARS;
    },
    async handOver() {
      while (underWay.size >= blocksAtOnce) await Promise.race(underWay);
      throwFailure();
      if (items.length > 0) begin();
    },
    async idle() {
      await Promise.all(underWay);
      throwFailure();
    },
    counts: () => ({ stored, accepted }),
  };
}
