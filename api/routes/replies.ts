import { z } from 'zod';
import type { TenantId } from '../../core/ids.js';
import { openText } from '../../core/message/sealed-text.js';
import type { Database } from '../../db/client.js';
import { resolveUser } from '../../db/queries/campaign-journeys.js';
import { listReplies, type ReplyRow } from '../../db/queries/replies.js';
import { cutPage, decodeCursor } from '../cursors.js';
import { page, PageQuery, Timestamp, UserIdField } from '../fields.js';
import { defineRoute, type Route } from '../route.js';
import { numberAt } from './campaign-journeys.js';

const Reply = z.object({
  reply_id: z.string(),
  channel: z.enum(['sms', 'whatsapp']),
  user_id: z.string().nullable().describe('Null where nobody is known by the number.'),
  answers: z.object({ campaign_id: z.string(), step_key: z.int() }).nullable().describe('The message of ours that it answers.'),
  asks: z.enum(['stop', 'start', 'help']).nullable().describe('A stop and a start have been obeyed.'),
  text: z.string().nullable().describe('Null where it was sealed under another LEDGER_KEY.'),
  received_at: Timestamp,
});

type Dependencies = { readonly database: Database; readonly ledgerKey?: Buffer | undefined };

/** What people have written back, for those who answer them. */
export function createReplyRoutes({ database, ledgerKey }: Dependencies): readonly Route[] {
  return [
    defineRoute({
      method: 'get',
      path: '/v1/replies',
      tag: 'Replies',
      summary: 'List what people wrote back by SMS and WhatsApp, the latest first',
      description: 'Kept encrypted, and opened for a key with this scope alone.',
      scope: 'replies:read',
      query: PageQuery.extend({ user_id: UserIdField.optional() }),
      responses: { 200: page(Reply).describe('A page of replies.') },
    }).handledBy(async ({ tenantId, query: { limit, cursor, user_id: asked } }) => {
      const before = cursor === undefined ? undefined : decodeCursor('replies', cursor, numberAt);
      return database.withTenant(tenantId, async (tx) => {
        const userId = asked === undefined ? undefined : await resolveUser(tx, tenantId, asked);
        const rows = await listReplies(tx, tenantId, { userId, before, limit: limit + 1 });
        const { items, next_cursor } = cutPage('replies', rows, limit, ({ replyId }) => String(replyId));
        return { status: 200, body: { items: items.map((row) => replyOf(row, tenantId, ledgerKey)), next_cursor } };
      });
    }),
  ];
}

function replyOf(row: ReplyRow, tenantId: TenantId, ledgerKey: Buffer | undefined): z.input<typeof Reply> {
  const { replyId, providerId, channel, userId, asks, sealed, receivedAt, campaignKey, stepKey } = row;
  return {
    reply_id: String(replyId),
    channel,
    user_id: userId,
    answers: campaignKey !== null && stepKey !== null ? { campaign_id: campaignKey, step_key: stepKey } : null,
    asks,
    text: (ledgerKey && openText(ledgerKey, { tenantId, providerId }, sealed)) ?? null,
    received_at: new Date(receivedAt),
  };
}
