import { sql } from 'drizzle-orm';
import type { TenantId } from '../../core/ids.js';
import type { Database } from '../client.js';

/** The answer that is given again when a request is repeated. */
export type KeptAnswer = { readonly status: number; readonly body: unknown; readonly headers?: Readonly<Record<string, string>> };

export type Claim =
  | { readonly kind: 'mine' }
  | { readonly kind: 'answered'; readonly answer: KeptAnswer }
  | { readonly kind: 'at_work' }
  | { readonly kind: 'other_request' };

/** How long an answer is kept, and how long a request may be at work before its repetition takes its place. */
const KEPT_HOURS = 24;
const LEASE_SECONDS = 60;

/**
 * Claims an idempotency key for a request. One of any number of concurrent requests gets `mine`; it must then call
 * `keepAnswer` or `releaseClaim`. When its process dies first, the claim falls to a repetition after a minute.
 */
export function claimIdempotencyKey(database: Database, tenantId: TenantId, key: string, requestHash: Buffer): Promise<Claim> {
  return database.withTenant(tenantId, async (tx) => {
    await tx.execute(sql`delete from idempotency_keys
      where tenant_id = ${tenantId} and created_at < now() - make_interval(hours => ${KEPT_HOURS})`);
    const claimed = await tx.execute(sql`
      insert into idempotency_keys as k (tenant_id, idempotency_key, request_hash)
      values (${tenantId}, ${key}, ${requestHash})
      on conflict (tenant_id, idempotency_key) do update set created_at = now()
      where k.status is null and k.request_hash = excluded.request_hash
        and k.created_at < now() - make_interval(secs => ${LEASE_SECONDS})
      returning 1`);
    if (claimed.rowCount === 1) return { kind: 'mine' };
    const { rows } = await tx.execute<{ same: boolean; status: number | null; response: Omit<KeptAnswer, 'status'> | null }>(sql`
      select request_hash = ${requestHash} as same, status, response from idempotency_keys
      where tenant_id = ${tenantId} and idempotency_key = ${key}`);
    const row = rows[0];
    if (row && !row.same) return { kind: 'other_request' };
    if (row?.response && row.status !== null) return { kind: 'answered', answer: { status: row.status, ...row.response } };
    return { kind: 'at_work' }; // or released a moment ago: the caller tries again either way
  });
}

/** Keeps the answer for repetitions. The first answer stands. */
export async function keepAnswer(database: Database, tenantId: TenantId, key: string, { status, ...response }: KeptAnswer): Promise<void> {
  await database.withTenant(tenantId, (tx) =>
    tx.execute(sql`update idempotency_keys set status = ${status}, response = ${JSON.stringify(response)}::jsonb
      where tenant_id = ${tenantId} and idempotency_key = ${key} and status is null`),
  );
}

/** Gives the key up: the request started nothing, and may be tried again at once. */
export async function releaseClaim(database: Database, tenantId: TenantId, key: string): Promise<void> {
  await database.withTenant(tenantId, (tx) =>
    tx.execute(sql`delete from idempotency_keys
      where tenant_id = ${tenantId} and idempotency_key = ${key} and status is null`),
  );
}
