import { z } from 'zod';
import { DomainError } from '../../core/errors.js';
import type { Database } from '../../db/client.js';
import { countUsers, listSegments, type SegmentRow } from '../../db/queries/audience.js';
import { listWalks, type WalkRow } from '../../db/queries/walks.js';
import { readTenant } from '../../db/queries/tenants.js';
import { DateText, Fraction, TenantIdField, Timestamp } from '../fields.js';
import { defineRoute, type Route } from '../route.js';

const Analytics = z.object({
  tenant_id: z.string().meta({ format: 'uuid' }),
  currency: z.string(),
  totals: z.object({
    users: z.int().describe('All people that the tenant has told of.'),
    segments: z.int(),
    users_in_behavioral_segments: z.int().describe('Each user is in one of these at most.'),
  }),
  segments: z.array(
    z.object({
      segment_id: z.string(),
      name: z.string(),
      type: z.string(),
      size: z.int(),
      share: Fraction.nullable().describe('Of all users; null where there are none.'),
      growth: z.number().nullable().describe('Against 30 days before, as a fraction: 0.12 is 12 % more. Null where that cannot be known.'),
      walk_date: DateText.nullable(),
    }),
  ),
  last_walk: z
    .object({
      walk_date: DateText,
      status: z.enum(['running', 'succeeded', 'failed']),
      started_at: Timestamp,
      finished_at: Timestamp.nullable(),
    })
    .nullable(),
});

/** What the brief keeps of a segment's growth, where there was something to compare with. */
const Growth = z.object({ growth: z.number() });

export function createAnalyticsRoutes({ database }: { readonly database: Database }): readonly Route[] {
  return [
    defineRoute({
      method: 'get',
      path: '/api/v1/audience/analytics/{tenant_id}',
      tag: 'Analytics',
      summary: "A tenant's audience at a glance, as En Garde asks for it",
      scope: 'read',
      params: z.strictObject({ tenant_id: TenantIdField }),
      responses: { 200: Analytics.describe('Segments with sizes and growth, totals, and the last walk.') },
    }).handledBy(async ({ tenantId, params }) => {
      // The same answer as for a tenant that does not exist: whether there is one is not this key's business.
      if (params.tenant_id !== tenantId) throw new DomainError('not_found', 'this key belongs to no such tenant');
      const view = await database.withTenant(tenantId, async (tx) => ({
        tenant: await readTenant(tx, tenantId),
        users: await countUsers(tx, tenantId),
        segments: await listSegments(tx, tenantId, { inactiveToo: false }),
        walks: await listWalks(tx, tenantId, { limit: 1 }),
      }));
      const behavioral = view.segments.filter(({ segmentType }) => segmentType === 'behavioral');
      return {
        status: 200,
        body: {
          tenant_id: tenantId,
          currency: view.tenant?.currency ?? '',
          totals: {
            users: view.users,
            segments: view.segments.length,
            users_in_behavioral_segments: behavioral.reduce((sum, { userCount }) => sum + userCount, 0),
          },
          segments: view.segments.map((row) => segmentOf(row, view.users)),
          last_walk: view.walks[0] ? walkOf(view.walks[0]) : null,
        },
      };
    }),
  ];
}

function segmentOf(row: SegmentRow, users: number) {
  return {
    segment_id: row.segmentKey,
    name: row.segmentName,
    type: row.segmentType,
    size: row.userCount,
    share: users === 0 ? null : Math.min(1, row.userCount / users),
    growth: Growth.safeParse(row.statistics).data?.growth ?? null,
    walk_date: row.walkDate,
  };
}

const walkOf = ({ walkDate, status, startedAt, finishedAt }: WalkRow) => ({
  walk_date: walkDate,
  status,
  started_at: startedAt,
  finished_at: finishedAt,
});
