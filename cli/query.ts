import { DomainError } from '../core/errors.js';
import type { LocalDate, TenantId } from '../core/ids.js';
import { readModel } from '../activities/segmentation/models.js';
import { bucketsOf, openSegmentation } from '../activities/segmentation/walk.js';
import { withLocalFiles } from '../store/local-files.js';
import { openStore } from '../store/open.js';
import { layOutWalk } from '../store/walk-tables.js';
import { withDatabase } from './database.js';
import { tableLines } from './table.js';

type Walk = { readonly tenantId: TenantId; readonly walkDate: LocalDate };
export type QueryRow = Readonly<Record<string, unknown>>;

/** Prints the answer to a question about what a walk saw. */
export async function queryWalk(walk: Walk, sql: string, form: 'table' | 'json'): Promise<void> {
  const rows = await withDatabase('query', async (database, config) => {
    const store = await openStore(config, database.pool);
    try {
      const { lake, objects, duckdb, workDirectory } = store;
      const opened = await openSegmentation({ database, ...store }, walk);
      const { segments } = await readModel(objects, opened.keys.model);
      return await withLocalFiles(objects, workDirectory, bucketsOf(opened).map(opened.keys.members), async (memberships) => {
        const events = await lake.relation(walk.tenantId, opened.pin);
        return duckdb.session(async (session) => {
          await layOutWalk(session, { ...opened, currency: opened.tenant.currency, events, memberships, segments });
          return session.rows<QueryRow>(sql).catch((cause: unknown) => {
            throw new DomainError('invalid', cause instanceof Error ? cause.message : String(cause), { cause });
          });
        });
      });
    } finally {
      store.close();
    }
  });
  if (form === 'json') for (const row of rows) console.log(JSON.stringify(row, plain));
  else for (const line of tableOf(rows)) console.log(line);
}

function tableOf(rows: readonly QueryRow[]): string[] {
  const [first] = rows;
  if (!first) return ['(no rows)'];
  const names = Object.keys(first);
  return tableLines([names, ...rows.map((row) => names.map((name) => shown(row[name])))]);
}

const shown = (value: unknown): string => (typeof value === 'string' ? value : value === null ? '' : JSON.stringify(plain('', value)));

/** DuckDB's large integers and moments, as JSON can say them. */
function plain(_key: string, value: unknown): unknown {
  if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? Number(value) : value.toString();
  return value;
}
