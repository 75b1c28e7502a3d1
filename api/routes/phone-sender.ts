import { z } from 'zod';
import { DomainError } from '../../core/errors.js';
import { parsePhone } from '../../core/event/contacts.js';
import type { TenantId } from '../../core/ids.js';
import type { Database, TenantTransaction } from '../../db/client.js';
import { findPhoneSenders, putPhoneSenders, type PhoneSenderRow, type PhoneSenders } from '../../db/queries/phone-senders.js';
import { parsedBy, Timestamp } from '../fields.js';
import type { Route } from '../route.js';
import { isTaken } from '../taken.js';
import { createSenderRoutes } from './senders.js';

const phone = (text: string): string => {
  const number = parsePhone(text);
  if (number === undefined) throw new RangeError('a number with its country code (+14155550100) is expected');
  return number;
};
const PhoneNumber = parsedBy(phone, z.string().meta({ maxLength: 40, description: 'In E.164.' }));
const SmsNumber = parsedBy(
  (text) => (/^\d{3,8}$/.test(text) ? text : phone(text)),
  z.string().meta({ maxLength: 40, description: 'In E.164, or a short code.' }),
);

const SenderBody = z
  .strictObject({
    sms_number: SmsNumber.nullable().default(null).describe('What SMS come from.'),
    messaging_service_sid: z
      .string()
      .regex(/^MG[0-9a-fA-F]{32}$/, 'MG and 32 hexadecimal digits are expected')
      .nullable()
      .default(null)
      .describe('In place of a number: Twilio chooses among those of the service.'),
    whatsapp_number: PhoneNumber.nullable().default(null).describe('What WhatsApp messages come from.'),
  })
  .refine((body) => body.sms_number === null || body.messaging_service_sid === null, {
    message: 'either sms_number or messaging_service_sid is expected, one of the two',
    path: ['messaging_service_sid'],
  })
  .refine((body) => Object.values(body).some((value) => value !== null), 'at least one sender is expected');

const Sender = z.object({
  sms_number: z.string().nullable(),
  messaging_service_sid: z.string().nullable(),
  whatsapp_number: z.string().nullable(),
  updated_at: Timestamp,
});

const senderOf = (row: PhoneSenderRow): z.input<typeof Sender> => ({
  sms_number: row.smsNumber,
  messaging_service_sid: row.smsService,
  whatsapp_number: row.whatsappNumber,
  updated_at: row.updatedAt,
});

export const createPhoneSenderRoutes = (dependencies: { readonly database: Database; readonly now: () => Date }): readonly Route[] =>
  createSenderRoutes(dependencies, {
    path: '/v1/phone-sender',
    summary: { get: 'Show in whose name texts are sent', put: 'Say in whose name texts are sent' },
    missing: 'no sender of texts was set yet: PUT one here, without it no SMS and no WhatsApp message is sent',
    body: SenderBody,
    shown: Sender,
    find: findPhoneSenders,
    put: (tx, tenantId, body, at) =>
      put(tx, tenantId, { smsNumber: body.sms_number, smsService: body.messaging_service_sid, whatsappNumber: body.whatsapp_number }, at),
    show: senderOf,
  });

/** What is written to a number has to be somebody's: no two tenants can have the same. */
async function put(tx: TenantTransaction, tenantId: TenantId, senders: PhoneSenders, at: Date): Promise<PhoneSenderRow> {
  try {
    return await putPhoneSenders(tx, tenantId, senders, at);
  } catch (error) {
    if (isTaken(error)) throw new DomainError('conflict', 'one of these senders belongs to another tenant of this installation');
    throw error;
  }
}
