import { sql } from 'drizzle-orm';
import { parseTenantId, type TenantId } from '../../core/ids.js';
import type { LeaveReason } from '../../core/journey/next.js';
import type { Database, TenantTransaction } from '../client.js';
import type { CampaignRow } from './campaigns.js';
import type { MessageStatus } from './send-ledger.js';

/** Messages of one step that have the same status for the same reason, and how many of them ever got how far. */
export type MessageCount = {
  readonly stepKey: number;
  readonly channel: string;
  readonly status: MessageStatus;
  readonly reason: string | null;
  readonly messages: number;
  readonly sent: number;
  readonly delivered: number;
  readonly opened: number;
  readonly clicked: number;
  readonly replied: number;
  readonly converted: number;
  /** Of deferred ones: when the first of them is due again. */
  readonly dueAt: Date | null;
};

/** Counts a campaign's messages from the ledger's own rows. */
export async function countMessages(tx: TenantTransaction, { tenantId, id }: CampaignRow): Promise<MessageCount[]> {
  const { rows } = await tx.execute<Omit<MessageCount, 'dueAt'> & { readonly dueMs: number | null }>(sql`
    select step_key as "stepKey", channel, status, reason, count(*)::float8 as messages, count(sent_at)::float8 as sent,
      count(delivered_at)::float8 as delivered, count(opened_at)::float8 as opened, count(clicked_at)::float8 as clicked,
      count(replied_at)::float8 as replied, count(converted_at)::float8 as converted,
      extract(epoch from min(due_at) filter (where status = 'deferred'))::float8 * 1000 as "dueMs"
    from messages where tenant_id = ${tenantId} and campaign_id = ${id}
    group by step_key, channel, status, reason order by step_key, channel, status, reason`);
  return rows.map(({ dueMs, ...count }) => ({ ...count, dueAt: dueMs === null ? null : new Date(dueMs) }));
}

/** `leftBecause` is null of journeys that are under way: how one ended is written when its whole batch is over. */
export type JourneyCount = { readonly leftBecause: LeaveReason | null; readonly journeys: number };

export async function countJourneys(tx: TenantTransaction, { tenantId, id }: CampaignRow): Promise<JourneyCount[]> {
  const { rows } = await tx.execute<JourneyCount>(sql`
    select left_because as "leftBecause", count(*)::float8 as journeys
    from journeys where tenant_id = ${tenantId} and campaign_id = ${id} group by 1 order by journeys desc, 1`);
  return rows;
}

export type HeldMessages = { readonly tenantId: TenantId; readonly status: 'uncertain' | 'deferred'; readonly messages: number };

/** How many messages of each tenant nobody can know of, and how many wait. */
export async function countHeldMessages(database: Database): Promise<HeldMessages[]> {
  const { rows } = await database.pool.query<Omit<HeldMessages, 'tenantId'> & { readonly tenant_id: string }>(
    'select tenant_id, status, messages from count_held_messages()',
  );
  return rows.map(({ tenant_id, ...held }) => ({ ...held, tenantId: parseTenantId(tenant_id) }));
}
