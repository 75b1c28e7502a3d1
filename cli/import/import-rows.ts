import type { Columns } from '../../core/import/columns.js';
import type { Cells } from '../../core/import/rows.js';
import type { CopyBlock, StoredBlock } from '../../db/queries/imports.js';
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

export type RowReading = { readonly row: string } | { readonly reason: string };

export type RowImport = {
  readonly file: SourceFile;
  /** What reads the rows of a file with these columns: a row to be stored, or a reason why it is none. */
  readonly readerFor: (columns: Columns) => (cells: Cells) => RowReading;
  readonly blocksAtOnce: number;
  /** Stores a block in one transaction. */
  readonly store: (block: CopyBlock) => Promise<StoredBlock>;
  readonly rejectsPath?: string;
  readonly onProgress?: (progress: ImportProgress) => void;
  readonly signal?: AbortSignal;
};

/**
 * Reads a file and stores its rows block by block: while some are being stored the next is being read. Told to stop, it lets the
 * blocks finish that are on their way, and what is stored stays.
 */
export async function importRows(options: RowImport): Promise<ImportCounts> {
  const { file, signal, onProgress, readerFor } = options;
  const bytes = await sizeOf(file.path);
  const rejects = openRejects(options.rejectsPath);
  const storing = createStoring({ ...options, rejects });
  let rows = 0;
  try {
    let read: ((cells: Cells) => RowReading) | undefined;
    for await (const { rows: piece, columns, bytesRead } of readFile(file)) {
      if (signal?.aborted) break;
      read ??= readerFor(columns);
      for (const row of piece) {
        rows += 1;
        const reading = row.kind === 'bad' ? row : read(row.cells);
        if ('reason' in reading) await rejects.add({ line: row.line, reason: reading.reason, source: row.source });
        else if (storing.take(reading.row, row.line)) await storing.handOver();
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
