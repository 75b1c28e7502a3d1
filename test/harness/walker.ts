import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { pino } from 'pino';
import { importEvents } from '../../cli/import/import-events.js';
import { loadConfig, type Config } from '../../config.js';
import { parseTenantId, type LocalDate, type TenantId } from '../../core/ids.js';
import type { Database } from '../../db/client.js';
import { createTenant } from '../../db/queries/tenants.js';
import { cdnowCurrency, cdnowFile, cdnowLastDay, cdnowMapping } from '../../sandbox/cdnow.js';
import { walkTaskQueue } from '../../workflows/task-queues.js';
import { walkerWorkflowId, walkerWorkflowType, type WalkerInput, type WalkerResult } from '../../workflows/walker/contract.js';
import { runWorker, type RunningWorker } from '../../workers/main.js';
import { createTestDatabase, type TestDatabase } from './database.js';
import { temporaryFolder } from './folder.js';
import { connectTestTemporal, temporalAddress, type TestTemporal } from './temporal.js';

export type TestWalker = {
  readonly database: TestDatabase;
  readonly temporal: TestTemporal;
  readonly config: Config;
  /** The environment of `config`, for child processes. */
  readonly variables: Readonly<Record<string, string>>;
  /** A worker in this process. */
  startWorker(changes?: Partial<Config>): Promise<RunningWorker>;
  start(tenantId: TenantId, walkDate: LocalDate, options?: Partial<WalkerInput>): ReturnType<TestTemporal['client']['workflow']['start']>;
  walk(tenantId: TenantId, walkDate: LocalDate, options?: Partial<WalkerInput>): Promise<WalkerResult>;
  close(): Promise<void>;
};

/** A database, a namespace and a folder for artifacts, of its own for a test file. */
export async function openTestWalker(name: string): Promise<TestWalker> {
  const database = await createTestDatabase();
  const namespace = `test-${name}-${randomUUID().slice(0, 8)}`;
  const temporal = await connectTestTemporal(namespace);
  const folder = temporaryFolder(name);
  const variables = {
    DATABASE_URL: database.url,
    TEMPORAL_ADDRESS: temporalAddress,
    TEMPORAL_NAMESPACE: namespace,
    ARTIFACT_DIR: join(folder, 'artifacts'),
    LAKE_CACHE_DIR: join(folder, 'lake-cache'),
    API_PORT: '0',
    WORKER_PORT: '0',
    LOG_LEVEL: 'silent',
  };
  const config = loadConfig(variables);
  const start: TestWalker['start'] = (tenantId, walkDate, options = {}) =>
    temporal.client.workflow.start(walkerWorkflowType, {
      workflowId: walkerWorkflowId(tenantId, walkDate),
      taskQueue: walkTaskQueue,
      args: [{ tenantId, walkDate, refresh: false, requestedBy: 'test', ...options }],
      workflowIdReusePolicy: 'ALLOW_DUPLICATE',
    });
  return {
    database,
    temporal,
    config,
    variables,
    startWorker: (changes = {}) => runWorker({ ...config, ...changes }, { logger: pino({ level: 'silent' }) }),
    start,
    walk: async (...of) => (await (await start(...of)).result()) as WalkerResult,
    async close() {
      await temporal.close();
      await database.drop();
    },
  };
}

/** Of these the tests ask the same of every run: derived ids follow from it. */
const CDNOW_TENANT = parseTenantId('c0ffee00-0000-4000-8000-000000000001');

/** A tenant with the purchases of CDNOW. Its id is always the same, and so is all that is derived from it. */
export async function loadCdnow(database: Database): Promise<{ readonly tenantId: TenantId; readonly lastDay: LocalDate }> {
  const tenantId = CDNOW_TENANT;
  await createTenant(database, { tenantId, name: 'CDNOW', timeZone: 'UTC', currency: cdnowCurrency });
  await importEvents(database, { tenantId, file: cdnowFile, mapping: cdnowMapping });
  return { tenantId, lastDay: cdnowLastDay };
}
