import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { withFallback } from '../../activities/sending/limiter-fallback.js';
import { createRedisLimiter, type RedisLimiter } from '../../activities/sending/redis-limiter.js';
import type { TenantId } from '../../core/ids.js';
import type { Bucket, RateLimiter } from '../../core/message/rates.js';
import { createPostgresLimiter } from '../../db/queries/rate-buckets.js';
import { openDatabase } from '../../db/client.js';
import { freePort, waitUntil } from '../../sandbox/processes.js';
import { startRedis } from '../../sandbox/redis.js';
import { createTestDatabase, type TestDatabase } from '../harness/database.js';
import { temporaryFolder } from '../harness/folder.js';
import { redisUrl, withoutRedis } from '../harness/redis.js';

let database: TestDatabase;
let tenantId: TenantId;
before(async () => {
  database = await createTestDatabase();
  tenantId = await database.newTenant();
});
after(() => database.drop());

const bucketAt = (perSecond: number, changes: Partial<Bucket> = {}): Bucket => ({
  tenantId,
  name: `test ${randomUUID()}`,
  perSecond,
  ...changes,
});

/** What holds of every limiter. `others` are limiters of other processes, over the same buckets. */
function conforms(open: () => Promise<{ limiter: RateLimiter; others: readonly RateLimiter[]; close(): Promise<void> }>): void {
  let limiter: RateLimiter;
  let others: readonly RateLimiter[];
  let close: () => Promise<void>;
  before(async () => ({ limiter, others, close } = await open()));
  after(() => close());

  it('lets a bucketful pass at once, and says when the next is there', async () => {
    const bucket = bucketAt(10);
    const first = await limiter.take([bucket], 25);
    assert.equal(first.granted, 10);
    assert.deepEqual(first.short?.bucket, bucket);
    assert.ok(first.short.waitMs > 0 && first.short.waitMs <= 100, `${first.short.waitMs} ms`);
    assert.equal((await limiter.take([bucket], 1)).granted, 0);
    const isThere = async () => (await limiter.take([bucket], 1)).granted === 1;
    assert.ok(await waitUntil(isThere, 5_000, 10));
  });

  it('grants no more than it fills, over all processes that ask at once, and not much less', async () => {
    const bucket = bucketAt(200);
    const startedMs = performance.now();
    let granted = 0;
    const ask = async (one: RateLimiter) => {
      while (performance.now() - startedMs < 1_500) {
        const taken = await one.take([bucket], 7);
        granted += taken.granted;
      }
    };
    await Promise.all([limiter, ...others, limiter].map(ask));
    const most = 200 + (200 * (performance.now() - startedMs)) / 1_000;
    assert.ok(granted <= most, `${granted} of ${most}`);
    assert.ok(granted >= 200 + 200 * 1.2, `only ${granted} of ${most}`);
  });

  it('takes from all buckets alike, from none what another does not have', async () => {
    const [wide, narrow] = [bucketAt(50, { tenantId: null }), bucketAt(0.01)];
    const { granted, short } = await limiter.take([wide, narrow], 20);
    assert.deepEqual([granted, short?.bucket], [1, narrow]);
    assert.ok((short?.waitMs ?? 0) > 90_000 && (short?.waitMs ?? 0) <= 100_000);
    assert.equal((await limiter.take([wide, narrow], 20)).granted, 0);
    assert.ok((await limiter.take([wide], 60)).granted >= 49);
  });

  it('knows the buckets of tenants apart, and those of everybody', async () => {
    const bucket = bucketAt(5);
    for (const one of [tenantId, await database.newTenant(), null]) {
      assert.equal((await limiter.take([{ ...bucket, tenantId: one }], 9)).granted, 5);
    }
  });

  it('sends those who wait behind each other, and nobody further than an hour', async () => {
    const bucket = bucketAt(10);
    await limiter.take([bucket], 10);
    const [first, second] = [await limiter.promise(bucket, 100), await limiter.promise(bucket, 100)];
    assert.ok(first < 1_000 && second > 9_000 && second <= 10_000, `${first}, ${second} ms`);
    await limiter.promise(bucket, 100_000);
    const afterMany = await limiter.promise(bucket, 1);
    assert.ok(afterMany >= 1_799_000 && afterMany <= 1_800_000, `${afterMany} ms`);
    // Promises take no tokens.
    assert.ok(await waitUntil(async () => (await limiter.take([bucket], 1)).granted === 1, 5_000, 20));
  });
}

describe('buckets in PostgreSQL', () => {
  conforms(() => {
    const others = [1, 2].map(() => openDatabase(database.url, { applicationName: 'test', maxConnections: 2 }));
    const close = async () => void (await Promise.all(others.map((one) => one.close())));
    return Promise.resolve({ limiter: createPostgresLimiter(database), others: others.map(createPostgresLimiter), close });
  });

  it('are nobody’s to read or to change but through their functions', async () => {
    await createPostgresLimiter(database).take([bucketAt(5, { tenantId: null })], 1);
    assert.deepEqual((await database.pool.query('select from rate_buckets')).rows, []);
    await assert.rejects(database.pool.query('update rate_buckets set tokens = 9'), /permission denied/);
  });
});

describe('buckets in Redis', { skip: withoutRedis }, () => {
  conforms(() => {
    const [limiter, ...others] = [1, 2, 3].map(() => createRedisLimiter(redisUrl)) as [RedisLimiter, RedisLimiter, RedisLimiter];
    return Promise.resolve({ limiter, others, close: () => Promise.resolve([limiter, ...others].forEach((one) => one.close())) });
  });

  it('are kept in PostgreSQL while Redis is away, which is said once, and in Redis again when it is back', async () => {
    const place = { directory: temporaryFolder('redis'), environment: process.env, say: () => undefined, port: await freePort() };
    let redis = await startRedis(place);
    const limiter = createRedisLimiter(redis.url);
    const said: unknown[] = [];
    const both = withFallback(limiter, createPostgresLimiter(database), (error) => said.push(error));
    const bucket = bucketAt(0.05);
    assert.equal((await both.take([bucket], 1)).granted, 1);
    assert.equal((await both.take([bucket], 1)).granted, 0);
    await redis.kill();
    assert.deepEqual([(await both.take([bucket], 2)).granted, (await both.take([bucket], 2)).granted], [1, 0]);
    assert.equal(said.length, 1);
    redis = await startRedis(place);
    const isBack = () =>
      limiter.take([bucketAt(1)], 1).then(
        ({ granted }) => granted === 1,
        () => false,
      );
    assert.ok(await waitUntil(isBack, 20_000, 50));
    limiter.close();
    await redis.stop();
  });
});
