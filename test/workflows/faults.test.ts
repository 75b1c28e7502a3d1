import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import type { WorkflowHandle } from '@temporalio/client';
import { openDatabase } from '../../db/client.js';
import { migrate } from '../../db/migrate.js';
import { startPostgres, type PostgresServer } from '../../sandbox/postgres.js';
import { freePort, waitUntil } from '../../sandbox/processes.js';
import { startTemporal, type TemporalServer } from '../../sandbox/temporal.js';
import { walkTaskQueue } from '../../workflows/task-queues.js';
import { walkerWorkflowId, walkerWorkflowType } from '../../workflows/walker/contract.js';
import { temporaryFolder } from '../harness/folder.js';
import { connectTestTemporal, type TestTemporal } from '../harness/temporal.js';
import { loadCdnow } from '../harness/walker.js';

/** Servers of our own, since they will be killed. Two databases: one for a walk that nobody disturbs, one for the other. */
const folder = temporaryFolder('faults');
const program = fileURLToPath(new URL('../../cli/main.js', import.meta.url));
const NAMESPACE = 'faults';
let postgres: PostgresServer;
let temporal: TemporalServer;
let connected: TestTemporal;
const ports = { postgres: 0, temporal: 0, ui: 0 };
const workers = new Set<ChildProcess>();

const startPostgresHere = () => startPostgres({ directory: join(folder, 'postgres'), port: ports.postgres });
const startTemporalHere = () =>
  startTemporal({
    directory: join(folder, 'temporal'),
    namespace: NAMESPACE,
    port: ports.temporal,
    uiPort: ports.ui,
    environment: process.env,
    say: () => undefined,
  });

before(async () => {
  for (const name of ['postgres', 'temporal', 'ui'] as const) ports[name] = await freePort();
  [postgres, temporal] = await Promise.all([startPostgresHere(), startTemporalHere()]);
  connected = await connectTestTemporal(NAMESPACE, temporal.address);
});
after(async () => {
  for (const worker of workers) worker.kill('SIGKILL');
  await connected.close();
  await Promise.all([postgres.stop(), temporal.stop()]);
});

type Place = { readonly name: string; readonly databaseUrl: string; readonly artifacts: string };

/** A database with CDNOW, and a folder for artifacts. */
async function preparePlace(name: string): Promise<Place> {
  const client = new pg.Client({ connectionString: postgres.url });
  await client.connect();
  await client.query(`create database ${name}`);
  await client.end();
  const databaseUrl = postgres.url.replace(/\/postgres$/, `/${name}`);
  await migrate(databaseUrl);
  const database = openDatabase(databaseUrl, { applicationName: 'test' });
  const { lastDay } = await loadCdnow(database);
  await database.close();
  assert.equal(lastDay, '1998-06-30');
  return { name, databaseUrl, artifacts: join(folder, name) };
}

function startWorker({ databaseUrl, artifacts }: Place): ChildProcess {
  const child = spawn(process.execPath, ['--enable-source-maps', program, 'worker'], {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: {
      ...process.env,
      DATABASE_URL: databaseUrl,
      TEMPORAL_ADDRESS: temporal.address,
      TEMPORAL_NAMESPACE: NAMESPACE,
      ARTIFACT_DIR: artifacts,
      LAKE_CACHE_DIR: `${artifacts}-cache`,
      WORKER_PORT: '0',
      LOG_LEVEL: 'silent',
    },
  });
  workers.add(child);
  return child;
}

async function endWorker(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill(signal);
  await ended;
  workers.delete(child);
}

const TENANT = 'c0ffee00-0000-4000-8000-000000000001';
const DAY = '1998-06-30';

const startWalk = () =>
  connected.client.workflow.start(walkerWorkflowType, {
    workflowId: walkerWorkflowId(TENANT as never, DAY as never),
    taskQueue: walkTaskQueue,
    args: [{ tenantId: TENANT, walkDate: DAY, refresh: false, requestedBy: 'test' }],
    workflowIdReusePolicy: 'ALLOW_DUPLICATE',
  });

/** Waits until a worker is at work on a step, so that what follows happens in its middle. */
async function untilAtWork(handle: WorkflowHandle, step: string): Promise<void> {
  const isAtWork = async () => {
    const { raw } = await handle.describe();
    return (raw.pendingActivities ?? []).some(({ activityType, lastStartedTime }) => activityType?.name === step && lastStartedTime);
  };
  assert.ok(await waitUntil(isAtWork, 90_000, 20), `nobody took up ${step}`);
}

/** All that a walk leaves behind, but for times and drawn ids. */
async function resultOf({ databaseUrl, artifacts }: Place): Promise<Record<string, unknown>> {
  const client = new pg.Client({ connectionString: databaseUrl, options: '-c search_path=madansara_analytics' });
  await client.connect();
  const rows = async (sql: string) => (await client.query(sql)).rows as unknown[];
  try {
    return {
      segments: await rows(
        `select segment_key, segment_name, segment_type, criteria, user_count, statistics, walk_date, is_active from audience_segments order by 1`,
      ),
      members: await rows(
        `select segment_key, user_id, confidence_score from segment_membership m join audience_segments s on s.id = m.segment_id order by 2, 1`,
      ),
      features: await rows(`select * from user_features order by user_id`),
      suggestions: await rows(`select suggestion_id, walk_date, type, priority, status, payload from suggestions order by 1`),
      walk: await rows(`select walk_date, status, phase, as_of, run, error from walks`),
      files: Object.fromEntries(
        readdirSync(join(artifacts, TENANT), { recursive: true, encoding: 'utf8' })
          .filter((path) => /\.(json|txt|parquet)$/.test(path))
          .sort()
          .map((path) => [path, readFileSync(join(artifacts, TENANT, path)).toString('base64')]),
      ),
    };
  } finally {
    await client.end();
  }
}

describe('a walk', () => {
  let expected: Record<string, unknown> = {};

  it('whose worker is killed five times, Postgres once and Temporal once, ends like one that nobody disturbed', async () => {
    const calm = await preparePlace('calm');
    const calmWorker = startWorker(calm);
    await (await startWalk()).result();
    await endWorker(calmWorker, 'SIGTERM');
    expected = await resultOf(calm);

    const rough = await preparePlace('rough');
    let worker = startWorker(rough);
    const handle = await startWalk();
    for (const step of ['updateLake', 'computeFeatures', 'fitModel', 'assignBucket', 'publishSegments']) {
      await untilAtWork(handle, step);
      await endWorker(worker, 'SIGKILL');
      assert.equal((await handle.describe()).status.name, 'RUNNING', `the walk was over before the worker was killed in ${step}`);
      if (step === 'fitModel') {
        await temporal.kill();
        temporal = await startTemporalHere();
      }
      if (step === 'assignBucket') {
        await postgres.kill();
        postgres = await startPostgresHere();
      }
      worker = startWorker(rough);
    }
    await handle.result();
    await endWorker(worker, 'SIGTERM');

    const found = await resultOf(rough);
    for (const part of Object.keys(expected)) assert.deepEqual(found[part], expected[part], part);
  });

  it('is handed on when its worker is told to end in the middle, and ends like one that nobody disturbed', async () => {
    const place = await preparePlace('handed_on');
    const first = startWorker(place);
    const handle = await startWalk();
    await untilAtWork(handle, 'fitModel');
    await endWorker(first, 'SIGTERM');
    assert.deepEqual([first.exitCode, first.signalCode], [0, null]);
    const second = startWorker(place);
    await handle.result();
    await endWorker(second, 'SIGTERM');
    const found = await resultOf(place);
    for (const part of Object.keys(expected)) assert.deepEqual(found[part], expected[part], part);
  });

  it('goes on when Postgres and Temporal go away under a living worker and come back', async () => {
    const place = await preparePlace('outage');
    const worker = startWorker(place);
    const handle = await startWalk();
    await untilAtWork(handle, 'updateLake');
    await postgres.kill();
    postgres = await startPostgresHere();
    await untilAtWork(handle, 'fitModel');
    await temporal.kill();
    temporal = await startTemporalHere();
    await handle.result();
    await endWorker(worker, 'SIGTERM');
    const { walk } = await resultOf(place);
    assert.deepEqual(
      (walk as { status: string }[]).map(({ status }) => status),
      ['succeeded'],
    );
  });
});
