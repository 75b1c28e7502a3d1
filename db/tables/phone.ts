import { jsonb, primaryKey, text, uuid } from 'drizzle-orm/pg-core';
import { analytics, timestamptz } from './schema.js';

export const phoneSenders = analytics.table('phone_senders', {
  tenantId: uuid('tenant_id').primaryKey(),
  smsNumber: text('sms_number'),
  smsService: text('sms_service'),
  whatsappNumber: text('whatsapp_number'),
  updatedAt: timestamptz('updated_at').notNull(),
});

export const whatsappTemplates = analytics.table(
  'whatsapp_templates',
  {
    tenantId: uuid('tenant_id').notNull(),
    family: text('family').notNull(),
    contentSid: text('content_sid').notNull(),
    variables: jsonb('variables').$type<Readonly<Record<string, string>>>().notNull(),
    actor: text('actor').notNull(),
    updatedAt: timestamptz('updated_at').notNull(),
  },
  (table) => [primaryKey({ columns: [table.tenantId, table.family] })],
);
