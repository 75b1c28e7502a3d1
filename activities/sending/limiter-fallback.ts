import type { RateLimiter } from '../../core/message/rates.js';

/** So often at most is it said that the first one is away. */
const SAID_EVERY_MS = 60_000;

/**
 * Asks another limiter where the first does not answer: never none. Each of the two lets a second's worth pass when they change over, and
 * what the first had promised comes again too soon, to be told anew.
 */
export function withFallback(first: RateLimiter, second: RateLimiter, onFailure: (error: unknown) => void): RateLimiter {
  let saidMs = -Infinity;
  const instead = (error: unknown) => {
    if (performance.now() - saidMs >= SAID_EVERY_MS) {
      saidMs = performance.now();
      onFailure(error);
    }
    return second;
  };
  return {
    take: (buckets, wanted) => first.take(buckets, wanted).catch((error: unknown) => instead(error).take(buckets, wanted)),
    promise: (bucket, places) => first.promise(bucket, places).catch((error: unknown) => instead(error).promise(bucket, places)),
  };
}
