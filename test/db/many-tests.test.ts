import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { testLines } from '../../core/brief/test-section.js';
import { testsToTell } from '../../db/queries/test-telling.js';
import { createTestDatabase, type TestDatabase } from '../harness/database.js';
import { addUsers, columnsOf, DAY_MS, exposeMany, lookAt, startedTest } from '../harness/tests.js';

let database: TestDatabase;
before(async () => void (database = await createTestDatabase()));
after(() => database.drop());

const START = new Date('2026-03-02T12:00:00Z');
const TESTS = 10_000;
const AT_ONCE = 6;

describe('ten thousand tests of one tenant', () => {
  it('are all looked at on one morning, each once, and told of in a short brief', async () => {
    const tenantId = await database.newTenant();
    await addUsers(database, tenantId, 8);
    const first = await startedTest(database, tenantId, START);
    await database.admin.query(
      `insert into ab_tests (tenant_id, test_key, test_name, channel, variations, audience_size, start_date, end_date, status, design, plan, state,
         goal, conversion_window, weight_periods, created_by)
       select tenant_id, 'test_' || n, test_name, channel, variations, audience_size, start_date, end_date, status, design, plan, state,
         goal, conversion_window, weight_periods, created_by
       from ab_tests, generate_series(2, $2::int) n where tenant_id = $1`,
      [tenantId, TESTS],
    );
    await exposeMany(database, first, {
      from: 0,
      to: 8,
      at: new Date(START.getTime() + 60_000),
      converting: { control: 50, personal: 50 },
    });
    await database.admin.query(
      `insert into ab_test_exposures (tenant_id, test_id, user_id, variation_id, exposed_at, sent_at, converted_at)
       select e.tenant_id, t.id, e.user_id, e.variation_id, e.exposed_at, e.sent_at, e.converted_at
       from ab_test_exposures e join ab_tests t on t.tenant_id = e.tenant_id where t.id <> e.test_id`,
    );
    const rows = (await columnsOf(database, 'select id, test_key as "testKey" from ab_tests where tenant_id = $1', tenantId)) as {
      testKey: string;
    }[];
    assert.equal(rows.length, TESTS);
    const morning = new Date(START.getTime() + 2 * DAY_MS);
    const waiting = [...rows];
    const looker = async () => {
      for (let row = waiting.pop(); row; row = waiting.pop()) await lookAt(database, { ...first, testKey: row.testKey }, 1, morning);
    };
    await Promise.all(Array.from({ length: AT_ONCE }, looker));
    const [looks] = await columnsOf(
      database,
      'select count(*)::int as looks, count(distinct test_id)::int as tests from ab_test_looks where tenant_id = $1',
      tenantId,
    );
    assert.deepEqual(looks, { looks: TESTS, tests: TESTS });

    const tests = await database.withTenant(tenantId, (tx) => testsToTell(tx, tenantId, new Date(morning.getTime() + DAY_MS)));
    assert.equal(tests.filter(({ look }) => look?.arms.reduce((sum, { measured }) => sum + measured, 0) === 8).length, TESTS);
    const lines = testLines(tests, [], { engardeAppUrl: 'https://app.engarde.media' });
    assert.ok(lines.length < 40, `${lines.length} lines`);
    assert.match(lines.join('\n'), /9,990 more A\/B tests run/);
  });
});
