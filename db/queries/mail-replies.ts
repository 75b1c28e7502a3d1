import type { TenantId } from '../../core/ids.js';
import type { Database } from '../client.js';

/** A mail that somebody has written back, with its text sealed. */
export type MailReply = {
  /** The message of ours that it answers. */
  readonly messageId: number;
  readonly providerId: string;
  readonly from: string;
  readonly isAuthentic: boolean;
  readonly isAutomatic: boolean;
  readonly asks: 'stop' | 'maybe_stop' | undefined;
  readonly sealed: Buffer;
  readonly addressKey: Buffer;
  readonly at: Date;
};

/**
 * Takes a mail once. Where it comes from whom the message went to, its journey hears of it, and who asks for no more gets no more; else people
 * look at it. What a program has written is kept and is no engagement. False: there is no such message, or nobody any more whose it was.
 */
export async function takeMailReply({ pool }: Pick<Database, 'pool'>, tenantId: TenantId, reply: MailReply): Promise<boolean> {
  const { messageId, providerId, from, isAuthentic, isAutomatic, asks, sealed, addressKey, at } = reply;
  const { rows } = await pool.query<{ taken: boolean }>('select take_mail_reply($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) as taken', [
    tenantId,
    messageId,
    providerId,
    addressKey,
    from,
    isAuthentic,
    isAutomatic,
    asks ?? null,
    sealed,
    at,
  ]);
  return rows[0]?.taken === true;
}
