import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { Worker } from '@temporalio/worker';
import { parseLocalDate, parseTenantId } from '../../core/ids.js';
import { openDatabase } from '../../db/client.js';
import { freePort } from '../../sandbox/processes.js';
import { walkTaskQueue } from '../../workflows/task-queues.js';
import { walkerWorkflowId, walkerWorkflowType } from '../../workflows/walker/contract.js';
import { createWalkingActivities } from '../../activities/walking/walking.js';
import { observeActivities } from '../../workers/activities.js';
import { workflowBundle } from '../../workers/bundle.js';
import { createWorkerMetrics } from '../../workers/metrics.js';
import { skipWithout } from '../harness/needs.js';
import { findTimeSkippingServer, startTimeSkipping, TIME_SKIPPING_NEEDS } from '../harness/time-skipping.js';

const HOUR_MS = 3_600_000;
const program = await findTimeSkippingServer();
const skip = skipWithout(program, TIME_SKIPPING_NEEDS);

let environment: TestWorkflowEnvironment;
before(async () => {
  if (program) environment = await startTimeSkipping(program);
});
after(() => environment?.teardown());

describe('a walk whose database does not come back', () => {
  it('is tried again until the day is no longer worth walking, and then fails with the reason', { skip }, async () => {
    // Real activities, a real client, and nobody who listens.
    const database = openDatabase(`postgres://nobody@127.0.0.1:${await freePort()}/nothing`, { applicationName: 'test' });
    const metrics = createWorkerMetrics(database);
    const activities = createWalkingActivities({ database, lake: undefined as never, now: () => new Date() });
    const worker = await Worker.create({
      connection: environment.nativeConnection,
      taskQueue: walkTaskQueue,
      workflowBundle: await workflowBundle(),
      activities,
      interceptors: { activity: [observeActivities(metrics)] },
    });
    const tenantId = parseTenantId('00000000-0000-4000-8000-000000000000');
    const walkDate = parseLocalDate('2025-06-15');
    await worker.runUntil(
      assert.rejects(
        environment.client.workflow.execute(walkerWorkflowType, {
          workflowId: walkerWorkflowId(tenantId, walkDate),
          taskQueue: walkTaskQueue,
          args: [{ tenantId, walkDate, refresh: false, requestedBy: 'test' }],
        }),
        (error: Error) => {
          assert.match((error.cause as Error).message, /^open walk: .*(ECONNREFUSED|no worker finished it in time)/);
          return true;
        },
      ),
    );
    const { startTime, closeTime } = await environment.client.workflow.getHandle(walkerWorkflowId(tenantId, walkDate)).describe();
    const hours = ((closeTime?.getTime() ?? 0) - startTime.getTime()) / HOUR_MS;
    assert.ok(hours > 5.9 && hours < 6.1, `it gave up after ${hours.toFixed(2)} hours`);
    const tries = /madansara_activities_total\{type="openWalk",outcome="unavailable"\} (\d+)/.exec(
      await metrics.registry.getSingleMetricAsString('madansara_activities_total'),
    )?.[1];
    assert.ok(Number(tries) > 300, `${tries} tries`);
    await database.close();
  });
});
