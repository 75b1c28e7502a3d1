import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { parseLocalDate, type LocalDate, type TenantId } from '../../core/ids.js';
import type { RecommendedAction } from '../../core/suggestion/payload.js';
import { respondToSuggestion } from '../../db/queries/suggestion-responses.js';
import { createTestExecutors } from '../../db/queries/test-executors.js';
import { testsToTell, winnersToSuggest } from '../../db/queries/test-telling.js';
import { listTemplateDefaults } from '../../db/queries/template-defaults.js';
import { listDecisions, listTests, type TestRow } from '../../db/queries/tests.js';
import { createTestDatabase, type TestDatabase } from '../harness/database.js';
import { addUsers, change, DAY_MS, exposeMany, lookAt, makeTest, reload, startedTest } from '../harness/tests.js';

let database: TestDatabase;
before(async () => void (database = await createTestDatabase()));
after(() => database.drop());

const START = new Date('2026-03-02T12:00:00Z');
const later = (days: number) => new Date(START.getTime() + days * DAY_MS);
const executors = createTestExecutors(() => later(20));

async function wonTest(changes: Parameters<typeof startedTest>[3] = {}): Promise<TestRow> {
  const tenantId = await database.newTenant();
  await addUsers(database, tenantId, 8_000);
  const test = await startedTest(database, tenantId, START, changes);
  for (const day of [0, 4, 8]) {
    const converting = { control: 20, personal: 30 };
    await exposeMany(database, test, { from: 500 * day, to: 500 * day + 2_000, at: later(day), converting });
    await lookAt(database, test, 1 + day / 4, later(day + 2));
  }
  const ended = await reload(database, test);
  assert.equal(ended.status, 'decided');
  assert.equal(ended.winningVariation, 'personal');
  return ended;
}

/** A walk's suggestion with one recommended action. */
async function suggest(tenantId: TenantId, action: RecommendedAction, walkDate = '2026-03-22'): Promise<string> {
  await database.admin.query(
    `insert into walks (tenant_id, walk_date, as_of, status, requested_by) values ($1, $2, $3, 'succeeded', 'test') on conflict do nothing`,
    [tenantId, walkDate, `${walkDate}T08:00:00Z`],
  );
  const suggestionId = `sg_aud_${action.action_type}`;
  const test = action.action_type === 'apply_test_winner' ? { test_results: { test_id: action.test_id } } : {};
  await database.admin.query(
    `insert into suggestions (tenant_id, suggestion_id, walk_date, type, priority, payload) values ($1, $2, $3, 'ab_test_winner', 'high', $4)`,
    [tenantId, suggestionId, walkDate, JSON.stringify({ recommended_actions: [action], ...test })],
  );
  return suggestionId;
}

const execute = (tenantId: TenantId, suggestionId: string) =>
  respondToSuggestion(database, executors, { tenantId, suggestionId, action: 'execute', channel: 'in_app' });
const testsOf = (tenantId: TenantId) => database.withTenant(tenantId, (tx) => listTests(tx, tenantId, { before: undefined, limit: 100 }));

describe('the executor of apply_test_winner', () => {
  it('makes the winner the default, once, and is named in the audit', async () => {
    const test = await wonTest();
    const tenantId = test.tenantId as TenantId;
    const suggestionId = await suggest(tenantId, { action_type: 'apply_test_winner', test_id: test.testKey, apply_to: 'welcome' });
    const { outcome } = await execute(tenantId, suggestionId);
    assert.deepEqual(outcome, {
      kind: 'executed',
      actions: [{ kind: 'started', action_type: 'apply_test_winner', reference: test.testKey }],
    });
    await execute(tenantId, suggestionId);
    const { defaults, decisions } = await database.withTenant(tenantId, async (tx) => ({
      defaults: await listTemplateDefaults(tx, tenantId, 'welcome'),
      decisions: await listDecisions(tx, test),
    }));
    assert.deepEqual(
      defaults.map(({ version, parts, actor }) => [version, parts?.subject, actor]),
      [[1, '{{first_name}}, your dashboard is ready', suggestionId]],
    );
    assert.deepEqual(decisions.filter(({ kind }) => kind === 'applied').length, 1);
  });

  it('says why it cannot, and leaves the suggestion open', async () => {
    const test = await wonTest();
    const tenantId = test.tenantId as TenantId;
    await change(database, test, { kind: 'apply' }, later(17));
    await change(database, test, { kind: 'rollback' }, later(18));
    const suggestionId = await suggest(tenantId, { action_type: 'apply_test_winner', test_id: test.testKey, apply_to: 'welcome' });
    const { outcome, suggestion } = await execute(tenantId, suggestionId);
    assert.equal(suggestion.status, 'pending');
    assert.ok(outcome.kind === 'not_executed' && outcome.actions[0]?.kind === 'failed');
    assert.match(outcome.actions[0].reason, /it was rolled back/);
  });
});

describe('the executor of create_ab_test', () => {
  const action = {
    action_type: 'create_ab_test',
    test_name: 'First-Time Buyer Discount',
    variations: [
      { name: 'Control - No discount', discount: 0 },
      { name: '10% off first purchase', discount: 10 },
      { name: '15% off + free shipping', discount: 15, free_shipping: true },
    ],
    primary_metric: 'conversion_rate',
    duration_days: 14,
  } as const satisfies RecommendedAction;

  async function tenantWith(users: number, baseline: number): Promise<TenantId> {
    const tenantId = await database.newTenant();
    await addUsers(database, tenantId, users);
    if (baseline > 0) {
      await database.admin.query(
        `insert into metric_baselines (tenant_id, metric, subject, window_hours, users, sum, sum_of_squares, measured_from, measured_to)
         values ($1, 'conversion_rate', 'convert_to_paid', 72, 1000, $2, $2, '2026-02-01', '2026-03-01')`,
        [tenantId, 1000 * baseline],
      );
    }
    return tenantId;
  }

  it('starts the test that the action describes, from the baseline that walks have measured', async () => {
    const tenantId = await tenantWith(40_000, 0.2);
    const { outcome } = await execute(tenantId, await suggest(tenantId, action));
    const [test, ...others] = await testsOf(tenantId);
    assert.ok(test && others.length === 0);
    assert.deepEqual(outcome, {
      kind: 'executed',
      actions: [{ kind: 'started', action_type: 'create_ab_test', reference: test.testKey }],
    });
    assert.equal(test.status, 'running');
    assert.deepEqual(
      test.variations.map(({ id, parts }) => [id, parts.offer]),
      [
        ['Control - No discount', 'no offer'],
        ['10% off first purchase', '10 % off'],
        ['15% off + free shipping', '15 % off and free shipping'],
      ],
    );
    assert.deepEqual([test.design.baseline.kind, test.design.durationDays, test.channel], ['rate', 14, 'email']);
  });

  it('leaves nothing behind where the test cannot be made, or would be too small', async () => {
    for (const [users, baseline, reason] of [
      [40_000, 0, /baseline/],
      [200, 0.2, /users/],
    ] as const) {
      const tenantId = await tenantWith(users, baseline);
      const { outcome, suggestion } = await execute(tenantId, await suggest(tenantId, action));
      assert.equal(suggestion.status, 'pending');
      assert.ok(outcome.kind === 'not_executed' && outcome.actions[0]?.kind === 'failed');
      assert.match(outcome.actions[0].reason, reason);
      assert.deepEqual(await testsOf(tenantId), []);
    }
  });
});

describe('the winners that a walk suggests', () => {
  const toSuggest = (tenantId: TenantId, asOf: Date, walkDate: LocalDate) =>
    database.withTenant(tenantId, async (tx) => {
      const tests = await testsToTell(tx, tenantId, asOf);
      return { tests, won: await winnersToSuggest(tx, tenantId, { walkDate, tests }) };
    });

  it('are suggested by the first walk after they were found, again when it is repeated, and by no later one', async () => {
    const test = await wonTest();
    const tenantId = test.tenantId as TenantId;
    const first = parseLocalDate('2026-03-22');
    const before = await toSuggest(tenantId, later(9), parseLocalDate('2026-03-11'));
    assert.deepEqual([before.tests[0]?.standing, before.won.length], ['running', 0], 'as of then it had not ended');
    const found = await toSuggest(tenantId, later(20), first);
    assert.deepEqual(
      found.won.map(({ testId }) => testId),
      [test.testKey],
    );
    assert.ok((found.won[0]?.volume?.usersPerMonth ?? 0) > 0);
    await suggest(tenantId, { action_type: 'apply_test_winner', test_id: test.testKey, apply_to: 'welcome' }, first);
    assert.equal((await toSuggest(tenantId, later(20), first)).won.length, 1);
    assert.equal((await toSuggest(tenantId, later(21), parseLocalDate('2026-03-23'))).won.length, 0);
    assert.equal((await toSuggest(tenantId, later(60), parseLocalDate('2026-05-01'))).tests.length, 0, 'after 30 days it is not told of');
  });

  it('are not those that were applied before, or that no template family is named for', async () => {
    const applied = await wonTest();
    await change(database, applied, { kind: 'apply' }, later(17));
    const asOfDay = (days: number) => toSuggest(applied.tenantId as TenantId, later(days), parseLocalDate('2026-03-22'));
    assert.equal((await asOfDay(16)).won.length, 1, 'the walk of that day is repeated');
    const { tests, won } = await asOfDay(20);
    assert.deepEqual([tests[0]?.standing, won.length], ['applied', 0]);
    const elsewhere = await wonTest({ applyTo: undefined as never });
    assert.equal((await toSuggest(elsewhere.tenantId as TenantId, later(20), parseLocalDate('2026-03-22'))).won.length, 0);
  });

  it('are none of a draft', async () => {
    const tenantId = await database.newTenant();
    await addUsers(database, tenantId, 5_000);
    await makeTest(database, tenantId, START);
    assert.deepEqual((await toSuggest(tenantId, later(20), parseLocalDate('2026-03-22'))).tests, []);
  });
});
