import { z } from 'zod';
import { DomainError } from '../../core/errors.js';
import type { TenantId } from '../../core/ids.js';
import { parseUserId } from '../../core/ids.js';
import type { Database, TenantTransaction } from '../../db/client.js';
import { findSegment, listMembers, listSegments, type SegmentRow } from '../../db/queries/audience.js';
import { cutPage, decodeCursor } from '../cursors.js';
import { DateText, Fraction, JsonObject, page, PageQuery, storableText, Timestamp } from '../fields.js';
import { defineRoute, type Route } from '../route.js';

const Segment = z.object({
  segment_id: z.string().describe('`seg_…`'),
  name: z.string(),
  type: z.enum(['behavioral', 'demographic', 'predictive', 'rule']),
  size: z.int().min(0),
  is_active: z.boolean().describe('False when the last walk did not find it any more.'),
  walk_date: DateText.nullable().describe('The walk that this comes from.'),
  statistics: JsonObject.describe('Averages, growth, traits and strategy, as the last walk computed them.'),
  created_at: Timestamp,
  updated_at: Timestamp,
  members_url: z.string(),
});

const SegmentWithCriteria = Segment.extend({
  criteria: JsonObject.describe('Centre, scaler, k, seed and model key: what a membership can be computed from again.'),
});

function segmentOf(row: SegmentRow): z.input<typeof SegmentWithCriteria> {
  return {
    segment_id: row.segmentKey,
    name: row.segmentName,
    type: row.segmentType,
    size: row.userCount,
    is_active: row.isActive,
    walk_date: row.walkDate,
    statistics: row.statistics,
    criteria: row.criteria,
    created_at: row.createdAt,
    updated_at: row.updatedAt,
    members_url: `/v1/segments/${encodeURIComponent(row.segmentKey)}/members`,
  };
}

const Member = z.object({
  user_id: z.string(),
  confidence: Fraction.nullable().describe('How much nearer the user is to the centre of this segment than to the next.'),
  joined_at: Timestamp,
});

const SegmentParams = z.strictObject({ segment_id: storableText(1, 255).describe('`seg_…`') });

async function requireSegment(tx: TenantTransaction, tenantId: TenantId, segmentKey: string): Promise<SegmentRow> {
  const row = await findSegment(tx, tenantId, segmentKey);
  if (!row) throw new DomainError('not_found', 'there is no such segment');
  return row;
}

export function createAudienceSegmentRoutes({ database }: { readonly database: Database }): readonly Route[] {
  return [
    defineRoute({
      method: 'get',
      path: '/v1/segments',
      tag: 'Segments',
      summary: 'List the segments, the largest first',
      scope: 'read',
      query: z.strictObject({
        include: z.enum(['active', 'all']).default('active').describe('`all` lists those too that no longer hold.'),
      }),
      responses: { 200: z.object({ items: z.array(Segment) }).describe('All of them: there are few.') },
    }).handledBy(async ({ tenantId, query }) => {
      const rows = await database.withTenant(tenantId, (tx) => listSegments(tx, tenantId, { inactiveToo: query.include === 'all' }));
      return { status: 200, body: { items: rows.map(segmentOf) } };
    }),
    defineRoute({
      method: 'get',
      path: '/v1/segments/{segment_id}',
      tag: 'Segments',
      summary: 'Show a segment with its criteria',
      scope: 'read',
      params: SegmentParams,
      responses: { 200: SegmentWithCriteria.describe('The segment.') },
    }).handledBy(async ({ tenantId, params }) => {
      const row = await database.withTenant(tenantId, (tx) => requireSegment(tx, tenantId, params.segment_id));
      return { status: 200, body: segmentOf(row) };
    }),
    defineRoute({
      method: 'get',
      path: '/v1/segments/{segment_id}/members',
      tag: 'Segments',
      summary: 'List the members of a segment',
      description: 'In the order of their ids. Members who join or leave between two pages neither repeat nor hide others.',
      scope: 'read',
      params: SegmentParams,
      query: PageQuery,
      responses: { 200: page(Member).describe('A page of members.') },
    }).handledBy(async ({ tenantId, params, query: { limit, cursor } }) => {
      const list = `members ${params.segment_id}`;
      const after = cursor === undefined ? undefined : decodeCursor(list, cursor, parseUserId);
      const rows = await database.withTenant(tenantId, async (tx) => {
        const { id } = await requireSegment(tx, tenantId, params.segment_id);
        return listMembers(tx, tenantId, { segmentId: id, after, limit: limit + 1 });
      });
      const { items, next_cursor } = cutPage(list, rows, limit, (row) => row.userId);
      const members = items.map((row) => ({ user_id: row.userId, confidence: row.confidence, joined_at: row.joinedAt }));
      return { status: 200, body: { items: members, next_cursor } };
    }),
  ];
}
