import type { CopyBlock, StoredBlock } from '../../db/queries/imports.js';
import type { Rejects } from './rejects.js';

/** Gathers rows into blocks and stores them, a few blocks at a time. */
export type Storing = {
  /** Takes a row into the open block; true when the block is full. */
  take(row: string, line: number): boolean;
  /** Begins to store the open block, when fewer than the most are under way. Throws what went wrong with an earlier one. */
  handOver(): Promise<void>;
  /** Waits until nothing is being stored any more. */
  idle(): Promise<void>;
  counts(): { readonly stored: number; readonly accepted: number };
};

const BLOCK_ROWS = 10_000;
/** A block is also full when it is this large, so that memory does not depend on how wide the rows are. */
const BLOCK_BYTES = 4 << 20;
const FIRST_BYTES = 1 << 20;

export type StoringOptions = {
  readonly store: (block: CopyBlock) => Promise<StoredBlock>;
  readonly blocksAtOnce: number;
  readonly rejects: Rejects;
};

export function createStoring({ store, blocksAtOnce, rejects }: StoringOptions): Storing {
  const block = createOpenBlock();
  let stored = 0;
  let accepted = 0;
  const underWay = new Set<Promise<void>>();
  let failure: { readonly error: unknown } | undefined;

  const storeBlock = async (full: CopyBlock, lines: readonly number[]): Promise<void> => {
    const { stored: added, refused } = await store(full);
    stored += added;
    accepted += full.rows - refused.length;
    for (const { index, reason } of refused) await rejects.add({ line: lines[index] ?? 0, reason, source: '' });
  };
  const begin = (): void => {
    const work = storeBlock(...block.take())
      .catch((error: unknown) => void (failure ??= { error }))
      .finally(() => underWay.delete(work));
    underWay.add(work);
  };
  const throwFailure = (): void => {
    if (failure) throw failure.error;
  };
  return {
    take: (row, line) => block.add(row, line),
    async handOver() {
      while (underWay.size >= blocksAtOnce) await Promise.race(underWay);
      throwFailure();
      if (!block.isEmpty()) begin();
    },
    async idle() {
      await Promise.all(underWay);
      throwFailure();
    },
    counts: () => ({ stored, accepted }),
  };
}

/** The block that is being filled, and the line of the file that each of its rows comes from. */
function createOpenBlock() {
  let buffer = Buffer.allocUnsafe(FIRST_BYTES);
  let length = 0;
  let lines: number[] = [];
  return {
    isEmpty: () => lines.length === 0,
    add(row: string, line: number): boolean {
      const most = row.length * 3; // bytes of UTF-8
      if (length + most > buffer.length) {
        const larger = Buffer.allocUnsafe(Math.max(buffer.length * 2, length + most));
        buffer.copy(larger, 0, 0, length);
        buffer = larger;
      }
      length += buffer.write(row, length);
      lines.push(line);
      return lines.length >= BLOCK_ROWS || length >= BLOCK_BYTES;
    },
    take(): [CopyBlock, readonly number[]] {
      const taken: [CopyBlock, readonly number[]] = [{ bytes: buffer.subarray(0, length), rows: lines.length }, lines];
      buffer = Buffer.allocUnsafe(buffer.length);
      length = 0;
      lines = [];
      return taken;
    },
  };
}
