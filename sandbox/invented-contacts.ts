import { sql } from 'drizzle-orm';
import type { TenantId } from '../core/ids.js';
import type { Database } from '../db/client.js';

/** How many of a hundred people have no address, and how many have said no. */
const WITHOUT_ADDRESS = 3;
const WITHOUT_CONSENT = 2;
const NAMES = [
  'Ada',
  'Ben',
  'Chloe',
  'Daniel',
  'Elif',
  'Femi',
  'Grace',
  'Hiro',
  'Ines',
  'Jonas',
  'Kira',
  'Luis',
  'Mina',
  'Noor',
  'Olga',
  'Pablo',
];

/**
 * Gives people whom the data names only by number an address at a domain that cannot exist, a first name and a word on whether they
 * want mail; the same ones for the same ids. Gives how many got an address.
 */
export async function inventContacts(database: Database, tenantId: TenantId): Promise<number> {
  return database.withTenant(tenantId, async (tx) => {
    await tx.execute(sql`
      update users set traits = traits || jsonb_build_object(
        'first_name', (${sql.param(NAMES)}::text[])[1 + abs(hashtext(user_id)) % ${NAMES.length}::int])
      where tenant_id = ${tenantId}`);
    const { rowCount } = await tx.execute(sql`
      insert into contacts (tenant_id, user_id, channel, address, consent)
      select tenant_id, user_id, 'email', 'customer-' || user_id || '@cdnow.invalid',
        case when lot < ${WITHOUT_ADDRESS + WITHOUT_CONSENT} then 'denied' else 'granted' end
      from (select tenant_id, user_id, abs(hashtext('contact ' || user_id)) % 100 as lot from users where tenant_id = ${tenantId}) u
      where lot >= ${WITHOUT_ADDRESS}`);
    return rowCount ?? 0;
  });
}
