import { sql } from 'drizzle-orm';
import { bigint, customType, integer, primaryKey, smallint, text, uuid } from 'drizzle-orm/pg-core';
import { analytics, timestamptz } from './schema.js';

const bytea = customType<{ data: Buffer }>({ dataType: () => 'bytea' });

export const calls = analytics.table(
  'calls',
  {
    tenantId: uuid('tenant_id').notNull(),
    callId: uuid('call_id').notNull(),
    state: text('state').$type<'begun' | 'abandoned'>().notNull(),
    createdAt: timestamptz('created_at').notNull().defaultNow(),
  },
  (table) => [primaryKey({ columns: [table.tenantId, table.callId] })],
);

export const messages = analytics.table(
  'messages',
  {
    tenantId: uuid('tenant_id').notNull(),
    messageId: bigint('message_id', { mode: 'number' }).generatedAlwaysAsIdentity(),
    campaignId: bigint('campaign_id', { mode: 'number' }).notNull(),
    entry: integer('entry').notNull(),
    stepKey: smallint('step_key').notNull(),
    userId: text('user_id').notNull(),
    channel: text('channel').notNull(),
    batch: integer('batch').notNull(),
    idx: integer('idx').notNull(),
    addressHash: bytea('address_hash'),
    status: text('status').notNull(),
    reason: text('reason'),
    callId: uuid('call_id'),
    dueAt: timestamptz('due_at'),
    claimedAt: timestamptz('claimed_at').notNull(),
    sentAt: timestamptz('sent_at'),
    deliveredAt: timestamptz('delivered_at'),
    openedAt: timestamptz('opened_at'),
    machineOpenedAt: timestamptz('machine_opened_at'),
    clickedAt: timestamptz('clicked_at'),
    repliedAt: timestamptz('replied_at'),
    convertedAt: timestamptz('converted_at'),
    spentAt: timestamptz('spent_at'),
    provider: text('provider'),
    updatedAt: timestamptz('updated_at').notNull().defaultNow(),
    held: text('held').generatedAlwaysAs(sql`case when status in ('uncertain', 'deferred') then status end`),
  },
  (table) => [primaryKey({ columns: [table.tenantId, table.messageId] })],
);

export const suppressions = analytics.table(
  'suppressions',
  {
    tenantId: uuid('tenant_id').notNull(),
    channel: text('channel').notNull(),
    addressHash: bytea('address_hash').notNull(),
    reason: text('reason').notNull(),
    createdAt: timestamptz('created_at').notNull().defaultNow(),
  },
  (table) => [primaryKey({ columns: [table.tenantId, table.channel, table.addressHash] })],
);

export const providerEvents = analytics.table(
  'provider_events',
  {
    tenantId: uuid('tenant_id').notNull(),
    provider: text('provider').notNull(),
    eventId: text('event_id').notNull(),
    messageId: bigint('message_id', { mode: 'number' }).notNull(),
    kind: text('kind').notNull(),
    occurredAt: timestamptz('occurred_at').notNull(),
    receivedAt: timestamptz('received_at').notNull().defaultNow(),
  },
  (table) => [primaryKey({ columns: [table.tenantId, table.provider, table.eventId] })],
);
