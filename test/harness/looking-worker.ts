import { NativeConnection, Worker } from '@temporalio/worker';
import { createTestingActivities } from '../../activities/testing/testing.js';
import { openDatabase } from '../../db/client.js';
import { workflowBundle } from '../../workers/bundle.js';
import { walkTaskQueue } from '../../workflows/task-queues.js';

/**
 * The program of a worker for tests of A/B tests that kill it on the time-skipping server, which gives a workflow of a dead worker's
 * sticky queue to nobody else: so it caches none. Run with DATABASE_URL and TEMPORAL_ADDRESS.
 */
const connection = await NativeConnection.connect({ address: process.env.TEMPORAL_ADDRESS ?? '' });
const database = openDatabase(process.env.DATABASE_URL ?? '', { applicationName: 'looking-worker' });
const worker = await Worker.create({
  connection,
  taskQueue: walkTaskQueue,
  workflowBundle: await workflowBundle(),
  activities: createTestingActivities({ database }),
  maxCachedWorkflows: 0,
});
await worker.run();
