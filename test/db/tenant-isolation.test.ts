import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { sql } from 'drizzle-orm';
import type { TenantId } from '../../core/ids.js';
import { createTestDatabase, type TestDatabase } from '../harness/database.js';

let database: TestDatabase;
let ours: TenantId;
let theirs: TenantId;
before(async () => {
  database = await createTestDatabase();
  [ours, theirs] = await Promise.all([database.newTenant({ name: 'Ours' }), database.newTenant({ name: 'Theirs' })]);
  await database.admin.query(`insert into users (tenant_id, user_id) values ($1, 'u1'), ($2, 'u1')`, [ours, theirs]);
});
after(() => database.drop());

const count = async (tenantId: TenantId, table: string) =>
  database.withTenant(
    tenantId,
    async (tx) => (await tx.execute<{ n: number }>(sql.raw(`select count(*)::int n from ${table}`))).rows[0]?.n,
  );

describe('a session of the application', () => {
  it('sees nothing before a tenant is set', async () => {
    assert.equal((await database.pool.query('select from tenants')).rowCount, 0);
  });

  it('sees one tenant inside its transaction', async () => {
    assert.equal(await count(ours, 'tenants'), 1);
    assert.equal(await count(ours, 'users'), 1);
  });

  it('sees nothing again after that transaction, on the same connection', async () => {
    const client = await database.pool.connect();
    try {
      await client.query('begin');
      await client.query(`select set_config('app.tenant_id', $1, true)`, [ours]);
      assert.equal((await client.query('select from users')).rowCount, 1);
      await client.query('commit');
      assert.equal((await client.query('select from users')).rowCount, 0);
    } finally {
      client.release();
    }
  });

  it('cannot write a row of another tenant', async () => {
    const write = database.withTenant(ours, (tx) => tx.execute(sql`insert into users (tenant_id, user_id) values (${theirs}, 'u2')`));
    await assert.rejects(write, (error: Error) => /row-level security/.test(String(error.cause)));
  });

  it('cannot move a row to another tenant', async () => {
    const move = database.withTenant(ours, (tx) => tx.execute(sql`update users set tenant_id = ${theirs}, user_id = 'moved'`));
    await assert.rejects(move, (error: Error) => /row-level security/.test(String(error.cause)));
  });

  it('cannot enter a second tenant from within the first', async () => {
    const enter = database.withTenant(ours, (tx) => tx.execute(sql`select enter_tenant(${theirs})`));
    await assert.rejects(enter, (error: Error) => /belongs to another tenant/.test(String(error.cause)));
  });

  it('may look up what must be known before a tenant is, and gets ids only', async () => {
    const { rows } = await database.pool.query<{ list_tenant_ids: string }>('select list_tenant_ids()');
    assert.deepEqual(
      rows.map((row) => row.list_tenant_ids),
      [ours, theirs].sort(),
    );
  });

  it('cannot become anybody else', async () => {
    await assert.rejects(database.pool.query('alter table users disable row level security'), /must be owner/);
  });
});
