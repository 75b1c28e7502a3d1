import { sql } from 'drizzle-orm';
import type { TenantId } from '../../core/ids.js';
import type { Database } from '../client.js';
import { takeProviderEvents, type ProviderEvent } from './send-ledger.js';

/**
 * Whoever got a message wants no more at its address: the suppression and the word of consent that proves it are one transaction. Again
 * changes nothing, unless they came back meanwhile: an old link lets them leave as often as they like.
 */
export async function unsubscribe(
  database: Database,
  tenantId: TenantId,
  { messageId, at }: { readonly messageId: number; readonly at: Date },
) {
  const event: ProviderEvent = { eventId: `unsubscribed ${messageId}`, messageId, kind: 'unsubscribed', at, byMachine: false };
  const isNew = (await takeProviderEvents(database, tenantId, 'madansara', [event])) > 0;
  if (isNew || (await isSuppressed(database, tenantId, messageId))) return;
  await takeProviderEvents(database, tenantId, 'madansara', [{ ...event, eventId: `${event.eventId} ${at.getTime()}` }]);
}

const isSuppressed = (database: Database, tenantId: TenantId, messageId: number): Promise<boolean> =>
  database.withTenant(tenantId, async (tx) => {
    const { rows } = await tx.execute(
      sql`select from messages m
          join suppressions s on s.tenant_id = m.tenant_id and s.channel = m.channel and s.address_hash = m.address_hash
          where m.tenant_id = ${tenantId} and m.message_id = ${messageId}`,
    );
    return rows.length > 0;
  });
