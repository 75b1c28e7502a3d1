import { DatabaseError, type PoolClient } from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import type { ImportedEvent } from '../../core/import/events.js';
import type { ImportedContact, ImportedPerson } from '../../core/import/person-draft.js';
import type { TenantId } from '../../core/ids.js';
import type { Database } from '../client.js';
import { copyRow } from './copy-text.js';

export type Refused<T> = { readonly item: T; readonly reason: string };
export type StoredBlock<T> = { readonly stored: number; readonly refused: readonly Refused<T>[] };

/** Some sessions of the database that an import has for itself. */
export type ImportSessions = {
  /** Stores events in one transaction; when it returns, they are committed. What was stored before is not stored again. */
  storeEvents(events: readonly ImportedEvent[]): Promise<StoredBlock<ImportedEvent>>;
  /** Stores people in one transaction, and counts as stored those who changed anything. */
  storePeople(people: readonly ImportedPerson[]): Promise<StoredBlock<ImportedPerson>>;
  close(): void;
};

/** Opens so many sessions. No more blocks than that may be stored at once. */
export async function openImportSessions(database: Database, tenantId: TenantId, count: number): Promise<ImportSessions> {
  const months = new Set<string>();
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
  return {
    storeEvents: (events) =>
      withClient(async (client) => {
        for (const month of newMonths(events, months)) {
          await client.query('select ensure_event_month($1)', [month]);
          months.add(month);
        }
        return storeOrHalve(events, (block) => inTransaction(client, () => copyEvents(client, tenantId, block)));
      }),
    storePeople: (people) =>
      withClient((client) => storeOrHalve(people, (block) => inTransaction(client, () => copyPeople(client, tenantId, block)))),
    close,
  };
}

const isRefusedValue = (error: unknown): error is DatabaseError => error instanceof DatabaseError && /^(22|23|54)/.test(error.code ?? '');

/** Where the database refuses a value for a reason that the reading did not foresee, finds it by halves; the others are stored. */
async function storeOrHalve<T>(items: readonly T[], store: (items: readonly T[]) => Promise<number>): Promise<StoredBlock<T>> {
  const [first] = items;
  if (first === undefined) return { stored: 0, refused: [] };
  try {
    return { stored: await store(items), refused: [] };
  } catch (error) {
    if (!isRefusedValue(error)) throw error;
    if (items.length === 1)
      return { stored: 0, refused: [{ item: first, reason: `the database cannot hold it (${error.code ?? 'unknown'})` }] };
    const middle = items.length >> 1;
    const left = await storeOrHalve(items.slice(0, middle), store);
    const right = await storeOrHalve(items.slice(middle), store);
    return { stored: left.stored + right.stored, refused: [...left.refused, ...right.refused] };
  }
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

async function copyEvents(client: PoolClient, tenantId: TenantId, events: readonly ImportedEvent[]): Promise<number> {
  await client.query(
    `create temporary table if not exists import_events (message_id text, user_id text, event text, occurred_at_ms double precision,
       properties jsonb, revenue_minor bigint, currency text) on commit delete rows`,
  );
  await copyRows(client, 'import_events', events, ({ messageId, userId, event, occurredAtMs, properties, revenueMinor, currency }) => [
    messageId,
    userId,
    event,
    occurredAtMs,
    properties,
    revenueMinor,
    currency,
  ]);
  const { rows } = await client.query<{ stored: number }>('select store_imported_events($1) as stored', [tenantId]);
  return rows[0]?.stored ?? 0;
}

async function copyPeople(client: PoolClient, tenantId: TenantId, people: readonly ImportedPerson[]): Promise<number> {
  await client.query(
    `create temporary table if not exists import_people (n integer, user_id text, traits jsonb, time_zone text, contacts jsonb,
       resolved text, changed boolean not null default false) on commit delete rows`,
  );
  await copyRows(client, 'import_people (n, user_id, traits, time_zone, contacts)', people, ({ userId, traits, timeZone, contacts }, n) => [
    n,
    userId,
    traits,
    timeZone,
    JSON.stringify(contacts.map(contactRow)),
  ]);
  const { rows } = await client.query<{ stored: number }>('select store_imported_people($1) as stored', [tenantId]);
  return rows[0]?.stored ?? 0;
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

function copyRows<T>(
  client: PoolClient,
  table: string,
  items: readonly T[],
  toRow: (item: T, n: number) => readonly (string | number | undefined)[],
): Promise<void> {
  const text = items.map((item, n) => copyRow(toRow(item, n))).join('');
  return new Promise((resolve, reject) => {
    const stream = client.query(copyFrom(`copy pg_temp.${table} from stdin`));
    stream.once('error', reject);
    stream.once('finish', () => resolve());
    stream.end(text);
  });
}

/** The first days of the months, in UTC, that are not known yet. */
function newMonths(events: readonly ImportedEvent[], known: ReadonlySet<string>): readonly string[] {
  const months = new Set<string>();
  let starts = 0;
  let ends = 0;
  for (const { occurredAtMs } of events) {
    if (occurredAtMs >= starts && occurredAtMs < ends) continue;
    const date = new Date(occurredAtMs);
    starts = Date.UTC(date.getUTCFullYear(), date.getUTCMonth());
    ends = Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1);
    const month = new Date(starts).toISOString().slice(0, 10);
    if (!known.has(month)) months.add(month);
  }
  return [...months].sort();
}
