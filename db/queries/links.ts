import { sql } from 'drizzle-orm';
import { parseTenantId, type TenantId } from '../../core/ids.js';
import type { Database, TenantTransaction } from '../client.js';
import type { StepOfBatch } from './send-ledger.js';

/** Where a link leads; `messageId` where it is that message's alone, else nothing. */
export type LinkTarget = { readonly messageId: number | null; readonly target: string };
export type KeptLink = LinkTarget & { readonly linkId: number };

/** Keeps where the links of a step lead, each once, and gives their numbers, in any order. */
export async function keepLinks(
  tx: TenantTransaction,
  { tenantId, campaignId, stepKey }: Pick<StepOfBatch, 'tenantId' | 'campaignId' | 'stepKey'>,
  targets: readonly LinkTarget[],
): Promise<readonly KeptLink[]> {
  if (targets.length === 0) return [];
  const messageIds = sql.param(targets.map(({ messageId }) => messageId));
  const addresses = sql.param(targets.map(({ target }) => target));
  const { rows } = await tx.execute<{ linkId: number; messageId: number | null; target: string }>(
    sql`select link_id::float8 as "linkId", message_id::float8 as "messageId", target
        from keep_links(${tenantId}, ${campaignId}, ${stepKey}, ${messageIds}::bigint[], ${addresses}::text[])`,
  );
  return rows;
}

/** Whose a link is. */
export async function findLinkTenant({ pool }: Pick<Database, 'pool'>, linkId: number): Promise<TenantId | undefined> {
  const { rows } = await pool.query<{ tenantId: string }>('select tenant_id as "tenantId" from find_link_tenant($1)', [linkId]);
  return rows[0] && parseTenantId(rows[0].tenantId);
}

/** Where a link of a message leads. `clickedAt`: somebody has followed it, which is noted the first time, if they are still somebody. */
export async function followLink(
  { pool }: Pick<Database, 'pool'>,
  tenantId: TenantId,
  { linkId, messageId, clickedAt }: { readonly linkId: number; readonly messageId: number; readonly clickedAt: Date | null },
): Promise<string | undefined> {
  const { rows } = await pool.query<{ target: string | null }>('select follow_link($1, $2, $3, $4) as target', [
    tenantId,
    linkId,
    messageId,
    clickedAt,
  ]);
  return rows[0]?.target ?? undefined;
}
