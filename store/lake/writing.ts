import { mkdir } from 'node:fs/promises';
import type { PoolClient } from 'pg';
import type { TenantId } from '../../core/ids.js';
import type { DuckDbSession } from '../duckdb.js';
import type { LakeDependencies, UpdateOptions } from '../lake.js';
import { compact } from './compaction.js';
import { publishManifest, readLatestManifest, rowsIn, type Manifest } from './manifest.js';
import { csvRelation, writeParts } from './parts.js';
import { EMPTY_SNAPSHOT, type Snapshot } from './snapshot.js';
import { checkSource, dropVoids, isOfAnotherHistory, planSteps, readSource, withWriterLock, type Source, type StepPlan } from './source.js';
import { readSteps, type Step } from './steps.js';
import { sweep, sweepWorkDirectory } from './sweeping.js';
import { csvVoids, storedVoids, writeVoids } from './voids.js';

/** What one step takes from PostgreSQL: seconds of work, in parts that are worth opening. */
const FEWEST_STEP_ROWS = 1_000_000;
const MOST_STEP_ROWS = 8_000_000;
/** A bucket is scanned by one activity in about a second. */
const EVENTS_PER_BUCKET = 1_000_000;
const MOST_BUCKETS = 256;
/** A bucket that has grown so many times too large is divided. */
const OUTGROWN = 4;

type Plan = StepPlan & {
  readonly begin: Manifest;
  /** From nothing, whatever was there: only the end is published. */
  readonly anew: boolean;
  readonly voidsFrom?: Snapshot;
};

/** Brings a tenant's lake up to this moment; `anew`: from PostgreSQL alone, in one version. Others who write wait meanwhile. */
export async function writeLake(
  dependencies: LakeDependencies,
  tenantId: TenantId,
  options: UpdateOptions,
  anew: boolean,
): Promise<Manifest> {
  await mkdir(dependencies.workDirectory, { recursive: true });
  await sweepWorkDirectory(dependencies.workDirectory);
  return withWriterLock(dependencies.pool, tenantId, (client) =>
    dependencies.duckdb.session(async (session) => {
      const latest = await readLatestManifest(dependencies.objects, tenantId, 'any');
      const plan = await readSource(client, tenantId, (source) => planUpdate(dependencies, source, latest, anew));
      const manifest = await takeSteps({ dependencies, session, client, tenantId, options }, plan, latest);
      if (options.forget) await dropVoids(client, tenantId, manifest.snapshot);
      await sweep(dependencies.objects, tenantId, manifest, options.keepVersions ?? []);
      return manifest;
    }),
  );
}

async function planUpdate(
  { stepRows, eventsPerBucket = EVENTS_PER_BUCKET }: LakeDependencies,
  source: Source,
  latest: Manifest | undefined,
  asked: boolean,
): Promise<Plan> {
  if (latest && !asked) checkSource(latest, source);
  const anew = asked || (latest !== undefined && isOfAnotherHistory(latest, source));
  const sizes = { fewestRows: stepRows ?? FEWEST_STEP_ROWS, mostRows: stepRows ?? MOST_STEP_ROWS };
  const continues = latest !== undefined && !anew;
  const steps = await planSteps(source, continues ? latest.snapshot : EMPTY_SNAPSHOT, sizes);
  if (continues) return { ...steps, begin: latest, anew };
  return { ...steps, begin: nothingYet(source, latest, bucketsFor(steps.waiting, eventsPerBucket)), anew, voidsFrom: source.snapshot };
}

type Writing = {
  readonly dependencies: LakeDependencies;
  readonly session: DuckDbSession;
  readonly client: PoolClient;
  readonly tenantId: TenantId;
  readonly options: UpdateOptions;
};

async function takeSteps(
  writing: Writing,
  { begin, anew, voidsFrom, stops, waiting }: Plan,
  latest: Manifest | undefined,
): Promise<Manifest> {
  const { client, tenantId, dependencies, options } = writing;
  let manifest = begin;
  let rowsTaken = 0;
  const from = { events: begin.snapshot, voids: voidsFrom, stops };
  for await (const step of readSteps(client, tenantId, from, dependencies.workDirectory)) {
    const next = await takeStep(writing, step, manifest, anew ? begin.version + 1 : manifest.version + 1);
    rowsTaken += step.rows;
    if (step.isLast && manifest === latest && isSame(latest, next)) break;
    if (step.isLast || !anew) await publishManifest(dependencies.objects, tenantId, next);
    manifest = next;
    options.onProgress?.({ rowsTaken, rowsWaiting: Math.max(waiting, rowsTaken), version: next.version });
  }
  return manifest;
}

/** A manifest with the step's events as new parts, and its voids. */
async function takeStep(
  { dependencies, session, tenantId, options }: Writing,
  step: Step,
  before: Manifest,
  version: number,
): Promise<Manifest> {
  const { objects, copies, workDirectory, eventsPerBucket = EVENTS_PER_BUCKET } = dependencies;
  const writer = { objects, workDirectory, version };
  const known = before.voids ? [storedVoids(await copies.path(before.voids.key))] : [];
  const voids = step.voids === 0 ? before.voids : await writeVoids(session, writer, tenantId, [...known, csvVoids(step.voidsPath)]);
  const added = step.rows === 0 ? [] : await writeParts(session, writer, tenantId, csvRelation(step.eventsPath), before.buckets);
  const forget = options.forget === true && step.isLast;
  const { voids: _, ...rest } = before;
  const taken: Manifest = {
    ...rest,
    version,
    snapshot: step.snapshot,
    whole: step.isLast,
    parts: [...before.parts, ...added],
    ...(voids && { voids }),
    forgetsBefore: forget ? version : before.forgetsBefore,
    writtenAtMs: Date.now(),
  };
  const outgrown = step.isLast && rowsIn(taken.parts) > OUTGROWN * eventsPerBucket * taken.buckets;
  const buckets = outgrown ? bucketsFor(rowsIn(taken.parts), eventsPerBucket) : taken.buckets;
  return compact({ session, copies, writer, tenantId }, taken, { forget, buckets });
}

/** The manifest of a lake that holds nothing; the version after it is the first that is published. */
export function nothingYet(source: Source, latest: Manifest | undefined, buckets: number): Manifest {
  return {
    version: latest?.version ?? 0,
    source: source.identity,
    timeline: source.timeline,
    snapshot: EMPTY_SNAPSHOT,
    whole: true,
    buckets,
    parts: [],
    forgetsBefore: latest?.forgetsBefore ?? 0,
    writtenAtMs: 0,
  };
}

function isSame(before: Manifest, next: Manifest): boolean {
  return (
    before.whole === next.whole &&
    before.voids?.key === next.voids?.key &&
    before.forgetsBefore === next.forgetsBefore &&
    before.parts.length === next.parts.length &&
    before.parts.every((part, i) => part === next.parts[i])
  );
}

function bucketsFor(events: number, eventsPerBucket: number): number {
  return Math.min(MOST_BUCKETS, 2 ** Math.max(0, Math.ceil(Math.log2(events / eventsPerBucket))));
}
