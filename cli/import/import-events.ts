import type { TenantId } from '../../core/ids.js';
import { createEventReader, type EventMapping } from '../../core/import/events.js';
import { createOrdinals } from '../../core/import/ordinals.js';
import type { Database } from '../../db/client.js';
import { openImportSessions } from '../../db/queries/imports.js';
import { requireTenant } from '../database.js';
import type { SourceFile } from './file.js';
import { importRows, type ImportCounts, type ImportProgress } from './import-rows.js';

export type ImportOptions = {
  readonly tenantId: TenantId;
  readonly file: SourceFile;
  /** Where rejected rows are written; absent: nowhere. */
  readonly rejectsPath?: string;
  readonly onProgress?: (progress: ImportProgress) => void;
  readonly signal?: AbortSignal;
  /** Absent: the clock. */
  readonly now?: () => Date;
};

/** The database has more than one processor; what two blocks of events do can be done in any order. */
const BLOCKS_AT_ONCE = 2;

/** Imports a file's rows as events. Doing it again, also after it was cut off, adds only what is not stored yet. */
export async function importEvents(database: Database, options: ImportOptions & { readonly mapping: EventMapping }): Promise<ImportCounts> {
  const { tenantId, mapping, now = () => new Date() } = options;
  const { timeZone, currency } = await requireTenant(database, tenantId);
  const context = { timeZone, currency, nowMs: now().getTime(), ordinals: createOrdinals() };
  const sessions = await openImportSessions(database, tenantId, BLOCKS_AT_ONCE);
  try {
    return await importRows({
      ...options,
      blocksAtOnce: BLOCKS_AT_ONCE,
      readerFor: (columns) => {
        const read = createEventReader(mapping, columns, context);
        return (cells) => {
          const reading = read(cells);
          return typeof reading === 'string' ? { reason: reading } : { row: sessions.eventRow(reading) };
        };
      },
      store: (block) => sessions.storeEvents(block),
    });
  } finally {
    sessions.close();
  }
}
