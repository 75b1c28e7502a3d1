import { join } from 'node:path';
import type { TenantId } from '../core/ids.js';
import type { TestWish } from '../db/queries/test-creation.js';
import { countArms } from '../db/queries/test-counting.js';
import type { TestRow } from '../db/queries/tests.js';
import { startPostgres } from '../sandbox/postgres.js';
import { createTestDatabase, type TestDatabase } from '../test/harness/database.js';
import { temporaryFolder } from '../test/harness/folder.js';
import { addUsers, DAY_MS, startedTest } from '../test/harness/tests.js';

/**
 * How long a look waits for its counts: one query over all exposures of a running test, with PostgreSQL's settings as the product's
 * own server has them. Of a rate, of a mean with the users' past, and of a mean whose extreme values are limited, which reads the
 * exposures twice. The value is the slowest of the three medians. `npm run bench -- ab-counting [EXPOSURES]`
 */
const EXPOSURES = Number(process.argv[2] ?? 1_000_000);
const RUNS = 5;
const LIMIT_SECONDS = 2;
const START = new Date('2026-03-02T12:00:00Z');
const MEAN: Partial<TestWish> = {
  primaryMetric: 'revenue_per_user',
  baseline: { kind: 'mean', mean: 20_00, deviation: 15_00, source: 'bench', ageDays: 0 },
};
const METRICS: Readonly<Record<string, Partial<TestWish>>> = { rate: {}, mean: MEAN, winsorised_mean: { ...MEAN, winsoriseAbove: 0.99 } };

if (!Number.isSafeInteger(EXPOSURES) || EXPOSURES < 1)
  throw new Error(`how many exposures? a whole number is expected, not ${process.argv[2]}`);
const postgres = await startPostgres({ directory: join(temporaryFolder('ab-counting'), 'postgres') });
const database = await createTestDatabase(postgres.url);
try {
  const seconds: Record<string, number> = {};
  for (const [name, changes] of Object.entries(METRICS)) {
    const tenantId = await database.newTenant();
    await addUsers(database, tenantId, 1);
    const test = await startedTest(database, tenantId, START, changes);
    await fill(database, test);
    const runs: number[] = [];
    for (let run = 0; run < RUNS; run++) runs.push(await secondsToCount(database, test));
    seconds[name] = runs.sort((a, b) => a - b)[Math.floor(RUNS / 2)] ?? 0;
    console.error(`${name}: ${runs.map((run) => run.toFixed(2)).join(', ')} s`);
  }
  const value = Math.max(...Object.values(seconds));
  console.log(
    JSON.stringify({
      bench: 'ab-counting',
      value,
      unit: 's',
      limit: LIMIT_SECONDS,
      ratio_to_limit: value / LIMIT_SECONDS,
      exposures: EXPOSURES,
      ...seconds,
    }),
  );
} finally {
  await database.drop();
  await postgres.stop();
}

/** Arms by turns, a third opening and a seventh converting, all windows closed a fortnight later. */
async function fill({ admin }: TestDatabase, { tenantId, id }: TestRow): Promise<void> {
  await admin.query(
    `insert into ab_test_exposures (tenant_id, test_id, user_id, variation_id, exposed_at, sent_at, opened_at, converted_at, value, spent_before)
     select $1, $2, 'x' || n, case n % 2 when 0 then 'control' else 'personal' end, at, at,
       case when n % 3 = 0 then at + interval '1 minute' end, case when n % 7 = 0 then at + interval '1 hour' end,
       case when n % 7 = 0 then n % 10007 else 0 end, n % 5003
     from generate_series(1, $4::int) n, lateral (select $3::timestamptz + n * interval '12 days' / $4 as at) moment`,
    [tenantId, id, START.toISOString(), EXPOSURES],
  );
  await admin.query('vacuum analyze ab_test_exposures');
}

async function secondsToCount(here: TestDatabase, test: TestRow): Promise<number> {
  const at = new Date(START.getTime() + 14 * DAY_MS);
  const startedMs = performance.now();
  const { arms } = await here.withTenant(test.tenantId as TenantId, (tx) => countArms(tx, test, at));
  const seconds = (performance.now() - startedMs) / 1000;
  const measured = arms.reduce((sum, arm) => sum + arm.measured, 0);
  if (measured !== EXPOSURES) throw new Error(`${measured} of ${EXPOSURES} exposures were counted`);
  return Math.round(seconds * 1000) / 1000;
}
