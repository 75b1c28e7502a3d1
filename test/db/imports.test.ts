import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { ImportedEvent } from '../../core/import/events.js';
import { openImportSessions, type CopyBlock } from '../../db/queries/imports.js';
import { waitUntil } from '../../sandbox/processes.js';
import { createTestDatabase, type TestDatabase } from '../harness/database.js';

let database: TestDatabase;
before(async () => void (database = await createTestDatabase()));
after(() => database.drop());

const event = (messageId: string, changes: Partial<ImportedEvent> = {}): ImportedEvent => ({
  messageId,
  userId: 'line\nend\\and\ttab',
  event: 'purchase',
  occurredAtMs: Date.UTC(2024, 0, 2),
  properties: '{"note":"a\\nb"}',
  ...changes,
});

const blockOf = (rows: readonly string[]): CopyBlock => ({ bytes: Buffer.from(rows.join('')), rows: rows.length });

describe('a block of imported events', () => {
  it('is stored but for the rows that the database refuses, which it names', async () => {
    const tenantId = await database.newTenant();
    const sessions = await openImportSessions(database, tenantId, 1);
    try {
      const wrong = { revenueMinor: 5 }; // without a currency
      const rows = [event('a'), event('b'), event('c', wrong), event('d'), event('e', wrong)].map((one) => sessions.eventRow(one));
      assert.deepEqual(await sessions.storeEvents(blockOf(rows)), {
        stored: 3,
        refused: [2, 4].map((index) => ({ index, reason: 'the database cannot hold it (23514)' })),
      });
      assert.deepEqual(await sessions.storeEvents(blockOf(rows.slice(0, 2))), { stored: 0, refused: [] });
    } finally {
      sessions.close();
    }
    const { rows } = await database.admin.query(`select message_id, user_id, properties from events where tenant_id = $1 order by 1`, [
      tenantId,
    ]);
    assert.deepEqual(
      rows.map(({ message_id, user_id, properties }) => [message_id, user_id, properties.note]),
      ['a', 'b', 'd'].map((id) => [id, 'line\nend\\and\ttab', 'a\nb']),
    );
  });

  it('leaves nothing of its session behind', async () => {
    const left = () => database.admin.query(`select from pg_class where relname like 'import\\_%' and relpersistence = 't'`);
    assert.ok(await waitUntil(async () => (await left()).rowCount === 0, 10_000));
  });
});
