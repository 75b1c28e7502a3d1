import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { openLake } from '../../store/lake.js';
import { lakePrefix } from '../../store/lake/manifest.js';
import { createTestDatabase } from '../harness/database.js';
import { INSERT, lakeStores, useLake } from '../harness/lake.js';

for (const { name, skip, open } of lakeStores) {
  describe(`the lake in ${name}`, { skip }, () => {
    const given = useLake(open);

    it('holds every event once, in bounded steps, in as many buckets as it needs', async () => {
      await given.database.admin.query(INSERT, [given.tenant, 'a', 350]);
      await given.database.admin.query(INSERT, [given.tenant, 'b', 350]);
      await given.database.admin.query(INSERT, [given.tenant, 'c', 350]);
      const versions: number[] = [];
      const pin = await given.lake.update(given.tenant, { onProgress: ({ version }) => versions.push(version) });
      assert.equal(pin.rows, 1050);
      assert.equal(pin.buckets, 4);
      assert.ok(versions.length >= 2, 'one step would have been unbounded');
      assert.deepEqual(await given.differences(), []);
      const perBucket = await Promise.all([0, 1, 2, 3].map(async (bucket) => given.lake.relation(given.tenant, pin, bucket)));
      const users = await given.duckdb.session(async (session) =>
        Promise.all(perBucket.map((relation) => session.rows<{ user_id: string }>(`select distinct user_id from ${relation}`))),
      );
      assert.equal(users.flat().length, 97, 'a user is in one bucket only');
    });

    it('keeps every column as it was, to the microsecond', async () => {
      await given.addEvents(1, 'm');
      const pin = await given.lake.update(given.tenant);
      const relation = await given.lake.relation(given.tenant, pin);
      const rows = await given.duckdb.session((session) =>
        session.rows(
          `select user_id, epoch_us(occurred_at)::varchar as us, message_id, event, revenue_minor::double as revenue, currency, category, properties from ${relation}`,
        ),
      );
      assert.deepEqual(rows, [
        {
          user_id: 'user 1',
          us: String(Date.parse('2025-01-05T13:00:00.123Z') * 1000 + 456),
          message_id: 'm1',
          event: 'purchase',
          revenue: 1,
          currency: 'USD',
          category: 'c1',
          properties: '{"quote": "\\"a,b\\n\\"", "category": "c1"}',
        },
      ]);
    });

    it('finds a transaction that began before the snapshot and committed after it', async () => {
      const late = await given.database.admin.connect();
      try {
        await late.query('begin');
        await late.query(INSERT, [given.tenant, 'late', 10]); // takes its transaction id here
        await given.addEvents(20, 'early');
        assert.equal((await given.lake.update(given.tenant)).rows, 20);
        assert.equal(
          (await given.everyone()).reduce((sum, { n }) => sum + n, 0),
          20,
        );
        await late.query('commit');
      } finally {
        late.release();
      }
      assert.equal(
        (await given.everyone()).reduce((sum, { n }) => sum + n, 0),
        30,
        'the tail has it before the next update',
      );
      assert.equal((await given.lake.update(given.tenant)).rows, 30);
      assert.deepEqual(await given.differences(), []);
    });

    it('and its tail equal PostgreSQL to the last row while others write', async () => {
      let writing = true;
      const writers = [0, 1, 2].map(async (writer) => {
        for (let i = 0; writing && i < 60; i++) await given.addEvents(1 + ((i * 7 + writer) % 23));
      });
      const updates = (async () => {
        for (let i = 0; i < 5; i++) await given.lake.update(given.tenant);
      })();
      for (let i = 0; i < 5; i++) assert.deepEqual(await given.differences(), []);
      await updates;
      writing = false;
      await Promise.all(writers);
      await given.lake.update(given.tenant);
      assert.deepEqual(await given.differences(), []);
      const { rows } = await given.database.admin.query<{ n: string }>('select count(*) n from events where tenant_id = $1', [
        given.tenant,
      ]);
      assert.equal(await given.countIn(), Number(rows[0]?.n));
    });

    it('puts a late event into its month', async () => {
      await given.addEvents(5);
      await given.lake.update(given.tenant);
      await given.database.admin.query(
        `insert into events (tenant_id, occurred_at, message_id, user_id, event) values ($1, '2025-03-31 23:59:59+00', 'x', 'u', 'e'), ($1, '2025-02-01 00:00:00+00', 'y', 'u', 'e')`,
        [given.tenant],
      );
      await given.lake.update(given.tenant);
      assert.deepEqual(await given.differences(), []);
      const keys = await given.objects.list(lakePrefix(given.tenant));
      for (const month of ['2025-01', '2025-02', '2025-03'])
        assert.ok(
          keys.some((key) => key.includes(`/${month}/`)),
          month,
        );
    });

    it('stays as it was for whoever pinned a version', async () => {
      await given.addEvents(10);
      const pin = await given.lake.update(given.tenant);
      await given.addEvents(10);
      await given.lake.update(given.tenant, { keepVersions: [pin.version] });
      assert.equal(await given.countIn(pin.version), 10);
      assert.equal(await given.countIn(), 20);
    });

    it('changes nothing when nothing happened', async () => {
      await given.addEvents(10);
      const { version } = await given.lake.update(given.tenant);
      assert.equal((await given.lake.update(given.tenant)).version, version);
    });

    it('is the same after it was written anew', async () => {
      await given.addEvents(500);
      await given.addEvents(500);
      await given.lake.update(given.tenant);
      const before = await given.everyone();
      await given.lake.rebuild(given.tenant);
      assert.deepEqual(await given.everyone(), before);
      assert.deepEqual(await given.differences(), []);
    });

    it('says in which month it differs', async () => {
      await given.addEvents(10);
      await given.lake.update(given.tenant);
      await given.database.admin.query(`update events set revenue_minor = 999999 where tenant_id = $1 and message_id like '%3'`, [
        given.tenant,
      ]);
      const [difference] = await given.differences();
      assert.equal(difference?.month, '2025-01');
      assert.equal(difference.lake?.events, difference.postgres?.events);
    });

    it('is refused beside another database', async () => {
      await given.addEvents(3);
      await given.lake.update(given.tenant);
      const other = await createTestDatabase();
      try {
        await other.admin.query(`insert into tenants (tenant_id, name) values ($1, 'same id')`, [given.tenant]);
        await assert.rejects(openLake({ ...given.dependencies, pool: other.pool }).update(given.tenant), /written from another database/);
      } finally {
        await other.drop();
      }
    });
  });
}
