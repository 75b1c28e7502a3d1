import type { EngagementChannel } from '../event/engagement.js';
import type { TenantId } from '../ids.js';

/** Messages per second, by channel. */
export type Rates = Readonly<Partial<Record<EngagementChannel, number>>>;

/** What a provider is known to take, unless the configuration says otherwise: WhatsApp from one sender. */
export const KNOWN_RATES: Rates = { whatsapp: 80 };

/**
 * A token bucket: it fills at `perSecond`, holds no more than `burstOf` that, and each message takes a token. One per provider's account, or per
 * sender where the provider counts by senders, and one per tenant and channel where the tenant asks for it.
 */
export type Bucket = {
  /** Null where all tenants share it. */
  readonly tenantId: TenantId | null;
  /** Holds nothing about a person, and no secret. */
  readonly name: string;
  readonly perSecond: number;
};

export type Taken = {
  /** So many messages may go now: as many tokens are gone from each of the buckets. */
  readonly granted: number;
  /** Where that is fewer than were wanted: the bucket that has too few, and in how many milliseconds it has the next. */
  readonly short?: { readonly bucket: Bucket; readonly waitMs: number };
};

/**
 * Buckets that all processes share, by the clock of whoever keeps them. A process that dies has lost what it took, and nothing else.
 */
export type RateLimiter = {
  /** Takes as many tokens as there are, up to `wanted`, from all of the buckets alike, at once. */
  take(buckets: readonly Bucket[], wanted: number): Promise<Taken>;
  /** In how many milliseconds the first of so many messages may come again: behind those that were told so before. Takes nothing. */
  promise(bucket: Bucket, places: number): Promise<number>;
};

/** What may go over a channel where all of these hold. */
export const slowestOf = (channel: EngagementChannel, ...all: readonly Rates[]): number | undefined => {
  const given = all.flatMap((rates) => rates[channel] ?? []);
  return given.length === 0 ? undefined : Math.min(...given);
};

/** A second's worth. */
export const burstOf = (perSecond: number): number => Math.max(1, Math.ceil(perSecond));

/** Into how many moments a chunk is spread, at most: a batch wakes up at each of them. */
const MOST_MOMENTS = 50;

/** When each of so many messages comes again: one bucketful after the other, as the bucket fills. */
export function spread(count: number, { afterMs, perSecond }: { readonly afterMs: number; readonly perSecond: number }): readonly number[] {
  const together = Math.max(burstOf(perSecond), Math.ceil(count / MOST_MOMENTS));
  return Array.from({ length: count }, (_, n) => Math.ceil(afterMs + ((Math.floor(n / together) * together) / perSecond) * 1_000));
}

/** What whoever keeps the buckets has answered. `limiting`: the place of the bucket that has too few, from 1. */
export function takenOf(
  buckets: readonly Bucket[],
  wanted: number,
  { granted, limiting, waitMs }: { readonly granted: number; readonly limiting: number; readonly waitMs: number },
): Taken {
  const bucket = buckets[limiting - 1];
  return granted >= wanted || !bucket ? { granted } : { granted, short: { bucket, waitMs } };
}
