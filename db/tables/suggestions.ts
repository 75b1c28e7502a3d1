import { bigint, date, integer, jsonb, primaryKey, text, uuid } from 'drizzle-orm/pg-core';
import { analytics, timestamptz } from './schema.js';

export const suggestions = analytics.table(
  'suggestions',
  {
    tenantId: uuid('tenant_id').notNull(),
    suggestionId: text('suggestion_id').notNull(),
    walkDate: date('walk_date', { mode: 'string' }).notNull(),
    type: text('type').notNull(),
    priority: text('priority').$type<'high' | 'medium' | 'low'>().notNull(),
    status: text('status').$type<'pending' | 'accepted' | 'paused' | 'rejected'>().notNull().default('pending'),
    payload: jsonb('payload').$type<Readonly<Record<string, unknown>>>().notNull(),
    createdAt: timestamptz('created_at').notNull().defaultNow(),
    updatedAt: timestamptz('updated_at').notNull().defaultNow(),
    deliveredAt: timestamptz('delivered_at'),
    batchId: text('batch_id'),
  },
  (table) => [primaryKey({ columns: [table.tenantId, table.suggestionId] })],
);

export const suggestionResponses = analytics.table(
  'suggestion_responses',
  {
    tenantId: uuid('tenant_id').notNull(),
    responseId: text('response_id').notNull(),
    suggestionId: text('suggestion_id').notNull(),
    action: text('action').$type<'execute' | 'pause' | 'reject' | 'details'>().notNull(),
    channel: text('channel').$type<'email' | 'whatsapp' | 'in_app'>().notNull(),
    outcome: jsonb('outcome').$type<Readonly<Record<string, unknown>>>().notNull().default({}),
    respondedAt: timestamptz('responded_at').notNull().defaultNow(),
  },
  (table) => [primaryKey({ columns: [table.tenantId, table.responseId] })],
);

export const outbox = analytics.table(
  'outbox',
  {
    tenantId: uuid('tenant_id').notNull(),
    outboxId: bigint('outbox_id', { mode: 'number' }).generatedAlwaysAsIdentity(),
    kind: text('kind').notNull(),
    subject: text('subject').notNull(),
    payload: jsonb('payload').$type<Readonly<Record<string, unknown>>>().notNull(),
    dueAt: timestamptz('due_at').notNull().defaultNow(),
    attempts: integer('attempts').notNull().default(0),
    refusedBecause: text('refused_because'),
    createdAt: timestamptz('created_at').notNull().defaultNow(),
  },
  (table) => [primaryKey({ columns: [table.tenantId, table.outboxId] })],
);
