import { DatabaseError, type PoolClient } from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import type { ImportedEvent } from '../../core/import/events.js';
import type { ImportedContact, ImportedPerson } from '../../core/import/person-draft.js';
import type { TenantId } from '../../core/ids.js';
import type { Database } from '../client.js';
import { copyRow } from './copy-text.js';

/** Rows in the text format of COPY, each with its line end: bytes, so that a block costs the garbage collector nothing. */
export type CopyBlock = { readonly bytes: Uint8Array; readonly rows: number };

export type StoredBlock = {
  readonly stored: number;
  /** Rows that the database cannot hold, by their place in the block. */
  readonly refused: readonly { readonly index: number; readonly reason: string }[];
};

/** Some sessions of the database that an import has for itself. */
export type ImportSessions = {
  /** The row of an event, for a block of events. */
  eventRow(event: ImportedEvent): string;
  /** Stores events in one transaction; when it returns, they are committed. What was stored before is not stored again. */
  storeEvents(block: CopyBlock): Promise<StoredBlock>;
  personRow(person: ImportedPerson): string;
  /** Stores people in one transaction, and counts as stored those who changed anything. */
  storePeople(block: CopyBlock): Promise<StoredBlock>;
  close(): void;
};

/** Opens so many sessions. No more blocks than that may be stored at once. */
export async function openImportSessions(database: Database, tenantId: TenantId, count: number): Promise<ImportSessions> {
  const months = createMonths();
  let people = 0;
  const clients: PoolClient[] = [];
  const close = () => clients.forEach((client) => client.release(true)); // with them go their temporary tables
  try {
    while (clients.length < count) clients.push(await database.pool.connect());
  } catch (error) {
    close();
    throw error;
  }
  const free = [...clients];
  const withClient = async <T>(work: (client: PoolClient) => Promise<T>): Promise<T> => {
    const client = free.pop();
    if (!client) throw new Error('more blocks are stored at once than there are sessions');
    try {
      return await work(client);
    } finally {
      free.push(client);
    }
  };
  const storing = (store: (client: PoolClient, block: CopyBlock) => Promise<number>) => (all: CopyBlock) =>
    withClient((client) => storeOrHalve(all, (block) => inTransaction(client, () => store(client, block))));
  const storeEvents = storing((client, block) => copyEvents(client, tenantId, block));
  return {
    eventRow(event) {
      months.add(event.occurredAtMs);
      return eventRow(event);
    },
    async storeEvents(block) {
      await months.ensure((month) => database.pool.query('select ensure_event_month($1)', [month]));
      return storeEvents(block);
    },
    personRow: (person) => personRow(person, (people += 1)),
    storePeople: storing((client, block) => copyPeople(client, tenantId, block)),
    close,
  };
}

/** The months that events are in. Each is made before a block is stored, in a transaction of its own, so that its lock is short. */
function createMonths() {
  const found = new Set<number>();
  const made = new Set<number>();
  let starts = 0;
  let ends = 0;
  return {
    add(occurredAtMs: number): void {
      if (occurredAtMs >= starts && occurredAtMs < ends) return;
      const date = new Date(occurredAtMs);
      starts = Date.UTC(date.getUTCFullYear(), date.getUTCMonth());
      ends = Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1);
      found.add(starts);
    },
    async ensure(make: (month: string) => Promise<unknown>): Promise<void> {
      for (const month of [...found].sort((a, b) => a - b)) {
        if (made.has(month)) continue;
        await make(new Date(month).toISOString().slice(0, 10));
        made.add(month);
      }
    },
  };
}

const isRefusedValue = (error: unknown): error is DatabaseError => error instanceof DatabaseError && /^(22|23|54)/.test(error.code ?? '');

/** Where the database refuses a value for a reason that the reading did not foresee, finds it by halves; the others are stored. */
async function storeOrHalve(block: CopyBlock, store: (block: CopyBlock) => Promise<number>): Promise<StoredBlock> {
  if (block.rows === 0) return { stored: 0, refused: [] };
  try {
    return { stored: await store(block), refused: [] };
  } catch (error) {
    if (!isRefusedValue(error)) throw error;
    if (block.rows === 1) return { stored: 0, refused: [{ index: 0, reason: `the database cannot hold it (${error.code ?? 'unknown'})` }] };
    const [first, second] = halvesOf(block);
    const left = await storeOrHalve(first, store);
    const right = await storeOrHalve(second, store);
    const moved = right.refused.map(({ index, reason }) => ({ index: index + first.rows, reason }));
    return { stored: left.stored + right.stored, refused: [...left.refused, ...moved] };
  }
}

/** COPY writes a line end within a value as \n, so each byte of a line end is the end of a row. */
function halvesOf({ bytes, rows }: CopyBlock): readonly [CopyBlock, CopyBlock] {
  const half = rows >> 1;
  let end = 0;
  for (let row = 0; row < half; row += 1) end = bytes.indexOf(0x0a, end) + 1;
  return [
    { bytes: bytes.subarray(0, end), rows: half },
    { bytes: bytes.subarray(end), rows: rows - half },
  ];
}

async function inTransaction<T>(client: PoolClient, work: () => Promise<T>): Promise<T> {
  await client.query('begin');
  try {
    const result = await work();
    await client.query('commit');
    return result;
  } catch (error) {
    await client.query('rollback').catch(() => undefined); // a broken connection has nothing to roll back
    throw error;
  }
}

async function copyEvents(client: PoolClient, tenantId: TenantId, block: CopyBlock): Promise<number> {
  await client.query(
    `create temporary table if not exists import_events (message_id text, user_id text, event text, occurred_at_ms double precision,
       properties jsonb, revenue_minor bigint, currency text) on commit delete rows`,
  );
  await copyInto(client, 'import_events', block);
  const { rows } = await client.query<{ stored: number }>('select store_imported_events($1) as stored', [tenantId]);
  return rows[0]?.stored ?? 0;
}

function eventRow({ messageId, userId, event, occurredAtMs, properties, revenueMinor, currency }: ImportedEvent): string {
  return copyRow([messageId, userId, event, occurredAtMs, properties, revenueMinor, currency]);
}

async function copyPeople(client: PoolClient, tenantId: TenantId, block: CopyBlock): Promise<number> {
  await client.query(
    `create temporary table if not exists import_people (n integer, user_id text, traits jsonb, time_zone text, contacts jsonb,
       resolved text, changed boolean not null default false) on commit delete rows`,
  );
  await copyInto(client, 'import_people (n, user_id, traits, time_zone, contacts)', block);
  const { rows } = await client.query<{ stored: number }>('select store_imported_people($1) as stored', [tenantId]);
  return rows[0]?.stored ?? 0;
}

function personRow({ userId, traits, timeZone, contacts }: ImportedPerson, n: number): string {
  return copyRow([n, userId, traits, timeZone, JSON.stringify(contacts.map(contactRow))]);
}

const contactRow = ({ channel, provider, address, verifiedAtMs, consent, consentSource, consentAtMs }: ImportedContact) => [
  channel,
  provider,
  address,
  verifiedAtMs ?? null,
  consent ?? null,
  consentSource ?? null,
  consentAtMs ?? null,
];

function copyInto(client: PoolClient, table: string, { bytes }: CopyBlock): Promise<void> {
  return new Promise((resolve, reject) => {
    const stream = client.query(copyFrom(`copy pg_temp.${table} from stdin`));
    stream.once('error', reject);
    stream.once('finish', () => resolve());
    stream.end(bytes);
  });
}
