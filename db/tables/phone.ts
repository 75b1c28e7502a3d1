import { bigint, boolean, jsonb, primaryKey, smallint, text, uuid } from 'drizzle-orm/pg-core';
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

export const replyRules = analytics.table(
  'reply_rules',
  {
    tenantId: uuid('tenant_id').notNull(),
    ruleId: bigint('rule_id', { mode: 'number' }).generatedAlwaysAsIdentity(),
    name: text('name').notNull(),
    isActive: boolean('is_active').notNull(),
    priority: smallint('priority').notNull(),
    answersHelp: boolean('answers_help').notNull(),
    keywords: text('keywords').array().notNull(),
    channel: text('channel').$type<'sms' | 'whatsapp'>(),
    campaignId: bigint('campaign_id', { mode: 'number' }),
    message: text('message'),
    template: text('template'),
    mostPerDay: smallint('most_per_day').notNull(),
    actor: text('actor').notNull(),
    updatedAt: timestamptz('updated_at').notNull(),
  },
  (table) => [primaryKey({ columns: [table.tenantId, table.ruleId] })],
);
