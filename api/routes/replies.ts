import { z } from 'zod';
import { DomainError } from '../../core/errors.js';
import type { TenantId } from '../../core/ids.js';
import { openText } from '../../core/message/sealed-text.js';
import type { Database } from '../../db/client.js';
import { resolveUser } from '../../db/queries/campaign-journeys.js';
import { heldReasons, judgeReply, listReplies, type ReplyRow } from '../../db/queries/replies.js';
import { messageStatuses } from '../../db/queries/send-ledger.js';
import { cutPage, decodeCursor } from '../cursors.js';
import { page, PageQuery, parsedBy, Timestamp, UserIdField } from '../fields.js';
import { defineRoute, type Route } from '../route.js';
import { numberAt } from './campaign-journeys.js';

const Reply = z.object({
  reply_id: z.string(),
  channel: z.enum(['sms', 'whatsapp', 'email', 'social']),
  user_id: z.string().nullable().describe('Null where nobody is known by the number or address.'),
  answers: z.object({ campaign_id: z.string(), step_key: z.int() }).nullable().describe('The message of ours that it answers.'),
  asks: z
    .enum(['stop', 'start', 'help', 'maybe_stop'])
    .nullable()
    .describe('A stop and a start have been obeyed. After what may be a stop nothing is sent to the number until it was judged.'),
  is_automatic: z.boolean().describe('A program has written it: an absence note, a bounce.'),
  is_trusted: z.boolean().describe('False: somebody else may have written it, and it has changed nothing.'),
  verdict: z.enum(['stop', 'none']).nullable().describe('Of what may be a stop: what somebody found who has looked at it.'),
  rule_id: z.string().nullable().describe('The rule that fits it (/v1/reply-rules).'),
  answer: z
    .object({ status: z.enum(messageStatuses), reason: z.string().nullable() })
    .nullable()
    .describe('What became of the answer of the rule: a status of the ledger.'),
  held_because: z.enum(heldReasons).nullable().describe('Why the rule did not answer: who wrote has left, or may be a robot.'),
  text: z.string().nullable().describe('Null where it was sealed under another LEDGER_KEY.'),
  received_at: Timestamp,
});

const ReplyParams = z.object({ reply_id: parsedBy(numberAt, z.string().meta({ maxLength: 15 })) });
const Verdict = z.strictObject({
  verdict: z.enum(['stop', 'none']).describe('`stop`: no more messages; `none`: it asked for no such thing.'),
});

type Dependencies = { readonly database: Database; readonly ledgerKey?: Buffer | undefined; readonly now: () => Date };

/** What people have written back, for those who answer them. */
export function createReplyRoutes({ database, ledgerKey, now }: Dependencies): readonly Route[] {
  return [
    defineRoute({
      method: 'get',
      path: '/v1/replies',
      tag: 'Replies',
      summary: 'List what people wrote back, on all channels, the latest first',
      description: 'Kept encrypted, and opened for a key with this scope alone.',
      scope: 'replies:read',
      query: PageQuery.extend({
        user_id: UserIdField.optional(),
        to_answer: z.stringbool().optional().describe('Only what no rule has answered, stops and starts apart: what is left for people.'),
        to_review: z.stringbool().optional().describe('Only what may be a stop, or may be from somebody else, and was not judged yet.'),
      }),
      responses: { 200: page(Reply).describe('A page of replies.') },
    }).handledBy(async ({ tenantId, query }) => {
      const { limit, cursor, user_id: asked, to_review: toReview = false, to_answer: toAnswer = false } = query;
      const before = cursor === undefined ? undefined : decodeCursor('replies', cursor, numberAt);
      return database.withTenant(tenantId, async (tx) => {
        const userId = asked === undefined ? undefined : await resolveUser(tx, tenantId, asked);
        const rows = await listReplies(tx, tenantId, { userId, toReview, toAnswer, before, limit: limit + 1 });
        const { items, next_cursor } = cutPage('replies', rows, limit, ({ replyId }) => String(replyId));
        return { status: 200, body: { items: items.map((row) => replyOf(row, tenantId, ledgerKey)), next_cursor } };
      });
    }),
    defineRoute({
      method: 'put',
      path: '/v1/replies/{reply_id}/verdict',
      tag: 'Replies',
      summary: 'Say whether a reply that may be a stop is one',
      description: 'The first verdict counts. Until there is one, nothing is sent to the number that the reply came from.',
      scope: 'consent:write',
      params: ReplyParams,
      body: Verdict,
      responses: { 200: z.object({ verdict: z.enum(['stop', 'none']) }).describe('The verdict that counts.') },
    }).handledBy(async ({ tenantId, keyId, params, body }) => {
      const verdict = await judgeReply(database, tenantId, { replyId: params.reply_id, verdict: body.verdict, by: keyId, at: now() });
      if (!verdict) throw new DomainError('not_found', 'there is no such reply to be judged');
      return { status: 200, body: { verdict } };
    }),
  ];
}

function replyOf(row: ReplyRow, tenantId: TenantId, ledgerKey: Buffer | undefined): z.input<typeof Reply> {
  const { replyId, providerId, channel, userId, asks, verdict, sealed, receivedAt, campaignKey, stepKey } = row;
  const { ruleId, answerStatus, answerReason, heldBecause, isAutomatic, isTrusted } = row;
  return {
    reply_id: String(replyId),
    channel,
    user_id: userId,
    answers: campaignKey !== null && stepKey !== null ? { campaign_id: campaignKey, step_key: stepKey } : null,
    asks,
    is_automatic: isAutomatic,
    is_trusted: isTrusted,
    verdict,
    rule_id: ruleId === null ? null : String(ruleId),
    answer: answerStatus && { status: answerStatus, reason: answerReason },
    held_because: heldBecause,
    text: (ledgerKey && openText(ledgerKey, { tenantId, providerId }, sealed)) ?? null,
    received_at: new Date(receivedAt),
  };
}
