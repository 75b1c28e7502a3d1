import { z } from 'zod';
import { DomainError } from '../../core/errors.js';
import type { TenantId } from '../../core/ids.js';
import { SCOPES, scopesFault } from '../../core/scopes.js';
import type { Database } from '../../db/client.js';
import { createApiKey, listApiKeys, revokeApiKey, type ApiKey } from '../../db/queries/api-keys.js';
import { findTenant } from '../../db/queries/tenants.js';
import { storableText, TenantIdField, Timestamp } from '../fields.js';
import { defineAdminRoute, type Route } from '../route.js';

const Key = z.object({
  key_id: z.string().describe('`key_…`: names the key, and opens nothing.'),
  name: z.string(),
  scopes: z.array(z.string()),
  created_at: Timestamp,
  revoked_at: Timestamp.nullable(),
});

const NewKey = Key.extend({ key: z.string().describe('The key itself. It is shown this one time.') });

const keyOf = ({ keyId, name, scopes, createdAt, revokedAt }: ApiKey): z.input<typeof Key> => ({
  key_id: keyId,
  name,
  scopes: [...scopes],
  created_at: createdAt,
  revoked_at: revokedAt,
});

const Scopes = z
  .array(z.enum(SCOPES))
  .transform((scopes) => [...new Set(scopes)])
  .superRefine((scopes, context) => {
    const fault = scopesFault(scopes);
    if (fault !== undefined) context.addIssue({ code: 'custom', message: fault });
  });

export function createKeyRoutes({ database }: { readonly database: Database }): readonly Route[] {
  return [
    defineAdminRoute({
      method: 'post',
      path: '/v1/tenants/{tenant_id}/keys',
      tag: 'Keys',
      summary: 'Create a key',
      description: 'A key with the scope `events:write` is a write key for the clients of Segment, and can have no other scope.',
      params: z.strictObject({ tenant_id: TenantIdField }),
      body: z.strictObject({ name: storableText(1, 255), scopes: Scopes }),
      responses: { 201: NewKey.describe('The key, shown this one time.') },
    }).handledBy(async ({ params: { tenant_id: tenantId }, body }) => {
      await requireTenant(database, tenantId);
      const { key, ...created } = await createApiKey(database, tenantId, body);
      return { status: 201, body: { ...keyOf(created), key } };
    }),
    defineAdminRoute({
      method: 'get',
      path: '/v1/tenants/{tenant_id}/keys',
      tag: 'Keys',
      summary: 'List the keys of a tenant, revoked ones too',
      params: z.strictObject({ tenant_id: TenantIdField }),
      responses: { 200: z.object({ items: z.array(Key) }).describe('All of them, the oldest first.') },
    }).handledBy(async ({ params: { tenant_id: tenantId } }) => {
      await requireTenant(database, tenantId);
      return { status: 200, body: { items: (await listApiKeys(database, tenantId)).map(keyOf) } };
    }),
    defineAdminRoute({
      method: 'delete',
      path: '/v1/tenants/{tenant_id}/keys/{key_id}',
      tag: 'Keys',
      summary: 'Revoke a key',
      description: 'For good, and from the next request on. Doing it again changes nothing.',
      params: z.strictObject({ tenant_id: TenantIdField, key_id: storableText(1, 64) }),
      responses: { 200: Key.describe('The revoked key.') },
    }).handledBy(async ({ params }) => {
      const revoked = await revokeApiKey(database, params.tenant_id, params.key_id);
      if (!revoked) throw new DomainError('not_found', 'the tenant has no such key');
      return { status: 200, body: keyOf(revoked) };
    }),
  ];
}

async function requireTenant(database: Database, tenantId: TenantId): Promise<void> {
  if (!(await findTenant(database, tenantId))) throw new DomainError('not_found', 'there is no such tenant');
}
