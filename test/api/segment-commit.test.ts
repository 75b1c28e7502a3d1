import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import pg from 'pg';
import { waitUntil } from '../../sandbox/processes.js';
import { startTestApi, type TestApi } from '../harness/api.js';
import { createTestDatabase, type TestDatabase } from '../harness/database.js';
import { createSender } from '../harness/segment.js';

let database: TestDatabase;
let api: TestApi;

/** A lock that every commit which adds a user must pass: the last thing that happens before it is final. */
const COMMIT_LOCK = 4_711;

before(async () => {
  database = await createTestDatabase();
  api = await startTestApi(database);
  await database.admin.query(`
    create function wait_at_commit() returns trigger language plpgsql as $$
    begin perform pg_advisory_xact_lock_shared(${COMMIT_LOCK}); return null; end $$;
    create constraint trigger wait_at_commit after insert on users deferrable initially deferred for each row execute function wait_at_commit();
  `);
});
after(async () => {
  await api.close();
  await database.drop();
});

/** Holds all commits until `let go`; tells which sessions wait at theirs. */
async function holdCommits() {
  const holder = new pg.Client({ connectionString: database.url });
  await holder.connect();
  await holder.query('select pg_advisory_lock($1)', [COMMIT_LOCK]);
  const waiting = async (): Promise<readonly number[]> => {
    const { rows } = await database.admin.query<{ pid: number }>(
      `select pid from pg_locks where locktype = 'advisory' and objid = $1 and not granted
       and database = (select oid from pg_database where datname = current_database())`,
      [COMMIT_LOCK],
    );
    return rows.map(({ pid }) => pid);
  };
  return {
    untilOneWaits: async () => {
      assert.ok(await waitUntil(async () => (await waiting()).length > 0, 5_000, 10));
      return (await waiting())[0];
    },
    letGo: () => holder.end(),
  };
}

const message = { type: 'track', userId: 'u', event: 'x', messageId: 'm' };

describe('200', () => {
  it('is said only after the commit', async () => {
    const sender = await createSender(api, database);
    const commits = await holdCommits();
    let answered = false;
    const sending = sender.batch(message, {}).finally(() => (answered = true));
    await commits.untilOneWaits();
    // Everything is written, and waits for nothing but its commit: a request that goes all the way is answered meanwhile.
    assert.equal((await sender.batch({})).status, 200);
    assert.equal(answered, false);
    assert.deepEqual(await sender.events(), []);
    await commits.letGo();
    assert.deepEqual([(await sending).status, (await sending).body.stored], [200, 1]);
    assert.equal((await sender.events()).length, 1);
  });

  it('is not said when the database goes away before the commit; sent again, all is stored once', async () => {
    const sender = await createSender(api, database);
    const commits = await holdCommits();
    const sending = sender.batch(message, {});
    const pid = await commits.untilOneWaits();
    await database.admin.query('select pg_terminate_backend($1)', [pid]);
    const answer = await sending;
    assert.equal(answer.status, 503, answer.text);
    assert.equal(answer.headers.get('retry-after'), '5');
    assert.deepEqual([await sender.events(), await sender.rejected()], [[], []]);
    await commits.letGo();
    assert.equal((await sender.batch(message, {})).body.stored, 1);
    assert.equal((await sender.batch(message)).body.duplicates, 1);
  });
});
