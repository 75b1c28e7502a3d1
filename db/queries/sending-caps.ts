import { and, asc, eq, sql } from 'drizzle-orm';
import type { MessageChannel } from '../../core/consent/quiet-hours.js';
import type { TenantId } from '../../core/ids.js';
import type { Database, TenantTransaction } from '../client.js';
import { sendingCaps } from '../tables/consent.js';

/** At most so many messages to a person within any span of that many minutes. It holds messages of its own priority and lower ones. */
export type SendingCap = {
  readonly capKey: string;
  readonly channel: MessageChannel | 'all';
  readonly most: number;
  readonly spanMinutes: number;
  readonly priority: number;
};

/** Counts from now on: what was sent before the tenant had its first cap is not known to it. */
export async function setSendingCap(tx: TenantTransaction, tenantId: TenantId, { spanMinutes, ...cap }: SendingCap): Promise<void> {
  const values = { ...cap, span: sql`make_interval(mins => ${spanMinutes})` };
  await tx
    .insert(sendingCaps)
    .values({ tenantId, ...values })
    .onConflictDoUpdate({ target: [sendingCaps.tenantId, sendingCaps.capKey], set: values });
}

export async function removeSendingCap(tx: TenantTransaction, tenantId: TenantId, capKey: string): Promise<void> {
  await tx.delete(sendingCaps).where(and(eq(sendingCaps.tenantId, tenantId), eq(sendingCaps.capKey, capKey)));
}

export function listSendingCaps(tx: TenantTransaction, tenantId: TenantId): Promise<SendingCap[]> {
  return tx
    .select({
      capKey: sendingCaps.capKey,
      channel: sendingCaps.channel,
      most: sendingCaps.most,
      spanMinutes: sql<number>`(extract(epoch from ${sendingCaps.span}) / 60)::integer`,
      priority: sendingCaps.priority,
    })
    .from(sendingCaps)
    .where(eq(sendingCaps.tenantId, tenantId))
    .orderBy(asc(sendingCaps.capKey));
}

/** Who is over a cap: the place in the list that was asked for, the cap, and from when on one message more fits. */
export type OverCap = { readonly place: number; readonly capKey: string; readonly until: Date };

export type Spending = {
  readonly userIds: readonly string[];
  readonly channel: MessageChannel;
  readonly at: Date;
  /** Higher ones pass the caps of lower ones, and still count. */
  readonly priority?: number;
};

/** Takes a place under the caps for a message to each; gives those who are over one. Everybody else is counted as sent to at `at`. */
export async function spendCap(
  { pool }: Pick<Database, 'pool'>,
  tenantId: TenantId,
  { userIds, channel, at, priority = 0 }: Spending,
): Promise<OverCap[]> {
  const { rows } = await pool.query<OverCap>(
    'select place - 1 as place, cap_key as "capKey", until from spend_cap($1, $2, $3, $4, $5) order by place',
    [tenantId, userIds, channel, at, priority],
  );
  return rows;
}

/** Gives back the places of messages that were not sent after all, each by the moment at which it was taken. */
export async function refundCap(
  { pool }: Pick<Database, 'pool'>,
  tenantId: TenantId,
  channel: MessageChannel,
  places: readonly { readonly userId: string; readonly at: Date }[],
): Promise<void> {
  await pool.query('select refund_cap($1, $2, $3, $4)', [
    tenantId,
    places.map(({ userId }) => userId),
    channel,
    places.map(({ at }) => at),
  ]);
}
