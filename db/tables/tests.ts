import {
  bigint,
  boolean,
  decimal,
  doublePrecision,
  integer,
  interval,
  jsonb,
  primaryKey,
  text,
  timestamp,
  uuid,
  varchar,
} from 'drizzle-orm/pg-core';
import type { TestDesign } from '../../core/experiment/design.js';
import type { OutcomeKind } from '../../core/experiment/outcomes.js';
import type { WeightPeriod } from '../../core/experiment/assignment.js';
import type { TestState } from '../../core/experiment/lifecycle.js';
import type { LookFacts } from '../../core/experiment/counts.js';
import type { Learning } from '../../core/experiment/learnings.js';
import type { Look } from '../../core/experiment/look.js';
import type { LookState } from '../../core/experiment/look-state.js';
import type { MetricKind } from '../../core/experiment/metric.js';
import type { TestPlan } from '../../core/experiment/plan.js';
import type { Verdict } from '../../core/experiment/verdict.js';
import type { Variation } from '../../core/experiment/variation.js';
import type { Goal } from './tenants.js';
import { analytics, timestamptz } from './schema.js';

export const abTests = analytics.table(
  'ab_tests',
  {
    tenantId: uuid('tenant_id').notNull(),
    id: bigint('id', { mode: 'number' }).generatedAlwaysAsIdentity(),
    testKey: text('test_key').notNull(),
    testName: varchar('test_name', { length: 500 }).notNull(),
    channel: varchar('channel', { length: 50 }).notNull(),
    variations: jsonb('variations').$type<readonly Variation[]>().notNull(),
    audienceSize: integer('audience_size').notNull(),
    startDate: timestamptz('start_date'),
    endDate: timestamptz('end_date'),
    status: varchar('status', { length: 50 }).$type<TestState['mode']>().notNull().default('draft'),
    winningVariation: varchar('winning_variation', { length: 255 }),
    confidenceLevel: decimal('confidence_level', { precision: 5, scale: 2, mode: 'number' }),
    design: jsonb('design').$type<TestDesign>().notNull(),
    plan: jsonb('plan').$type<TestPlan>().notNull(),
    state: jsonb('state').$type<TestState>().notNull(),
    goal: jsonb('goal').$type<Pick<Goal, 'event' | 'filters'>>(),
    valueCurrency: text('value_currency'),
    conversionWindow: interval('conversion_window').notNull(),
    weightPeriods: jsonb('weight_periods').$type<readonly WeightPeriod[]>().notNull().default([]),
    gatheredUntil: timestamptz('gathered_until'),
    isClocked: boolean('is_clocked').notNull().default(false),
    createdBy: text('created_by').notNull(),
    createdAt: timestamptz('created_at').notNull().defaultNow(),
    updatedAt: timestamptz('updated_at').notNull().defaultNow(),
  },
  (table) => [primaryKey({ columns: [table.tenantId, table.id] })],
);

export const abTestExposures = analytics.table(
  'ab_test_exposures',
  {
    tenantId: uuid('tenant_id').notNull(),
    testId: bigint('test_id', { mode: 'number' }).notNull(),
    userId: text('user_id').notNull(),
    variationId: text('variation_id').notNull(),
    exposedAt: timestamptz('exposed_at').notNull(),
    secondVariationId: text('second_variation_id'),
    sentAt: timestamptz('sent_at'),
    openedAt: timestamptz('opened_at'),
    clickedAt: timestamptz('clicked_at'),
    repliedAt: timestamptz('replied_at'),
    convertedAt: timestamptz('converted_at'),
    unsubscribedAt: timestamptz('unsubscribed_at'),
    complainedAt: timestamptz('complained_at'),
    bouncedAt: timestamptz('bounced_at'),
    machineOpened: boolean('machine_opened').notNull().default(false),
    value: bigint('value', { mode: 'number' }).notNull().default(0),
    engagementSeconds: bigint('engagement_seconds', { mode: 'number' }).notNull().default(0),
    spentBefore: bigint('spent_before', { mode: 'number' }),
  },
  (table) => [primaryKey({ columns: [table.tenantId, table.testId, table.userId] })],
);

export const abTestResults = analytics.table(
  'ab_test_results',
  {
    tenantId: uuid('tenant_id').notNull(),
    id: bigint('id', { mode: 'number' }).generatedAlwaysAsIdentity(),
    testId: bigint('test_id', { mode: 'number' }).notNull(),
    variationId: varchar('variation_id', { length: 255 }),
    userId: varchar('user_id', { length: 255 }).notNull(),
    eventType: varchar('event_type', { length: 100 }).$type<OutcomeKind>().notNull(),
    timestamp: timestamp('timestamp', { withTimezone: true, mode: 'date' }).notNull(),
    outcomeId: text('outcome_id').notNull(),
    isMachine: boolean('is_machine').notNull().default(false),
    value: bigint('value', { mode: 'number' }),
    createdAt: timestamptz('created_at').notNull().defaultNow(),
  },
  (table) => [primaryKey({ columns: [table.tenantId, table.id] })],
);

export const abTestLooks = analytics.table(
  'ab_test_looks',
  {
    tenantId: uuid('tenant_id').notNull(),
    testId: bigint('test_id', { mode: 'number' }).notNull(),
    lookNumber: integer('look_number').notNull(),
    lookedAt: timestamptz('looked_at').notNull(),
    information: doublePrecision('information'),
    z: doublePrecision('z'),
    boundary: doublePrecision('boundary'),
    counts: jsonb('counts').$type<LookFacts>().notNull(),
    analysis: jsonb('analysis').$type<Omit<Look, 'state'>>().notNull(),
    state: jsonb('state').$type<LookState>().notNull(),
    verdict: jsonb('verdict').$type<Verdict>().notNull(),
    createdAt: timestamptz('created_at').notNull().defaultNow(),
  },
  (table) => [primaryKey({ columns: [table.tenantId, table.testId, table.lookNumber] })],
);

export type DecisionKind = 'created' | 'started' | 'decided' | 'stopped' | 'extended' | 'weights' | 'applied' | 'rolled_back';

export const abTestDecisions = analytics.table(
  'ab_test_decisions',
  {
    tenantId: uuid('tenant_id').notNull(),
    decisionId: bigint('decision_id', { mode: 'number' }).generatedAlwaysAsIdentity(),
    testId: bigint('test_id', { mode: 'number' }).notNull(),
    kind: text('kind').$type<DecisionKind>().notNull(),
    actor: text('actor').notNull(),
    detail: jsonb('detail').$type<Readonly<Record<string, unknown>>>().notNull().default({}),
    decidedAt: timestamptz('decided_at').notNull(),
  },
  (table) => [primaryKey({ columns: [table.tenantId, table.decisionId] })],
);

export const abTestLearnings = analytics.table(
  'ab_test_learnings',
  {
    tenantId: uuid('tenant_id').notNull(),
    testId: bigint('test_id', { mode: 'number' }).notNull(),
    variationId: text('variation_id').notNull(),
    channel: text('channel').notNull(),
    metric: text('metric').$type<MetricKind>().notNull(),
    verdict: text('verdict').$type<Learning['verdict']>().notNull(),
    changes: jsonb('changes').$type<Learning['changes']>().notNull(),
    effect: doublePrecision('effect').notNull(),
    standardError: doublePrecision('standard_error').notNull(),
    learnedAt: timestamptz('learned_at').notNull(),
  },
  (table) => [primaryKey({ columns: [table.tenantId, table.testId, table.variationId] })],
);

export const templateDefaults = analytics.table(
  'template_defaults',
  {
    tenantId: uuid('tenant_id').notNull(),
    templateFamily: text('template_family').notNull(),
    version: integer('version').notNull(),
    parts: jsonb('parts').$type<Variation['parts']>(),
    action: text('action').$type<'apply' | 'rollback'>().notNull(),
    testId: bigint('test_id', { mode: 'number' }).notNull(),
    variationId: text('variation_id').notNull(),
    actor: text('actor').notNull(),
    changedAt: timestamptz('changed_at').notNull(),
  },
  (table) => [primaryKey({ columns: [table.tenantId, table.templateFamily, table.version] })],
);

export const metricBaselines = analytics.table(
  'metric_baselines',
  {
    tenantId: uuid('tenant_id').notNull(),
    metric: text('metric').$type<MetricKind>().notNull(),
    subject: text('subject').notNull(),
    windowHours: integer('window_hours').notNull(),
    users: bigint('users', { mode: 'number' }).notNull(),
    sum: doublePrecision('sum').notNull(),
    sumOfSquares: doublePrecision('sum_of_squares').notNull(),
    measuredFrom: timestamptz('measured_from').notNull(),
    measuredTo: timestamptz('measured_to').notNull(),
  },
  (table) => [primaryKey({ columns: [table.tenantId, table.metric, table.subject, table.windowHours] })],
);
