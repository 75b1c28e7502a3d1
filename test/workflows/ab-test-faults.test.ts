import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { takeLook } from '../../core/experiment/look.js';
import type { TenantId } from '../../core/ids.js';
import { countArms } from '../../db/queries/test-counting.js';
import { listLooks, lookOf } from '../../db/queries/tests.js';
import { waitUntil } from '../../sandbox/processes.js';
import { abTestWorkflowId, type TestSummary } from '../../workflows/ab-test/contract.js';
import { walkTaskQueue } from '../../workflows/task-queues.js';
import { startTestClocks } from '../../workers/test-clocks.js';
import { addUsers, DAY_MS, exposeMany, reload, startedTest } from '../harness/tests.js';
import { openTestWalker, type TestWalker } from '../harness/walker.js';
import { WorkerProcesses } from '../harness/worker-processes.js';

let walker: TestWalker;
const workers = new WorkerProcesses(() => walker.variables);
before(async () => void (walker = await openTestWalker('ab-test-faults')));
after(async () => {
  await workers.killAll();
  await walker.close();
});

describe('a look', () => {
  it('whose worker is killed three times while it is taken is one row, with the numbers and the verdict of an undisturbed one', async () => {
    const { database, temporal } = walker;
    const tenantId = await database.newTenant();
    await addUsers(database, tenantId, 20_000);
    const start = new Date(Date.now() - 20 * DAY_MS);
    const test = await startedTest(database, tenantId, start, { applyAutomatically: true });
    await exposeMany(database, test, {
      from: 0,
      to: 20_000,
      at: new Date(start.getTime() + 60_000),
      converting: { control: 20, personal: 24 },
    });
    await startTestClocks(database, temporal.client, walkTaskQueue);
    const handle = temporal.client.workflow.getHandle(abTestWorkflowId(tenantId, test.testKey));

    // No row of a look can be written, so each worker is killed in the middle of the look's own transaction.
    const holder = await database.admin.connect();
    await holder.query('begin');
    await holder.query('lock table ab_test_looks in share mode');
    for (let i = 0; i < 3; i += 1) {
      const worker = workers.start();
      const waits = async () => {
        const { rows } = await database.admin.query(
          `select from pg_stat_activity where datname = current_database() and application_name = 'madansara-worker' and wait_event_type = 'Lock'`,
        );
        return rows.length > 0;
      };
      assert.ok(await waitUntil(waits, 60_000, 50), 'no worker came to the look');
      await workers.kill(worker);
      const isGone = async () => !(await waits());
      await database.admin.query(
        `select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and application_name = 'madansara-worker'`,
      );
      assert.ok(await waitUntil(isGone, 30_000, 50));
    }
    await holder.query('rollback');
    holder.release();
    workers.start();
    const end = (await handle.result()) as TestSummary;

    const looks = await database.withTenant(tenantId, (tx) => listLooks(tx, test));
    assert.equal(looks.length, 1);
    const [row] = looks;
    assert.ok(row && test.state.mode === 'running');
    const facts = await database.withTenant(test.tenantId as TenantId, (tx) => countArms(tx, test, row.lookedAt));
    const expected = takeLook({ design: test.design, rule: test.state.rule }, null, facts);
    assert.deepEqual(JSON.parse(JSON.stringify(lookOf(row))), JSON.parse(JSON.stringify(expected)));
    assert.equal(end.endingKind, expected.verdict.kind);
    assert.equal(end.mode, 'applied');
    const decided = await reload(database, test);
    assert.equal(decided.winningVariation, 'personal');
    const { rows } = await database.admin.query('select version from template_defaults where tenant_id = $1', [tenantId]);
    assert.deepEqual(rows, [{ version: 1 }]);
  });
});
