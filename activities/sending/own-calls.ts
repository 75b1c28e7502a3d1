import { randomUUID } from 'node:crypto';
import type { TenantId } from '../../core/ids.js';
import type { SendOutcome } from '../../core/message/send-outcome.js';
import { answerOwnCalls, partClaims, type Hush, type OwnAnswer } from '../../db/queries/own-calls.js';
import type { BegunMessage } from '../../db/queries/send-ledger.js';
import type { LedgerCalls } from '../channels/one-by-one.js';
import { answersFor, FRESH_MS, requireFresh, takenOver, type LedgerDependencies, type Standing } from './send-chunk.js';
import { gathered } from './gathered.js';
import { throughOutages } from './through-outages.js';

/** A message with the call that is its own: its provider takes one to a request. */
export type OwnCall<M> = { readonly callId: string; readonly messageId: number; readonly message: M };

/** Says that calls begin, and judges their messages once more. Tells nothing of those that another worker has taken over. */
export type BeginOwnCalls<M> = (
  calls: readonly OwnCall<M>[],
  judging: { readonly addressKey: Buffer; readonly at: Date },
) => Promise<readonly BegunMessage[]>;

/** Gives messages that were claimed together a call each, before any of them begins. */
export async function giveOwnCalls<M>(
  { database, patience }: LedgerDependencies,
  tenantId: TenantId,
  from: string,
  messages: readonly { readonly messageId: number; readonly message: M }[],
): Promise<readonly OwnCall<M>[]> {
  const calls = messages.map(({ messageId, message }) => ({ callId: randomUUID(), messageId, message }));
  if (!(await throughOutages(() => partClaims(database, tenantId, { from, calls }), patience))) throw takenOver();
  return calls;
}

/**
 * What the ledger says and is told of each message; where each stands in the end; and those that somebody has taken over. It is written
 * down as they end, so that a worker that dies leaves no more uncertain than was under way.
 */
export function ledgerCalls<M extends { readonly token: string }>(
  { database, ledgerKey, now, patience }: LedgerDependencies,
  {
    tenantId,
    claimedMs,
    own,
    begin,
  }: { readonly tenantId: TenantId; readonly claimedMs: number; readonly own: readonly OwnCall<M>[]; readonly begin: BeginOwnCalls<M> },
) {
  const byToken = new Map(own.map((call) => [call.message.token, call]));
  const standings: Standing[] = [];
  const lost = new Set<number>();
  const callOf = ({ token }: M): OwnCall<M> => {
    const call = byToken.get(token);
    if (!call) throw new Error('this message has no call');
    return call;
  };
  const beginning = gathered(async (some: readonly OwnCall<M>[]) => {
    const begun = await throughOutages(() => begin(some, { addressKey: ledgerKey, at: now() }), patience);
    const byMessage = new Map(begun.map((message) => [message.messageId, message]));
    return some.map(({ messageId }) => byMessage.get(messageId));
  });
  // Each answer changes the row of the campaign, whose lock they would take one after the other.
  const answer = gathered(async (answers: readonly OwnAnswer[]) => {
    await throughOutages(() => answerOwnCalls(database, tenantId, answers), patience);
    return [];
  });
  const calls: LedgerCalls<M> = {
    async begin(message) {
      const call = callOf(message);
      for (;;) {
        // By the clock of the machine: a campaign's may run faster. Whoever was held up asks anew: somebody may want no more meanwhile.
        const startedMs = Date.now();
        requireFresh(claimedMs);
        const begun = await beginning(call);
        if (begun?.status === 'claimed' && Math.abs(Date.now() - startedMs) > FRESH_MS) continue;
        if (begun?.status === 'claimed') return true;
        if (begun) standings.push(begun);
        else lost.add(call.messageId);
        return false;
      }
    },
    async ended(message, outcome) {
      const { callId, messageId } = callOf(message);
      const at = now();
      const [standing] = answersFor(outcome, [{ messageId }], at);
      if (!standing) throw new Error('an outcome says nothing of its message');
      await answer({ callId, answer: standing, messageSid: sidOf(outcome), hush: hushOf(outcome), at });
      standings.push(standing);
    },
  };
  return { calls, standings, lost };
}

const sidOf = (outcome: SendOutcome): string | undefined => (outcome.kind === 'accepted' ? outcome.messageId : undefined);

function hushOf(outcome: SendOutcome): Hush | undefined {
  if (outcome.kind !== 'refused' || outcome.addressFault === undefined) return undefined;
  return outcome.addressFault === 'opted_out' ? 'unsubscribed' : 'bounced';
}
