import { randomUUID } from 'node:crypto';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { describeSegments } from '../../core/segment/describing.js';
import { EVERYONE, segmentKey, type SegmentModel } from '../../core/segment/model.js';
import type { SegmentStatistics } from '../../core/segment/statistics.js';
import { addTallies } from '../../core/segment/tally.js';
import { copyMemberships, copyUserFeatures, publishing, writeSegments, type FoundSegment } from '../../db/queries/segments.js';
import { withLocalFiles } from '../../store/local-files.js';
import { compareFeatures, compareMemberships, shownFeatures, tallyAffinities } from '../../store/memberships.js';
import { stopIfCancelled } from '../beating.js';
import { readModel, readTally, writeJson } from './models.js';
import { bucketsOf, type SegmentationDependencies, type SegmentationWalk } from './walk.js';

export type Published = {
  readonly key: string;
  readonly segments: number;
  readonly users: number;
  /** Rows that had to change. */
  readonly memberships: number;
  readonly features: number;
};

export async function publish(dependencies: SegmentationDependencies, walk: SegmentationWalk): Promise<Published> {
  const { database, objects, duckdb, workDirectory } = dependencies;
  const { tenantId, walkDate, keys } = walk;
  const model = await readModel(objects, keys.model);
  const buckets = bucketsOf(walk);
  const wanted = [...buckets.map(keys.members), ...buckets.map(keys.affinities)];
  return withLocalFiles(objects, workDirectory, wanted, async (paths) => {
    const members = paths.slice(0, buckets.length);
    const found = await describeFound(dependencies, walk, model, { memberships: members, affinities: paths.slice(buckets.length) });
    await writeJson(objects, keys.clusters, clustersOf(found));
    const idOf = await database.withTenant(tenantId, (tx) =>
      writeSegments(tx, tenantId, walkDate, found, segmentKey(tenantId, 'rule', EVERYONE)),
    );
    const changes = await duckdb.session(async (session) => {
      const memberships = await withTemporaryFile(workDirectory, async (path) => {
        await copyMemberships(database, tenantId, [...idOf.values()], path);
        return sendMemberships(dependencies, walk, idOf, compareMemberships(session, members, path));
      });
      const features = await withTemporaryFile(workDirectory, async (path) => {
        await copyUserFeatures(database, tenantId, shownFeatures, path);
        return sendFeatures(dependencies, walk, compareFeatures(session, members, path));
      });
      return { memberships, features };
    });
    return {
      key: keys.clusters,
      segments: found.length,
      users: found.reduce((sum, { statistics }) => sum + statistics.users, 0),
      ...changes,
    };
  });
}

/** The model's segments with their statistics; those that nobody is in are not found. */
async function describeFound(
  { objects, duckdb }: SegmentationDependencies,
  walk: SegmentationWalk,
  model: SegmentModel,
  files: { readonly memberships: readonly string[]; readonly affinities: readonly string[] },
): Promise<FoundSegment[]> {
  const tallies = await Promise.all(bucketsOf(walk).map((bucket) => readTally(objects, walk.keys.tally(bucket))));
  const { segments, ...fit } = model;
  const statistics = describeSegments({
    model,
    asOfMs: walk.asOfMs,
    currency: walk.tenant.currency,
    hasGoal: walk.tenant.goals.convert_to_paid !== undefined,
    tallies: addTallies(tallies, segments.length),
    affinities: await duckdb.session((session) => tallyAffinities(session, files, segments)),
  });
  return segments.flatMap(({ key, name, centre }, i) => {
    const figures = statistics[i];
    const criteria = { ...fit, centre, model: walk.keys.model };
    return figures ? [{ key, name, type: model.type, criteria, statistics: figures }] : [];
  });
}

/** The artifact in the document's words. `avg_recency` is in days, `avg_frequency` in interactions of the last 30 days. */
function clustersOf(found: readonly FoundSegment[]) {
  return found.map(({ key, statistics }) => ({
    segment_id: key,
    size: statistics.users,
    avg_recency: statistics.avgRecencyDays,
    avg_frequency: statistics.avgFrequency30d,
    avg_monetary: monetaryOf(statistics),
    characteristics: statistics.traits,
  }));
}

/** Spend in minor units, or engagement points where the tenant has no revenue at all. */
const monetaryOf = ({ avgMonetaryMinor, avgEngagementValue }: SegmentStatistics) => avgMonetaryMinor ?? avgEngagementValue;

async function sendMemberships(
  { database }: SegmentationDependencies,
  { tenantId }: SegmentationWalk,
  idOf: ReadonlyMap<string, number>,
  blocks: ReturnType<typeof compareMemberships>,
): Promise<number> {
  const { putMembers, removeMembers } = publishing(database, tenantId);
  let changed = 0;
  for await (const { userIds, segmentKeys, confidences } of blocks) {
    stopIfCancelled();
    const idAt = (row: number) => idOf.get(segmentKeys[row] ?? '') ?? 0;
    const [gone, there] = split(confidences);
    if (gone.length > 0) changed += await removeMembers(gone.map(idAt), pick(userIds, gone));
    if (there.length > 0) changed += await putMembers(there.map(idAt), pick(userIds, there), pick(confidences, there).map(Number));
  }
  return changed;
}

async function sendFeatures(
  { database }: SegmentationDependencies,
  { tenantId, walkDate }: SegmentationWalk,
  blocks: ReturnType<typeof compareFeatures>,
): Promise<number> {
  const { putFeatures, removeFeatures } = publishing(database, tenantId);
  let changed = 0;
  for await (const { userIds, columns } of blocks) {
    stopIfCancelled();
    const [gone, there] = split(columns[0] ?? []);
    if (gone.length > 0) changed += await removeFeatures(pick(userIds, gone));
    if (there.length > 0) {
      const values = columns.map((column) => pick(column, there).map(Number));
      changed += await putFeatures(walkDate, pick(userIds, there), values);
    }
  }
  return changed;
}

/** The positions of nulls, and of all others. */
function split(column: readonly (number | null)[]): readonly [number[], number[]] {
  const positions = column.map((_, row) => row);
  return [positions.filter((row) => column[row] === null), positions.filter((row) => column[row] !== null)];
}

function pick<T>(list: readonly T[], positions: readonly number[]): T[] {
  return positions.flatMap((position) => (position < list.length ? [list[position] as T] : []));
}

async function withTemporaryFile<T>(workDirectory: string, work: (path: string) => Promise<T>): Promise<T> {
  await mkdir(workDirectory, { recursive: true });
  const path = join(workDirectory, `copy-${randomUUID()}.csv`);
  try {
    return await work(path);
  } finally {
    await rm(path, { force: true });
  }
}
