import { sql } from 'drizzle-orm';
import type { TenantId, UserId } from '../../core/ids.js';
import type { TenantTransaction } from '../client.js';

/** The user that an id means, after all merges; itself where it was never merged. */
export async function resolveUser(tx: TenantTransaction, tenantId: TenantId, id: UserId): Promise<string> {
  const { rows } = await tx.execute<{ id: string }>(sql`select resolve_user(${tenantId}, ${id}) as id`);
  return rows[0]?.id ?? id;
}
