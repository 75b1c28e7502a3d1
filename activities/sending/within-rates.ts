import { setTimeout as sleep } from 'node:timers/promises';
import { spread, type Bucket, type RateLimiter, type Taken } from '../../core/message/rates.js';
import { answerCall, type CallAnswer, type StepOfBatch } from '../../db/queries/send-ledger.js';
import type { LedgerDependencies } from './send-chunk.js';
import type { ChannelSender, ClaimedForCall, PacedStanding } from './send-step.js';
import { throughOutages } from './through-outages.js';

export type WithinRates = {
  readonly limiter: RateLimiter;
  /** Whose tokens a step's messages take; nothing where nobody limits them. */
  readonly bucketsOf: (step: StepOfBatch) => Promise<readonly Bucket[]>;
  /** How many times faster than ours the clocks of campaigns run. */
  readonly clockSpeed: number;
};

/** A worker waits so long itself for the first token; what takes longer waits in the ledger. */
const WAITED_FOR_MS = 2_000;

/**
 * Sends no faster than the buckets let it: before anything is rendered or begun, those for whom there is no token are put off until there
 * will be one.
 */
export const withinRates =
  (send: ChannelSender, rates: WithinRates): ChannelSender =>
  async (ledger, step, claims) => {
    const { patience } = ledger;
    const { claimed } = claims;
    const buckets = await throughOutages(() => rates.bucketsOf(step), patience);
    if (buckets.length === 0) return send(ledger, step, claims);
    const { granted, short } = await throughOutages(() => takeSoon(rates.limiter, buckets, claimed.length), patience);
    if (!short) return send(ledger, step, claims);
    const off = await putOff(ledger, { ...rates, step, claims: { ...claims, claimed: claimed.slice(granted) } }, short);
    return granted === 0 ? off : [...off, ...(await send(ledger, step, { ...claims, claimed: claimed.slice(0, granted) }))];
  };

async function takeSoon(limiter: RateLimiter, buckets: readonly Bucket[], wanted: number): Promise<Taken> {
  const deadlineMs = performance.now() + WAITED_FOR_MS;
  for (;;) {
    const taken = await limiter.take(buckets, wanted);
    const waitMs = taken.short?.waitMs ?? 0;
    if (taken.granted > 0 || !taken.short || performance.now() + waitMs > deadlineMs) return taken;
    await sleep(Math.max(1, waitMs));
  }
}

type PuttingOff = WithinRates & { readonly step: StepOfBatch; readonly claims: ClaimedForCall };

async function putOff(
  { database, now, patience }: LedgerDependencies,
  { limiter, clockSpeed, step, claims: { callId, claimed } }: PuttingOff,
  { bucket, waitMs }: NonNullable<Taken['short']>,
): Promise<readonly PacedStanding[]> {
  const promisedMs = await throughOutages(() => limiter.promise(bucket, claimed.length), patience);
  const afterMs = spread(claimed.length, { afterMs: Math.max(waitMs, promisedMs), perSecond: bucket.perSecond });
  const at = now();
  const reason = bucket.name.startsWith(TENANT_RATE) ? 'tenant rate' : 'provider rate';
  const answers = claimed.map(
    ({ messageId }, i) =>
      ({ messageId, status: 'deferred', reason, dueAt: new Date(at.getTime() + (afterMs[i] ?? 0) * clockSpeed) }) as const,
  ) satisfies readonly CallAnswer[];
  await throughOutages(() => answerCall(database, step.tenantId, { callId, answers, at }), patience);
  return answers.map((answer) => ({ ...answer, isPaced: true }));
}

/** How the names of buckets begin that a tenant asked for. */
export const TENANT_RATE = 'tenant/';
