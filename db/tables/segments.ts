import { bigint, boolean, date, decimal, doublePrecision, integer, jsonb, primaryKey, text, uuid, varchar } from 'drizzle-orm/pg-core';
import { analytics, timestamptz } from './schema.js';

export const audienceSegments = analytics.table(
  'audience_segments',
  {
    tenantId: uuid('tenant_id').notNull(),
    id: bigint('id', { mode: 'number' }).generatedAlwaysAsIdentity(),
    segmentKey: text('segment_key').notNull(),
    segmentName: varchar('segment_name', { length: 255 }).notNull(),
    segmentType: varchar('segment_type', { length: 50 }).$type<'behavioral' | 'demographic' | 'predictive' | 'rule'>().notNull(),
    criteria: jsonb('criteria').$type<Readonly<Record<string, unknown>>>().notNull(),
    userCount: integer('user_count').notNull().default(0),
    statistics: jsonb('statistics').$type<Readonly<Record<string, unknown>>>().notNull().default({}),
    walkDate: date('walk_date', { mode: 'string' }),
    isActive: boolean('is_active').notNull().default(true),
    createdAt: timestamptz('created_at').notNull().defaultNow(),
    updatedAt: timestamptz('updated_at').notNull().defaultNow(),
  },
  (table) => [primaryKey({ columns: [table.tenantId, table.id] })],
);

export const segmentMembership = analytics.table(
  'segment_membership',
  {
    tenantId: uuid('tenant_id').notNull(),
    id: bigint('id', { mode: 'number' }).generatedAlwaysAsIdentity(),
    segmentId: bigint('segment_id', { mode: 'number' }).notNull(),
    userId: varchar('user_id', { length: 255 }).notNull(),
    confidenceScore: decimal('confidence_score', { precision: 5, scale: 2, mode: 'number' }),
    joinedAt: timestamptz('joined_at').notNull().defaultNow(),
  },
  (table) => [primaryKey({ columns: [table.tenantId, table.id] })],
);

export const userFeatures = analytics.table(
  'user_features',
  {
    tenantId: uuid('tenant_id').notNull(),
    userId: text('user_id').notNull(),
    walkDate: date('walk_date', { mode: 'string' }).notNull(),
    recencyDays: doublePrecision('recency_days').notNull(),
    frequency30d: integer('frequency_30d').notNull(),
    frequency: integer('frequency').notNull(),
    monetaryMinor: bigint('monetary_minor', { mode: 'number' }).notNull(),
    engagementScore: doublePrecision('engagement_score').notNull(),
    trend: doublePrecision('trend').notNull(),
  },
  (table) => [primaryKey({ columns: [table.tenantId, table.userId] })],
);
