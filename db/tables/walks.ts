import { date, integer, jsonb, primaryKey, text, uuid } from 'drizzle-orm/pg-core';
import { analytics, timestamptz } from './schema.js';

export const walks = analytics.table(
  'walks',
  {
    tenantId: uuid('tenant_id').notNull(),
    walkDate: date('walk_date', { mode: 'string' }).notNull(),
    status: text('status').$type<'running' | 'succeeded' | 'failed'>().notNull().default('running'),
    phase: text('phase').notNull().default('segmentation'),
    run: integer('run').notNull().default(1),
    asOf: timestamptz('as_of').notNull(),
    requestedBy: text('requested_by').notNull(),
    lakeVersion: integer('lake_version'),
    lakeSnapshot: text('lake_snapshot'),
    record: jsonb('record').$type<Readonly<Record<string, unknown>>>().notNull().default({}),
    error: text('error'),
    startedAt: timestamptz('started_at').notNull().defaultNow(),
    finishedAt: timestamptz('finished_at'),
  },
  (table) => [primaryKey({ columns: [table.tenantId, table.walkDate] })],
);
