import { burstOf, takenOf, type Bucket, type RateLimiter } from '../../core/message/rates.js';
import type { Database } from '../client.js';

/** Whose buckets are everybody's. */
const NOBODY = '00000000-0000-0000-0000-000000000000';

/** Buckets as rows, each call one round trip. */
export const createPostgresLimiter = ({ pool }: Pick<Database, 'pool'>): RateLimiter => ({
  async take(buckets, wanted) {
    const { rows } = await pool.query<{ granted: number; limiting: number; waitMs: number }>(
      'select granted, limiting, wait_ms as "waitMs" from take_tokens($1, $2, $3, $4, $5)',
      [
        buckets.map(ownerOf),
        buckets.map(({ name }) => name),
        buckets.map(({ perSecond }) => perSecond),
        buckets.map(({ perSecond }) => burstOf(perSecond)),
        wanted,
      ],
    );
    const [found] = rows;
    if (!found) throw new Error('no bucket was asked for tokens');
    return takenOf(buckets, wanted, found);
  },
  async promise(bucket, places) {
    const { rows } = await pool.query<{ ms: number }>('select promise_places($1, $2, $3, $4) as ms', [
      ownerOf(bucket),
      bucket.name,
      bucket.perSecond,
      places,
    ]);
    return rows[0]?.ms ?? 0;
  },
});

const ownerOf = ({ tenantId }: Bucket): string => tenantId ?? NOBODY;
