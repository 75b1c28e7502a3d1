import { eq } from 'drizzle-orm';
import { DatabaseError } from 'pg';
import { DomainError } from '../../core/errors.js';
import type { AcceptedEvent, RejectedEvent } from '../../core/event/intake.js';
import { safePrefix } from '../../core/event/json.js';
import type { TenantId } from '../../core/ids.js';
import type { Database } from '../client.js';
import { tenants } from '../tables/tenants.js';

export type IntakeCounts = { readonly stored: number; readonly duplicates: number; readonly rejected: number };

export type EventBatch = { readonly accepted: readonly AcceptedEvent[]; readonly rejected: readonly RejectedEvent[] };

/**
 * Stores events and what follows from them (users, traits, contacts, merges), in one transaction and one round trip. When it
 * returns, they are committed. A message id that was stored before is counted and not stored again, so a retry is harmless.
 */
export async function ingestEvents(database: Database, tenantId: TenantId, batch: EventBatch): Promise<IntakeCounts> {
  try {
    return await ingestTogether(database, tenantId, batch);
  } catch (error) {
    if (!isRefusedValue(error)) throw error;
    return ingestOneByOne(database, tenantId, batch);
  }
}

/** A value that the database cannot hold, for a reason that the reading of events did not foresee. */
const isRefusedValue = (error: unknown): error is DatabaseError => error instanceof DatabaseError && /^(22|23|54)/.test(error.code ?? '');

/** Finds the events that the database refuses, so that they do not take their neighbours with them. */
async function ingestOneByOne(database: Database, tenantId: TenantId, { accepted, rejected }: EventBatch): Promise<IntakeCounts> {
  const refused: RejectedEvent[] = [];
  let stored = 0;
  for (const event of accepted) {
    try {
      stored += (await ingestTogether(database, tenantId, { accepted: [event], rejected: [] })).stored;
    } catch (error) {
      if (!isRefusedValue(error)) throw error;
      const reason = `the database cannot hold it (${error.code ?? 'unknown'})`;
      refused.push({ kind: 'rejected', reason, messageId: event.messageId, payload: safePrefix(event, 4_000) });
    }
  }
  await ingestTogether(database, tenantId, { accepted: [], rejected: [...rejected, ...refused] });
  return { stored, duplicates: accepted.length - refused.length - stored, rejected: rejected.length + refused.length };
}

async function ingestTogether(database: Database, tenantId: TenantId, { accepted, rejected }: EventBatch): Promise<IntakeCounts> {
  const events = firstOfEachId(accepted);
  const { rows } = await database.pool.query<{ stored: number }>({
    name: 'ingest_events',
    text: 'select ingest_events($1, $2, $3, $4, $5, $6) as stored',
    values: [
      tenantId,
      monthsOf(events),
      jsonOf(events.filter(hasAlias), ({ aliasId, userId }) => [aliasId, userId]),
      jsonOf(events, ({ messageId, userId, event, occurredAtMs, properties, revenue }) => [
        messageId,
        userId,
        event,
        occurredAtMs,
        properties,
        revenue?.minor ?? null,
        revenue?.currency ?? null,
      ]),
      jsonOf(events.filter(hasPerson), ({ messageId, userId, person }) => [
        messageId,
        userId,
        person.traits,
        person.timeZone ?? null,
        person.contacts.map(({ channel, provider, address }) => [channel, provider, address]),
      ]),
      jsonOf(rejected, ({ reason, messageId, payload }) => [reason, messageId ?? null, payload]),
    ],
  });
  const stored = rows[0]?.stored ?? 0;
  return { stored, duplicates: accepted.length - stored, rejected: rejected.length };
}

function jsonOf<T>(items: readonly T[], toRow: (item: T) => readonly unknown[]): string {
  return items.length === 0 ? '[]' : JSON.stringify(items.map(toRow));
}

function firstOfEachId(events: readonly AcceptedEvent[]): readonly AcceptedEvent[] {
  const ids = new Set<string>();
  for (const { messageId } of events) ids.add(messageId);
  if (ids.size === events.length) return events;
  return events.filter(({ messageId }) => ids.delete(messageId));
}

const hasAlias = (event: AcceptedEvent): event is AcceptedEvent & { readonly aliasId: string } => event.aliasId !== undefined;
const hasPerson = (event: AcceptedEvent): event is AcceptedEvent & { readonly person: object } => event.person !== undefined;

/** The first day of each month that the events are in, in UTC as the partitions are. */
function monthsOf(events: readonly AcceptedEvent[]): readonly string[] {
  const months = new Set<string>();
  let monthStart = 0;
  let monthEnd = 0;
  for (const { occurredAtMs } of events) {
    if (occurredAtMs >= monthStart && occurredAtMs < monthEnd) continue;
    const date = new Date(occurredAtMs);
    monthStart = Date.UTC(date.getUTCFullYear(), date.getUTCMonth());
    monthEnd = Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1);
    months.add(date.toISOString().slice(0, 7));
  }
  return [...months].sort().map((month) => `${month}-01`);
}

/** The currency of amounts that name none. */
export async function readTenantCurrency(database: Database, tenantId: TenantId): Promise<string> {
  const [tenant] = await database.withTenant(tenantId, (tx) =>
    tx.select({ currency: tenants.currency }).from(tenants).where(eq(tenants.tenantId, tenantId)),
  );
  if (!tenant) throw new DomainError('not_found', 'there is no such tenant');
  return tenant.currency;
}
