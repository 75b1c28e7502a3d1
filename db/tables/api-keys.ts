import { integer, jsonb, primaryKey, text, uuid } from 'drizzle-orm/pg-core';
import { analytics, bytea, timestamptz } from './schema.js';

export const apiKeys = analytics.table(
  'api_keys',
  {
    tenantId: uuid('tenant_id').notNull(),
    keyId: text('key_id').notNull(),
    keyHash: bytea('key_hash').notNull(),
    name: text('name').notNull(),
    scopes: text('scopes').array().notNull(),
    createdAt: timestamptz('created_at').notNull().defaultNow(),
    revokedAt: timestamptz('revoked_at'),
  },
  (table) => [primaryKey({ columns: [table.tenantId, table.keyId] })],
);

export const idempotencyKeys = analytics.table(
  'idempotency_keys',
  {
    tenantId: uuid('tenant_id').notNull(),
    idempotencyKey: text('idempotency_key').notNull(),
    requestHash: bytea('request_hash').notNull(),
    status: integer('status'),
    response: jsonb('response'),
    createdAt: timestamptz('created_at').notNull().defaultNow(),
  },
  (table) => [primaryKey({ columns: [table.tenantId, table.idempotencyKey] })],
);
