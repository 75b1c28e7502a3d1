import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { parseTenantId, type TenantId } from '../../core/ids.js';
import { openDatabase, type Database } from '../../db/client.js';
import { migrate } from '../../db/migrate.js';

/** A PostgreSQL in which databases may be created; the test run starts one and names it here. */
const serverUrl = process.env.TEST_DATABASE_URL ?? 'postgres://postgres@127.0.0.1:54320/postgres';

export type TestDatabase = Database & {
  readonly url: string;
  /** A superuser's session, which row-level security does not hold: for looking at everything that is there. */
  readonly admin: pg.Pool;
  newTenant(settings?: { timeZone?: string; currency?: string; name?: string }): Promise<TenantId>;
  drop(): Promise<void>;
};

export type EmptyDatabase = { readonly url: string; query(statement: string): Promise<unknown>; drop(): Promise<void> };

/** A database in which nothing has been done yet. */
export async function createEmptyDatabase(server = serverUrl): Promise<EmptyDatabase> {
  const name = `test_${randomUUID().replaceAll('-', '')}`;
  await on(server, `create database ${name}`);
  const url = Object.assign(new URL(server), { pathname: `/${name}` }).toString();
  return {
    url,
    query: (statement) => on(url, statement),
    drop: () => on(server, `drop database if exists ${name} with (force)`),
  };
}

/** A migrated database of its own for a test file. Call `drop` in `after`. */
export async function createTestDatabase(server = serverUrl): Promise<TestDatabase> {
  const { url, drop } = await createEmptyDatabase(server);
  await migrate(url);
  const admin = new pg.Pool({ connectionString: url, max: 4, options: '-c search_path=madansara_analytics' });
  admin.on('error', () => undefined); // a test may end the server under it
  const database = openDatabase(url, { applicationName: 'test', maxConnections: 8 });
  return {
    ...database,
    url,
    admin,
    async newTenant({ timeZone = 'UTC', currency = 'USD', name: tenantName = 'Test' } = {}) {
      const tenantId = parseTenantId(randomUUID());
      await admin.query('insert into tenants (tenant_id, name, time_zone, currency) values ($1, $2, $3, $4)', [
        tenantId,
        tenantName,
        timeZone,
        currency,
      ]);
      return tenantId;
    },
    async drop() {
      await database.close();
      await admin.end();
      await drop();
    },
  };
}

async function on(url: string, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}
