import { z } from 'zod';
import { DomainError } from '../../core/errors.js';
import { parseTenantId, type TenantId } from '../../core/ids.js';
import { ALWAYS_ON_SHARE, parseCurrency, parseTimeZone, PINNED_K } from '../../core/tenant.js';
import type { Database } from '../../db/client.js';
import { createTenant, findTenant, listTenantIds, updateTenant, type Tenant } from '../../db/queries/tenants.js';
import { cutPage, decodeCursor } from '../cursors.js';
import { page, PageQuery, parsedBy, storableText, TenantIdField, Timestamp } from '../fields.js';
import { defineAdminRoute, type Route } from '../route.js';
import type { WalkerControl } from '../temporal.js';

export type TenantRouteDependencies = { readonly database: Database; readonly walker: WalkerControl };

const Goal = z.strictObject({
  event: storableText(1, 255),
  filters: z.record(storableText(1, 255), z.union([storableText(0, 1_000), z.number(), z.boolean()])).default({}),
  window_days: z.int().min(1).max(365).default(30).describe('Days after the touch that should lead to it.'),
});
const Goals = z
  .record(z.string().regex(/^[a-z][a-z0-9_]{0,63}$/), Goal)
  .refine((goals) => Object.keys(goals).length <= 50, 'at most 50 goals are expected')
  .describe('A name of the tenant for an event with filters and a window.');

const Name = storableText(1, 255);
const TimeZone = parsedBy(
  parseTimeZone,
  z.string().meta({ description: 'A name of the IANA database. The daily walk is at 08:00 in it.', examples: ['Europe/Berlin'] }),
);
const Currency = parsedBy(parseCurrency, z.string().meta({ description: 'ISO 4217.', examples: ['EUR'] }));
const PinnedK = z.int().min(PINNED_K.least).max(PINNED_K.most).describe('How many segments to make; null lets every walk choose.');
const AlwaysOnShare = z
  .number()
  .min(ALWAYS_ON_SHARE.least)
  .max(ALWAYS_ON_SHARE.most)
  .describe('The share of users on whom a decided test may start the next one by itself; null: none does.');

const TenantShown = z.object({
  tenant_id: z.string().meta({ format: 'uuid' }),
  name: z.string(),
  time_zone: z.string(),
  currency: z.string(),
  goals: z.record(z.string(), z.object({ event: z.string(), filters: z.record(z.string(), z.unknown()), window_days: z.number() })),
  pinned_k: z.int().nullable(),
  always_on_share: z.number().nullable(),
  created_at: Timestamp,
  updated_at: Timestamp,
});

const TenantChanged = TenantShown.extend({
  schedule: z
    .enum(['applied', 'pending'])
    .describe('`pending`: Temporal could not be reached; the worker makes the Schedule right when it starts, and every few minutes.'),
});

function tenantOf({ settings, ...tenant }: Tenant): z.input<typeof TenantShown> {
  return {
    tenant_id: tenant.tenantId,
    name: tenant.name,
    time_zone: tenant.timeZone,
    currency: tenant.currency,
    goals: shownGoals(tenant.goals),
    pinned_k: settings.segments?.k ?? null,
    always_on_share: settings.tests?.alwaysOnShare ?? null,
    created_at: tenant.createdAt,
    updated_at: tenant.updatedAt,
  };
}

const shownGoals = (goals: Tenant['goals']): z.input<typeof TenantShown>['goals'] =>
  Object.fromEntries(
    Object.entries(goals).map(([name, { event, filters, windowDays }]) => [
      name,
      { event, filters: { ...filters }, window_days: windowDays },
    ]),
  );

function goalsOf(goals: z.output<typeof Goals>) {
  return Object.fromEntries(Object.entries(goals).map(([name, { window_days: windowDays, ...goal }]) => [name, { ...goal, windowDays }]));
}

export function createTenantRoutes(dependencies: TenantRouteDependencies): readonly Route[] {
  return [createRoute(dependencies), ...readRoutes(dependencies), changeRoute(dependencies)];
}

function createRoute({ database, walker }: TenantRouteDependencies): Route {
  return defineAdminRoute({
    method: 'post',
    path: '/v1/tenants',
    tag: 'Tenants',
    summary: 'Create a tenant',
    description: 'Its daily walk is scheduled with it.',
    body: z.strictObject({
      tenant_id: TenantIdField,
      name: Name,
      time_zone: TimeZone.optional(),
      currency: Currency.optional(),
      goals: Goals.optional(),
      pinned_k: PinnedK.optional(),
    }),
    responses: { 201: TenantChanged.describe('The tenant.') },
  }).handledBy(async ({ body }) => {
    const tenant = await createTenant(database, {
      tenantId: body.tenant_id,
      name: body.name,
      ...(body.time_zone !== undefined && { timeZone: body.time_zone }),
      ...(body.currency !== undefined && { currency: body.currency }),
      ...(body.goals !== undefined && { goals: goalsOf(body.goals) }),
      ...(body.pinned_k !== undefined && { pinnedK: body.pinned_k }),
    });
    if (!tenant) throw new DomainError('conflict', `there is a tenant ${body.tenant_id} already`);
    const headers = { Location: `/v1/tenants/${tenant.tenantId}` };
    return { status: 201, body: { ...tenantOf(tenant), schedule: await applySchedule(walker, tenant) }, headers };
  });
}

function changeRoute({ database, walker }: TenantRouteDependencies): Route {
  return defineAdminRoute({
    method: 'patch',
    path: '/v1/tenants/{tenant_id}',
    tag: 'Tenants',
    summary: 'Change a tenant',
    description: 'What is absent stays. `goals` replaces all goals. A new time zone moves the daily walk.',
    params: z.strictObject({ tenant_id: TenantIdField }),
    body: z
      .strictObject({
        name: Name,
        time_zone: TimeZone,
        currency: Currency,
        goals: Goals,
        pinned_k: PinnedK.nullable(),
        always_on_share: AlwaysOnShare.nullable(),
      })
      .partial()
      .refine((change) => Object.keys(change).length > 0, 'at least one thing to change is expected'),
    responses: { 200: TenantChanged.describe('The tenant as it is now.') },
  }).handledBy(async ({ params: { tenant_id: tenantId }, body }) => {
    const tenant = await updateTenant(database, tenantId, {
      ...(body.name !== undefined && { name: body.name }),
      ...(body.time_zone !== undefined && { timeZone: body.time_zone }),
      ...(body.currency !== undefined && { currency: body.currency }),
      ...(body.goals !== undefined && { goals: goalsOf(body.goals) }),
      ...(body.pinned_k !== undefined && { pinnedK: body.pinned_k }),
      ...(body.always_on_share !== undefined && { alwaysOnShare: body.always_on_share }),
    });
    if (!tenant) throw new DomainError('not_found', 'there is no such tenant');
    return { status: 200, body: { ...tenantOf(tenant), schedule: await applySchedule(walker, tenant) } };
  });
}

/** The row is the truth, and is committed: a Temporal that is away must not undo it. */
async function applySchedule(walker: WalkerControl, tenant: Tenant): Promise<'applied' | 'pending'> {
  try {
    await walker.applySchedule(tenant);
    return 'applied';
  } catch (error) {
    if (error instanceof DomainError && error.code === 'unavailable') return 'pending';
    throw error;
  }
}

function readRoutes({ database }: TenantRouteDependencies): readonly Route[] {
  return [
    defineAdminRoute({
      method: 'get',
      path: '/v1/tenants',
      tag: 'Tenants',
      summary: 'List the tenants, in the order of their ids',
      query: PageQuery,
      responses: { 200: page(TenantShown).describe('A page of tenants.') },
    }).handledBy(async ({ query: { limit, cursor } }) => {
      const after = cursor === undefined ? '' : decodeCursor('tenants', cursor, parseTenantId);
      const ids = (await listTenantIds(database)).filter((id) => id > after).slice(0, limit + 1);
      const { items, next_cursor } = cutPage('tenants', ids, limit, (id) => id);
      return { status: 200, body: { items: await showEach(database, items), next_cursor } };
    }),
    defineAdminRoute({
      method: 'get',
      path: '/v1/tenants/{tenant_id}',
      tag: 'Tenants',
      summary: 'Show a tenant',
      params: z.strictObject({ tenant_id: TenantIdField }),
      responses: { 200: TenantShown.describe('The tenant.') },
    }).handledBy(async ({ params }) => {
      const tenant = await findTenant(database, params.tenant_id);
      if (!tenant) throw new DomainError('not_found', 'there is no such tenant');
      return { status: 200, body: tenantOf(tenant) };
    }),
  ];
}

/** One short transaction each: no query crosses tenants, not even the operator's. */
async function showEach(database: Database, ids: readonly TenantId[]): Promise<z.input<typeof TenantShown>[]> {
  const shown: z.input<typeof TenantShown>[] = [];
  for (const id of ids) {
    const tenant = await findTenant(database, id);
    if (tenant) shown.push(tenantOf(tenant));
  }
  return shown;
}
