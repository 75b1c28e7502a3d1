import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { sql } from 'drizzle-orm';
import { readReach } from '../../db/queries/campaign-reach.js';
import { ADDRESS_KEY } from '../harness/campaigns.js';
import { createTestDatabase, type TestDatabase } from '../harness/database.js';

let database: TestDatabase;
before(async () => void (database = await createTestDatabase()));
after(() => database.drop());

const PEOPLE = 6_000;

describe('the reach of a segment', () => {
  it('is found in seconds also where the tables were filled a moment ago and nothing is known of them', async () => {
    const tenantId = await database.newTenant();
    for (const table of ['users', 'contacts', 'segment_membership']) {
      await database.admin.query(`alter table ${table} set (autovacuum_enabled = off)`);
    }
    const { rows } = await database.admin.query<{ id: number }>(
      `with people as (
         insert into users (tenant_id, user_id, first_seen) select $1, 'u' || n, now() from generate_series(1, ${PEOPLE}) n returning user_id),
       addresses as (
         insert into contacts (tenant_id, user_id, channel, address) select $1, user_id, 'email', user_id || '@example.test' from people),
       s as (
         insert into audience_segments (tenant_id, segment_key, segment_name, segment_type, criteria)
         values ($1, 'seg_all', 'All', 'rule', '{}') returning id),
       members as (insert into segment_membership (tenant_id, segment_id, user_id) select $1, s.id, p.user_id from s, people p)
       select id::int from s`,
      [tenantId],
    );
    const whom = { tenantId, segmentId: rows[0]?.id ?? 0, topic: 'marketing', priority: 0 };
    const scope = { channel: 'email', homeZone: 'UTC', optimal: true, ledgerKey: ADDRESS_KEY, ownHours: {}, at: new Date() } as const;
    const { reach } = await database.withTenant(tenantId, async (tx) => {
      await tx.execute(sql`set local statement_timeout = '10s'`);
      return readReach(tx, whom, scope);
    });
    assert.equal(reach.reachable, PEOPLE);
  });
});
