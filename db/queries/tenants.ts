import { eq, sql, type SQL, type SQLWrapper } from 'drizzle-orm';
import { parseTenantId, type TenantId } from '../../core/ids.js';
import type { Database, TenantTransaction } from '../client.js';
import { tenants, type Goal, type TenantSettings } from '../tables/tenants.js';

export type Tenant = {
  readonly tenantId: TenantId;
  readonly name: string;
  readonly timeZone: string;
  readonly currency: string;
  readonly goals: Readonly<Record<string, Goal>>;
  readonly settings: TenantSettings;
  readonly createdAt: Date;
  readonly updatedAt: Date;
};

export type NewTenant = {
  readonly tenantId: TenantId;
  readonly name: string;
  readonly timeZone?: string;
  readonly currency?: string;
  readonly goals?: Readonly<Record<string, Goal>>;
  readonly pinnedK?: number;
};

/** What is to be changed; what is absent stays. `pinnedK: null` lets every walk choose k again; `alwaysOnShare: null` starts no tests. */
export type TenantChange = {
  readonly name?: string;
  readonly timeZone?: string;
  readonly currency?: string;
  readonly goals?: Readonly<Record<string, Goal>>;
  readonly pinnedK?: number | null;
  readonly alwaysOnShare?: number | null;
};

/** Creates a tenant; gives nothing when the id is taken. */
export function createTenant(database: Database, { pinnedK, ...values }: NewTenant): Promise<Tenant | undefined> {
  return database.withTenant(values.tenantId, async (tx) => {
    const settings: TenantSettings = pinnedK === undefined ? {} : { segments: { k: pinnedK } };
    const rows = await tx
      .insert(tenants)
      .values({ ...values, settings })
      .onConflictDoNothing()
      .returning(shown);
    return rows[0] && tenantOf(rows[0]);
  });
}

export function findTenant(database: Database, tenantId: TenantId): Promise<Tenant | undefined> {
  return database.withTenant(tenantId, (tx) => readTenant(tx, tenantId));
}

/** The tenant of a running transaction. */
export async function readTenant(tx: TenantTransaction, tenantId: TenantId): Promise<Tenant | undefined> {
  const rows = await tx.select(shown).from(tenants).where(eq(tenants.tenantId, tenantId));
  return rows[0] && tenantOf(rows[0]);
}

/** Changes a tenant; gives nothing when there is none. */
export function updateTenant(
  database: Database,
  tenantId: TenantId,
  { pinnedK, alwaysOnShare, ...change }: TenantChange,
): Promise<Tenant | undefined> {
  const pinned = pinnedK === undefined ? tenants.settings : withSetting(tenants.settings, ['segments', 'k'], pinnedK);
  const settings = alwaysOnShare === undefined ? pinned : withSetting(sql`(${pinned})`, ['tests', 'alwaysOnShare'], alwaysOnShare);
  return database.withTenant(tenantId, async (tx) => {
    const rows = await tx
      .update(tenants)
      .set({ ...change, settings: sql`${settings}`, updatedAt: sql`now()` })
      .where(eq(tenants.tenantId, tenantId))
      .returning(shown);
    return rows[0] && tenantOf(rows[0]);
  });
}

/** The ids of all tenants, in order. It is one of the few things that may be read before a tenant is known. */
export async function listTenantIds(database: Database): Promise<TenantId[]> {
  const { rows } = await database.pool.query<{ id: string }>('select id from list_tenant_ids() as id order by id');
  return rows.map(({ id }) => parseTenantId(id));
}

/** The settings with one of them changed, or without it. */
function withSetting(settings: SQLWrapper, [group, name]: readonly [string, string], value: number | null): SQL {
  if (value === null) return sql`${settings} #- array[${group}, ${name}]`;
  const changed = sql`coalesce(${settings} -> ${group}, '{}') || jsonb_build_object(${name}::text, ${value}::double precision)`;
  return sql`jsonb_set(${settings}, array[${group}]::text[], ${changed})`;
}

const shown = {
  tenantId: tenants.tenantId,
  name: tenants.name,
  timeZone: tenants.timeZone,
  currency: tenants.currency,
  goals: tenants.goals,
  settings: tenants.settings,
  createdAt: tenants.createdAt,
  updatedAt: tenants.updatedAt,
};

const tenantOf = (row: Omit<Tenant, 'tenantId'> & { readonly tenantId: string }): Tenant => ({
  ...row,
  tenantId: parseTenantId(row.tenantId),
});
