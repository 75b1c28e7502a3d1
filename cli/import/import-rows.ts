import type { Columns } from '../../core/import/columns.js';
import type { Cells } from '../../core/import/rows.js';
import type { StoredBlock } from '../../db/queries/imports.js';
import { readFile, sizeOf, type SourceFile } from './file.js';
import { openRejects, type Rejection } from './rejects.js';
import { createStoring } from './storing.js';

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
  readonly blocksAtOnce: number;
  /** Stores a block in one transaction. */
  readonly store: (items: readonly T[]) => Promise<StoredBlock<T>>;
  readonly rejectsPath?: string;
  readonly onProgress?: (progress: ImportProgress) => void;
  readonly signal?: AbortSignal;
};

/**
 * Reads a file and stores its rows block by block: while some are being stored the next is being read. Told to stop, it lets the
 * blocks finish that are on their way, and what is stored stays.
 */
export async function importRows<T extends object>(options: RowImport<T>): Promise<ImportCounts> {
  const { file, signal, onProgress, readerFor } = options;
  const bytes = await sizeOf(file.path);
  const rejects = openRejects(options.rejectsPath);
  const storing = createStoring(options.store, { blocksAtOnce: options.blocksAtOnce, rejects });
  let rows = 0;
  try {
    let read: ((cells: Cells) => T | string) | undefined;
    for await (const { rows: piece, columns, bytesRead } of readFile(file)) {
      if (signal?.aborted) break;
      read ??= readerFor(columns);
      for (const row of piece) {
        rows += 1;
        const item = row.kind === 'bad' ? row.reason : read(row.cells);
        if (typeof item === 'string') await rejects.add({ line: row.line, reason: item, source: row.source });
        else if (storing.take(item, row)) await storing.handOver();
      }
      onProgress?.({ bytesRead, bytes, rows });
    }
    const stopped = signal?.aborted ?? false;
    if (!stopped) await storing.handOver();
    await storing.idle();
    const { stored, accepted } = storing.counts();
    return { rows, stored, repeated: accepted - stored, rejected: rejects.count, firstRejections: rejects.first, stopped };
  } finally {
    await storing.idle().catch(() => undefined); // what failed is being thrown already
    await rejects.close();
  }
}
