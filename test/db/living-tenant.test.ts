import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { parseTenantId } from '../../core/ids.js';
import { ingestEvents } from '../../db/queries/events.js';
import { createTestDatabase, type TestDatabase } from '../harness/database.js';

let database: TestDatabase;
before(async () => void (database = await createTestDatabase()));
after(() => database.drop());

describe('a tenant that is not there', () => {
  it('refuses a batch of events whole', async () => {
    const event = {
      kind: 'event',
      messageId: 'm',
      userId: 'u',
      event: 'purchase',
      occurredAtMs: Date.UTC(2025, 0, 2),
      properties: {},
    } as const;
    await assert.rejects(ingestEvents(database, parseTenantId(randomUUID()), { accepted: [event], rejected: [] }), /there is no tenant/);
    const { rows } = await database.admin.query('select from events union all select from event_ids');
    assert.equal(rows.length, 0);
  });

  it('cannot come to be so while its events are being stored', async () => {
    const tenantId = await database.newTenant();
    const client = await database.pool.connect();
    try {
      await client.query('begin');
      await client.query('select enter_living_tenant($1)', [tenantId]);
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
