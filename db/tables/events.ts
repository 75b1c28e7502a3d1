import { bigint, jsonb, primaryKey, text, uuid } from 'drizzle-orm/pg-core';
import { analytics, timestamptz, xid8 } from './schema.js';

export const events = analytics.table(
  'events',
  {
    tenantId: uuid('tenant_id').notNull(),
    occurredAt: timestamptz('occurred_at').notNull(),
    messageId: text('message_id').notNull(),
    userId: text('user_id').notNull(),
    event: text('event').notNull(),
    properties: jsonb('properties').$type<Readonly<Record<string, unknown>>>().notNull().default({}),
    revenueMinor: bigint('revenue_minor', { mode: 'number' }),
    currency: text('currency'),
    receivedAt: timestamptz('received_at').notNull().defaultNow(),
    tx: xid8('tx').notNull(),
  },
  (table) => [primaryKey({ columns: [table.tenantId, table.occurredAt, table.messageId] })],
);

export const eventIds = analytics.table(
  'event_ids',
  { tenantId: uuid('tenant_id').notNull(), messageId: text('message_id').notNull() },
  (table) => [primaryKey({ columns: [table.tenantId, table.messageId] })],
);

export const rejectedEvents = analytics.table(
  'rejected_events',
  {
    tenantId: uuid('tenant_id').notNull(),
    rejectionId: bigint('rejection_id', { mode: 'number' }).generatedAlwaysAsIdentity(),
    source: text('source').$type<'http' | 'import'>().notNull(),
    reason: text('reason').notNull(),
    messageId: text('message_id'),
    payload: text('payload').notNull(),
    receivedAt: timestamptz('received_at').notNull().defaultNow(),
  },
  (table) => [primaryKey({ columns: [table.tenantId, table.rejectionId] })],
);
