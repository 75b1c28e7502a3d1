import { bigint, jsonb, primaryKey, text, uuid } from 'drizzle-orm/pg-core';
import { analytics, timestamptz } from './schema.js';

export const users = analytics.table(
  'users',
  {
    tenantId: uuid('tenant_id').notNull(),
    userId: text('user_id').notNull(),
    traits: jsonb('traits').$type<Readonly<Record<string, unknown>>>().notNull().default({}),
    timeZone: text('time_zone'),
    firstSeen: timestamptz('first_seen'),
    lastSeen: timestamptz('last_seen'),
    createdAt: timestamptz('created_at').notNull().defaultNow(),
    updatedAt: timestamptz('updated_at').notNull().defaultNow(),
  },
  (table) => [primaryKey({ columns: [table.tenantId, table.userId] })],
);

export const userAliases = analytics.table(
  'user_aliases',
  {
    tenantId: uuid('tenant_id').notNull(),
    aliasId: text('alias_id').notNull(),
    userId: text('user_id').notNull(),
    mergedAt: timestamptz('merged_at').notNull().defaultNow(),
  },
  (table) => [primaryKey({ columns: [table.tenantId, table.aliasId] })],
);

export const contacts = analytics.table(
  'contacts',
  {
    tenantId: uuid('tenant_id').notNull(),
    contactId: bigint('contact_id', { mode: 'number' }).generatedAlwaysAsIdentity(),
    userId: text('user_id').notNull(),
    channel: text('channel').$type<'email' | 'sms' | 'whatsapp' | 'social' | 'push'>().notNull(),
    provider: text('provider').notNull().default(''),
    address: text('address').notNull(),
    verifiedAt: timestamptz('verified_at'),
    consent: text('consent').$type<'granted' | 'denied'>(),
    consentSource: text('consent_source'),
    consentAt: timestamptz('consent_at'),
    createdAt: timestamptz('created_at').notNull().defaultNow(),
    updatedAt: timestamptz('updated_at').notNull().defaultNow(),
    heardAt: timestamptz('heard_at'),
  },
  (table) => [primaryKey({ columns: [table.tenantId, table.contactId] })],
);
