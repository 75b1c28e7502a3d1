import { z } from 'zod';
import { parseEmail } from '../../core/event/contacts.js';
import type { Database } from '../../db/client.js';
import { findEmailSender, putEmailSender, type EmailSenderRow } from '../../db/queries/email-senders.js';
import { parsedBy, storableText, Timestamp } from '../fields.js';
import type { Route } from '../route.js';
import { createSenderRoutes } from './senders.js';

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
  inbound_domain: z
    .string()
    .max(190)
    .regex(/^(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}$/, 'a domain in small letters is expected: reply.example.com')
    .nullable()
    .default(null)
    .describe(
      'A domain whose mail SendGrid posts to us: replies are asked there, each with the token of its message. Goes before reply_to.',
    ),
  postal_address: line(300).describe('In one line, as the law of many countries wants it in marketing mail.'),
});

const Sender = z.object({
  from_email: z.string(),
  from_name: z.string(),
  reply_to: z.string().nullable(),
  brand_name: z.string(),
  brand_url: z.string().nullable(),
  postal_address: z.string(),
  inbound_domain: z.string().nullable(),
  updated_at: Timestamp,
});

const senderOf = (row: EmailSenderRow): z.input<typeof Sender> => ({
  from_email: row.fromEmail,
  from_name: row.fromName,
  reply_to: row.replyTo,
  brand_name: row.brandName,
  brand_url: row.brandUrl,
  postal_address: row.postalAddress,
  inbound_domain: row.inboundDomain,
  updated_at: row.updatedAt,
});

export const createEmailSenderRoutes = (dependencies: { readonly database: Database; readonly now: () => Date }): readonly Route[] =>
  createSenderRoutes(dependencies, {
    path: '/v1/email-sender',
    summary: { get: 'Show in whose name mail is sent', put: 'Say in whose name mail is sent' },
    missing: 'no sender was set yet: PUT one here, without it no mail is sent',
    body: SenderBody,
    shown: Sender,
    find: findEmailSender,
    put: (tx, tenantId, body, at) => {
      const sender = {
        fromEmail: body.from_email,
        fromName: body.from_name.trim(),
        replyTo: body.reply_to,
        brandName: body.brand_name.trim(),
        brandUrl: body.brand_url,
        postalAddress: body.postal_address.trim(),
        inboundDomain: body.inbound_domain,
      };
      return putEmailSender(tx, tenantId, sender, at);
    },
    show: senderOf,
  });
