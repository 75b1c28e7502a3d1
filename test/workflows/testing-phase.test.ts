import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { testingKeys } from '../../activities/testing/artifacts.js';
import type { LocalDate, TenantId } from '../../core/ids.js';
import { openObjectStore } from '../../store/objects.js';
import type { RunningWorker } from '../../workers/main.js';
import { addUsers, DAY_MS, exposeMany, lookAt, makeTest, startedTest } from '../harness/tests.js';
import { loadCdnow, openTestWalker, type TestWalker } from '../harness/walker.js';

let walker: TestWalker;
let worker: RunningWorker;
let tenantId: TenantId;
let lastDay: LocalDate;
before(async () => {
  walker = await openTestWalker('testing-phase');
  worker = await walker.startWorker();
  ({ tenantId, lastDay } = await loadCdnow(walker.database));
});
after(async () => {
  await worker.close();
  await walker.close();
});

const END = new Date('1998-07-01T00:00:00Z');
const artifact = async (kind: 'active' | 'results' | 'winners') => {
  const body = await openObjectStore(walker.config.objects).get(testingKeys(tenantId, lastDay)[kind]);
  return JSON.parse(body?.toString('utf8') ?? 'null') as readonly Record<string, unknown>[];
};

describe('the testing phase of a walk', () => {
  it('measures in the lake from where new tests start, as a query over the events of PostgreSQL does', async () => {
    const { counts } = await walker.walk(tenantId, lastDay);
    assert.ok(!('running tests' in counts), 'a walk without tests does not speak of them');
    for (const hours of [72, 720]) {
      const { rows } = await walker.database.admin.query(
        `with person as (
           select user_id, bool_or(occurred_at < b.at) as present, bool_or(occurred_at >= b.at and event = 'purchase') as bought,
             coalesce(sum(revenue_minor) filter (where occurred_at >= b.at), 0) as minor
           from events, (select $2::timestamptz - make_interval(hours => $3) as at) b
           where tenant_id = $1 and occurred_at >= b.at - interval '30 days' and occurred_at < $2 group by user_id)
         select count(*)::int as users, count(*) filter (where bought)::int as bought, sum(minor)::int as spent, sum(minor * minor)::float8 as squares
         from person where present`,
        [tenantId, END.toISOString(), hours],
      );
      const [expected] = rows as [{ users: number; bought: number; spent: number; squares: number }];
      assert.ok(expected.users > 1_000 && expected.bought > 10);
      const { rows: found } = await walker.database.admin.query(
        `select metric, subject, users::int, sum, sum_of_squares from metric_baselines where tenant_id = $1 and window_hours = $2 order by metric`,
        [tenantId, hours],
      );
      assert.deepEqual(found, [
        {
          metric: 'conversion_rate',
          subject: 'convert_to_paid',
          users: expected.users,
          sum: expected.bought,
          sum_of_squares: expected.bought,
        },
        { metric: 'revenue_per_user', subject: 'USD', users: expected.users, sum: expected.spent, sum_of_squares: expected.squares },
      ]);
    }
  });

  it('lets a test start from it, with its source and its age', async () => {
    const at = new Date(END.getTime() + 3 * DAY_MS);
    const test = await makeTest(walker.database, tenantId, at, { baseline: undefined as never, conversionWindowHours: 72 });
    const { baseline } = test.design;
    assert.ok(baseline.kind === 'rate' && baseline.rate > 0.005 && baseline.rate < 0.2, JSON.stringify(baseline));
    assert.equal(baseline.ageDays, 3);
    assert.match(baseline.source, /^conversion_rate of convert_to_paid: \d+ users, in 72 hours, 1998-05-29 to 1998-07-01$/);
  });

  it('tells of the tests that run, of what their looks found, and of the winners', async () => {
    const start = new Date(END.getTime() - 20 * DAY_MS);
    await addUsers(walker.database, tenantId, 10_000);
    const won = await startedTest(walker.database, tenantId, start);
    await exposeMany(walker.database, won, {
      from: 0,
      to: 10_000,
      at: new Date(start.getTime() + 60_000),
      converting: { control: 20, personal: 26 },
    });
    await lookAt(walker.database, won, 1, new Date(start.getTime() + 16 * DAY_MS));
    const running = await startedTest(walker.database, tenantId, new Date(END.getTime() - 2 * DAY_MS), { name: 'Another' });
    const { counts } = await walker.walk(tenantId, lastDay);
    assert.deepEqual([counts['running tests'], counts['ended tests'], counts['test winners']], [1, 1, 1]);
    assert.deepEqual(
      (await artifact('active')).map(({ test_id }) => test_id),
      [running.testKey],
    );
    const [result] = await artifact('results');
    assert.deepEqual(
      [result?.test_id, result?.status, result?.winning_variation, result?.recommendation],
      [won.testKey, 'winner_found', 'personal', 'apply_winner'],
    );
    const [winner] = await artifact('winners');
    assert.deepEqual([winner?.test_id, winner?.apply_to, winner?.applied], [won.testKey, 'welcome', false]);
    const before = JSON.stringify([await artifact('active'), await artifact('results'), await artifact('winners')]);
    await walker.walk(tenantId, lastDay);
    assert.equal(JSON.stringify([await artifact('active'), await artifact('results'), await artifact('winners')]), before);
  });
});
