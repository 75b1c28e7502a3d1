import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import { waitUntil } from '../../sandbox/processes.js';
import { createTestDatabase, type TestDatabase } from '../harness/database.js';

let database: TestDatabase;
before(async () => void (database = await createTestDatabase()));
after(() => database.drop());

it('a connection that breaks while it is held and idle ends neither the process nor the pool', async () => {
  const held = await database.pool.connect();
  const { rows } = await held.query<{ pid: number }>('select pg_backend_pid() as pid');
  await database.admin.query('select pg_terminate_backend($1)', [rows[0]?.pid]);
  const isRefused = () =>
    held.query('select 1').then(
      () => false,
      () => true,
    );
  assert.ok(await waitUntil(isRefused, 10_000));
  held.release(true);
  assert.equal((await database.pool.query('select 1')).rowCount, 1);
});
