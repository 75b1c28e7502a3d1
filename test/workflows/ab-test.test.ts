import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import { WithStartWorkflowOperation, type Workflow } from '@temporalio/client';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { Worker } from '@temporalio/worker';
import { createTestingActivities } from '../../activities/testing/testing.js';
import { listDecisions, listLooks, type TestRow } from '../../db/queries/tests.js';
import { createTestDatabase, type TestDatabase } from '../harness/database.js';
import { skipWithout } from '../harness/needs.js';
import { addUsers, columnsOf, DAY_MS, exposeMany, makeTest, planOf, reload, startedTest } from '../harness/tests.js';
import { findTimeSkippingServer, startTimeSkipping, TIME_SKIPPING_NEEDS } from '../harness/time-skipping.js';
import { startTestClocks } from '../../workers/test-clocks.js';
import { workflowBundle } from '../../workers/bundle.js';
import {
  abTestWorkflowId,
  abTestWorkflowType,
  testProgressQueryName,
  updateNames,
  type TestChanged,
  type TestProgress,
  type TestSummary,
} from '../../workflows/ab-test/contract.js';
import { walkTaskQueue } from '../../workflows/task-queues.js';
import type { TenantId } from '../../core/ids.js';

const program = await findTimeSkippingServer();
const skip = skipWithout(program, TIME_SKIPPING_NEEDS);

let environment: TestWorkflowEnvironment;
let database: TestDatabase;
before(async () => void (database = await createTestDatabase()));
// A server of its own for each test: the clock of one that has skipped through a test stands years ahead, and does not always skip on.
beforeEach(async () => {
  if (program) environment = await startTimeSkipping(program);
});
afterEach(() => environment?.teardown());
after(() => database.drop());

const startWorker = async () =>
  Worker.create({
    connection: environment.nativeConnection,
    taskQueue: walkTaskQueue,
    workflowBundle: await workflowBundle(),
    activities: createTestingActivities({ database }),
  });

const idOf = ({ tenantId, testKey }: TestRow) => abTestWorkflowId(tenantId as TenantId, testKey);

/** Asks as the API does: of the workflow, which is started where it does not run. */
const ask = (test: TestRow, kind: keyof typeof updateNames, details: object = {}) =>
  environment.client.workflow.executeUpdateWithStart<Workflow, TestChanged, [object]>(updateNames[kind], {
    args: [{ by: 'test', ...details }],
    startWorkflowOperation: new WithStartWorkflowOperation(abTestWorkflowType, {
      workflowId: idOf(test),
      taskQueue: walkTaskQueue,
      args: [{ tenantId: test.tenantId, testId: test.testKey }],
      workflowIdConflictPolicy: 'USE_EXISTING',
      workflowIdReusePolicy: 'ALLOW_DUPLICATE',
    }),
  });

const resultOf = (test: TestRow): Promise<TestSummary> =>
  environment.client.workflow.getHandle(idOf(test)).result() as Promise<TestSummary>;
const progressOf = (test: TestRow) => environment.client.workflow.getHandle(idOf(test)).query<TestProgress>(testProgressQueryName);
const now = async () => new Date(await environment.currentTimeMs());
const looksOf = (test: TestRow) => database.withTenant(test.tenantId as TenantId, (tx) => listLooks(tx, test));

async function tenantWithUsers(users: number, timeZone = 'UTC'): Promise<TenantId> {
  const tenantId = await database.newTenant({ timeZone });
  await addUsers(database, tenantId, users);
  return tenantId;
}

/** So many users fall due on each day of a test, and so many of a hundred of each arm convert. */
async function exposeDaily(test: TestRow, days: number, perDay: number, converting: Readonly<Record<string, number>>): Promise<void> {
  const started = await reload(database, test);
  assert.ok(planOf(started).periods.length > 0);
  for (let day = 0; day < days; day += 1) {
    const at = new Date((started.startDate?.getTime() ?? 0) + day * DAY_MS + 60_000);
    await exposeMany(database, started, { from: day * perDay, to: (day + 1) * perDay, at, converting });
  }
}

describe('a test of 14 days', () => {
  it('is looked at each day until it is decided, and its winner is applied by itself', { skip }, async () => {
    const worker = await startWorker();
    await worker.runUntil(async () => {
      const test = await makeTest(database, await tenantWithUsers(6_000, 'America/New_York'), await now(), { applyAutomatically: true });
      assert.deepEqual(await ask(test, 'start', { acceptTooSmall: true }), { answer: { kind: 'done' }, mode: 'running' });
      assert.deepEqual(await ask(test, 'start', { acceptTooSmall: true }), { answer: { kind: 'unchanged' }, mode: 'running' });
      await exposeDaily(test, 14, 400, { control: 20, personal: 26 });
      const progress = await progressOf(test);
      assert.equal(progress.state?.mode, 'running');
      assert.equal(
        new Date(progress.state?.nextLookAt ?? '').toLocaleString('en', {
          timeZone: 'America/New_York',
          hour: '2-digit',
          hourCycle: 'h23',
        }),
        '06',
      );

      const end = await resultOf(test);
      assert.equal(end.mode, 'applied', JSON.stringify(end));
      assert.equal(end.endingKind, 'winner');
      const decided = await reload(database, test);
      assert.equal(decided.winningVariation, 'personal');
      const looks = await looksOf(test);
      assert.ok(looks.length >= 8 && looks.length <= 16, `${looks.length} looks`);
      assert.deepEqual(
        looks.map(({ lookNumber }) => lookNumber),
        looks.map((_, i) => i + 1),
      );
      for (const [i, look] of looks.entries()) {
        if (i > 0) assert.ok(Math.abs(look.lookedAt.getTime() - (looks[i - 1]?.lookedAt.getTime() ?? 0) - DAY_MS) <= 3_600_000 + 5_000);
      }
      const decisions = await database.withTenant(test.tenantId as TenantId, (tx) => listDecisions(tx, test));
      assert.deepEqual(
        decisions.map(({ kind }) => kind),
        ['created', 'started', 'decided', 'applied'],
      );
      const defaults = await columnsOf(
        database,
        'select template_family, version, parts from template_defaults where tenant_id = $1',
        test.tenantId,
      );
      assert.deepEqual(defaults, [
        { template_family: 'welcome', version: 1, parts: { subject: '{{first_name}}, your dashboard is ready' } },
      ]);
    });
  });

  it('in which nothing differs ends as inconclusive, with the control', { skip }, async () => {
    const worker = await startWorker();
    await worker.runUntil(async () => {
      const test = await makeTest(database, await tenantWithUsers(3_000), await now());
      await ask(test, 'start', { acceptTooSmall: true });
      await exposeDaily(test, 14, 200, { control: 20, personal: 20 });
      const end = await resultOf(test);
      assert.equal(end.endingKind, 'inconclusive');
      assert.equal((await reload(database, test)).winningVariation, null);
      assert.deepEqual(await ask(test, 'apply'), {
        answer: { kind: 'refused', because: 'there is no winner: the test ended as inconclusive' },
        mode: 'decided',
      });
    });
  });
});

describe('a running test', () => {
  it('stops when somebody says so, can be extended, and goes on from where it was', { skip }, async () => {
    const worker = await startWorker();
    await worker.runUntil(async () => {
      const test = await makeTest(database, await tenantWithUsers(100), await now());
      await ask(test, 'start', { acceptTooSmall: true });
      assert.deepEqual(await ask(test, 'stop'), { answer: { kind: 'done' }, mode: 'decided' });
      assert.deepEqual(await ask(test, 'stop'), { answer: { kind: 'unchanged' }, mode: 'decided' });
      assert.deepEqual(await ask(test, 'extend', { days: 3 }), { answer: { kind: 'done' }, mode: 'running' });
      const end = await resultOf(test);
      assert.equal(end.endingKind, 'inconclusive');
      const looks = await looksOf(test);
      assert.equal(looks.at(-1)?.analysis.rule, 'confidence_sequence');
      assert.ok(looks.length >= 18, `${looks.length} looks`); // 14 days, the window of a day, 3 days more
      assert.equal((await reload(database, test)).status, 'decided');
    });
  });

  it('whose last day passed while everything was down is looked at once, at once, when a worker is back', { skip }, async () => {
    const longAgo = new Date((await now()).getTime() - 40 * DAY_MS);
    const test = await startedTest(database, await tenantWithUsers(100), longAgo);
    const worker = await startWorker();
    await worker.runUntil(async () => {
      const asOf = await now();
      assert.equal(await startTestClocks(database, environment.client, walkTaskQueue), 1);
      const end = await resultOf(test);
      assert.equal(end.endingKind, 'inconclusive');
      const looks = await looksOf(test);
      assert.equal(looks.length, 1);
      assert.equal(await startTestClocks(database, environment.client, walkTaskQueue), 0);
      assert.ok((looks[0]?.lookedAt.getTime() ?? 0) >= asOf.getTime() - 60_000);
    });
  });

  it('that is too small is told so and stays a draft', { skip }, async () => {
    const worker = await startWorker();
    await worker.runUntil(async () => {
      const test = await makeTest(database, await tenantWithUsers(10), await now());
      const { answer, mode } = await ask(test, 'start', { acceptTooSmall: false });
      assert.ok(answer.kind === 'refused');
      assert.match(answer.because, /^Too small/);
      assert.equal(mode, 'draft');
      assert.equal((await resultOf(test)).mode, 'draft');
    });
  });
});
