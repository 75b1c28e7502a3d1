import { randomUUID } from 'node:crypto';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { DuckDbSession } from '../duckdb.js';
import type { LakeDependencies, LakeRelation } from '../lake.js';
import type { LocalCopies } from '../local-copies.js';
import { readLatestManifest, type Manifest } from './manifest.js';
import { csvRelation, EVENT_COLUMNS, localPaths, partsRelation } from './parts.js';
import { checkSource, copyEvents, copyVoids, isOfAnotherHistory, type Source } from './source.js';
import { csvVoids, storedVoids, withoutVoids, type VoidRelation } from './voids.js';
import { nothingYet } from './writing.js';

/** The events that a manifest holds, of one bucket or of all, without those that later voids are about. */
export async function relationOf(
  copies: LocalCopies,
  manifest: Manifest,
  bucket?: number,
  laterVoids: readonly VoidRelation[] = [],
): Promise<LakeRelation> {
  const parts = manifest.parts.filter((part) => bucket === undefined || part.bucket === bucket);
  const voids = manifest.voids ? [storedVoids(await copies.path(manifest.voids.key))] : [];
  const rows = withoutVoids(partsRelation(await localPaths(copies, parts)), [...voids, ...laterVoids]);
  return `(select ${EVENT_COLUMNS} from ${rows})`;
}

export type Everything = {
  readonly session: DuckDbSession;
  readonly relation: LakeRelation;
  readonly version: number;
  readonly tailRows: number;
};

/** The latest version and the tail, read in the source's transaction. */
export async function readEverything<T>(
  { objects, copies, duckdb, workDirectory }: LakeDependencies,
  source: Source,
  work: (everything: Everything) => Promise<T>,
): Promise<T> {
  const latest = await readLatestManifest(objects, source.tenantId, 'any');
  if (latest) checkSource(latest, source);
  // After a restore everything is read from PostgreSQL, until the next update has written the lake anew.
  const manifest = latest && !isOfAnotherHistory(latest, source) ? latest : nothingYet(source, undefined, 1);
  await mkdir(workDirectory, { recursive: true });
  const name = join(workDirectory, `tail-${randomUUID()}`);
  const [eventsPath, voidsPath] = [`${name}.csv`, `${name}-voids.csv`];
  try {
    const tailRows = await copyEvents(source, manifest.snapshot, source.snapshot, eventsPath);
    const voids = await copyVoids(source, manifest.snapshot, source.snapshot, voidsPath);
    const sealed = await relationOf(copies, manifest, undefined, voids === 0 ? [] : [csvVoids(voidsPath)]);
    const relation = `(select ${EVENT_COLUMNS} from ${sealed} union all select ${EVENT_COLUMNS} from ${csvRelation(eventsPath)})`;
    return await duckdb.session((session) => work({ session, relation, version: manifest.version, tailRows }));
  } finally {
    await Promise.all([eventsPath, voidsPath].map((path) => rm(path, { force: true })));
  }
}
