import { Redis } from 'ioredis';
import { burstOf, takenOf, type Bucket, type RateLimiter } from '../../core/message/rates.js';

export type RedisLimiter = RateLimiter & { close(): void };

/** A Redis that answers later than that is as good as away: PostgreSQL is asked then. */
const ANSWERS_WITHIN_MS = 500;

/** Longer than any bucket takes to be full, or any promise lasts: after that the key says nothing any more. */
const KEPT_MS = 2 * 3_600_000;

/** As `take_tokens` in PostgreSQL does it. KEYS are the buckets; ARGV is how many are wanted, how long keys are kept, and each bucket's rate and burst. */
const TAKE = `
  local time = redis.call('TIME')
  local at = time[1] * 1000 + time[2] / 1000
  local wanted = tonumber(ARGV[1])
  local granted = wanted
  local has = {}
  for i = 1, #KEYS do
    local rate, burst = tonumber(ARGV[2 * i + 1]), tonumber(ARGV[2 * i + 2])
    local kept = redis.call('HMGET', KEYS[i], 'tokens', 'filled_at')
    local tokens, filled = tonumber(kept[1] or burst), tonumber(kept[2] or at)
    if at > filled + math.max(5, 20 / rate) * 1000 then redis.call('HDEL', KEYS[i], 'promised_until') end
    has[i] = math.min(burst, tokens + math.max(0, at - filled) / 1000 * rate)
    granted = math.min(granted, math.floor(has[i]))
  end
  granted = math.max(0, granted)
  local limiting, wait = 1, 0
  for i = 1, #KEYS do
    local rate = tonumber(ARGV[2 * i + 1])
    local rest = has[i] - granted
    redis.call('HSET', KEYS[i], 'tokens', string.format('%.9f', rest), 'filled_at', string.format('%.3f', at))
    redis.call('PEXPIRE', KEYS[i], ARGV[2])
    local own = math.max(0, 1 - rest) / rate * 1000
    if granted < wanted and own > wait then limiting, wait = i, own end
  end
  return {granted, limiting, tostring(wait)}
`;

/** As `promise_places` does it. ARGV is the rate, and how many places. */
const PROMISE = `
  local time = redis.call('TIME')
  local at = time[1] * 1000 + time[2] / 1000
  local first = tonumber(redis.call('HGET', KEYS[1], 'promised_until') or at)
  if first > at + 3600000 then first = at + 1800000 else first = math.max(first, at) end
  redis.call('HSET', KEYS[1], 'promised_until', string.format('%.3f', first + ARGV[2] / ARGV[1] * 1000))
  redis.call('PEXPIRE', KEYS[1], ARGV[3])
  return tostring(first - at)
`;

type Commands = {
  takeTokens(keys: number, ...rest: readonly (string | number)[]): Promise<readonly [granted: number, limiting: number, waitMs: string]>;
  promisePlaces(keys: number, ...rest: readonly (string | number)[]): Promise<string>;
};

/** Buckets in Redis, each call one script. It throws where Redis does not answer. */
export function createRedisLimiter(url: string): RedisLimiter {
  const redis = new Redis(url, {
    lazyConnect: true,
    // Nobody waits for a Redis that is away: each call fails at once until it is back.
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    connectTimeout: ANSWERS_WITHIN_MS,
    commandTimeout: ANSWERS_WITHIN_MS,
    retryStrategy: (attempt) => Math.min(attempt * 100, 2_000),
  });
  redis.defineCommand('takeTokens', { lua: TAKE });
  redis.defineCommand('promisePlaces', { lua: PROMISE });
  // What is wrong is told by the calls that fail.
  redis.on('error', () => undefined);
  const commands = redis as unknown as Commands;
  const connected = once(() => redis.connect());
  return {
    async take(buckets, wanted) {
      await connected();
      const figures = buckets.flatMap(({ perSecond }) => [perSecond, burstOf(perSecond)]);
      const [granted, limiting, waitMs] = await commands.takeTokens(buckets.length, ...buckets.map(keyOf), wanted, KEPT_MS, ...figures);
      return takenOf(buckets, wanted, { granted, limiting, waitMs: Number(waitMs) });
    },
    async promise(bucket, places) {
      await connected();
      return Number(await commands.promisePlaces(1, keyOf(bucket), bucket.perSecond, places, KEPT_MS));
    },
    close: () => redis.disconnect(),
  };
}

/** The braces keep all keys of a script together, where Redis is a cluster. */
const keyOf = ({ tenantId, name }: Bucket): string => `{madansara}:rate:${tenantId ?? 'all'}:${name}`;

/** The first call connects; where that fails, the client goes on trying by itself. */
function once(connect: () => Promise<void>): () => Promise<void> {
  let first: Promise<void> | undefined;
  return () => (first ??= connect().catch(() => undefined));
}
