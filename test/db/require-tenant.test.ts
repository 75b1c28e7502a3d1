import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { sql } from 'drizzle-orm';
import { parseTenantId } from '../../core/ids.js';
import { ingestEvents } from '../../db/queries/events.js';
import { createTestDatabase, type TestDatabase } from '../harness/database.js';

let database: TestDatabase;
before(async () => void (database = await createTestDatabase()));
after(() => database.drop());

const isForeignKeyViolation = (error: Error) => [error, error.cause].some((found) => (found as { code?: string })?.code === '23503');

describe('a tenant that is not there', () => {
  it('has no users, message ids or events, though no foreign key asks for each row', async () => {
    const nobody = parseTenantId(randomUUID());
    await database.pool.query(`select ensure_event_month('2025-01-01')`);
    for (const statement of [
      sql`insert into users (tenant_id, user_id) values (${nobody}, 'u')`,
      sql`insert into event_ids (tenant_id, message_id) values (${nobody}, 'm')`,
      sql`insert into events (tenant_id, occurred_at, message_id, user_id, event) values (${nobody}, '2025-01-02', 'm', 'u', 'purchase')`,
    ]) {
      await assert.rejects(
        database.withTenant(nobody, (tx) => tx.execute(statement)),
        isForeignKeyViolation,
      );
    }
  });

  it('refuses a batch of events whole', async () => {
    const event = {
      kind: 'event',
      messageId: 'm',
      userId: 'u',
      event: 'purchase',
      occurredAtMs: Date.UTC(2025, 0, 2),
      properties: {},
    } as const;
    await assert.rejects(ingestEvents(database, parseTenantId(randomUUID()), { accepted: [event], rejected: [] }), isForeignKeyViolation);
  });

  it('cannot come to be so while its events are being stored', async () => {
    const tenantId = await database.newTenant();
    const client = await database.pool.connect();
    try {
      await client.query('begin');
      await client.query(`select set_config('app.tenant_id', $1, true)`, [tenantId]);
      await client.query(`insert into users (tenant_id, user_id) values ($1, 'u')`, [tenantId]);
      const deletion = await database.admin.connect();
      try {
        await deletion.query(`set lock_timeout = '100ms'`);
        await assert.rejects(deletion.query('delete from tenants where tenant_id = $1', [tenantId]), /lock timeout/);
      } finally {
        deletion.release(true);
      }
    } finally {
      await client.query('rollback');
      client.release();
    }
  });
});
