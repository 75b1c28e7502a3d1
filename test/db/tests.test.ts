import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { TenantId } from '../../core/ids.js';
import { countArms } from '../../db/queries/test-counting.js';
import { recordExposures, recordOutcomes, type NewOutcome } from '../../db/queries/test-exposures.js';
import type { TestRow } from '../../db/queries/tests.js';
import { createTestDatabase, type TestDatabase } from '../harness/database.js';
import { addUsers, change, columnsOf, exposeMany, lookAt, reload, startedTest } from '../harness/tests.js';

let database: TestDatabase;
before(async () => void (database = await createTestDatabase()));
after(() => database.drop());

const START = new Date('2026-03-02T12:00:00Z');
const hoursLater = (hours: number) => new Date(START.getTime() + hours * 3_600_000);

async function tenantWithUsers(users: number): Promise<TenantId> {
  const tenantId = await database.newTenant();
  await addUsers(database, tenantId, users);
  return tenantId;
}

const expose = (test: TestRow, ...exposures: readonly (readonly [userId: string, variationId: string, hours: number])[]) =>
  database.withTenant(test.tenantId as TenantId, (tx) =>
    recordExposures(
      tx,
      test,
      exposures.map(([userId, variationId, hours]) => ({ userId, variationId, at: hoursLater(hours) })),
    ),
  );

const tell = (test: TestRow, ...outcomes: readonly (Partial<NewOutcome> & { readonly userId: string; readonly hours: number })[]) =>
  database.withTenant(test.tenantId as TenantId, (tx) =>
    recordOutcomes(
      tx,
      test,
      outcomes.map(({ hours, ...outcome }) => ({
        outcomeId: `${outcome.userId} ${outcome.kind ?? 'converted'} ${hours}`,
        kind: 'converted',
        byMachine: false,
        value: null,
        at: hoursLater(hours),
        ...outcome,
      })),
    ),
  );

const exposureOf = async (test: TestRow, userId: string) =>
  (
    await columnsOf(
      database,
      'select variation_id, second_variation_id, exposed_at, converted_at, opened_at, machine_opened, value::int from ab_test_exposures where tenant_id = $1 and test_id = $2 and user_id = $3',
      test.tenantId,
      test.id,
      userId,
    )
  )[0] as Record<string, unknown> | undefined;

describe('an exposure', () => {
  it('is written once a user, however often and in however many batches it is told', async () => {
    const test = await startedTest(database, await tenantWithUsers(3), START);
    const first = await expose(test, ['u1', 'control', 1], ['u2', 'personal', 1], ['u1', 'control', 2]);
    assert.deepEqual(
      first.map(({ outcome }) => outcome),
      ['recorded', 'recorded', 'repeated'],
    );
    const again = await expose(test, ['u1', 'control', 1], ['u3', 'control', 1]);
    assert.deepEqual(
      again.map(({ outcome }) => outcome),
      ['repeated', 'recorded'],
    );
    assert.equal((await columnsOf(database, 'select from ab_test_exposures where test_id = $1', test.id)).length, 3);
  });

  it('keeps the first arm and notes the second', async () => {
    const test = await startedTest(database, await tenantWithUsers(1), START);
    await expose(test, ['u1', 'control', 1]);
    const [second] = await expose(test, ['u1', 'personal', 2]);
    assert.deepEqual(second, { outcome: 'second_variation', userId: 'u1', variationId: 'control' });
    const row = await exposureOf(test, 'u1');
    assert.deepEqual([row?.variation_id, row?.second_variation_id], ['control', 'personal']);
  });

  it('of twenty reporters at once is one', async () => {
    const test = await startedTest(database, await tenantWithUsers(50), START);
    const batch = Array.from({ length: 50 }, (_, i) => [`u${i + 1}`, i % 2 === 0 ? 'control' : 'personal', 1] as const);
    const told = await Promise.all(Array.from({ length: 20 }, () => expose(test, ...batch)));
    assert.equal(told.flat().filter(({ outcome }) => outcome === 'recorded').length, 50);
  });

  it('of somebody who is not known, or was deleted, is refused', async () => {
    const tenantId = await tenantWithUsers(1);
    const test = await startedTest(database, tenantId, START);
    await database.pool.query('select delete_user($1, $2)', [tenantId, 'u1']);
    const told = await expose(test, ['u1', 'control', 1], ['nobody', 'control', 1]);
    assert.deepEqual(
      told.map(({ outcome }) => outcome),
      ['unknown_user', 'unknown_user'],
    );
  });

  it('of an alias is that of the user', async () => {
    const tenantId = await tenantWithUsers(2);
    const test = await startedTest(database, tenantId, START);
    await database.pool.query('select merge_users($1, $2, $3)', [tenantId, 'u2', 'u1']);
    const told = await expose(test, ['u2', 'control', 1]);
    assert.deepEqual(told, [{ outcome: 'recorded', userId: 'u1', variationId: 'control' }]);
  });
});

describe('an outcome', () => {
  it('counts once, in its window, from a person', async () => {
    const test = await startedTest(database, await tenantWithUsers(2), START);
    await expose(test, ['u1', 'control', 1]);
    const told = await tell(
      test,
      { userId: 'u1', hours: 2 },
      { userId: 'u1', hours: 2 },
      { userId: 'u1', hours: 0.5 },
      { userId: 'u1', hours: 26 },
      { userId: 'u1', hours: 1.1, kind: 'opened', byMachine: true },
      { userId: 'u2', hours: 2 },
      { userId: 'nobody', hours: 2 },
    );
    assert.deepEqual(told, ['recorded', 'repeated', 'before_exposure', 'after_window', 'by_machine', 'not_exposed', 'unknown_user']);
    const row = await exposureOf(test, 'u1');
    assert.deepEqual([row?.converted_at, row?.opened_at, row?.machine_opened], [hoursLater(2), null, true]);
  });

  it('that comes before its exposure was told counts when it is', async () => {
    const test = await startedTest(database, await tenantWithUsers(1), START);
    assert.deepEqual(await tell(test, { userId: 'u1', hours: 3 }), ['not_exposed']);
    await expose(test, ['u1', 'personal', 2]);
    assert.deepEqual((await exposureOf(test, 'u1'))?.converted_at, hoursLater(3));
  });

  it('is not lost where many are told at once', async () => {
    const test = await startedTest(database, await tenantWithUsers(1), START, {
      primaryMetric: 'revenue_per_user',
      baseline: { kind: 'mean', mean: 100, deviation: 50, source: 'test', ageDays: 0 },
    });
    await expose(test, ['u1', 'control', 1]);
    await Promise.all(Array.from({ length: 20 }, (_, i) => tell(test, { userId: 'u1', hours: 2, outcomeId: `o${i}`, value: 100 })));
    assert.equal((await exposureOf(test, 'u1'))?.value, 2_000);
  });
});

describe('a user who is merged into another', () => {
  const merge = (test: TestRow) => database.pool.query('select merge_users($1, $2, $3)', [test.tenantId, 'u2', 'u1']);

  it('and is in the other arm counts as exposed to two, and in no metric', async () => {
    const test = await startedTest(database, await tenantWithUsers(2), START);
    await expose(test, ['u1', 'control', 2], ['u2', 'personal', 1]);
    await tell(test, { userId: 'u2', hours: 3 });
    await merge(test);
    assert.equal(await exposureOf(test, 'u2'), undefined);
    const row = await exposureOf(test, 'u1');
    assert.deepEqual([row?.variation_id, row?.second_variation_id, row?.exposed_at], ['personal', 'control', hoursLater(1)]);
    const facts = await database.withTenant(test.tenantId as TenantId, (tx) => countArms(tx, test, hoursLater(200)));
    assert.deepEqual(
      facts.arms.map(({ variationId, exposed, exposedTwice, closed, measured }) => [variationId, exposed, exposedTwice, closed, measured]),
      [
        ['control', 0, 0, 0, 0],
        ['personal', 1, 1, 1, 0],
      ],
    );
  });

  it('and is in the same arm counts once, with what both did', async () => {
    const test = await startedTest(database, await tenantWithUsers(2), START);
    await expose(test, ['u1', 'control', 2], ['u2', 'control', 1]);
    await tell(test, { userId: 'u2', hours: 1.5, kind: 'clicked' }, { userId: 'u1', hours: 4 });
    await merge(test);
    const row = await exposureOf(test, 'u1');
    assert.deepEqual([row?.second_variation_id, row?.exposed_at, row?.converted_at], [null, hoursLater(1), hoursLater(4)]);
    const results = await columnsOf(database, 'select distinct user_id from ab_test_results where test_id = $1', test.id);
    assert.deepEqual(results, [{ user_id: 'u1' }]);
  });
});

describe('a deleted user', () => {
  it('stays in the counts of a test as nobody, and nowhere by their id', async () => {
    const test = await startedTest(database, await tenantWithUsers(1), START);
    await expose(test, ['u1', 'personal', 1]);
    await tell(test, { userId: 'u1', hours: 2 });
    await database.pool.query('select delete_user($1, $2)', [test.tenantId, 'u1']);
    const facts = await database.withTenant(test.tenantId as TenantId, (tx) => countArms(tx, test, hoursLater(200)));
    assert.deepEqual([facts.arms[1]?.exposed, facts.arms[1]?.primary], [1, { kind: 'rate', successes: 1 }]);
    const left = await columnsOf(
      database,
      `select to_jsonb(e)::text || coalesce(to_jsonb(r)::text, '') as row from ab_test_exposures e
      left join ab_test_results r on r.test_id = e.test_id where e.test_id = $1`,
      test.id,
    );
    assert.equal(left.length, 1);
    assert.doesNotMatch(JSON.stringify(left), /u1/);
  });
});

describe('events', () => {
  const addEvent = (
    test: TestRow,
    [id, userId, hours, event, properties, revenue]: readonly [string, string, number, string, object, number | null],
  ) =>
    database.admin.query(
      `insert into events (tenant_id, occurred_at, message_id, user_id, event, properties, revenue_minor, currency)
       values ($1, $2, $3, $4, $5, $6, $7, case when $7::bigint is null then null else 'USD' end)`,
      [test.tenantId, hoursLater(hours).toISOString(), id, userId, event, properties, revenue],
    );

  it('of exposed users become outcomes at a look, each once: the goal, and engagements that name the test', async () => {
    await database.pool.query(`select ensure_event_month('2026-03-01')`);
    const test = await startedTest(database, await tenantWithUsers(3), START);
    await expose(test, ['u1', 'control', 1], ['u2', 'personal', 1]);
    for (const event of [
      ['m1', 'u1', 2, 'purchase', {}, 1_000],
      ['m2', 'u1', 0.5, 'purchase', {}, 1_000],
      ['m3', 'u3', 2, 'purchase', {}, 1_000],
      ['m4', 'u2', 2, 'email_opened', { test_id: test.testKey }, null],
      ['m5', 'u2', 3, 'email_opened', {}, null],
      ['m6', 'u1', 3, 'email_opened', { test_id: test.testKey, machine: true }, null],
    ] as const) {
      await addEvent(test, event);
    }
    await lookAt(database, test, 1, hoursLater(18));
    await lookAt(database, await reload(database, test), 2, hoursLater(42));
    const results = await columnsOf(
      database,
      'select user_id, event_type, is_machine, outcome_id from ab_test_results where test_id = $1 order by outcome_id',
      test.id,
    );
    assert.deepEqual(results, [
      { user_id: 'u1', event_type: 'converted', is_machine: false, outcome_id: 'event m1' },
      { user_id: 'u2', event_type: 'opened', is_machine: false, outcome_id: 'event m4' },
      { user_id: 'u1', event_type: 'opened', is_machine: true, outcome_id: 'event m6' },
    ]);
    assert.deepEqual((await exposureOf(test, 'u1'))?.converted_at, hoursLater(2));
  });

  it('are measured as engagement: the time between the first and the last of each session', async () => {
    const test = await startedTest(database, await tenantWithUsers(1), START, {
      primaryMetric: 'engagement_time',
      baseline: { kind: 'mean', mean: 60, deviation: 50, source: 'test', ageDays: 0 },
    });
    await expose(test, ['u1', 'control', 1]);
    for (const [i, hours] of [1, 1.1, 1.2, 3, 3.25].entries()) await addEvent(test, [`e${i}`, 'u1', hours, 'page_view', {}, null]);
    await lookAt(database, test, 1, hoursLater(42));
    const rows = await columnsOf(database, 'select engagement_seconds::int as seconds from ab_test_exposures where test_id = $1', test.id);
    assert.deepEqual(rows, [{ seconds: 0.2 * 3600 + 0.25 * 3600 }]);
  });
});

describe('a look', () => {
  it('is written once: its repetition finds it, and takes nothing anew', async () => {
    const test = await startedTest(database, await tenantWithUsers(400), START);
    await exposeMany(database, test, { from: 0, to: 200, at: hoursLater(1), converting: { control: 20, personal: 30 } });
    const first = await lookAt(database, test, 1, hoursLater(18));
    await exposeMany(database, test, { from: 200, to: 400, at: hoursLater(2), converting: { control: 20, personal: 30 } });
    const second = await lookAt(database, test, 1, hoursLater(18));
    assert.deepEqual(second.look, first.look);
    const both = await Promise.all([1, 2, 3, 4].map(() => lookAt(database, test, 2, hoursLater(42))));
    assert.equal(new Set(both.map(({ look }) => JSON.stringify(look))).size, 1);
    assert.equal((await columnsOf(database, 'select from ab_test_looks where test_id = $1', test.id)).length, 2);
  });

  it('can be changed by nobody of the application', async () => {
    await assert.rejects(database.pool.query('update ab_test_looks set z = 9'), /permission denied/);
    await assert.rejects(database.pool.query('delete from ab_test_looks'), /permission denied/);
  });

  it('is not taken before it is due, and not of a test that was stopped', async () => {
    const test = await startedTest(database, await tenantWithUsers(10), START);
    assert.equal((await lookAt(database, test, 1, hoursLater(1))).look, undefined);
    await change(database, test, { kind: 'stop' }, hoursLater(2));
    assert.equal((await lookAt(database, test, 1, hoursLater(18))).look, undefined);
  });

  it('decides, and what was decided stays, whatever is told later', async () => {
    const tenantId = await tenantWithUsers(4_000);
    const test = await startedTest(database, tenantId, START);
    for (let day = 0; day < 9; day += 1) {
      await exposeMany(database, test, {
        from: day * 400,
        to: (day + 1) * 400,
        at: hoursLater(day * 24 + 1),
        converting: { control: 20, personal: 35 },
      });
    }
    for (let number = 1; number <= 9; number += 1) await lookAt(database, test, number, hoursLater(18 + 24 * (number - 1)));
    const decided = await reload(database, test);
    assert.equal(decided.status, 'decided');
    assert.equal(decided.winningVariation, 'personal');
    assert.ok((decided.confidenceLevel ?? 0) >= 95, `level ${decided.confidenceLevel}`);
    await tell(decided, ...Array.from({ length: 50 }, (_, i) => ({ userId: `u${i + 1}`, hours: 3 })));
    assert.equal((await lookAt(database, decided, 10, hoursLater(400))).look, undefined);
    assert.deepEqual(await reload(database, test), decided);
  });
});
