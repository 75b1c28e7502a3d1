import { bigint, customType, integer, jsonb, primaryKey, text, uuid, varchar } from 'drizzle-orm/pg-core';
import { analytics, timestamptz } from './schema.js';

const bytea = customType<{ data: Buffer }>({ dataType: () => 'bytea' });

export const outreachCampaigns = analytics.table(
  'outreach_campaigns',
  {
    tenantId: uuid('tenant_id').notNull(),
    id: bigint('id', { mode: 'number' }).generatedAlwaysAsIdentity(),
    campaignKey: text('campaign_key').notNull(),
    campaignName: varchar('campaign_name', { length: 500 }),
    channel: varchar('channel', { length: 50 }).notNull(),
    segmentId: bigint('segment_id', { mode: 'number' }),
    messageTemplate: jsonb('message_template'),
    scheduledAt: timestamptz('scheduled_at'),
    sentCount: integer('sent_count').notNull().default(0),
    deliveredCount: integer('delivered_count').notNull().default(0),
    openedCount: integer('opened_count').notNull().default(0),
    clickedCount: integer('clicked_count').notNull().default(0),
    convertedCount: integer('converted_count').notNull().default(0),
    status: varchar('status', { length: 50 }).notNull().default('draft'),
    createdAt: timestamptz('created_at').notNull().defaultNow(),
  },
  (table) => [primaryKey({ columns: [table.tenantId, table.id] })],
);

export const journeys = analytics.table(
  'journeys',
  {
    tenantId: uuid('tenant_id').notNull(),
    campaignId: bigint('campaign_id', { mode: 'number' }).notNull(),
    batch: integer('batch').notNull(),
    idx: integer('idx').notNull(),
    entry: integer('entry').notNull(),
    userId: text('user_id').notNull(),
  },
  (table) => [primaryKey({ columns: [table.tenantId, table.campaignId, table.batch, table.idx] })],
);

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
    stepKey: text('step_key').notNull(),
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
    updatedAt: timestamptz('updated_at').notNull().defaultNow(),
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
