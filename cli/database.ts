import { DatabaseError } from 'pg';
import { loadConfig, type Config } from '../config.js';
import { DomainError } from '../core/errors.js';
import type { TenantId } from '../core/ids.js';
import { openDatabase, type Database } from '../db/client.js';
import { findTenant, type Tenant } from '../db/queries/tenants.js';

/** Gives a command the database for as long as it works, and says in words why it cannot. */
export async function withDatabase<T>(command: string, work: (database: Database, config: Config) => Promise<T>): Promise<T> {
  const config = loadConfig(process.env);
  const database = openDatabase(config.databaseUrl, { applicationName: `madansara-${command}` });
  try {
    return await work(database, config);
  } catch (error) {
    throw explained(error, config);
  } finally {
    await database.close();
  }
}

/** The tenant that a command is about; throws `not_found`. */
export async function requireTenant(database: Database, tenantId: TenantId): Promise<Tenant> {
  const tenant = await findTenant(database, tenantId);
  if (!tenant) throw new DomainError('not_found', `there is no tenant ${tenantId} (\`madansara tenants list\` shows those there are)`);
  return tenant;
}

function explained(error: unknown, { databaseUrl }: Config): unknown {
  const cause = rootOf(error);
  const { hostname, port } = new URL(databaseUrl);
  const place = `${hostname}:${port || '5432'}`;
  switch (codeOf(cause)) {
    case 'ECONNREFUSED':
    case 'ENOTFOUND':
    case 'ETIMEDOUT':
      return new Error(`PostgreSQL does not answer at ${place} (DATABASE_URL)`, { cause: error });
    case '28000':
    case '28P01':
    case '3D000':
      return new Error(`PostgreSQL at ${place} does not let us in (DATABASE_URL): ${messageOf(cause)}`, { cause: error });
    case '22023': // the role that sessions take is not there
    case '3F000':
    case '42P01':
    case '42883':
      return new Error(`the schema of the database is not up to date: run \`madansara migrate\` (${messageOf(cause)})`, { cause: error });
    case '57P01':
    case 'ECONNRESET':
      return new Error(`PostgreSQL at ${place} went away; what was committed stays`, { cause: error });
    default:
      return cause instanceof DatabaseError ? cause : error;
  }
}

/** drizzle and AggregateError wrap what happened. */
function rootOf(error: unknown): unknown {
  if (error instanceof AggregateError && error.errors.length > 0) return rootOf(error.errors[0]);
  return error instanceof Error && error.message.startsWith('Failed query') && error.cause ? rootOf(error.cause) : error;
}

const codeOf = (error: unknown): string | undefined =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
