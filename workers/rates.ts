import { createHash } from 'node:crypto';
import type { Logger } from 'pino';
import { withFallback } from '../activities/sending/limiter-fallback.js';
import { createRedisLimiter } from '../activities/sending/redis-limiter.js';
import type { Channels } from '../activities/sending/send-step.js';
import { TENANT_RATE, withinRates, type WithinRates } from '../activities/sending/within-rates.js';
import type { SendingConfig } from '../config/sending.js';
import type { TenantId } from '../core/ids.js';
import type { Bucket, RateLimiter, Rates } from '../core/message/rates.js';
import type { Database } from '../db/client.js';
import { createPostgresLimiter } from '../db/queries/rate-buckets.js';
import { readSendingRates } from '../db/queries/sending-policy.js';
import type { StepOfBatch } from '../db/queries/send-ledger.js';

export type OpenLimiter = { readonly limiter: RateLimiter; close(): void };

/** Where buckets are kept: in Redis, where there is one, and in PostgreSQL else and meanwhile. */
export function openLimiter(database: Database, redisUrl: string | undefined, logger: Logger): OpenLimiter {
  const postgres = createPostgresLimiter(database);
  if (redisUrl === undefined) return { limiter: postgres, close: () => undefined };
  const redis = createRedisLimiter(redisUrl);
  const onFailure = (error: unknown) => logger.warn({ error }, 'Redis did not answer; rates are kept in PostgreSQL until it does');
  return { limiter: withFallback(redis, postgres, onFailure), close: () => redis.close() };
}

/** Every channel, no faster than its provider takes it and its tenant wants it. */
export function limitRates(channels: Channels, rates: WithinRates): Channels {
  return Object.fromEntries(Object.entries(channels).map(([channel, send]) => [channel, withinRates(send, rates)]));
}

/** For so long a policy is not asked for again. */
const KEPT_MS = 10_000;

/**
 * Whose tokens a step takes: those of the account, or of the sender where a provider counts by senders, and the tenant's own. Where clocks run
 * faster, so do the buckets: in a rehearsal a second is one of the campaign's.
 */
export function createBuckets(database: Database, sending: SendingConfig, clockSpeed: number): WithinRates['bucketsOf'] {
  const kept = new Map<TenantId, { readonly atMs: number; readonly rates: Promise<Rates> }>();
  const ratesOf = (tenantId: TenantId): Promise<Rates> => {
    const known = kept.get(tenantId);
    if (known && performance.now() - known.atMs < KEPT_MS) return known.rates;
    const rates = database.withTenant(tenantId, (tx) => readSendingRates(tx, tenantId));
    kept.set(tenantId, { atMs: performance.now(), rates });
    // A failure is not kept.
    rates.catch(() => kept.delete(tenantId));
    return rates;
  };
  const accounts = accountsOf(sending);
  return async ({ tenantId, channel }) => {
    const own = (await ratesOf(tenantId))[channel];
    const perSecond = sending.rates[channel];
    return [
      ...(perSecond === undefined ? [] : [providerBucket(accounts, { tenantId, channel }, perSecond * clockSpeed)]),
      ...(own === undefined ? [] : [{ tenantId, name: `${TENANT_RATE}${channel}`, perSecond: own * clockSpeed }]),
    ];
  };
}

type Accounts = { readonly mail: string; readonly twilio: string };
type Sender = Pick<StepOfBatch, 'tenantId' | 'channel'>;

/** A sender of texts is one tenant's alone; the account for mail is everybody's. */
const providerBucket = ({ mail, twilio }: Accounts, { tenantId, channel }: Sender, perSecond: number): Bucket =>
  channel === 'email' ? { tenantId: null, name: `${mail}/email`, perSecond } : { tenantId, name: `${twilio}/${channel}`, perSecond };

/** Names under which installations that use one account know it, and nobody else does. */
function accountsOf({ mail, twilio }: SendingConfig): Accounts {
  const named = (provider: string, account: string) => `${provider}-${createHash('sha256').update(account).digest('hex').slice(0, 12)}`;
  return {
    mail:
      mail.kind === 'sendgrid'
        ? named('sendgrid', mail.apiKey)
        : named('smtp', `${mail.server.host}:${mail.server.port} ${mail.server.login?.user ?? ''}`),
    twilio: named('twilio', twilio?.accountSid ?? ''),
  };
}
