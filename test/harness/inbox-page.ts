import assert from 'node:assert/strict';
import type { TenantId } from '../../core/ids.js';
import { createApiKey } from '../../db/queries/api-keys.js';
import type { CallOptions, TestApi } from './api.js';
import type { TestDatabase } from './database.js';
import { inboxesOf } from './inbox.js';

type Servers = { readonly database: TestDatabase; readonly api: TestApi };

/** A tenant's backend, and the page of one of its users with some items. */
export async function openInboxPage(
  { database, api }: Servers,
  user: string,
  { items = 0, tenantId: known }: { readonly items?: number; readonly tenantId?: TenantId | undefined } = {},
) {
  const tenantId = known ?? (await database.newTenant());
  const { key } = await createApiKey(database, tenantId, { name: 'backend', scopes: ['inbox:tokens'] });
  const reader = await inboxesOf(database).reader(tenantId, user);
  await reader.receive(Array.from({ length: items }, (_, i) => ({ title: `Item ${i + 1}` })));
  const minted = await api.call('POST', '/v1/inbox/tokens', { key, body: { user_id: user } });
  assert.equal(minted.status, 201, minted.text);
  const token: string = minted.body.token;
  const call = (method: string, path = '', options: CallOptions = {}) => api.call(method, `/v1/inbox${path}`, { key: token, ...options });
  return { tenantId, key, token, reader, call };
}
