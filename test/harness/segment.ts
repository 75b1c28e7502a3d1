import type { TenantId } from '../../core/ids.js';
import { createApiKey } from '../../db/queries/api-keys.js';
import type { ApiAnswer, TestApi } from './api.js';
import type { TestDatabase } from './database.js';

export const basicAuth = (key: string): string => `Basic ${Buffer.from(`${key}:`).toString('base64')}`;

export type StoredEvent = {
  readonly message_id: string;
  readonly user_id: string;
  readonly event: string;
  readonly occurred_at: Date;
  readonly properties: Readonly<Record<string, unknown>>;
  readonly revenue_minor: string | null;
  readonly currency: string | null;
};

/** A tenant with a write key, as one of its systems sees us; and, beside it, what is in the tables. */
export type Sender = {
  readonly tenantId: TenantId;
  readonly key: string;
  post(path: string, body: unknown, headers?: Readonly<Record<string, string>>): Promise<ApiAnswer>;
  batch(...messages: readonly unknown[]): Promise<ApiAnswer>;
  events(): Promise<readonly StoredEvent[]>;
  /** The events per user. */
  users(): Promise<Readonly<Record<string, number>>>;
  rejected(): Promise<readonly { readonly reason: string; readonly message_id: string | null; readonly payload: string }[]>;
  rows<T extends object>(sql: string, ...values: readonly unknown[]): Promise<readonly T[]>;
};

/** Every query of `rows` finds the tenant as $1. */
export async function createSender(api: TestApi, database: TestDatabase, settings: { currency?: string } = {}): Promise<Sender> {
  const tenantId = await database.newTenant(settings);
  const { key } = await createApiKey(database, tenantId, { name: 'sender', scopes: ['events:write'] });
  const rows = async <T extends object>(sql: string, ...values: readonly unknown[]) =>
    (await database.admin.query<T>(sql, [tenantId, ...values])).rows;
  const post: Sender['post'] = (path, body, headers = {}) =>
    api.call('POST', path, { body, headers: { Authorization: basicAuth(key), ...headers } });
  return {
    tenantId,
    key,
    post,
    batch: (...messages) => post('/v1/batch', { batch: messages }),
    events: () =>
      rows(
        `select message_id, user_id, event, occurred_at, properties, revenue_minor, currency from events
         where tenant_id = $1 order by message_id`,
      ),
    users: async () => {
      const counted = await rows<{ user_id: string; events: number }>(
        'select user_id, count(*)::int as events from events where tenant_id = $1 group by 1 order by 1',
      );
      return Object.fromEntries(counted.map(({ user_id: userId, events }) => [userId, events]));
    },
    rejected: () => rows('select reason, message_id, payload from rejected_events where tenant_id = $1 order by rejection_id'),
    rows,
  };
}
