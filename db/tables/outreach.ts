import { bigint, date, integer, primaryKey, text, uuid } from 'drizzle-orm/pg-core';
import type { MessageChannel } from '../../core/consent/quiet-hours.js';
import type { LocalDate } from '../../core/ids.js';
import type { PlanOutcome } from '../../core/outreach/told.js';
import { analytics, timestamptz } from './schema.js';

export const outreachPlans = analytics.table(
  'outreach_plans',
  {
    tenantId: uuid('tenant_id').notNull(),
    walkDate: date('walk_date').$type<LocalDate>().notNull(),
    planId: text('plan_id').notNull(),
    position: integer('position').notNull(),
    channel: text('channel').$type<MessageChannel>().notNull(),
    campaignId: bigint('campaign_id', { mode: 'number' }).notNull(),
    outcome: text('outcome').$type<PlanOutcome>().notNull(),
    messages: integer('messages').notNull(),
    waitsBecause: text('waits_because'),
    launchedAt: timestamptz('launched_at'),
    createdAt: timestamptz('created_at').notNull().defaultNow(),
    updatedAt: timestamptz('updated_at').notNull().defaultNow(),
  },
  (table) => [primaryKey({ columns: [table.tenantId, table.walkDate, table.planId] })],
);

export const launchWeeks = analytics.table(
  'launch_weeks',
  {
    tenantId: uuid('tenant_id').notNull(),
    channel: text('channel').$type<MessageChannel>().notNull(),
    week: date('week').$type<LocalDate>().notNull(),
  },
  (table) => [primaryKey({ columns: [table.tenantId, table.channel, table.week] })],
);

export const launchReservations = analytics.table(
  'launch_reservations',
  {
    tenantId: uuid('tenant_id').notNull(),
    campaignId: bigint('campaign_id', { mode: 'number' }).notNull(),
    channel: text('channel').$type<MessageChannel>().notNull(),
    week: date('week').$type<LocalDate>().notNull(),
    messages: integer('messages').notNull(),
    reservedOn: date('reserved_on').$type<LocalDate>().notNull(),
  },
  (table) => [primaryKey({ columns: [table.tenantId, table.campaignId, table.channel, table.week] })],
);
