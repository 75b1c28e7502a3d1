import { createPersonReader, type PersonMapping } from '../../core/import/people.js';
import type { Database } from '../../db/client.js';
import { openImportSessions } from '../../db/queries/imports.js';
import { requireTenant } from '../database.js';
import type { ImportOptions } from './import-events.js';
import { importRows, type ImportCounts } from './import-rows.js';

/**
 * Imports a file's rows as people: users with traits, contacts and consent. Doing it again changes nothing. One block after the
 * other: who has no id is found by what the rows before have stored, and of two rows of one person the later counts.
 */
export async function importPeople(
  database: Database,
  options: ImportOptions & { readonly mapping: PersonMapping },
): Promise<ImportCounts> {
  const { tenantId, mapping, now = () => new Date() } = options;
  const { timeZone } = await requireTenant(database, tenantId);
  const context = { timeZone, nowMs: now().getTime() };
  const sessions = await openImportSessions(database, tenantId, 1);
  try {
    return await importRows({
      ...options,
      blocksAtOnce: 1,
      readerFor: (columns) => {
        const read = createPersonReader(mapping, columns, context);
        return (cells) => {
          const reading = read(cells);
          return typeof reading === 'string' ? { reason: reading } : { row: sessions.personRow(reading) };
        };
      },
      store: (block) => sessions.storePeople(block),
    });
  } finally {
    sessions.close();
  }
}
