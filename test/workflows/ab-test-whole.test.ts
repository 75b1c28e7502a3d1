import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { historyFromJSON, historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { Worker } from '@temporalio/worker';
import { pino } from 'pino';
import type { LookState } from '../../core/experiment/look-state.js';
import { takeLook } from '../../core/experiment/look.js';
import { parseLocalDate, type TenantId } from '../../core/ids.js';
import { seededRandom } from '../../core/random.js';
import { isTestWinner, Suggestion } from '../../core/suggestion/payload.js';
import { respondToSuggestion } from '../../db/queries/suggestion-responses.js';
import { listSuggestions } from '../../db/queries/suggestions.js';
import { listTemplateDefaults } from '../../db/queries/template-defaults.js';
import { countArms } from '../../db/queries/test-counting.js';
import { createTestExecutors } from '../../db/queries/test-executors.js';
import { listLooks, lookOf, type TestRow } from '../../db/queries/tests.js';
import { openObjectStore } from '../../store/objects.js';
import { workflowBundle } from '../../workers/bundle.js';
import { runWorker } from '../../workers/main.js';
import { startTestClocks } from '../../workers/test-clocks.js';
import { abTestWorkflowId, type TestSummary } from '../../workflows/ab-test/contract.js';
import { walkTaskQueue } from '../../workflows/task-queues.js';
import { walkerWorkflowId, walkerWorkflowType } from '../../workflows/walker/contract.js';
import { skipWithout } from '../harness/needs.js';
import { addUsers, change, DAY_MS, exposeMany, makeTest, reload } from '../harness/tests.js';
import { findTimeSkippingServer, startTimeSkipping, TIME_SKIPPING_NEEDS } from '../harness/time-skipping.js';
import { openTestWalker, type TestWalker } from '../harness/walker.js';
import { WorkerProcesses } from '../harness/worker-processes.js';

const executable = await findTimeSkippingServer();
const skip = skipWithout(executable, TIME_SKIPPING_NEEDS);
const program = fileURLToPath(new URL('../harness/looking-worker.js', import.meta.url));

let environment: TestWorkflowEnvironment;
let walker: TestWalker;
const workers = new WorkerProcesses(() => ({ ...walker.variables, TEMPORAL_ADDRESS: address() }), [program]);
before(async () => {
  walker = await openTestWalker('ab-test-whole');
  if (executable) environment = await startTimeSkipping(executable);
});
after(async () => {
  await workers.killAll();
  await environment?.teardown();
  await walker.close();
});

const address = () => environment.address;

const KILLS = 3;

/** Kills the worker at random moments of a test, some of them in the middle of a look, until it was killed often enough. */
async function killAtRandom(test: TestRow, isOver: () => boolean): Promise<number> {
  const random = seededRandom(20_261_125);
  let worker = workers.start();
  let kills = 0;
  let seen = 0;
  while (!isOver() && kills < KILLS) {
    const looks = await looksOf(test);
    if (looks.length > seen) {
      await sleep(150 * random());
      await workers.kill(worker);
      kills += 1;
      seen = looks.length + Math.floor(2 * random());
      worker = workers.start();
    }
    await sleep(10);
  }
  return kills;
}

const looksOf = (test: TestRow) => walker.database.withTenant(test.tenantId as TenantId, (tx) => listLooks(tx, test));

/** What an undisturbed engine would have said at the moments of the looks. */
async function expectedLooks(test: TestRow, moments: readonly Date[]) {
  assert.ok(test.state.mode !== 'draft');
  const { rule } = test.state;
  let state: LookState | null = null;
  const looks = [];
  for (const at of moments) {
    const facts = await walker.database.withTenant(test.tenantId as TenantId, (tx) => countArms(tx, test, at));
    const look = takeLook({ design: test.design, rule }, state, facts);
    looks.push(look);
    ({ state } = look);
  }
  return looks;
}

const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

describe('a test of 14 days', () => {
  it('goes from its creation to its applied winner, by the suggestion of a walk, through kill -9 of its workers', { skip }, async () => {
    const { database } = walker;
    const tenantId = await database.newTenant();
    await addUsers(database, tenantId, 6_000);
    const created = await makeTest(database, tenantId, new Date());
    await change(database, created, { kind: 'start', acceptTooSmall: true }, new Date());
    const test = await reload(database, created);
    for (let day = 0; day < 14; day += 1) {
      const at = new Date((test.startDate?.getTime() ?? 0) + day * DAY_MS + 60_000);
      await exposeMany(database, test, { from: 400 * day, to: 400 * (day + 1), at, converting: { control: 20, personal: 26 } });
    }
    await startTestClocks(database, environment.client, walkTaskQueue);
    const handle = environment.client.workflow.getHandle(abTestWorkflowId(tenantId, test.testKey));
    let isOver = false;
    const killing = killAtRandom(test, () => isOver);
    const end = (await handle.result()) as TestSummary;
    isOver = true;
    assert.equal(await killing, KILLS);

    assert.deepEqual([end.mode, end.endingKind], ['decided', 'winner']);
    const looks = await looksOf(test);
    assert.ok(looks.length >= 8 && looks.length <= 16, `${looks.length} looks`);
    const expected = await expectedLooks(
      test,
      looks.map(({ lookedAt }) => lookedAt),
    );
    assert.deepEqual(plain(looks.map(lookOf)), plain(expected));

    const decided = await reload(database, test);
    assert.ok('decidedAtMs' in decided.state);
    const after = new Date(decided.state.decidedAtMs + 3_600_000);
    const suggestion = await suggestionOfWalk(tenantId, after);
    assert.deepEqual(
      [suggestion.test_results.test_id, suggestion.test_results.duration_days, suggestion.impact.confidence_level],
      [test.testKey, Math.round((decided.state.decidedAtMs - decided.state.startedAtMs) / DAY_MS), 0.95],
    );
    assert.ok((suggestion.impact.annual_additional_conversions ?? 0) > 0);
    const executors = createTestExecutors(() => after);
    const answer = { tenantId, suggestionId: suggestion.id, action: 'execute', channel: 'in_app' } as const;
    assert.equal((await respondToSuggestion(database, executors, answer)).outcome.kind, 'executed');
    assert.equal((await reload(database, test)).status, 'applied');
    const defaults = await database.withTenant(tenantId, (tx) => listTemplateDefaults(tx, tenantId, 'welcome'));
    assert.deepEqual(
      defaults.map(({ version, parts, actor }) => [version, parts, actor]),
      [[1, { subject: '{{first_name}}, your dashboard is ready' }, suggestion.id]],
    );

    const history = historyFromJSON(JSON.parse(historyToJSON(await handle.fetchHistory())));
    await Worker.runReplayHistory({ workflowBundle: await workflowBundle() }, history, handle.workflowId);
  });

  /** The winner that a walk suggests; its brief and its artifacts are written too. */
  async function suggestionOfWalk(tenantId: TenantId, now: Date) {
    await workers.killAll();
    const temporal = { ...walker.config.temporal, address: address(), namespace: 'default' };
    const worker = await runWorker({ ...walker.config, temporal }, { logger: pino({ level: 'silent' }), now: () => now });
    const walkDate = parseLocalDate(now.toISOString().slice(0, 10));
    await environment.client.workflow.execute(walkerWorkflowType, {
      workflowId: walkerWorkflowId(tenantId, walkDate),
      taskQueue: walkTaskQueue,
      args: [{ tenantId, walkDate, refresh: false, requestedBy: 'test' }],
    });
    await worker.close();
    const rows = await walker.database.withTenant(tenantId, (tx) =>
      listSuggestions(tx, tenantId, { filter: { type: 'ab_test_winner' }, after: undefined, limit: 10 }),
    );
    assert.equal(rows.length, 1);
    const suggestion = Suggestion.parse(rows[0]?.payload);
    assert.ok(isTestWinner(suggestion));
    const brief = await openObjectStore(walker.config.objects).get(`${tenantId}/briefs/${walkDate.replaceAll('-', '')}/brief.txt`);
    assert.match(String(brief), /✅ Winner: "Personal"/);
    return suggestion;
  }
});
