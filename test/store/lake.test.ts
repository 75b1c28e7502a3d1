import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { after, before, beforeEach, describe, it } from 'node:test';
import type { TenantId } from '../../core/ids.js';
import { openDuckDb, type DuckDb } from '../../store/duckdb.js';
import { openLake, type Lake, type LakeDependencies } from '../../store/lake.js';
import { lakePrefix } from '../../store/lake/manifest.js';
import { openLocalCopies } from '../../store/local-copies.js';
import { openObjectStore, type ObjectStore } from '../../store/objects.js';
import { createTestDatabase, type TestDatabase } from '../harness/database.js';
import { temporaryFolder } from '../harness/folder.js';

const folder = temporaryFolder('lake');
let database: TestDatabase;
let duckdb: DuckDb;
let objects: ObjectStore;
let dependencies: LakeDependencies;
let lake: Lake;
let tenant: TenantId;

before(async () => {
  database = await createTestDatabase();
  duckdb = await openDuckDb({ memoryMegabytes: 256, threads: 2, temporaryDirectory: join(folder, 'spill') });
  objects = openObjectStore({ kind: 'directory', directory: join(folder, 'objects') });
  const copies = openLocalCopies(objects, join(folder, 'copies'), 1e9);
  dependencies = { pool: database.pool, objects, copies, duckdb, workDirectory: join(folder, 'work'), eventsPerBucket: 300, stepRows: 400 };
  lake = openLake(dependencies);
  for (const month of ['2025-01-01', '2025-02-01', '2025-03-01']) await database.pool.query('select ensure_event_month($1)', [month]);
});
after(async () => {
  duckdb.close();
  await database.drop();
});
beforeEach(async () => void (tenant = await database.newTenant()));

const INSERT = `insert into events (tenant_id, occurred_at, message_id, user_id, event, revenue_minor, currency, properties)
  select $1, timestamptz '2025-01-05 12:00:00.123456+00' + n * interval '1 hour', $2 || n, 'user ' || n % 97, 'purchase', n, 'USD', jsonb_build_object('category', 'c' || n % 3, 'quote', '"a,b\n"')
  from generate_series(1, $3) n`;

async function addEvents(count: number, prefix: string = randomUUID()): Promise<void> {
  await database.admin.query(INSERT, [tenant, prefix, count]);
}

const everyone = () =>
  lake.withEverything(tenant, async (session, relation) =>
    session.rows<{ user_id: string; n: number }>(`select user_id, count(*)::double as n from ${relation} group by all order by all`),
  );

const differences = async () => (await lake.verify(tenant)).months.filter(({ same }) => !same);

async function countIn(version?: number): Promise<number> {
  const pin = await lake.pin(tenant, version);
  if (!pin) return 0;
  const relation = await lake.relation(tenant, pin);
  return duckdb.session(async (session) => (await session.rows<{ n: number }>(`select count(*)::double as n from ${relation}`))[0]?.n ?? 0);
}

describe('the lake', () => {
  it('holds every event once, in bounded steps, in as many buckets as it needs', async () => {
    await database.admin.query(INSERT, [tenant, 'a', 350]);
    await database.admin.query(INSERT, [tenant, 'b', 350]);
    await database.admin.query(INSERT, [tenant, 'c', 350]);
    const versions: number[] = [];
    const pin = await lake.update(tenant, { onProgress: ({ version }) => versions.push(version) });
    assert.equal(pin.rows, 1050);
    assert.equal(pin.buckets, 4);
    assert.ok(versions.length >= 2, 'one step would have been unbounded');
    assert.deepEqual(await differences(), []);
    const perBucket = await Promise.all([0, 1, 2, 3].map(async (bucket) => lake.relation(tenant, pin, bucket)));
    const users = await duckdb.session(async (session) =>
      Promise.all(perBucket.map((relation) => session.rows<{ user_id: string }>(`select distinct user_id from ${relation}`))),
    );
    assert.equal(users.flat().length, 97, 'a user is in one bucket only');
  });

  it('keeps every column as it was, to the microsecond', async () => {
    await addEvents(1, 'm');
    const pin = await lake.update(tenant);
    const relation = await lake.relation(tenant, pin);
    const rows = await duckdb.session((session) =>
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
    const late = await database.admin.connect();
    try {
      await late.query('begin');
      await late.query(INSERT, [tenant, 'late', 10]); // takes its transaction id here
      await addEvents(20, 'early');
      assert.equal((await lake.update(tenant)).rows, 20);
      assert.equal(
        (await everyone()).reduce((sum, { n }) => sum + n, 0),
        20,
      );
      await late.query('commit');
    } finally {
      late.release();
    }
    assert.equal(
      (await everyone()).reduce((sum, { n }) => sum + n, 0),
      30,
      'the tail has it before the next update',
    );
    assert.equal((await lake.update(tenant)).rows, 30);
    assert.deepEqual(await differences(), []);
  });

  it('and its tail equal PostgreSQL to the last row while others write', async () => {
    let writing = true;
    const writers = [0, 1, 2].map(async (writer) => {
      for (let i = 0; writing && i < 60; i++) await addEvents(1 + ((i * 7 + writer) % 23));
    });
    const updates = (async () => {
      for (let i = 0; i < 5; i++) await lake.update(tenant);
    })();
    for (let i = 0; i < 5; i++) assert.deepEqual(await differences(), []);
    await updates;
    writing = false;
    await Promise.all(writers);
    await lake.update(tenant);
    assert.deepEqual(await differences(), []);
    const { rows } = await database.admin.query<{ n: string }>('select count(*) n from events where tenant_id = $1', [tenant]);
    assert.equal(await countIn(), Number(rows[0]?.n));
  });

  it('puts a late event into its month', async () => {
    await addEvents(5);
    await lake.update(tenant);
    await database.admin.query(
      `insert into events (tenant_id, occurred_at, message_id, user_id, event) values ($1, '2025-03-31 23:59:59+00', 'x', 'u', 'e'), ($1, '2025-02-01 00:00:00+00', 'y', 'u', 'e')`,
      [tenant],
    );
    await lake.update(tenant);
    assert.deepEqual(await differences(), []);
    const keys = await objects.list(lakePrefix(tenant));
    for (const month of ['2025-01', '2025-02', '2025-03'])
      assert.ok(
        keys.some((key) => key.includes(`/${month}/`)),
        month,
      );
  });

  it('stays as it was for whoever pinned a version', async () => {
    await addEvents(10);
    const pin = await lake.update(tenant);
    await addEvents(10);
    await lake.update(tenant, { keepVersions: [pin.version] });
    assert.equal(await countIn(pin.version), 10);
    assert.equal(await countIn(), 20);
  });

  it('changes nothing when nothing happened', async () => {
    await addEvents(10);
    const { version } = await lake.update(tenant);
    assert.equal((await lake.update(tenant)).version, version);
  });

  it('is the same after it was written anew', async () => {
    await addEvents(500);
    await addEvents(500);
    await lake.update(tenant);
    const before = await everyone();
    await lake.rebuild(tenant);
    assert.deepEqual(await everyone(), before);
    assert.deepEqual(await differences(), []);
  });

  it('says in which month it differs', async () => {
    await addEvents(10);
    await lake.update(tenant);
    await database.admin.query(`update events set revenue_minor = 999999 where tenant_id = $1 and message_id like '%3'`, [tenant]);
    const [difference] = await differences();
    assert.equal(difference?.month, '2025-01');
    assert.equal(difference.lake?.events, difference.postgres?.events);
  });

  it('is refused beside another database', async () => {
    await addEvents(3);
    await lake.update(tenant);
    const other = await createTestDatabase();
    try {
      await other.admin.query(`insert into tenants (tenant_id, name) values ($1, 'same id')`, [tenant]);
      await assert.rejects(openLake({ ...dependencies, pool: other.pool }).update(tenant), /written from another database/);
    } finally {
      await other.drop();
    }
  });
});

describe('users who are merged or deleted', () => {
  it('are one user from then on, in the lake and in its tail', async () => {
    await addEvents(194);
    await lake.update(tenant);
    await database.pool.query('select merge_users($1, $2, $3)', [tenant, 'user 1', 'user 2']);
    const inTail = await everyone();
    assert.equal(
      inTail.find(({ user_id }) => user_id === 'user 1'),
      undefined,
    );
    assert.equal(inTail.find(({ user_id }) => user_id === 'user 2')?.n, 4);
    await lake.update(tenant);
    assert.deepEqual(await everyone(), inTail);
    assert.deepEqual(await differences(), []);
  });

  it('cost one void each and no rewriting, at every log-in of every person', async () => {
    await addEvents(970);
    await lake.update(tenant);
    for (let i = 0; i < 90; i++) await database.pool.query('select merge_users($1, $2, $3)', [tenant, `user ${i}`, `person ${i}`]);
    for (let i = 0; i < 90; i++) {
      const { rows } = await database.pool.query<{ merge_users: boolean }>('select merge_users($1, $2, $3)', [
        tenant,
        `user ${i}`,
        `person ${i}`,
      ]);
      assert.equal(rows[0]?.merge_users, false, 'the second log-in changes nothing');
    }
    const { rows } = await database.admin.query<{ n: string }>('select count(*) n from lake_voids where tenant_id = $1', [tenant]);
    assert.equal(Number(rows[0]?.n), 90);
    await lake.update(tenant);
    assert.equal((await everyone()).length, 97);
    assert.deepEqual(await differences(), []);
  });

  it('may be merged in both directions at once and end as one', async () => {
    await addEvents(194);
    await Promise.all([
      database.pool.query('select merge_users($1, $2, $3)', [tenant, 'user 1', 'user 2']),
      database.pool.query('select merge_users($1, $2, $3)', [tenant, 'user 2', 'user 1']),
    ]);
    const { rows } = await database.admin.query<{ user_id: string }>(
      `select distinct user_id from events where tenant_id = $1 and user_id in ('user 1', 'user 2')`,
      [tenant],
    );
    assert.equal(rows.length, 1);
  });

  it('are gone from every part at once when they are deleted, and may come back as new', async () => {
    await addEvents(970);
    await lake.update(tenant);
    await database.pool.query('select delete_user($1, $2)', [tenant, 'user 5']);
    const pin = await lake.update(tenant, { forget: true });
    assert.equal(pin.rows, 960, 'the parts themselves no longer hold the rows');
    await database.admin.query(
      `insert into events (tenant_id, occurred_at, message_id, user_id, event) values ($1, '2025-01-31', 'again', 'user 5', 'e')`,
      [tenant],
    );
    await lake.update(tenant);
    assert.equal((await everyone()).find(({ user_id }) => user_id === 'user 5')?.n, 1);
    assert.deepEqual(await differences(), []);
  });
});

describe('writers of the lake', () => {
  it('wait for each other, and lose nothing', async () => {
    await addEvents(900);
    await Promise.all([lake.update(tenant), lake.update(tenant), openLake(dependencies).update(tenant)]);
    assert.equal(await countIn(), 900);
    assert.deepEqual(await differences(), []);
  });

  it('that are cut off after their parts and before their manifest leave no damage and nothing behind', async () => {
    await addEvents(50);
    await lake.update(tenant);
    const cutOff: ObjectStore = {
      ...objects,
      put: (key, body, options) => (key.includes('/manifest/') ? Promise.reject(new Error('cut off')) : objects.put(key, body, options)),
    };
    await addEvents(50);
    await assert.rejects(openLake({ ...dependencies, objects: cutOff }).update(tenant), /cut off/);
    assert.equal(await countIn(), 50);
    await lake.update(tenant);
    assert.equal(await countIn(), 100);
    const parts = (await objects.list(lakePrefix(tenant))).filter((key) => key.endsWith('.parquet'));
    assert.equal(parts.length, 2);
  });

  it('merge what has become many small parts', async () => {
    for (let i = 0; i < 12; i++) {
      await addEvents(3);
      await lake.update(tenant);
    }
    const { rows, version } = await lake.update(tenant);
    assert.equal(rows, 36);
    const manifest = JSON.parse(String(await objects.get(`${lakePrefix(tenant)}manifest/${String(version).padStart(10, '0')}.json`))) as {
      parts: unknown[];
    };
    assert.ok(manifest.parts.length <= 8);
    assert.deepEqual(await differences(), []);
  });
});
