import { Client, Connection } from '@temporalio/client';
import { NativeConnection, Worker, type WorkerOptions } from '@temporalio/worker';
import type { Config } from '../config.js';
import type { Logger } from 'pino';
import { campaignStart } from '../activities/campaigns/batch-control.js';
import { readinessOf } from '../core/campaign/readiness.js';
import { openDatabase } from '../db/client.js';
import { createExecutors } from '../db/queries/executors.js';
import type { Executors } from '../db/queries/suggestion-responses.js';
import { openStore } from '../store/open.js';
import { campaignWorkflowType } from '../workflows/campaign/contract.js';
import { walkTaskQueue } from '../workflows/task-queues.js';
import { createActivities, observeActivities } from './activities.js';
import { workflowBundle } from './bundle.js';
import { startCampaignClocks } from './campaign-clocks.js';
import { serveHealth } from './health.js';
import { createWorkerLogger, installRuntime, temporalLogger } from './logging.js';
import { createWorkerMetrics } from './metrics.js';
import type { Outgoing } from './mail-way.js';
import { startSending } from './sending.js';
import { reconcileSchedules } from './schedules.js';
import { startTestClocks } from './test-clocks.js';

export type RunningWorker = {
  /** Of /healthz and /metrics. */
  readonly port: number;
  /** Resolves with a sentence when the worker has ended without being asked to. */
  readonly ended: Promise<string>;
  /** Takes no more tasks, finishes or hands back those it has, and lets go of everything. */
  close(): Promise<void>;
};

export type WorkerSettings = {
  readonly logger?: Logger;
  readonly taskQueue?: string;
  readonly executors?: Executors;
  /** In place of the renderer and the providers: for measurements. */
  readonly outgoing?: Outgoing;
  /** Absent: the clock. */
  readonly now?: () => Date;
};

/** How long a task may go on after the worker was told to end: then it is handed back, and another worker does it again. */
const GRACE = '10 seconds';
const RECONCILE_EVERY_MS = 5 * 60_000;
/** Beside the scans, of which each has a processor, so many activities that wait for others most of the time. */
const OTHERS_AT_ONCE = 4;

/** Runs a worker in this process until it is closed. */
export async function runWorker(config: Config, settings: WorkerSettings = {}): Promise<RunningWorker> {
  const { logger = createWorkerLogger(config.logLevel), taskQueue = walkTaskQueue, now = () => new Date() } = settings;
  const { executors = createExecutors(now), outgoing } = settings;
  const temporalLog = temporalLogger(logger);
  installRuntime(temporalLog);
  const { address, namespace } = config.temporal;
  const native = await NativeConnection.connect({ address }).catch((cause: unknown) => {
    throw new Error(`Temporal does not answer at ${address} (TEMPORAL_ADDRESS)`, { cause });
  });
  const database = openDatabase(config.databaseUrl, {
    applicationName: 'madansara-worker',
    onIdleError: (error) => logger.warn({ error }, 'a database connection was lost'),
  });
  const store = await openStore(config, database.pool);
  const metrics = createWorkerMetrics(database);
  const connection = await Connection.connect({ address });
  const client = new Client({ connection, namespace });
  const activities = createActivities({
    database,
    ...store,
    engarde: config.engarde,
    engardeAppUrl: config.engardeAppUrl,
    executors,
    now,
    sending: readinessOf(config.sending),
    startCampaign: async (campaign) => void (await client.workflow.start(campaignWorkflowType, campaignStart(campaign))),
  });
  const interceptors = { activity: [observeActivities(metrics)] };
  const worker = await Worker.create({
    connection: native,
    namespace,
    taskQueue,
    ...(await rolesOf(config, activities, temporalLog)),
    shutdownGraceTime: GRACE,
    maxConcurrentActivityTaskExecutions: config.duckdb.threads + OTHERS_AT_ONCE,
    interceptors,
  });
  const health = await serveHealth(config.worker.port, { registry: metrics.registry, state: () => worker.getState() });
  const sending = await startSending({ config, database, client, native, grace: GRACE, interceptors, outgoing, logger, now });
  const reconcile = () =>
    reconcileSchedules(database, client, taskQueue).then(
      (changed) => changed > 0 && logger.info({ changed }, 'Schedules were made or changed'),
      (error: unknown) => logger.warn({ error }, 'the Schedules could not be looked through; tried again in five minutes'),
    );
  const startClocks = () =>
    startTestClocks(database, client, taskQueue).then(
      (started) => started > 0 && logger.info({ started }, 'the clocks of tests were started'),
      (error: unknown) => logger.warn({ error }, 'the running tests could not be looked through; tried again in five minutes'),
    );
  const startCampaigns = () =>
    startCampaignClocks(database, client).catch((error: unknown) =>
      logger.warn({ error }, 'the running campaigns could not be looked through; tried again in five minutes'),
    );
  const reconciling = setInterval(() => void reconcile().then(startClocks).then(startCampaigns), RECONCILE_EVERY_MS);
  let asked = false;
  const run = Promise.all([worker.run(), sending.run]);
  const over = run.then(
    () => undefined,
    (error: unknown) => (error instanceof Error ? error.message : String(error)),
  );
  await reconcile();
  await startClocks();
  await startCampaigns();
  logger.info({ taskQueue, role: config.worker.role, port: health.port }, 'the worker runs');

  let closing: Promise<void> | undefined;
  const close = async () => {
    asked = true;
    clearInterval(reconciling);
    if (worker.getState() === 'RUNNING') worker.shutdown();
    await sending.close();
    await over;
    await Promise.allSettled([health.close(), connection.close(), native.close()]);
    store.close();
    await database.close();
  };
  return {
    port: health.port,
    ended: new Promise((resolve) => {
      void over.then((fault) => !asked && resolve(`the worker has ended: ${fault ?? 'it was shut down'}`));
    }),
    close: () => (closing ??= close()),
  };
}

/** On a laptop one worker does both; in production workflow tasks, which must be quick, are not where scans are. */
async function rolesOf(
  { worker: { role } }: Config,
  activities: ReturnType<typeof createActivities>,
  logger: ReturnType<typeof temporalLogger>,
): Promise<Partial<WorkerOptions>> {
  return {
    ...(role !== 'workflows' && { activities }),
    ...(role !== 'activities' && { workflowBundle: await workflowBundle(logger) }),
  };
}
