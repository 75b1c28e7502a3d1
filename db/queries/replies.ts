import { sql } from 'drizzle-orm';
import type { TenantId } from '../../core/ids.js';
import type { PhoneChannel } from '../../core/message/phone-message.js';
import type { ReplyWish } from '../../core/message/reply-wish.js';
import type { Database, TenantTransaction } from '../client.js';
import type { MessageStatus } from './send-ledger.js';

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

/** What a rule may answer: the rules that fit, the best first, and where to. */
export type Answering = { readonly rules: readonly number[]; readonly said: Buffer; readonly sealedTo: Buffer; readonly sealId: string };

export type TakenReply = {
  readonly isNew: boolean;
  readonly messageId: number | null;
  readonly userId: string | null;
  /** The rule that fits, and why it does not answer all the same. */
  readonly ruleId: number | null;
  readonly heldBecause: HeldBecause | null;
};

/** Why no rule answers: the writer has left, or may be a robot. */
export const heldReasons = ['opted out', 'too quick', 'repeated', 'capped'] as const;
export type HeldBecause = (typeof heldReasons)[number];

/** Takes a reply once: its journey hears of it, who asks for no more gets no more, and where a rule answers it, its answer is to be sent. */
export async function takeReply(
  { pool }: Pick<Database, 'pool'>,
  tenantId: TenantId,
  { provider, providerId, channel, from, quotes, asks, sealed, at }: Reply,
  addressKey: Buffer,
  { rules, said, sealedTo, sealId }: Answering,
): Promise<TakenReply> {
  const { rows } = await pool.query<TakenReply>(
    `select is_new as "isNew", message_id::float8 as "messageId", user_id as "userId", rule_id::float8 as "ruleId", held_because as "heldBecause"
     from take_answerable_reply($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)`,
    [tenantId, provider, providerId, channel, addressKey, from, quotes ?? null, asks ?? null, sealed, at, said, rules, sealedTo, sealId],
  );
  const [taken] = rows;
  if (!taken) throw new Error('nothing became of the reply');
  return taken;
}

/** Of a reply that may be a stop, or that somebody else may have written: what it was. */
export type Verdict = 'stop' | 'none';

/** Says what such a reply was. The first verdict counts, and is given; nothing where there is no such reply. */
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
  readonly channel: PhoneChannel | 'email' | 'social';
  readonly isAutomatic: boolean;
  readonly isTrusted: boolean;
  readonly userId: string | null;
  readonly asks: ReplyWish | null;
  readonly verdict: Verdict | null;
  readonly sealed: Buffer;
  readonly receivedAt: string;
  readonly campaignKey: string | null;
  readonly stepKey: number | null;
  /** The rule that fits it; why it did not answer, or what became of its answer. */
  readonly ruleId: number | null;
  readonly heldBecause: HeldBecause | null;
  readonly answerStatus: MessageStatus | null;
  readonly answerReason: string | null;
};

/** What people have written, the latest first, before the reply `before`; of all or of one, only those to be judged, or those that no rule has answered. */
export async function listReplies(
  tx: TenantTransaction,
  tenantId: TenantId,
  {
    userId,
    toReview,
    toAnswer,
    before,
    limit,
  }: {
    readonly userId: string | undefined;
    readonly toReview: boolean;
    readonly toAnswer: boolean;
    readonly before: number | undefined;
    readonly limit: number;
  },
): Promise<ReplyRow[]> {
  const { rows } = await tx.execute<ReplyRow>(sql`
    select r.reply_id::float8 as "replyId", r.provider_id as "providerId", r.channel, r.user_id as "userId", r.asks, r.judged as verdict, r.sealed,
      r.received_at as "receivedAt", c.campaign_key as "campaignKey", m.step_key as "stepKey", r.rule_id::float8 as "ruleId",
      r.held_because as "heldBecause", r.is_automatic as "isAutomatic", r.is_trusted as "isTrusted", a.status as "answerStatus", a.reason as "answerReason"
    from replies r
    left join lateral (
      select o.status, o.reason from answers s
      join messages o on o.tenant_id = s.tenant_id and o.message_id = s.message_id
      where s.reply_id = r.reply_id and s.tenant_id = r.tenant_id limit 1) a on true
    left join messages m on m.tenant_id = r.tenant_id and m.message_id = r.message_id
    left join outreach_campaigns c on c.tenant_id = r.tenant_id and c.id = m.campaign_id
    where r.tenant_id = ${tenantId} and (${userId ?? null}::text is null or r.user_id = ${userId ?? null})
      and (not ${toReview} or (r.asks = 'maybe_stop' or not r.is_trusted) and r.judged is null)
      and (not ${toAnswer} or (r.asks is null or r.asks = 'help') and not r.is_automatic and (a.status is null or a.status in ('failed', 'suppressed')))
      and (${before ?? null}::float8 is null or r.reply_id < ${before ?? null}::float8)
    order by r.reply_id desc limit ${limit}`);
  return rows;
}
