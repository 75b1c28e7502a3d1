import { z } from 'zod';
import { DomainError } from '../../core/errors.js';
import { parseEmail } from '../../core/event/contacts.js';
import type { Database } from '../../db/client.js';
import { findEmailSender, putEmailSender, type EmailSenderRow } from '../../db/queries/email-senders.js';
import { parsedBy, storableText, Timestamp } from '../fields.js';
import { defineRoute, type Route } from '../route.js';

const Address = parsedBy(
  (text) => {
    const address = parseEmail(text);
    if (address === undefined) throw new RangeError('not an e-mail address');
    return address;
  },
  z.string().meta({ maxLength: 254, description: 'An e-mail address.' }),
);

const line = (maxChars: number) =>
  storableText(1, maxChars).refine((text) => text.trim() !== '' && !/\p{Cc}/u.test(text), 'text in one line is expected');

const SenderBody = z.strictObject({
  from_email: Address.describe('What mail comes from. Its domain must be verified with the provider.'),
  from_name: line(100).describe('The name beside it.'),
  reply_to: Address.nullable().default(null).describe('Where replies arrive, when not at from_email.'),
  brand_name: line(100).describe('As the mails say it.'),
  brand_url: z
    .url({ protocol: /^https$/ })
    .max(500)
    .nullable()
    .default(null)
    .describe('Where the buttons of the starters lead; without it they have none.'),
  postal_address: line(300).describe('In one line, as the law of many countries wants it in marketing mail.'),
});

const Sender = z.object({
  from_email: z.string(),
  from_name: z.string(),
  reply_to: z.string().nullable(),
  brand_name: z.string(),
  brand_url: z.string().nullable(),
  postal_address: z.string(),
  updated_at: Timestamp,
});

const senderOf = (row: EmailSenderRow): z.input<typeof Sender> => ({
  from_email: row.fromEmail,
  from_name: row.fromName,
  reply_to: row.replyTo,
  brand_name: row.brandName,
  brand_url: row.brandUrl,
  postal_address: row.postalAddress,
  updated_at: row.updatedAt,
});

export function createEmailSenderRoutes({ database, now }: { readonly database: Database; readonly now: () => Date }): readonly Route[] {
  return [
    defineRoute({
      method: 'get',
      path: '/v1/email-sender',
      tag: 'Templates',
      summary: 'Show in whose name mail is sent',
      scope: 'read',
      responses: { 200: Sender.describe('The sender.') },
    }).handledBy(async ({ tenantId }) => {
      const row = await database.withTenant(tenantId, (tx) => findEmailSender(tx, tenantId));
      if (!row) throw new DomainError('not_found', 'no sender was set yet: PUT one here, without it no mail is sent');
      return { status: 200, body: senderOf(row) };
    }),
    defineRoute({
      method: 'put',
      path: '/v1/email-sender',
      tag: 'Templates',
      summary: 'Say in whose name mail is sent',
      scope: 'templates:write',
      body: SenderBody,
      responses: { 200: Sender.describe('The sender as it is now.') },
    }).handledBy(async ({ tenantId, body }) => {
      const sender = {
        fromEmail: body.from_email,
        fromName: body.from_name.trim(),
        replyTo: body.reply_to,
        brandName: body.brand_name.trim(),
        brandUrl: body.brand_url,
        postalAddress: body.postal_address.trim(),
      };
      const row = await database.withTenant(tenantId, (tx) => putEmailSender(tx, tenantId, sender, now()));
      return { status: 200, body: senderOf(row) };
    }),
  ];
}
