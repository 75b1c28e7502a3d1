import { skipWithout } from './needs.js';

const { TEST_REDIS_URL } = process.env;

export const redisUrl = TEST_REDIS_URL ?? '';
/** Give this to `skip`: without Redis there is nothing to test against. */
export const withoutRedis = skipWithout(TEST_REDIS_URL, 'no Redis: TEST_REDIS_URL is not set');
