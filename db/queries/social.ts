import { sql } from 'drizzle-orm';
import type { TenantId } from '../../core/ids.js';
import type { ReplyWish } from '../../core/message/reply-wish.js';
import { COMMENT_MS, WINDOW_MS, type SocialProvider } from '../../core/message/social-message.js';
import type { Database, TenantTransaction } from '../client.js';
import type { TakenReply } from './replies.js';
import type { BegunMessage } from './send-ledger.js';

type Ledger = Pick<Database, 'pool'>;

/** Over which network a claimed message goes, and whether anything may be said; `commentId` where it answers that comment. */
export type SocialWindow = {
  readonly messageId: number;
  readonly provider: SocialProvider;
  readonly commentId: string | null;
  readonly isOpen: boolean;
};

/** Asks of messages that are about to be sent. One that has no contact of this address any more is left out. */
export async function readWindows(
  { pool }: Ledger,
  tenantId: TenantId,
  {
    claimed,
    since,
    commentedSince,
  }: {
    readonly claimed: readonly { readonly messageId: number; readonly address: string }[];
    readonly since: Date;
    readonly commentedSince: Date;
  },
): Promise<readonly SocialWindow[]> {
  const { rows } = await pool.query<SocialWindow>(
    `select message_id::float8 as "messageId", provider, comment_id as "commentId", is_open as "isOpen"
     from open_windows($1, $2, $3, $4, $5) where provider is not null`,
    [tenantId, claimed.map(({ messageId }) => messageId), claimed.map(({ address }) => address), since, commentedSince],
  );
  return rows;
}

/** Says of messages that were claimed under a call that nothing may be said to their recipients: they are suppressed. */
export async function closeWindows(
  { pool }: Ledger,
  tenantId: TenantId,
  { callId, messageIds }: { readonly callId: string; readonly messageIds: readonly number[] },
): Promise<void> {
  await pool.query('select close_windows($1, $2, $3)', [tenantId, callId, messageIds]);
}

/** A message that is about to be sent; where it answers a comment, no other message ever does. */
export type SocialCall = {
  readonly callId: string;
  readonly messageId: number;
  readonly said: Buffer;
  readonly commentId: string | null;
};

/** As `beginTexts`, of messages over one network. */
export async function beginSocials(
  { pool }: Ledger,
  tenantId: TenantId,
  { provider, calls }: { readonly provider: SocialProvider; readonly calls: readonly SocialCall[] },
  { addressKey, at }: { readonly addressKey: Buffer; readonly at: Date },
): Promise<readonly BegunMessage[]> {
  const { rows } = await pool.query<BegunMessage>(
    `select message_id::float8 as "messageId", status, reason, due_at as "dueAt" from begin_socials($1, $2, $3, $4, $5, $6, $7, $8)`,
    [
      tenantId,
      calls.map(({ callId }) => callId),
      calls.map(({ messageId }) => messageId),
      addressKey,
      at,
      calls.map(({ said }) => said),
      provider,
      calls.map(({ commentId }) => commentId),
    ],
  );
  return rows;
}

/** What somebody has written to an account, with its text sealed. */
export type SocialReply = {
  readonly provider: SocialProvider;
  readonly providerId: string;
  readonly from: string;
  readonly quotes: string | undefined;
  readonly asks: ReplyWish | undefined;
  readonly sealed: Buffer;
  readonly at: Date;
};

/** As `takeReply`. Whoever has written may be answered from then on, and is a user of the tenant's. */
export async function takeSocialReply(
  { pool }: Ledger,
  tenantId: TenantId,
  { provider, providerId, from, quotes, asks, sealed, at }: SocialReply,
  addressKey: Buffer,
): Promise<TakenReply> {
  const { rows } = await pool.query<TakenReply>(
    `select is_new as "isNew", message_id::float8 as "messageId", user_id as "userId"
     from take_social_reply($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
    [tenantId, provider, providerId, addressKey, from, quotes ?? null, asks ?? null, sealed, at],
  );
  const [taken] = rows;
  if (!taken) throw new Error('nothing became of the reply');
  return taken;
}

/** Notes a comment, so that a message can answer it. Gives the user who has written it. */
export async function takeComment(
  { pool }: Ledger,
  tenantId: TenantId,
  comment: { readonly provider: SocialProvider; readonly commentId: string; readonly from: string; readonly at: Date },
): Promise<string> {
  const { provider, commentId, from, at } = comment;
  const { rows } = await pool.query<{ id: string }>('select take_comment($1, $2, $3, $4, $5) as id', [
    tenantId,
    provider,
    commentId,
    from,
    at,
  ]);
  const [found] = rows;
  if (!found) throw new Error('nobody has commented');
  return found.id;
}

export type KnownMessage = { readonly messageId: number; readonly sid: string };

/** The messages that a network knows by these ids. */
export async function findSocialMessages({ pool }: Ledger, tenantId: TenantId, sids: readonly string[]): Promise<readonly KnownMessage[]> {
  const { rows } = await pool.query<KnownMessage>('select message_id::float8 as "messageId", sid from find_social_messages($1, $2)', [
    tenantId,
    sids,
  ]);
  return rows;
}

/** The messages to somebody that were sent by then and not read yet. */
export async function findUnread(
  { pool }: Ledger,
  tenantId: TenantId,
  { addressKey, address, until }: { readonly addressKey: Buffer; readonly address: string; readonly until: Date },
): Promise<readonly KnownMessage[]> {
  const { rows } = await pool.query<KnownMessage>('select message_id::float8 as "messageId", sid from find_unread($1, $2, $3, $4)', [
    tenantId,
    addressKey,
    address,
    until,
  ]);
  return rows;
}

/** The one message to somebody that says this, of which it is not known whether the network has it. */
export async function findEchoed(
  { pool }: Ledger,
  tenantId: TenantId,
  echo: { readonly addressKey: Buffer; readonly address: string; readonly said: Buffer; readonly since: Date },
): Promise<number | undefined> {
  const { rows } = await pool.query<{ id: number }>('select message_id::float8 as id from find_echoed($1, $2, $3, $4, $5)', [
    tenantId,
    echo.addressKey,
    echo.address,
    echo.said,
    echo.since,
  ]);
  return rows[0]?.id;
}

/** How many members of a segment have an address on a network and could be told nothing at this moment. */
export async function countClosedWindows(
  tx: TenantTransaction,
  { tenantId, segmentId }: { readonly tenantId: string; readonly segmentId: number | null },
  nowMs: number,
): Promise<number> {
  const [since, commented] = [WINDOW_MS, COMMENT_MS].map((ms) => new Date(nowMs - ms).toISOString());
  const { rows } = await tx.execute<{ users: number }>(sql`
    with addresses as (
      select m.user_id, c.provider, c.address, coalesce(c.heard_at > ${since}::timestamptz, false) as is_open
      from segment_membership m
      join contacts c on c.tenant_id = ${tenantId} and c.user_id = m.user_id and c.channel = 'social' and is_social_address(c.provider, c.address)
      where m.tenant_id = ${tenantId} and m.segment_id = ${segmentId})
    select count(distinct a.user_id)::float8 - count(distinct a.user_id) filter (where a.is_open or k.comment_id is not null)::float8 as users
    from addresses a
    left join social_comments k on k.tenant_id = ${tenantId} and k.provider = a.provider and k.address = a.address and k.message_id is null
      and k.commented_at > ${commented}::timestamptz`);
  return rows[0]?.users ?? 0;
}
