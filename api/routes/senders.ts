import type { z } from 'zod';
import { DomainError } from '../../core/errors.js';
import type { TenantId } from '../../core/ids.js';
import type { Database, TenantTransaction } from '../../db/client.js';
import { defineRoute, type Route } from '../route.js';

/** In whose name a tenant's messages of some kind go out: one thing that is read and replaced as a whole. */
export type SenderKind<Body extends z.ZodType, Shown extends z.ZodType, Row> = {
  readonly path: string;
  readonly summary: { readonly get: string; readonly put: string };
  /** Where there is none yet. */
  readonly missing: string;
  readonly body: Body;
  readonly shown: Shown;
  readonly find: (tx: TenantTransaction, tenantId: TenantId) => Promise<Row | undefined>;
  readonly put: (tx: TenantTransaction, tenantId: TenantId, body: z.output<Body>, at: Date) => Promise<Row>;
  readonly show: (row: Row) => z.input<Shown>;
};

type Dependencies = { readonly database: Database; readonly now: () => Date };

export function createSenderRoutes<Body extends z.ZodType, Shown extends z.ZodType, Row>(
  { database, now }: Dependencies,
  { path, summary, missing, body: Body, shown, find, put, show }: SenderKind<Body, Shown, Row>,
): readonly Route[] {
  return [
    defineRoute({
      method: 'get',
      path,
      tag: 'Templates',
      summary: summary.get,
      scope: 'read',
      responses: { 200: shown.describe('The sender.') },
    }).handledBy(async ({ tenantId }) => {
      const row = await database.withTenant(tenantId, (tx) => find(tx, tenantId));
      if (!row) throw new DomainError('not_found', missing);
      return { status: 200, body: show(row) };
    }),
    defineRoute({
      method: 'put',
      path,
      tag: 'Templates',
      summary: summary.put,
      scope: 'templates:write',
      body: Body,
      responses: { 200: shown.describe('The sender as it is now.') },
    }).handledBy(async ({ tenantId, body }) => {
      const row = await database.withTenant(tenantId, (tx) => put(tx, tenantId, body, now()));
      return { status: 200, body: show(row) };
    }),
  ];
}
