import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { openLake } from '../../store/lake.js';
import { manifestKey } from '../../store/lake/manifest.js';
import { directoryStore, INSERT, lakeStores, useLake } from '../harness/lake.js';

for (const { name, skip, open } of lakeStores) {
  describe(`users who are merged or deleted, in a lake in ${name},`, { skip }, () => {
    const given = useLake(open);

    it('are one user from then on, in the lake and in its tail', async () => {
      await given.addEvents(194);
      await given.lake.update(given.tenant);
      await given.mergeUsers('user 1', 'user 2');
      const inTail = await given.everyone();
      assert.equal(
        inTail.find(({ user_id }) => user_id === 'user 1'),
        undefined,
      );
      assert.equal(inTail.find(({ user_id }) => user_id === 'user 2')?.n, 4);
      await given.lake.update(given.tenant);
      assert.deepEqual(await given.everyone(), inTail);
      assert.deepEqual(await given.differences(), []);
    });

    it('cost one void each and no rewriting, at every log-in of every person', async () => {
      await given.addEvents(970);
      await given.lake.update(given.tenant);
      for (let i = 0; i < 90; i++) await given.mergeUsers(`user ${i}`, `person ${i}`);
      for (let i = 0; i < 90; i++) {
        assert.equal(await given.mergeUsers(`user ${i}`, `person ${i}`), false, 'the second log-in changes nothing');
      }
      const { rows } = await given.database.admin.query<{ n: string }>('select count(*) n from lake_voids where tenant_id = $1', [
        given.tenant,
      ]);
      assert.equal(Number(rows[0]?.n), 90);
      await given.lake.update(given.tenant);
      assert.equal((await given.everyone()).length, 97);
      assert.deepEqual(await given.differences(), []);
    });

    it('may be merged in both directions at once and end as one', async () => {
      await given.addEvents(194);
      await Promise.all([given.mergeUsers('user 1', 'user 2'), given.mergeUsers('user 2', 'user 1')]);
      const { rows } = await given.database.admin.query<{ user_id: string }>(
        `select distinct user_id from events where tenant_id = $1 and user_id in ('user 1', 'user 2')`,
        [given.tenant],
      );
      assert.equal(rows.length, 1);
    });

    it('are gone from every part at once when they are deleted, and may come back as new', async () => {
      await given.addEvents(970);
      await given.lake.update(given.tenant);
      await given.database.pool.query('select delete_user($1, $2)', [given.tenant, 'user 5']);
      const pin = await given.lake.update(given.tenant, { forget: true });
      assert.equal(pin.rows, 960, 'the parts themselves no longer hold the rows');
      await given.database.admin.query(
        `insert into events (tenant_id, occurred_at, message_id, user_id, event) values ($1, '2025-01-31', 'again', 'user 5', 'e')`,
        [given.tenant],
      );
      await given.lake.update(given.tenant);
      assert.equal((await given.everyone()).find(({ user_id }) => user_id === 'user 5')?.n, 1);
      assert.deepEqual(await given.differences(), []);
    });

    it('are remembered by nobody once they are forgotten, whatever walks have read', async () => {
      await given.addEvents(970);
      const walked = await given.lake.update(given.tenant);
      await given.database.pool.query('select delete_user($1, $2)', [given.tenant, 'user 5']);
      await given.lake.update(given.tenant, { keepVersions: [walked.version] }); // an hourly update may come first
      const pin = await given.lake.update(given.tenant, { forget: true, keepVersions: [walked.version] });
      const { forgetsBefore, voids } = await given.manifest(pin.version);
      assert.equal(forgetsBefore, pin.version, 'earlier versions go with the hour');
      assert.equal(voids, undefined);
      const { rows } = await given.database.admin.query('select user_id from lake_voids where tenant_id = $1', [given.tenant]);
      assert.deepEqual(rows, []);
      const before = await given.lake.update(given.tenant, { keepVersions: [walked.version] });
      assert.equal(before.version, pin.version);
      for (const version of [pin.version - 1, pin.version]) await backdate(version);
      await given.lake.update(given.tenant, { keepVersions: [walked.version] });
      assert.equal(await given.lake.pin(given.tenant, walked.version), undefined);
    });

    it('are left out of what a late transaction still brings, and of nothing else', async () => {
      await given.addEvents(194);
      const late = await given.database.admin.connect();
      try {
        await late.query('begin');
        await late.query(INSERT, [given.tenant, 'late', 97]);
        await given.lake.update(given.tenant);
        await given.mergeUsers('user 1', 'user 2');
        await given.lake.update(given.tenant);
        await late.query('commit'); // stored past the intake, which would have waited, under the id of one who was merged
      } finally {
        late.release();
      }
      assert.deepEqual(await given.differences(), []);
      await given.lake.update(given.tenant);
      assert.deepEqual(await given.differences(), []);
      assert.equal((await given.everyone()).find(({ user_id }) => user_id === 'user 1')?.n, 1);
    });

    /** As if a version had been written two hours ago, and so had replaced the one before it. */
    async function backdate(version: number): Promise<void> {
      const manifest = await given.manifest(version);
      const twoHours = 2 * 3_600_000;
      await given.objects.put(
        manifestKey(given.tenant, version),
        JSON.stringify({ ...manifest, writtenAtMs: manifest.writtenAtMs - twoHours }),
      );
    }
  });
}

describe('20,000 people who log in', () => {
  const given = useLake(directoryStore.open);

  it('cost a reader little before and after their voids are taken out', async () => {
    await given.addEvents(1_000);
    await given.database.admin.query(
      `insert into events (tenant_id, occurred_at, message_id, user_id, event)
       select $1, timestamptz '2025-01-10 00:00+00' + n * interval '1 second', 'v' || n, 'visitor ' || n % 20000, 'page_view' from generate_series(1, 400000) n`,
      [given.tenant],
    );
    const roomy = openLake({ ...given.dependencies, eventsPerBucket: 200_000, stepRows: 200_000 });
    const read = async () => {
      const startedAt = performance.now();
      const [row] = await roomy.withEverything(given.tenant, (session, relation) =>
        session.rows<{ visitors: number; people: number; rows: number }>(
          `select (count(*) filter (user_id like 'visitor %'))::double as visitors, (count(*) filter (user_id like 'person %'))::double as people,
             count(*)::double as rows from ${relation}`,
        ),
      );
      return { ...row, seconds: (performance.now() - startedAt) / 1000 };
    };
    const before = await roomy.update(given.tenant);
    const plain = await read();
    // As 20,000 calls of merge_users leave it, in one.
    await given.database.admin.query(
      `with moved as (update events set user_id = replace(user_id, 'visitor', 'person'), tx = pg_current_xact_id()
                      where tenant_id = $1 and user_id like 'visitor %')
       insert into lake_voids (tenant_id, user_id, snapshot) select $1, 'visitor ' || n, pg_current_snapshot() from generate_series(0, 19999) n`,
      [given.tenant],
    );
    const inTail = await read();
    const after = await roomy.update(given.tenant);
    const sealed = await read();
    for (const { visitors, people, rows } of [inTail, sealed])
      assert.deepEqual({ visitors, people, rows }, { visitors: 0, people: 400_000, rows: 401_000 });
    assert.equal(before.rows, 401_000);
    assert.equal((await given.manifest(after.version)).voids?.users, 20_000, 'nothing was rewritten yet');
    assert.ok(sealed.seconds < 20 * plain.seconds + 2, `${sealed.seconds} s beside ${plain.seconds} s without voids`);
    const { rows } = await roomy.update(given.tenant, { forget: true });
    assert.equal(rows, 401_000);
    assert.ok((await roomy.verify(given.tenant)).months.every(({ same }) => same));
  });
});
