import { z } from 'zod';

/** The body of POST /v3/mail/send, as SendGrid's OpenAPI file and manual describe it; what neither knows is refused. */

const Address = z.strictObject({
  email: z.email('Does not contain a valid address.'),
  name: z
    .string()
    .regex(/^[^;,]*$/, 'The name must not contain ; or , characters.')
    .optional(),
});
export type Address = z.infer<typeof Address>;

const RESERVED = /^(x-sg-id|x-sg-eid|received|dkim-signature|content-type|content-transfer-encoding|to|from|subject|reply-to|cc|bcc)$/i;
const Headers = z.record(
  z
    .string()
    .regex(/^[\x21-\x39\x3b-\x7e]+$/, 'The header name is not valid.')
    .refine((name) => !RESERVED.test(name), 'The header is reserved and cannot be set.'),
  z.string().regex(/^[\x20-\x7e]*$/, 'The header value must be ASCII on one line.'),
);
const Tag = z.string().regex(/^[^\s<>&]+$/, 'Substitution tags must not contain spaces or the characters < > &.');
const SendAt = z.int();
const Subject = z.string().min(1, 'The subject must be a string at least one character in length.');

const Personalization = z.strictObject({
  from: Address.optional(),
  to: z.array(Address).min(1, 'The to array is required for all personalization objects, and must have at least one email object.'),
  cc: z.array(Address).optional(),
  bcc: z.array(Address).optional(),
  subject: Subject.optional(),
  headers: Headers.optional(),
  substitutions: z.record(Tag, z.string('Substitutions must be strings.')).optional(),
  dynamic_template_data: z.record(z.string(), z.unknown()).optional(),
  custom_args: z.record(z.string(), z.string('Custom arguments must be strings.')).optional(),
  send_at: SendAt.optional(),
});
export type Personalization = z.infer<typeof Personalization>;

const Content = z.strictObject({
  type: z
    .string()
    .min(1)
    .regex(/^[^;\r\n]*$/, 'The content type must not contain ; or line breaks.'),
  value: z.string().min(1, 'The content value must be a string at least one character in length.'),
});
const Attachment = z.strictObject({
  content: z.base64().min(1),
  type: z.string().optional(),
  filename: z.string().min(1),
  disposition: z.enum(['inline', 'attachment']).optional(),
  content_id: z.string().optional(),
});
const Switch = z.looseObject({ enable: z.boolean().optional() });

export const MailRequest = z.strictObject({
  personalizations: z
    .array(Personalization)
    .min(1, 'You must have at least one personalization.')
    .max(1_000, 'The personalization block is limited to 1000 personalizations per API request.'),
  from: Address,
  reply_to: Address.optional(),
  reply_to_list: z.array(Address).max(1_000).optional(),
  subject: Subject.optional(),
  content: z.array(Content).optional(),
  attachments: z.array(Attachment).optional(),
  template_id: z.string().optional(),
  headers: Headers.optional(),
  categories: z
    .array(z.string().max(255, 'A category is limited to 255 characters.'))
    .max(10, 'You cannot have more than 10 categories.')
    .optional(),
  custom_args: z.record(z.string(), z.string('Custom arguments must be strings.')).optional(),
  sections: z.record(z.string(), z.string()).optional(),
  send_at: SendAt.optional(),
  batch_id: z.string().optional(),
  asm: z.strictObject({ group_id: z.int(), groups_to_display: z.array(z.int()).max(25).optional() }).optional(),
  ip_pool_name: z.string().min(2).max(64).optional(),
  mail_settings: z.record(z.string(), Switch).optional(),
  tracking_settings: z.record(z.string(), Switch).optional(),
});
export type MailRequest = z.infer<typeof MailRequest>;

export const isSandboxed = (mail: MailRequest): boolean => mail.mail_settings?.['sandbox_mode']?.enable === true;

/** Which reactions somebody hears of. Where a request does not say, the account's setting holds: in the sandbox it hears of all. */
export const isTracked = (mail: MailRequest, event: string): boolean => {
  const setting = event === 'open' ? 'open_tracking' : event === 'click' ? 'click_tracking' : undefined;
  return setting === undefined || mail.tracking_settings?.[setting]?.enable !== false;
};
