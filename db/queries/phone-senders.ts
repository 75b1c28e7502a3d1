import { eq } from 'drizzle-orm';
import { parseTenantId, type TenantId } from '../../core/ids.js';
import type { PhoneChannel, PhoneSender } from '../../core/message/phone-message.js';
import type { Database, TenantTransaction } from '../client.js';
import { phoneSenders } from '../tables/phone.js';

export type PhoneSenderRow = typeof phoneSenders.$inferSelect;
export type PhoneSenders = Pick<PhoneSenderRow, 'smsNumber' | 'smsService' | 'whatsappNumber'>;

/** The tenant's senders of texts; nothing before they were set, and then no text can be sent. */
export async function findPhoneSenders(tx: TenantTransaction, tenantId: TenantId): Promise<PhoneSenderRow | undefined> {
  const rows = await tx.select().from(phoneSenders).where(eq(phoneSenders.tenantId, tenantId));
  return rows[0];
}

/** Sets them. A number of another tenant's breaks the row's uniqueness. */
export async function putPhoneSenders(tx: TenantTransaction, tenantId: TenantId, senders: PhoneSenders, at: Date): Promise<PhoneSenderRow> {
  const values = { ...senders, updatedAt: at };
  const rows = await tx
    .insert(phoneSenders)
    .values({ tenantId, ...values })
    .onConflictDoUpdate({ target: phoneSenders.tenantId, set: values })
    .returning();
  const [row] = rows;
  if (!row) throw new Error('the row of the senders was not written');
  return row;
}

/** What a channel's messages come from; nothing where the tenant has no sender on it. */
export function senderOn(channel: PhoneChannel, senders: PhoneSenders | undefined): PhoneSender | undefined {
  if (senders === undefined) return undefined;
  const { smsNumber, smsService, whatsappNumber } = senders;
  if (channel === 'sms' && smsService !== null) return { kind: 'service', serviceSid: smsService };
  const number = channel === 'sms' ? smsNumber : whatsappNumber;
  return number === null ? undefined : { kind: 'number', number };
}

/** Whose sender somebody has written to. */
export async function findPhoneTenant(
  { pool }: Pick<Database, 'pool'>,
  to: { readonly channel: PhoneChannel; readonly number: string; readonly serviceSid: string | undefined },
): Promise<TenantId | undefined> {
  const { rows } = await pool.query<{ id: string }>('select tenant_id as id from find_phone_tenant($1, $2, $3)', [
    to.channel,
    to.number,
    to.serviceSid ?? null,
  ]);
  return rows[0] && parseTenantId(rows[0].id);
}
