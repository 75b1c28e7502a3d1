import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { openLake } from '../../store/lake.js';
import { lakePrefix, manifestKey } from '../../store/lake/manifest.js';
import { readEverything } from '../../store/lake/reading.js';
import { readSource } from '../../store/lake/source.js';
import { sweep } from '../../store/lake/sweeping.js';
import type { ObjectStore } from '../../store/objects.js';
import { createGate } from '../harness/gate.js';
import { lakeStores, useLake } from '../harness/lake.js';

for (const { name, skip, open } of lakeStores) {
  describe(`writers of a lake in ${name}`, { skip }, () => {
    const given = useLake(open);

    it('wait for each other, and lose nothing', async () => {
      await given.addEvents(900);
      await Promise.all([
        given.lake.update(given.tenant),
        given.lake.update(given.tenant),
        openLake(given.dependencies).update(given.tenant),
      ]);
      assert.equal(await given.countIn(), 900);
      assert.deepEqual(await given.differences(), []);
    });

    it('that are cut off after their parts and before their manifest leave no damage and nothing behind', async () => {
      await given.addEvents(50);
      await given.lake.update(given.tenant);
      const cutOff: ObjectStore = {
        ...given.objects,
        put: (key, body, options) =>
          key.includes('/manifest/') ? Promise.reject(new Error('cut off')) : given.objects.put(key, body, options),
      };
      await given.addEvents(50);
      await assert.rejects(openLake({ ...given.dependencies, objects: cutOff }).update(given.tenant), /cut off/);
      assert.equal(await given.countIn(), 50);
      await given.lake.update(given.tenant);
      assert.equal(await given.countIn(), 100);
      const parts = (await given.objects.list(lakePrefix(given.tenant))).filter((key) => key.endsWith('.parquet'));
      assert.equal(parts.length, 2);
    });

    it('merge what has become many small parts', async () => {
      for (let i = 0; i < 12; i++) {
        await given.addEvents(3);
        await given.lake.update(given.tenant);
      }
      const { rows, version } = await given.lake.update(given.tenant);
      assert.equal(rows, 36);
      const manifest = JSON.parse(
        String(await given.objects.get(`${lakePrefix(given.tenant)}manifest/${String(version).padStart(10, '0')}.json`)),
      ) as {
        parts: unknown[];
      };
      assert.ok(manifest.parts.length <= 8);
      assert.deepEqual(await given.differences(), []);
    });

    it('that write it anew show nothing before it is whole', async () => {
      for (let i = 0; i < 4; i++) await given.addEvents(300);
      const old = await given.lake.update(given.tenant);
      const seen: number[] = [];
      const watching: ObjectStore = {
        ...given.objects,
        async putFile(key, path) {
          await given.objects.putFile(key, path);
          seen.push((await given.lake.pin(given.tenant))?.version ?? 0, await given.countIn(), await given.countIn(old.version));
        },
      };
      const anew = await openLake({ ...given.dependencies, objects: watching }).rebuild(given.tenant);
      assert.equal(anew.version, old.version + 1, 'the steps on the way are no versions');
      assert.deepEqual([...new Set(seen)], [old.version, 1200]);
      assert.equal(await given.countIn(), 1200);
      assert.equal(await given.countIn(old.version), 1200, 'whoever is at work goes on with the old one');
    });

    it('that fill it for the first time in steps have no whole version before the end', async () => {
      for (let i = 0; i < 3; i++) await given.addEvents(350);
      const pinned: (number | undefined)[] = [];
      const watching: ObjectStore = {
        ...given.objects,
        async put(key, body, options) {
          pinned.push((await given.lake.pin(given.tenant))?.version);
          return given.objects.put(key, body, options);
        },
      };
      const pin = await openLake({ ...given.dependencies, objects: watching }).update(given.tenant);
      assert.ok(pinned.length >= 3);
      assert.ok(pinned.every((version) => version === undefined));
      assert.equal((await given.lake.pin(given.tenant))?.version, pin.version);
    });

    it('sweep no part that another is about to publish', async () => {
      await given.addEvents(50);
      await given.lake.update(given.tenant);
      await given.addEvents(50);
      const about = createGate();
      const others = createGate();
      const slow: ObjectStore = {
        ...given.objects,
        async put(key, body, options) {
          about.open();
          await others.opened;
          return given.objects.put(key, body, options);
        },
      };
      const publishing = openLake({ ...given.dependencies, objects: slow }).update(given.tenant);
      await about.opened;
      await sweep(given.objects, given.tenant, await given.manifest(1), []); // by one who has the lock that the database lost
      others.open();
      assert.equal((await publishing).version, 2);
      assert.equal(await given.countIn(), 100);
      assert.deepEqual(await given.differences(), []);
    });

    it('divide buckets that have grown too large, and leave those that a walk has pinned', async () => {
      await given.addEvents(200);
      const small = await given.lake.update(given.tenant);
      assert.equal(small.buckets, 1);
      for (let i = 0; i < 4; i++) await given.addEvents(400);
      await given.mergeUsers('user 1', 'user 2');
      const large = await given.lake.update(given.tenant, { keepVersions: [small.version] });
      assert.equal(large.buckets, 8);
      assert.equal(large.rows, 1800, 'what was void is gone with the rewriting');
      assert.deepEqual(await given.differences(), []);
      const pinned = await given.lake.pin(given.tenant, small.version);
      assert.equal(pinned?.buckets, 1);
      assert.equal(await given.countIn(small.version), 200);
      const users = new Map<string, number>();
      for (let bucket = 0; bucket < large.buckets; bucket++) {
        const relation = await given.lake.relation(given.tenant, large, bucket);
        const found = await given.duckdb.session((session) =>
          session.rows<{ user_id: string }>(`select distinct user_id from ${relation}`),
        );
        for (const { user_id } of found) users.set(user_id, (users.get(user_id) ?? 0) + 1);
      }
      assert.equal(users.size, 96);
      assert.ok([...users.values()].every((buckets) => buckets === 1));
    });

    it('are refused by a lake that is younger than the database, until it is written anew', async () => {
      await given.addEvents(50);
      const { version } = await given.lake.update(given.tenant);
      const manifest = await given.manifest(version);
      const young = { ...manifest, version: version + 1, snapshot: '4000000000:4000000000:' }; // as after a restore of the database
      await given.objects.put(manifestKey(given.tenant, version + 1), JSON.stringify(young));
      await assert.rejects(given.lake.update(given.tenant), /older than its lake.*lake rebuild/);
      await assert.rejects(given.lake.verify(given.tenant), /older than its lake/);
      const anew = await given.lake.rebuild(given.tenant);
      assert.equal(anew.rows, 50);
      assert.deepEqual(await given.differences(), []);
    });

    it('write it anew by themselves after the database took another turn, by a restore or a failover', async () => {
      await given.addEvents(50);
      const { version } = await given.lake.update(given.tenant);
      const manifest = await given.manifest(version);
      const lost = { ...manifest, version: version + 1, timeline: manifest.timeline + 1, parts: [...manifest.parts, ...manifest.parts] };
      await given.objects.put(manifestKey(given.tenant, version + 1), JSON.stringify(lost)); // holds what the database lost
      assert.deepEqual(await given.differences(), [], 'readers read PostgreSQL meanwhile');
      const anew = await given.lake.update(given.tenant);
      assert.deepEqual({ version: anew.version, rows: anew.rows }, { version: version + 2, rows: 50 });
      assert.deepEqual(await given.differences(), []);
    });

    it('lose nothing and count nothing twice while events come, users merge and users are deleted', async () => {
      const { admin, pool } = given.database;
      let writing = true;
      const rounds = async (work: (round: number) => Promise<unknown>) => {
        for (let round = 0; writing && round < 40; round++) await work(round);
      };
      const writers = [
        rounds((round) => given.addEvents(1 + ((round * 7) % 23))),
        rounds((round) => given.addEvents(1 + ((round * 5) % 31))),
        rounds((round) => pool.query('select merge_users($1, $2, $3)', [given.tenant, `user ${round * 2}`, `user ${round * 2 + 1}`])),
        rounds((round) => pool.query('select delete_user($1, $2)', [given.tenant, `user ${(round * 11) % 97}`])),
      ];
      const upkeep = rounds(async (round) => {
        if (round < 6) await given.lake.update(given.tenant, { forget: round % 3 === 2 });
      });
      for (let i = 0; i < 6; i++) assert.deepEqual(await rowsThatDiffer(), []);
      await upkeep;
      writing = false;
      await Promise.all(writers);
      assert.deepEqual(await rowsThatDiffer(), []);
      await given.lake.update(given.tenant);
      const { rows } = await admin.query<{ n: string }>('select count(*) n from events where tenant_id = $1', [given.tenant]);
      assert.equal(
        (await given.everyone()).reduce((sum, { n }) => sum + n, 0),
        Number(rows[0]?.n),
      );
      assert.deepEqual(await rowsThatDiffer(), []);
    });

    /** Rows that the lake and its tail have and PostgreSQL has not, or the other way round, within one snapshot of the database. */
    async function rowsThatDiffer(): Promise<string[]> {
      const client = await given.database.pool.connect();
      try {
        return await readSource(client, given.tenant, (source) =>
          readEverything(given.dependencies, source, async ({ session, relation }) => {
            const lake = await session.rows<{ row: string }>(
              `select concat_ws('|', message_id, user_id, epoch_us(occurred_at), event, revenue_minor, currency, category, properties) as row from ${relation}`,
            );
            const { rows } = await client.query<{ row: string }>(
              `select concat_ws('|', message_id, user_id, (extract(epoch from occurred_at) * 1000000)::bigint, event, revenue_minor, currency,
                 properties->>'category', properties) as row from events where tenant_id = $1`,
              [given.tenant],
            );
            const [ours, theirs] = [lake, rows].map((side) => side.map(({ row }) => row));
            return [...without(ours, theirs).map((row) => `lake: ${row}`), ...without(theirs, ours).map((row) => `PostgreSQL: ${row}`)];
          }),
        );
      } finally {
        client.release();
      }
    }
  });
}

/** What the first list has more often than the second. */
function without(rows: readonly string[] = [], others: readonly string[] = []): string[] {
  const left = new Map<string, number>();
  for (const row of others) left.set(row, (left.get(row) ?? 0) + 1);
  return rows.filter((row) => {
    const count = left.get(row) ?? 0;
    left.set(row, count - 1);
    return count < 1;
  });
}
