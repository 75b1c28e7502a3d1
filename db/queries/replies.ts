import type { TenantId } from '../../core/ids.js';
import type { PhoneChannel } from '../../core/message/phone-message.js';
import type { ReplyWish } from '../../core/message/reply-wish.js';
import type { Database } from '../client.js';

/** What somebody has written, with its text sealed. */
export type Reply = {
  readonly provider: string;
  readonly providerId: string;
  readonly channel: PhoneChannel;
  readonly from: string;
  /** The provider's id of the message that it quotes. */
  readonly quotes: string | undefined;
  readonly asks: ReplyWish | undefined;
  readonly sealed: Buffer;
  readonly at: Date;
};

export type TakenReply = { readonly isNew: boolean; readonly messageId: number | null; readonly userId: string | null };

/** Takes a reply once: its journey hears of it, and who asks for no more gets no more. */
export async function takeReply(
  { pool }: Pick<Database, 'pool'>,
  tenantId: TenantId,
  { provider, providerId, channel, from, quotes, asks, sealed, at }: Reply,
  addressKey: Buffer,
): Promise<TakenReply> {
  const { rows } = await pool.query<TakenReply>(
    `select is_new as "isNew", message_id::float8 as "messageId", user_id as "userId"
     from take_reply($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
    [tenantId, provider, providerId, channel, addressKey, from, quotes ?? null, asks ?? null, sealed, at],
  );
  const [taken] = rows;
  if (!taken) throw new Error('nothing became of the reply');
  return taken;
}
