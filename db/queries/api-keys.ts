import { createHash, randomBytes } from 'node:crypto';
import { and, asc, eq, isNull } from 'drizzle-orm';
import { parseTenantId, type TenantId } from '../../core/ids.js';
import { isScope, type Scope } from '../../core/scopes.js';
import type { Database } from '../client.js';
import { apiKeys } from '../tables/api-keys.js';

/** What a presented key proves. */
export type KeyHolder = { readonly tenantId: TenantId; readonly keyId: string; readonly scopes: readonly Scope[] };

export type ApiKey = {
  readonly keyId: string;
  readonly name: string;
  readonly scopes: readonly string[];
  readonly createdAt: Date;
  readonly revokedAt: Date | null;
};

/** 256 random bits in base64url; `msw_` marks a write key, so that nobody gives a page the wrong one. */
const KEY_FORM = /^msw?_[\w-]{43}$/;

const hashOf = (key: string): Buffer => createHash('sha256').update(key).digest();

/** Whose key this is, or nothing when it is unknown or revoked. Revoking takes effect with the next request. */
export async function findApiKey(database: Database, presented: string): Promise<KeyHolder | undefined> {
  if (!KEY_FORM.test(presented)) return undefined;
  const { rows } = await database.pool.query<{ tenant_id: string; key_id: string; scopes: string[] }>({
    name: 'find_api_key',
    text: 'select tenant_id, key_id, scopes from find_api_key($1)',
    values: [hashOf(presented)],
  });
  const row = rows[0];
  return row && { tenantId: parseTenantId(row.tenant_id), keyId: row.key_id, scopes: row.scopes.filter(isScope) };
}

/** Creates a key and gives it this one time: only its hash is kept. */
export async function createApiKey(
  database: Database,
  tenantId: TenantId,
  { name, scopes }: { readonly name: string; readonly scopes: readonly Scope[] },
): Promise<ApiKey & { readonly key: string }> {
  const prefix = scopes.includes('events:write') ? 'msw_' : 'ms_';
  const key = prefix + randomBytes(32).toString('base64url');
  const keyId = `key_${randomBytes(8).toString('hex')}`;
  const rows = await database.withTenant(tenantId, (tx) =>
    tx
      .insert(apiKeys)
      .values({ tenantId, keyId, keyHash: hashOf(key), name, scopes: [...scopes] })
      .returning(shown),
  );
  const row = rows[0];
  if (!row) throw new Error('the new key was not returned');
  return { ...row, key };
}

/** All keys of a tenant, revoked ones too, oldest first. */
export function listApiKeys(database: Database, tenantId: TenantId): Promise<ApiKey[]> {
  return database.withTenant(tenantId, (tx) =>
    tx.select(shown).from(apiKeys).where(eq(apiKeys.tenantId, tenantId)).orderBy(asc(apiKeys.createdAt), asc(apiKeys.keyId)),
  );
}

/** Revokes a key for good; doing it again changes nothing. Gives nothing when the tenant has no such key. */
export function revokeApiKey(database: Database, tenantId: TenantId, keyId: string): Promise<ApiKey | undefined> {
  return database.withTenant(tenantId, async (tx) => {
    const ofKey = and(eq(apiKeys.tenantId, tenantId), eq(apiKeys.keyId, keyId));
    await tx
      .update(apiKeys)
      .set({ revokedAt: new Date() })
      .where(and(ofKey, isNull(apiKeys.revokedAt)));
    const rows = await tx.select(shown).from(apiKeys).where(ofKey);
    return rows[0];
  });
}

const shown = {
  keyId: apiKeys.keyId,
  name: apiKeys.name,
  scopes: apiKeys.scopes,
  createdAt: apiKeys.createdAt,
  revokedAt: apiKeys.revokedAt,
};
