import { and, desc, eq, gte, isNotNull, lt, sql, type SQL } from 'drizzle-orm';
import { parseTenantId, type LocalDate, type TenantId } from '../../core/ids.js';
import type { Database, TenantTransaction } from '../client.js';
import { walks } from '../tables/walks.js';

export type WalkRow = typeof walks.$inferSelect;
export type LakePosition = { readonly lakeVersion: number; readonly lakeSnapshot: string };

/**
 * Writes to a walk's row. A row belongs to the execution that opened it last (`execution`, the id of a workflow's first run):
 * a write of another, such as a worker's that was thought dead, changes nothing.
 */
export type WalkExecution = { readonly tenantId: TenantId; readonly walkDate: LocalDate; readonly execution: string };

export type WalkOpening = WalkExecution & {
  /** For a first run, and for a refreshed one; any other keeps what the first run had. */
  readonly asOf: Date;
  readonly refresh: boolean;
  readonly requestedBy: string;
};

/** Makes the row or takes it over for another run. Doing it again for the same execution changes nothing. */
export async function openWalkRow(tx: TenantTransaction, opening: WalkOpening): Promise<WalkRow> {
  const { tenantId, walkDate, execution, asOf, refresh, requestedBy } = opening;
  const begun = {
    status: 'running' as const,
    phase: 'segmentation',
    requestedBy,
    record: { execution },
    error: null,
    startedAt: sql`now()`,
    finishedAt: null,
  };
  const anew = refresh ? { asOf, lakeVersion: null, lakeSnapshot: null } : {};
  const rows = await tx
    .insert(walks)
    .values({ ...begun, tenantId, walkDate, asOf })
    .onConflictDoUpdate({
      target: [walks.tenantId, walks.walkDate],
      set: { ...begun, ...anew, run: sql`${walks.run} + 1` },
      setWhere: sql`${walks.record} ->> 'execution' is distinct from ${execution}`,
    })
    .returning();
  const row = rows[0] ?? (await findWalk(tx, tenantId, walkDate));
  if (!row) throw new Error('the row of the walk is gone');
  return row;
}

export async function findWalk(tx: TenantTransaction, tenantId: TenantId, walkDate: LocalDate): Promise<WalkRow | undefined> {
  const rows = await tx
    .select()
    .from(walks)
    .where(and(eq(walks.tenantId, tenantId), eq(walks.walkDate, walkDate)));
  return rows[0];
}

/** The latest day first; of those before `before`, where it is given. */
export function listWalks(
  tx: TenantTransaction,
  tenantId: TenantId,
  { before, limit }: { readonly before?: LocalDate | undefined; readonly limit: number },
): Promise<WalkRow[]> {
  const conditions: SQL[] = [eq(walks.tenantId, tenantId)];
  if (before !== undefined) conditions.push(lt(walks.walkDate, before));
  return tx
    .select()
    .from(walks)
    .where(and(...conditions))
    .orderBy(desc(walks.walkDate))
    .limit(limit);
}

/** Keeps which events the walk reads, unless that was decided before. Gives what is decided. */
export async function keepLakePosition(
  tx: TenantTransaction,
  walk: WalkExecution,
  position: LakePosition,
): Promise<LakePosition | undefined> {
  const rows = await tx
    .update(walks)
    .set({
      lakeVersion: sql`coalesce(${walks.lakeVersion}, ${position.lakeVersion})`,
      lakeSnapshot: sql`coalesce(${walks.lakeSnapshot}, ${position.lakeSnapshot})`,
    })
    .where(ownRow(walk))
    .returning({ lakeVersion: walks.lakeVersion, lakeSnapshot: walks.lakeSnapshot });
  const row = rows[0];
  return row && row.lakeVersion !== null && row.lakeSnapshot !== null
    ? { lakeVersion: row.lakeVersion, lakeSnapshot: row.lakeSnapshot }
    : undefined;
}

/** False when the row belongs to another execution by now. */
export async function setWalkPhase(tx: TenantTransaction, walk: WalkExecution, phase: string): Promise<boolean> {
  const { rowCount } = await tx.update(walks).set({ phase }).where(ownRow(walk));
  return rowCount === 1;
}

/** Adds to the walk's record what a phase did, under the phase's name. */
export async function addToWalkRecord(
  tx: TenantTransaction,
  walk: WalkExecution,
  addition: Readonly<Record<string, unknown>>,
): Promise<boolean> {
  const { rowCount } = await tx
    .update(walks)
    .set({ record: sql`${walks.record} || ${JSON.stringify(addition)}::jsonb` })
    .where(ownRow(walk));
  return rowCount === 1;
}

export type WalkEnd = { readonly status: 'succeeded' } | { readonly status: 'failed'; readonly error: string };

/** Closes the row. Doing it again leaves the first end. False when the row belongs to another execution by now. */
export async function closeWalkRow(tx: TenantTransaction, walk: WalkExecution, end: WalkEnd): Promise<boolean> {
  const error = end.status === 'failed' ? end.error : null;
  const { rowCount } = await tx
    .update(walks)
    .set({ status: end.status, error, finishedAt: sql`coalesce(${walks.finishedAt}, now())` })
    .where(ownRow(walk));
  return rowCount === 1;
}

/** The versions of the lake that walks begun since a moment have read: such a walk can be repeated. */
export async function lakeVersionsOfWalks(tx: TenantTransaction, tenantId: TenantId, since: Date): Promise<number[]> {
  const rows = await tx
    .selectDistinct({ version: walks.lakeVersion })
    .from(walks)
    .where(and(eq(walks.tenantId, tenantId), isNotNull(walks.lakeVersion), gte(walks.startedAt, since)));
  return rows.flatMap(({ version }) => (version === null ? [] : [version]));
}

/** When a walk of the tenant last succeeded; of which day does not matter. */
export async function lastWalkSuccess(tx: TenantTransaction, tenantId: TenantId): Promise<Date | undefined> {
  const rows = await tx
    .select({ at: sql<string | null>`max(${walks.finishedAt})` })
    .from(walks)
    .where(and(eq(walks.tenantId, tenantId), eq(walks.status, 'succeeded')));
  const at = rows[0]?.at;
  return at ? new Date(at) : undefined;
}

const ownRow = ({ tenantId, walkDate, execution }: WalkExecution) =>
  and(eq(walks.tenantId, tenantId), eq(walks.walkDate, walkDate), sql`${walks.record} ->> 'execution' = ${execution}`);

/** For each tenant the seconds since its last successful walk ended; since its creation, where none did. Read before a tenant is known. */
export async function listWalkAges(database: Database): Promise<readonly { readonly tenantId: TenantId; readonly seconds: number }[]> {
  const { rows } = await database.pool.query<{ tenant_id: string; seconds: number }>('select tenant_id, seconds from list_walk_ages()');
  return rows.map(({ tenant_id, seconds }) => ({ tenantId: parseTenantId(tenant_id), seconds }));
}
