import { Context } from '@temporalio/activity';
import { DomainError } from '../../core/errors.js';
import { parseLocalDate, parseTenantId, type LocalDate, type TenantId } from '../../core/ids.js';
import { localDateAt } from '../../core/local-date.js';
import { decideAsOf } from '../../core/walk/as-of.js';
import type { Database } from '../../db/client.js';
import { readTenant } from '../../db/queries/tenants.js';
import {
  addToWalkRecord,
  closeWalkRow,
  findWalk,
  keepLakePosition,
  lakeVersionsOfWalks,
  openWalkRow,
  setWalkPhase,
  type WalkEnd,
  type WalkExecution,
} from '../../db/queries/walks.js';
import type { Lake, LakePin } from '../../store/lake.js';
import type { WalkCounts, WalkerInput, WalkPhase } from '../../workflows/walker/contract.js';

export type WalkingDependencies = { readonly database: Database; readonly lake: Lake; readonly now: () => Date };

export type OpenedWalk = { readonly run: number; readonly asOf: string; readonly readsAsBefore: boolean };
export type LakeExtent = { readonly version: number; readonly buckets: number; readonly events: number };

/** How long a walk can be repeated over the very events that it read. */
const REPEATABLE_DAYS = 7;
const DAY_MS = 86_400_000;

export const createWalkingActivities = ({ database, lake, now }: WalkingDependencies) => ({
  /** Safe to retry: for the same execution the row is opened once. */
  async openWalk(input: WalkerInput & { readonly execution: string }): Promise<OpenedWalk> {
    const walk = executionOf(input);
    return database.withTenant(walk.tenantId, async (tx) => {
      const tenant = await readTenant(tx, walk.tenantId);
      if (!tenant) throw new DomainError('not_found', `there is no tenant ${walk.tenantId}`);
      const wanted = input.asOf === undefined ? undefined : new Date(input.asOf);
      const asOf = decideAsOf({ walkDate: walk.walkDate, timeZone: tenant.timeZone, now: now(), asOf: wanted });
      const row = await openWalkRow(tx, { ...walk, asOf, refresh: input.refresh, requestedBy: input.requestedBy });
      return { run: row.run, asOf: row.asOf.toISOString(), readsAsBefore: row.lakeVersion !== null };
    });
  },

  /** Safe to retry: what was decided first is kept. Reads as before when this day's walk read the lake already. */
  async updateLake(input: WalkExecution): Promise<LakeExtent> {
    const walk = executionOf(input);
    const row = await database.withTenant(walk.tenantId, (tx) => findWalk(tx, walk.tenantId, walk.walkDate));
    if (row?.lakeVersion != null) return extentOf(await pinAgain(lake, walk.tenantId, row.lakeVersion));
    const latest = await tend({ database, lake, now }, walk.tenantId);
    const kept = await database.withTenant(walk.tenantId, (tx) =>
      keepLakePosition(tx, walk, { lakeVersion: latest.version, lakeSnapshot: latest.snapshot }),
    );
    if (!kept) throw takenOver(walk);
    return extentOf(kept.lakeVersion === latest.version ? latest : await pinAgain(lake, walk.tenantId, kept.lakeVersion));
  },

  /** Safe to retry: it writes the same again. */
  async enterPhase(input: WalkExecution & { readonly phase: WalkPhase }): Promise<void> {
    const walk = executionOf(input);
    const own = await database.withTenant(walk.tenantId, (tx) => setWalkPhase(tx, walk, input.phase));
    if (!own) throw takenOver(walk);
  },

  /** Safe to retry: it writes the same again. */
  async leavePhase(input: WalkExecution & { readonly phase: WalkPhase; readonly counts: WalkCounts }): Promise<void> {
    const walk = executionOf(input);
    const own = await database.withTenant(walk.tenantId, (tx) => addToWalkRecord(tx, walk, { [input.phase]: input.counts }));
    if (!own) throw takenOver(walk);
  },

  /** Safe to retry: the first end stands. An execution whose row went to another has nothing to close. */
  async closeWalk(input: WalkExecution & { readonly end: WalkEnd }): Promise<void> {
    const walk = executionOf(input);
    await database.withTenant(walk.tenantId, (tx) => closeWalkRow(tx, walk, input.end));
  },

  /** Safe to retry: it only reads. The day on which a Schedule was due, and whether it still needs a walk. */
  async planTick(input: { readonly tenantId: string; readonly dueAt: string }): Promise<{ walkDate: LocalDate; walkedBefore: boolean }> {
    const tenantId = parseTenantId(input.tenantId);
    return database.withTenant(tenantId, async (tx) => {
      const tenant = await readTenant(tx, tenantId);
      if (!tenant) throw new DomainError('not_found', `there is no tenant ${tenantId}`);
      const walkDate = localDateAt(new Date(input.dueAt), tenant.timeZone);
      const row = await findWalk(tx, tenantId, walkDate);
      return { walkDate, walkedBefore: row?.status === 'succeeded' };
    });
  },

  /** Safe to retry: the lake takes each event once. */
  async tendLake(input: { readonly tenantId: string }): Promise<LakeExtent> {
    return extentOf(await tend({ database, lake, now }, parseTenantId(input.tenantId)));
  },
});

export type WalkingActivities = ReturnType<typeof createWalkingActivities>;

/** Brings the lake up to now, and keeps what walks of the last days have read. */
async function tend({ database, lake, now }: WalkingDependencies, tenantId: TenantId): Promise<LakePin> {
  const keepVersions = await repeatableVersions(database, tenantId, now());
  return lake.update(tenantId, { keepVersions, onProgress: (progress) => Context.current().heartbeat(progress) });
}

/** The versions of the lake that walks of the last days have read: whoever writes the lake keeps them. */
export function repeatableVersions(database: Database, tenantId: TenantId, now: Date): Promise<number[]> {
  const since = new Date(now.getTime() - REPEATABLE_DAYS * DAY_MS);
  return database.withTenant(tenantId, (tx) => lakeVersionsOfWalks(tx, tenantId, since));
}

async function pinAgain(lake: Lake, tenantId: TenantId, version: number): Promise<LakePin> {
  const pin = await lake.pin(tenantId, version);
  if (pin) return pin;
  throw new DomainError(
    'not_available',
    `the events as this day's first walk read them (version ${version} of the lake) are not kept any more; ` +
      'walk it with --refresh to read them as they are now',
  );
}

const extentOf = ({ version, buckets, rows }: LakePin): LakeExtent => ({ version, buckets, events: rows });

const executionOf = (input: { readonly tenantId: string; readonly walkDate: string; readonly execution: string }): WalkExecution => ({
  tenantId: parseTenantId(input.tenantId),
  walkDate: parseLocalDate(input.walkDate),
  execution: input.execution,
});

const takenOver = ({ walkDate }: WalkExecution) =>
  new DomainError('conflict', `the walk of ${walkDate} was taken over by a later run; this one ends here`);
