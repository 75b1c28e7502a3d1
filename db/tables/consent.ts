import { bigint, boolean, integer, interval, jsonb, primaryKey, smallint, text, uuid } from 'drizzle-orm/pg-core';
import type { ConsentAction, ConsentBasis, ConsentState } from '../../core/consent/consent.js';
import type { MessageChannel } from '../../core/consent/quiet-hours.js';
import type { Rates } from '../../core/message/rates.js';
import type { LaunchBudgets } from '../../core/outreach/launching.js';
import { analytics, bytea, timestamptz } from './schema.js';

export const consentTopics = analytics.table(
  'consent_topics',
  {
    tenantId: uuid('tenant_id').notNull(),
    topic: text('topic').notNull(),
    doubleOptIn: boolean('double_opt_in').notNull().default(false),
    requiresConsent: text('requires_consent').array().$type<MessageChannel[]>().notNull().default(['sms', 'whatsapp']),
    isTransactional: boolean('is_transactional').notNull().default(false),
    createdAt: timestamptz('created_at').notNull().defaultNow(),
    updatedAt: timestamptz('updated_at').notNull().defaultNow(),
  },
  (table) => [primaryKey({ columns: [table.tenantId, table.topic] })],
);

export const consentEvents = analytics.table(
  'consent_events',
  {
    tenantId: uuid('tenant_id').notNull(),
    eventId: bigint('event_id', { mode: 'number' }).generatedAlwaysAsIdentity(),
    channel: text('channel').$type<MessageChannel>().notNull(),
    topic: text('topic').notNull().default('marketing'),
    addressHash: bytea('address_hash').notNull(),
    userId: text('user_id'),
    action: text('action').$type<ConsentAction>().notNull(),
    basis: text('basis').$type<ConsentBasis>(),
    textVersion: text('text_version'),
    source: text('source').notNull(),
    evidence: jsonb('evidence').$type<Readonly<Record<string, unknown>>>().notNull().default({}),
    needsConfirmation: boolean('needs_confirmation').notNull(),
    at: timestamptz('at').notNull(),
    recordedAt: timestamptz('recorded_at').notNull().defaultNow(),
  },
  (table) => [primaryKey({ columns: [table.tenantId, table.eventId] })],
);

export const consents = analytics.table(
  'consents',
  {
    tenantId: uuid('tenant_id').notNull(),
    channel: text('channel').$type<MessageChannel>().notNull(),
    topic: text('topic').notNull(),
    addressHash: bytea('address_hash').notNull(),
    state: text('state').$type<Exclude<ConsentState, null>>(),
    basis: text('basis').$type<ConsentBasis>(),
    saidAt: timestamptz('said_at'),
    updatedAt: timestamptz('updated_at').notNull().defaultNow(),
  },
  (table) => [primaryKey({ columns: [table.tenantId, table.channel, table.addressHash, table.topic] })],
);

export const sendingCaps = analytics.table(
  'sending_caps',
  {
    tenantId: uuid('tenant_id').notNull(),
    capKey: text('cap_key').notNull(),
    channel: text('channel').$type<MessageChannel | 'all'>().notNull(),
    most: integer('most').notNull(),
    span: interval('span').notNull(),
    priority: smallint('priority').notNull().default(0),
    createdAt: timestamptz('created_at').notNull().defaultNow(),
  },
  (table) => [primaryKey({ columns: [table.tenantId, table.capKey] })],
);

export const recentSends = analytics.table(
  'recent_sends',
  {
    tenantId: uuid('tenant_id').notNull(),
    userId: text('user_id').notNull(),
    channels: text('channels').array().$type<MessageChannel[]>().notNull(),
    times: timestamptz('times').array().notNull(),
    taken: integer('taken').notNull(),
  },
  (table) => [primaryKey({ columns: [table.tenantId, table.userId] })],
);

export const sendingPolicies = analytics.table(
  'sending_policies',
  {
    tenantId: uuid('tenant_id').notNull(),
    quietHours: jsonb('quiet_hours').$type<Readonly<Partial<Record<MessageChannel, string>>>>().notNull().default({}),
    rates: jsonb('rates').$type<Rates>().notNull().default({}),
    launchBudgets: jsonb('launch_budgets').$type<LaunchBudgets>().notNull().default({}),
    updatedAt: timestamptz('updated_at').notNull().defaultNow(),
  },
  (table) => [primaryKey({ columns: [table.tenantId] })],
);
