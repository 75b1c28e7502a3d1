import { jsonb, text, uuid } from 'drizzle-orm/pg-core';
import { analytics, timestamptz } from './schema.js';

/** A tenant's name for an event with filters and a window (days from the touch that should lead to it). */
export type Goal = {
  readonly event: string;
  readonly filters: Readonly<Record<string, string | number | boolean>>;
  readonly windowDays: number;
};

/** What a tenant may pin, and what it allows: the share of users on whom tests may start by themselves. */
export type TenantSettings = { readonly segments?: { readonly k?: number }; readonly tests?: { readonly alwaysOnShare?: number } };

export const tenants = analytics.table('tenants', {
  tenantId: uuid('tenant_id').primaryKey(),
  name: text('name').notNull(),
  timeZone: text('time_zone').notNull().default('UTC'),
  currency: text('currency').notNull().default('USD'),
  goals: jsonb('goals')
    .$type<Readonly<Record<string, Goal>>>()
    .notNull()
    .default({ convert_to_paid: { event: 'purchase', filters: {}, windowDays: 30 } }),
  settings: jsonb('settings').$type<TenantSettings>().notNull().default({}),
  responsesCursor: text('responses_cursor'),
  createdAt: timestamptz('created_at').notNull().defaultNow(),
  updatedAt: timestamptz('updated_at').notNull().defaultNow(),
});
