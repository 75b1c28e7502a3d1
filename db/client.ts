import { sql } from 'drizzle-orm';
import { drizzle, type NodePgDatabase } from 'drizzle-orm/node-postgres';
import pg from 'pg';
import type { TenantId } from '../core/ids.js';

/** A transaction of one tenant: row-level security shows it that tenant's rows and nothing else. */
export type TenantTransaction = Parameters<Parameters<NodePgDatabase['transaction']>[0]>[0];

export type Database = {
  /** For the few functions that run before a tenant is known, and for bulk functions that set the tenant themselves. */
  readonly pool: pg.Pool;
  withTenant<T>(tenantId: TenantId, work: (tx: TenantTransaction) => Promise<T>): Promise<T>;
  close(): Promise<void>;
};

export type DatabaseOptions = {
  readonly applicationName: string;
  readonly maxConnections?: number;
  /** Told of a connection that broke while idle, which must not end the process. */
  readonly onIdleError?: (error: Error) => void;
};

/**
 * A pool in the application's role. The login of the URL only has to be a member of `madansara_app`; whatever else it may
 * do, these sessions cannot.
 */
export function openDatabase(databaseUrl: string, options: DatabaseOptions): Database {
  const pool = new pg.Pool({
    connectionString: databaseUrl,
    application_name: options.applicationName,
    max: options.maxConnections ?? 10,
    idleTimeoutMillis: 0,
    connectionTimeoutMillis: 10_000,
    options: '-c role=madansara_app -c search_path=madansara_analytics',
  });
  let closing = false; // `end` does not wait for its farewells to arrive: a server that goes down then is no news
  pool.on('error', (error) => {
    if (!closing) options.onIdleError?.(error);
  });
  // A connection that breaks while somebody holds it and asks nothing: their next query says so, and the process lives.
  pool.on('connect', (client) => client.on('error', () => undefined));
  const database = drizzle(pool);
  return {
    pool,
    withTenant: (tenantId, work) =>
      database.transaction(async (tx) => {
        await tx.execute(sql`select set_config('app.tenant_id', ${tenantId}, true)`);
        return work(tx);
      }),
    close() {
      closing = true;
      return pool.end();
    },
  };
}
