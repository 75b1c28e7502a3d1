import { sql } from 'drizzle-orm';
import type { TenantId } from '../../core/ids.js';
import type { PhoneChannel } from '../../core/message/phone-message.js';
import type { ReplyWish } from '../../core/message/reply-wish.js';
import type { Database, TenantTransaction } from '../client.js';

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

/** Of a reply that may be a stop: what it was. */
export type Verdict = 'stop' | 'none';

/** Says what a reply was that may be a stop. The first verdict counts, and is given; nothing where there is no such reply. */
export async function judgeReply(
  { pool }: Pick<Database, 'pool'>,
  tenantId: TenantId,
  { replyId, verdict, by, at }: { readonly replyId: number; readonly verdict: Verdict; readonly by: string; readonly at: Date },
): Promise<Verdict | undefined> {
  const { rows } = await pool.query<{ judged: Verdict }>('select judged from judge_reply($1, $2, $3, $4, $5)', [
    tenantId,
    replyId,
    verdict,
    by,
    at,
  ]);
  return rows[0]?.judged;
}

/** A reply as it is kept: with whose and to what, where that is known. */
export type ReplyRow = {
  readonly replyId: number;
  readonly providerId: string;
  readonly channel: PhoneChannel | 'social';
  readonly userId: string | null;
  readonly asks: ReplyWish | null;
  readonly verdict: Verdict | null;
  readonly sealed: Buffer;
  readonly receivedAt: string;
  readonly campaignKey: string | null;
  readonly stepKey: number | null;
};

/** What people have written, the latest first, before the reply `before`; of all or of one, or only those to be judged. */
export async function listReplies(
  tx: TenantTransaction,
  tenantId: TenantId,
  {
    userId,
    toReview,
    before,
    limit,
  }: { readonly userId: string | undefined; readonly toReview: boolean; readonly before: number | undefined; readonly limit: number },
): Promise<ReplyRow[]> {
  const { rows } = await tx.execute<ReplyRow>(sql`
    select r.reply_id::float8 as "replyId", r.provider_id as "providerId", r.channel, r.user_id as "userId", r.asks, r.judged as verdict, r.sealed,
      r.received_at as "receivedAt", c.campaign_key as "campaignKey", m.step_key as "stepKey"
    from replies r
    left join messages m on m.tenant_id = r.tenant_id and m.message_id = r.message_id
    left join outreach_campaigns c on c.tenant_id = r.tenant_id and c.id = m.campaign_id
    where r.tenant_id = ${tenantId} and (${userId ?? null}::text is null or r.user_id = ${userId ?? null})
      and (not ${toReview} or r.asks = 'maybe_stop' and r.judged is null)
      and (${before ?? null}::float8 is null or r.reply_id < ${before ?? null}::float8)
    order by r.reply_id desc limit ${limit}`);
  return rows;
}
