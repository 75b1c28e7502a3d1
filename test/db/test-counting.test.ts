import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import fc from 'fast-check';
import { sampleOfArm, samplesOf } from '../../core/experiment/estimates.js';
import type { PrimaryMetric } from '../../core/experiment/metric.js';
import { outcomeKinds } from '../../core/experiment/outcomes.js';
import { seededRandom } from '../../core/random.js';
import { countArms } from '../../db/queries/test-counting.js';
import type { TestWish } from '../../db/queries/test-creation.js';
import { recordExposures, recordOutcomes } from '../../db/queries/test-exposures.js';
import { gatherOutcomes } from '../../db/queries/test-looks.js';
import { engagementSeconds, tallyArms, type Exposure, type Outcome } from '../harness/counting-model.js';
import { createTestDatabase, type TestDatabase } from '../harness/database.js';
import { addUsers, columnsOf, startedTest } from '../harness/tests.js';

let database: TestDatabase;
before(async () => void (database = await createTestDatabase()));
after(() => database.drop());

const START = new Date('2026-03-02T12:00:00Z');
const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const WINDOW_HOURS = 24;
const LAST_EXPOSURE = 12 * 60;
const LAST_LOOK = LAST_EXPOSURE + 1.5 * WINDOW_HOURS * 60;
const at = (minutes: number) => new Date(START.getTime() + minutes * MINUTE_MS);

const metrics: readonly PrimaryMetric[] = [
  { kind: 'conversion_rate', goal: 'convert_to_paid' },
  { kind: 'ctr' },
  { kind: 'open_rate' },
  { kind: 'reply_rate' },
  { kind: 'revenue_per_user', currency: 'USD', winsoriseAbove: null },
  { kind: 'revenue_per_user', currency: 'USD', winsoriseAbove: 0.75 },
  { kind: 'engagement_time', winsoriseAbove: null },
];

function wishFor(metric: PrimaryMetric): Partial<TestWish> {
  if (metric.kind === 'conversion_rate') return {};
  if (!('winsoriseAbove' in metric)) return { primaryMetric: metric.kind };
  const { kind, winsoriseAbove } = metric;
  const baseline = { kind: 'mean' as const, mean: 100, deviation: 50, source: 'test', ageDays: 0 };
  return { primaryMetric: kind, baseline, ...(winsoriseAbove !== null && { winsoriseAbove }) };
}

/** So coarse that some things happen at the very moment when a window opens or closes. */
const halfHoursTo = (minutes: number) => fc.integer({ min: 0, max: minutes / 30 }).map((count) => count * 30);
const user = fc.constantFrom('u1', 'u2', 'u3', 'u4', 'u5', 'u6');
/** No two at the same moment, so that which is first is no matter of their order. */
const someExposures = fc.uniqueArray(
  fc.record({ userId: user, variationId: fc.constantFrom('control', 'personal'), minutes: halfHoursTo(LAST_EXPOSURE) }),
  { selector: ({ minutes }) => minutes, maxLength: 12 },
);
const someOutcomes = fc.array(
  fc.record({
    userId: user,
    kind: fc.constantFrom(...outcomeKinds),
    minutes: halfHoursTo(LAST_LOOK),
    byMachine: fc.boolean(),
    amount: fc.option(fc.integer({ min: 0, max: 1000 })),
  }),
  { maxLength: 120, size: 'max' },
);

describe('the counts of a test', () => {
  it('are those of the rules, whatever is told in whatever order, and whoever is merged and deleted', async () => {
    const stories = fc.record({
      metric: fc.constantFrom(...metrics),
      exposures: someExposures,
      outcomes: someOutcomes,
      outcomesFirst: fc.boolean(),
      mergeFirst: fc.boolean(),
      lookMinutes: fc.integer({ min: LAST_EXPOSURE, max: LAST_LOOK }),
    });
    let measured = 0;
    await fc.assert(
      fc.asyncProperty(stories, async (story) => {
        const exposures = story.exposures
          .map(({ minutes, ...exposure }): Exposure => ({ ...exposure, atMs: at(minutes).getTime() }))
          .toSorted((left, right) => left.atMs - right.atMs);
        const outcomes = story.outcomes.map(({ minutes, amount, ...outcome }): Outcome => ({
          ...outcome,
          atMs: at(minutes).getTime(),
          value: amount !== null && outcome.kind === 'refunded' ? -amount : amount,
        }));
        const tenantId = await database.newTenant();
        await addUsers(database, tenantId, 6);
        const test = await startedTest(database, tenantId, START, { ...wishFor(story.metric), conversionWindowHours: WINDOW_HOURS });
        const merge = () => database.pool.query(`select merge_users($1, 'u5', 'u1'), merge_users($1, 'u6', 'u2')`, [tenantId]);
        const tellExposures = () =>
          database.withTenant(tenantId, (tx) =>
            recordExposures(
              tx,
              test,
              exposures.map(({ atMs, ...exposure }) => ({ ...exposure, at: new Date(atMs) })),
            ),
          );
        const tellOutcomes = () =>
          database.withTenant(tenantId, (tx) =>
            recordOutcomes(
              tx,
              test,
              outcomes.map(({ atMs, ...outcome }, i) => ({ ...outcome, outcomeId: `o${i}`, at: new Date(atMs) })),
            ),
          );

        if (story.mergeFirst) await merge();
        for (const tell of story.outcomesFirst ? [tellOutcomes, tellExposures] : [tellExposures, tellOutcomes]) await tell();
        if (!story.mergeFirst) await merge();
        await database.pool.query(`select delete_user($1, 'u3')`, [tenantId]);

        const look = at(story.lookMinutes);
        const { arms } = await database.withTenant(tenantId, (tx) => countArms(tx, test, look));
        const expected = tallyArms(
          { exposures, outcomes, mergedInto: { u5: 'u1', u6: 'u2' } },
          {
            variationIds: ['control', 'personal'],
            metric: story.metric,
            windowMs: WINDOW_HOURS * HOUR_MS,
            atMs: look.getTime(),
          },
        );
        assert.deepEqual(arms, expected);
        measured += expected.reduce((sum, arm) => sum + arm.measured, 0);
      }),
      { seed: 11, numRuns: 100 },
    );
    assert.ok(measured > 60, `only ${measured} users were measured: the stories are too thin to show anything`);
  });

  it('hold the engagement time of every exposed user, from the sessions in their window', async () => {
    await database.pool.query(`select ensure_event_month('2026-03-01')`);
    const tenantId = await database.newTenant();
    await addUsers(database, tenantId, 40);
    const test = await startedTest(database, tenantId, START, {
      ...wishFor({ kind: 'engagement_time', winsoriseAbove: null }),
      conversionWindowHours: WINDOW_HOURS,
    });
    const seconds = fc.array(fc.integer({ min: 0, max: 40 * 3600 }), { minLength: 1, maxLength: 60 });
    const told = fc.sample(seconds, { seed: 5, numRuns: 40 }).map((times, i) => ({ userId: `u${i + 1}`, times }));
    await database.admin.query(
      `insert into events (tenant_id, occurred_at, message_id, user_id, event)
       select $1, $2::timestamptz + (t.second || ' seconds')::interval, u->>'userId' || ' ' || t.place, u->>'userId', 'page_view'
       from jsonb_array_elements($3::jsonb) u, jsonb_array_elements_text(u->'times') with ordinality t(second, place)`,
      [tenantId, START.toISOString(), JSON.stringify(told)],
    );
    await database.withTenant(tenantId, (tx) =>
      recordExposures(
        tx,
        test,
        told.map(({ userId }) => ({ userId, variationId: 'control', at: at(60) })),
      ),
    );
    await database.pool.query('select measure_engagement($1, $2, $3)', [tenantId, test.id, at(60 + WINDOW_HOURS * 60).toISOString()]);
    const rows = await columnsOf(
      database,
      'select user_id as "userId", engagement_seconds::int as seconds from ab_test_exposures where test_id = $1 order by user_id collate "C"',
      test.id,
    );
    const inWindow = (second: number) => second >= 3600 && second < 3600 + WINDOW_HOURS * 3600;
    const expected = told.map(({ userId, times }) => ({
      userId,
      seconds: engagementSeconds(times.filter(inWindow).map((second) => second * 1000)),
    }));
    assert.deepEqual(
      rows,
      expected.toSorted((left, right) => (left.userId < right.userId ? -1 : 1)),
    );
  });

  it('hold what each user spent before, whoever they were then, by which a look tells smaller differences', async () => {
    await database.pool.query(
      `select ensure_event_month('2026-02-01'), ensure_event_month('2026-03-01'), ensure_event_month('2026-01-01')`,
    );
    const tenantId = await database.newTenant();
    await addUsers(database, tenantId, 401);
    const random = seededRandom(7);
    const people = Array.from({ length: 400 }, (_, i) => {
      const before = Math.round(10_000 * random());
      const lift = i % 2 === 1 ? 500 : 0;
      return { userId: `u${i + 1}`, before, after: Math.round(0.9 * before + 1_000 * random()) + lift };
    });
    const days = (count: number) => at(count * 24 * 60);
    const bought = people.flatMap(({ userId, before, after: value }) => [
      [userId, days(-3), before, 'USD'],
      [userId, days(-20), 50, 'EUR'],
      [userId, days(-40), 70_000, 'USD'],
      [userId, at(90), value, 'USD'],
    ]);
    // Of the first one, half was spent under another name.
    const [first] = bought;
    if (first) first[2] = 1_000;
    bought.push(['u401', days(-2), (people[0]?.before ?? 0) - 1_000, 'USD']);
    await database.admin.query(
      `insert into events (tenant_id, occurred_at, message_id, user_id, event, revenue_minor, currency)
       select $1, (e->>1)::timestamptz, 'm' || n, e->>0, 'purchase', (e->>2)::bigint, e->>3 from jsonb_array_elements($2::jsonb) with ordinality x(e, n)`,
      [tenantId, JSON.stringify(bought)],
    );
    const test = await startedTest(database, tenantId, START, {
      ...wishFor({ kind: 'revenue_per_user', currency: 'USD', winsoriseAbove: null }),
      conversionWindowHours: WINDOW_HOURS,
    });
    await database.withTenant(tenantId, (tx) =>
      recordExposures(
        tx,
        test,
        people.map(({ userId }, i) => ({ userId, variationId: i % 2 === 0 ? 'control' : 'personal', at: at(60) })),
      ),
    );
    const look = at(60 + 2 * WINDOW_HOURS * 60);
    const count = async () => {
      await gatherOutcomes(database, test, look);
      return database.withTenant(tenantId, (tx) => countArms(tx, test, look));
    };
    const before = await count();
    assert.ok(before.arms[0]?.primary.kind === 'mean' && before.arms[0].primary.before?.sum !== undefined);
    await database.pool.query(`select merge_users($1, 'u401', 'u1')`, [tenantId]);
    const { arms } = await count();
    for (const [arm, { primary }] of arms.entries()) {
      const users = people.filter((_, i) => i % 2 === arm);
      const total = (of: (person: (typeof users)[number]) => number) => users.reduce((sum, person) => sum + of(person), 0);
      assert.deepEqual(primary, {
        kind: 'mean',
        sum: total((person) => person.after),
        sumOfSquares: total((person) => person.after ** 2),
        notZero: users.length,
        before: {
          sum: total((person) => person.before),
          sumOfSquares: total((person) => person.before ** 2),
          products: total((person) => person.before * person.after),
        },
      });
    }
    const [adjusted, plain] = [samplesOf(arms), arms.map(sampleOfArm)];
    assert.ok((adjusted[0]?.variance ?? 1) < 0.05 * (plain[0]?.variance ?? 0), 'a twentieth of the variance is left');
    const difference = (adjusted[1]?.mean ?? 0) - (adjusted[0]?.mean ?? 0);
    assert.ok(Math.abs(difference - 500) < 100, `${difference}`);
  });
});
