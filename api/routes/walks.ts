import { z } from 'zod';
import { DomainError } from '../../core/errors.js';
import { parseLocalDate } from '../../core/ids.js';
import type { Database } from '../../db/client.js';
import { findWalk, listWalks, type WalkRow } from '../../db/queries/walks.js';
import { localDateAt } from '../../core/local-date.js';
import { decideAsOf } from '../../core/walk/as-of.js';
import { findTenant } from '../../db/queries/tenants.js';
import { walkPhases } from '../../workflows/walker/contract.js';
import { cutPage, decodeCursor } from '../cursors.js';
import { DateText, JsonObject, LocalDateField, page, PageQuery, Timestamp } from '../fields.js';
import { defineRoute, type Route } from '../route.js';
import type { WalkerControl } from '../temporal.js';

export type WalkRouteDependencies = { readonly database: Database; readonly walker: WalkerControl; readonly now: () => Date };

const Walk = z.object({
  walk_date: DateText,
  status: z.enum(['starting', 'running', 'succeeded', 'failed']).describe('`starting`: asked for, and not yet taken up by a worker.'),
  phase: z.string().describe('The phase it is in, or ended in.'),
  run: z.int().describe('How often this day was asked for.'),
  as_of: Timestamp.nullable().describe('Events from this moment on were not seen.'),
  requested_by: z.string().nullable(),
  record: JsonObject.describe('What each phase did.'),
  error: z.string().nullable(),
  started_at: Timestamp.nullable(),
  finished_at: Timestamp.nullable(),
  url: z.string(),
});

const walkUrl = (walkDate: string): string => `/v1/walks/${walkDate}`;

function walkOf(row: WalkRow): z.input<typeof Walk> {
  return {
    walk_date: row.walkDate,
    status: row.status,
    phase: row.phase,
    run: row.run,
    as_of: row.asOf,
    requested_by: row.requestedBy,
    record: row.record,
    error: row.error,
    started_at: row.startedAt,
    finished_at: row.finishedAt,
    url: walkUrl(row.walkDate),
  };
}

/** A walk that is on its way and has no row yet. */
const startingWalk = (walkDate: string): z.input<typeof Walk> => ({
  walk_date: walkDate,
  status: 'starting',
  phase: walkPhases[0],
  run: 0,
  as_of: null,
  requested_by: null,
  record: {},
  error: null,
  started_at: null,
  finished_at: null,
  url: walkUrl(walkDate),
});

const Started = z.object({
  walk_date: DateText,
  workflow_id: z.string().describe('Its id in the Temporal UI.'),
  url: z.string().describe('Where its progress and its record are shown.'),
});

function startWalk({ database, walker, now }: WalkRouteDependencies): Route {
  return defineRoute({
    method: 'post',
    path: '/v1/walks',
    tag: 'Walks',
    summary: 'Walk through the audience now',
    description:
      'Starts the walk of a day and answers at once; a walk of that day that is under way is the same walk. ' +
      'A day that was walked before is walked again over the same events, unless `refresh` asks for those that came since.',
    scope: 'walks:write',
    startsSomething: true,
    body: z.strictObject({
      walk_date: LocalDateField.optional().describe("Today in the tenant's time zone, when absent."),
      as_of: z.iso
        .datetime({ offset: true })
        .optional()
        .describe('Events from this moment on are not seen. Now, or the end of a day that is past, when absent.'),
      refresh: z.boolean().default(false).describe('Read the events anew, where the day was walked before.'),
    }),
    responses: { 202: Started.describe('The walk is under way.') },
  }).handledBy(async ({ tenantId, keyId, body, requestId }) => {
    const tenant = await findTenant(database, tenantId);
    if (!tenant) throw new DomainError('not_found', 'the tenant of this key is gone');
    const walkDate = body.walk_date ?? localDateAt(now(), tenant.timeZone);
    const asOf = body.as_of === undefined ? undefined : new Date(body.as_of);
    decideAsOf({ walkDate, timeZone: tenant.timeZone, now: now(), asOf }); // says at once what the walk would refuse
    const { workflowId } = await walker.startWalk({
      tenantId,
      walkDate,
      ...(asOf && { asOf }),
      refresh: body.refresh,
      requestedBy: keyId,
      requestId,
    });
    const url = walkUrl(walkDate);
    return { status: 202, body: { walk_date: walkDate, workflow_id: workflowId, url }, headers: { Location: url } };
  });
}

export function createWalkRoutes(dependencies: WalkRouteDependencies): readonly Route[] {
  const { database, walker } = dependencies;
  return [
    startWalk(dependencies),
    defineRoute({
      method: 'get',
      path: '/v1/walks',
      tag: 'Walks',
      summary: 'List walks, the latest day first',
      scope: 'read',
      query: PageQuery,
      responses: { 200: page(Walk).describe('A page of walks.') },
    }).handledBy(async ({ tenantId, query: { limit, cursor } }) => {
      const before = cursor === undefined ? undefined : decodeCursor('walks', cursor, parseLocalDate);
      const rows = await database.withTenant(tenantId, (tx) => listWalks(tx, tenantId, { before, limit: limit + 1 }));
      const { items, next_cursor } = cutPage('walks', rows, limit, (row) => row.walkDate);
      return { status: 200, body: { items: items.map(walkOf), next_cursor } };
    }),
    defineRoute({
      method: 'get',
      path: '/v1/walks/{walk_date}',
      tag: 'Walks',
      summary: 'Show a walk with its record',
      scope: 'read',
      params: z.strictObject({ walk_date: LocalDateField }),
      responses: { 200: Walk.describe('The walk.') },
    }).handledBy(async ({ tenantId, params: { walk_date: walkDate } }) => {
      const row = await database.withTenant(tenantId, (tx) => findWalk(tx, tenantId, walkDate));
      if (row) return { status: 200, body: walkOf(row) };
      if (await walker.isUnderWay({ tenantId, walkDate })) return { status: 200, body: startingWalk(walkDate) };
      throw new DomainError('not_found', `there was no walk on ${walkDate}`);
    }),
  ];
}
