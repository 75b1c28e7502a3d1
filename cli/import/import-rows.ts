import type { Columns } from '../../core/import/columns.js';
import type { Cells } from '../../core/import/rows.js';
import type { StoredBlock } from '../../db/queries/imports.js';
import { readFile, sizeOf, type SourceFile } from './file.js';
import { openRejects, type Rejection } from './rejects.js';

export type ImportProgress = { readonly bytesRead: number; readonly bytes: number; readonly rows: number };

export type ImportCounts = {
  /** Rows of the file, without its header and its empty lines. */
  readonly rows: number;
  readonly stored: number;
  /** Rows that changed nothing, as they were imported before. */
  readonly repeated: number;
  readonly rejected: number;
  /** The first few rejected rows. */
  readonly firstRejections: readonly Rejection[];
  /** True when it was told to stop before the end of the file. */
  readonly stopped: boolean;
};

export type RowImport<T> = {
  readonly file: SourceFile;
  /** What reads the rows of a file with these columns: an item, or the reason why a row is none. */
  readonly readerFor: (columns: Columns) => (cells: Cells) => T | string;
  /** Stores a block in one transaction. */
  readonly store: (items: readonly T[]) => Promise<StoredBlock<T>>;
  readonly rejectsPath?: string;
  readonly onProgress?: (progress: ImportProgress) => void;
  readonly signal?: AbortSignal;
};

type Item<T> = { readonly item: T; readonly line: number; readonly source: string };
type Block<T> = Item<T>[];

const BLOCK_ROWS = 10_000;
/** A block is also full when its rows' texts are this long, so that memory does not depend on how wide they are. */
const BLOCK_CHARS = 4_000_000;
const MAX_HELD_SOURCE = 200;

/**
 * Reads a file and stores its rows block by block: while one is being stored the next is being read. Told to stop, it lets the
 * block finish that is on its way, and what is stored stays.
 */
export async function importRows<T extends object>(options: RowImport<T>): Promise<ImportCounts> {
  const { file, signal, onProgress } = options;
  const bytes = await sizeOf(file.path);
  const rejects = openRejects(options.rejectsPath);
  let rows = 0;
  let stored = 0;
  let accepted = 0;
  const storeBlock = async (block: Block<T>): Promise<void> => {
    const { stored: added, refused } = await options.store(block.map(({ item }) => item));
    stored += added;
    accepted += block.length - refused.length;
    const places = refused.length > 0 ? new Map(block.map(({ item, ...place }) => [item, place])) : undefined;
    for (const { item, reason } of refused) {
      await rejects.add({ reason, line: places?.get(item)?.line ?? 0, source: places?.get(item)?.source ?? '' });
    }
  };

  let storing = Promise.resolve();
  const handOver = async (block: Block<T>): Promise<void> => {
    await storing;
    storing = storeBlock(block);
    storing.catch(() => undefined); // whoever waits for it next is told
  };
  try {
    let block: Block<T> = [];
    let chars = 0;
    let read: ((cells: Cells) => T | string) | undefined;
    for await (const { rows: piece, columns, bytesRead } of readFile(file)) {
      if (signal?.aborted) break;
      read ??= options.readerFor(columns);
      for (const row of piece) {
        rows += 1;
        const item = row.kind === 'bad' ? row.reason : read(row.cells);
        if (typeof item === 'string') {
          await rejects.add({ line: row.line, reason: item, source: row.source });
          continue;
        }
        block.push({ item, line: row.line, source: row.source.slice(0, MAX_HELD_SOURCE) });
        chars += row.source.length;
        if (block.length < BLOCK_ROWS && chars < BLOCK_CHARS) continue;
        await handOver(block);
        block = [];
        chars = 0;
        if (signal?.aborted) break;
      }
      onProgress?.({ bytesRead, bytes, rows });
    }
    const stopped = signal?.aborted ?? false;
    if (!stopped) await handOver(block);
    await storing;
    return { rows, stored, repeated: accepted - stored, rejected: rejects.count, firstRejections: rejects.first, stopped };
  } finally {
    await storing.catch(() => undefined);
    await rejects.close();
  }
}
