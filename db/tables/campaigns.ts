import { bigint, boolean, integer, jsonb, primaryKey, smallint, text, uuid, varchar } from 'drizzle-orm/pg-core';
import type { CampaignStatus } from '../../core/campaign/lifecycle.js';
import type { EngagementChannel } from '../../core/event/engagement.js';
import type { CampaignRequest } from '../../core/journey/campaign-request.js';
import type { Slot } from '../../core/journey/due-time.js';
import type { LeaveReason } from '../../core/journey/next.js';
import type { Enters, Plan, PlanContent } from '../../core/journey/plan.js';
import type { SocialProvider } from '../../core/message/social-message.js';
import { analytics, timestamptz } from './schema.js';
import type { Goal } from './tenants.js';

/** In a campaign of several channels, `multi`. */
export type CampaignChannel = EngagementChannel | 'multi';
export type Slots = Readonly<Partial<Record<EngagementChannel, Slot>>>;

const campaignKeys = {
  tenantId: uuid('tenant_id').notNull(),
  campaignId: bigint('campaign_id', { mode: 'number' }).notNull(),
};

export const outreachCampaigns = analytics.table(
  'outreach_campaigns',
  {
    tenantId: uuid('tenant_id').notNull(),
    id: bigint('id', { mode: 'number' }).generatedAlwaysAsIdentity(),
    campaignKey: text('campaign_key').notNull(),
    campaignName: varchar('campaign_name', { length: 500 }),
    channel: varchar('channel', { length: 50 }).$type<CampaignChannel>().notNull(),
    provider: text('provider').$type<SocialProvider>(),
    segmentId: bigint('segment_id', { mode: 'number' }),
    messageTemplate: jsonb('message_template').$type<readonly PlanContent[]>(),
    scheduledAt: timestamptz('scheduled_at'),
    sentCount: integer('sent_count').notNull().default(0),
    deliveredCount: integer('delivered_count').notNull().default(0),
    openedCount: integer('opened_count').notNull().default(0),
    clickedCount: integer('clicked_count').notNull().default(0),
    convertedCount: integer('converted_count').notNull().default(0),
    status: varchar('status', { length: 50 }).$type<CampaignStatus>().notNull().default('draft'),
    createdAt: timestamptz('created_at').notNull().defaultNow(),
    request: jsonb('request').$type<CampaignRequest>().notNull(),
    planVersion: integer('plan_version').notNull().default(1),
    goal: jsonb('goal').$type<Goal>(),
    watched: text('watched').array().notNull().default([]),
    leavesWithSegment: boolean('leaves_with_segment').notNull().default(false),
    tickMs: integer('tick_ms').notNull().default(0),
    recipients: integer('recipients'),
    batches: integer('batches'),
    launchedAt: timestamptz('launched_at'),
    endedAt: timestamptz('ended_at'),
    convertsUntil: timestamptz('converts_until'),
    enters: text('enters').$type<Enters>().notNull().default('launch'),
    entryEvent: text('entry_event'),
    entersOnce: boolean('enters_once').notNull().default(true),
    resumedAt: timestamptz('resumed_at'),
    createdBy: text('created_by').notNull(),
    updatedAt: timestamptz('updated_at').notNull().defaultNow(),
    topic: text('topic').notNull().default('marketing'),
    priority: smallint('priority').notNull().default(0),
  },
  (table) => [primaryKey({ columns: [table.tenantId, table.id] })],
);

export const campaignPlans = analytics.table(
  'campaign_plans',
  {
    ...campaignKeys,
    version: integer('version').notNull(),
    plan: jsonb('plan').$type<Plan>().notNull(),
    contents: jsonb('contents').$type<readonly PlanContent[]>().notNull(),
    createdBy: text('created_by').notNull(),
    createdAt: timestamptz('created_at').notNull().defaultNow(),
  },
  (table) => [primaryKey({ columns: [table.tenantId, table.campaignId, table.version] })],
);

export const campaignClocks = analytics.table(
  'campaign_clocks',
  {
    ...campaignKeys,
    clock: integer('clock').notNull(),
    timeZone: text('time_zone').notNull(),
    slots: jsonb('slots').$type<Slots>().notNull(),
    firstDue: timestamptz('first_due'),
  },
  (table) => [primaryKey({ columns: [table.tenantId, table.campaignId, table.clock] })],
);

export const campaignBatches = analytics.table(
  'campaign_batches',
  {
    ...campaignKeys,
    batch: integer('batch').notNull(),
    members: integer('members').notNull(),
    doneAt: timestamptz('done_at'),
    enteredAt: timestamptz('entered_at'),
    audience: integer('audience'),
    tickMs: integer('tick_ms'),
  },
  (table) => [primaryKey({ columns: [table.tenantId, table.campaignId, table.batch] })],
);

export const campaignOccurrences = analytics.table(
  'campaign_occurrences',
  {
    ...campaignKeys,
    occurrence: integer('occurrence').notNull(),
    dueAt: timestamptz('due_at').notNull(),
    enteredAt: timestamptz('entered_at').notNull(),
    recipients: integer('recipients').notNull(),
    stillIn: integer('still_in').notNull(),
  },
  (table) => [primaryKey({ columns: [table.tenantId, table.campaignId, table.occurrence] })],
);

export const journeys = analytics.table(
  'journeys',
  {
    ...campaignKeys,
    batch: integer('batch').notNull(),
    idx: integer('idx').notNull(),
    entry: integer('entry').notNull(),
    userId: text('user_id').notNull(),
    clock: integer('clock').notNull().default(0),
    leftBecause: text('left_because').$type<LeaveReason>(),
    leftAt: timestamptz('left_at'),
  },
  (table) => [primaryKey({ columns: [table.tenantId, table.campaignId, table.batch, table.idx] })],
);

export const engagementOutbox = analytics.table(
  'engagement_outbox',
  {
    ...campaignKeys,
    engagementId: bigint('engagement_id', { mode: 'number' }).generatedAlwaysAsIdentity(),
    batch: integer('batch').notNull(),
    idx: integer('idx').notNull(),
    stepKey: smallint('step_key'),
    what: text('what').notNull(),
    createdAt: timestamptz('created_at').notNull().defaultNow(),
  },
  (table) => [primaryKey({ columns: [table.tenantId, table.engagementId] })],
);
