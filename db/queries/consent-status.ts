import { sql } from 'drizzle-orm';
import type { ConsentBasis, ConsentState } from '../../core/consent/consent.js';
import type { MessageChannel } from '../../core/consent/quiet-hours.js';
import type { TenantId } from '../../core/ids.js';
import type { TenantTransaction } from '../client.js';

/** What an address has said of a topic, as it holds now. */
export type TopicState = {
  readonly topic: string;
  readonly state: ConsentState;
  readonly basis: ConsentBasis | null;
  readonly saidAt: Date | null;
};

export type AddressStatus = {
  readonly addressHash: Buffer;
  /** Why nothing is sent to the address at all: it unsubscribed, complained, or could not be reached. */
  readonly suppressed: string | null;
  readonly topics: readonly TopicState[];
};

type Asked = { readonly channel: MessageChannel; readonly address: string };

/** What is known of an address, whoever it belongs to. */
export async function readAddressStatus(
  tx: TenantTransaction,
  tenantId: TenantId,
  { channel, address, addressKey }: Asked & { readonly addressKey: Buffer },
): Promise<AddressStatus> {
  const { rows } = await tx.execute<{ hash: Buffer; suppressed: string | null }>(
    sql`select h.hash, s.reason as suppressed
        from (select hash_address(${addressKey}, ${tenantId}, ${channel}, ${address}) as hash) h
        left join suppressions s on s.tenant_id = ${tenantId} and s.channel = ${channel} and s.address_hash = h.hash`,
  );
  const [row] = rows;
  if (!row) throw new Error('a row was expected');
  return { addressHash: row.hash, suppressed: row.suppressed, topics: await topicsOf(tx, tenantId, channel, row.hash) };
}

type TopicRow = Omit<TopicState, 'saidAt'> & { readonly saidMs: number | null };

async function topicsOf(tx: TenantTransaction, tenantId: TenantId, channel: MessageChannel, hash: Buffer): Promise<TopicState[]> {
  const { rows } = await tx.execute<TopicRow>(
    sql`select topic, state, basis, extract(epoch from said_at)::float8 * 1000 as "saidMs" from consents
        where tenant_id = ${tenantId} and channel = ${channel} and address_hash = ${hash} and state is not null order by topic`,
  );
  return rows.map(({ saidMs, ...topic }) => ({ ...topic, saidAt: saidMs === null ? null : new Date(saidMs) }));
}

/** Where messages to a user go on a channel, and whether one about a topic may. */
export type ChannelStatus = AddressStatus & {
  readonly channel: MessageChannel;
  readonly address: string;
  /** What an import has said of the contact. */
  readonly contactConsent: 'granted' | 'denied' | null;
  /** Why nothing would be sent; null where something would. */
  readonly because: string | null;
};

type ChannelRow = Pick<ChannelStatus, 'channel' | 'address' | 'contactConsent' | 'because'>;

/** Judges a user as a claim does, on each channel on which they have an address. */
export async function readUserStatus(
  tx: TenantTransaction,
  tenantId: TenantId,
  { userId, topic, addressKey }: { readonly userId: string; readonly topic: string; readonly addressKey: Buffer },
): Promise<ChannelStatus[]> {
  const { rows } = await tx.execute<ChannelRow>(
    sql`select o.channel, a.address, a.consent as "contactConsent", j.because
        from (
          select channel from contacts where tenant_id = ${tenantId} and user_id = ${userId} union select 'in_app' union select 'push') o
        cross join lateral address_of(${tenantId}, o.channel, ${userId}) a
        cross join lateral topic_rules(${tenantId}, ${topic}, o.channel) t
        cross join lateral judge_address(${addressKey}, ${tenantId}, o.channel, ${userId}, ${topic}, t.needs_yes, t.needs_confirmation) j
        order by o.channel`,
  );
  const found: ChannelStatus[] = [];
  for (const row of rows) found.push({ ...row, ...(await readAddressStatus(tx, tenantId, { ...row, addressKey })) });
  return found;
}
