import { randomUUID } from 'node:crypto';
import { ApplicationFailure } from '@temporalio/activity';
import { DomainError } from '../../core/errors.js';
import { claimMessages } from '../../db/queries/claiming.js';
import type { Claim, MessageStatus, StepOfBatch } from '../../db/queries/send-ledger.js';
import { exposeMembers } from '../../db/queries/test-slots.js';
import type { LedgerDependencies, Standing } from './send-chunk.js';

export type SendingDependencies = LedgerDependencies & {
  /** How messages go over each channel. A step on a channel that is not here is refused before anything is claimed. */
  readonly channels: Channels;
};
export type Channels = Readonly<Partial<Record<StepOfBatch['channel'], ChannelSender>>>;

/**
 * Sends what was claimed for a call, and tells where each of these messages stands then. It renders them, writes `failed` where there
 * is nothing to send, and sees to it that of two who try the same one alone sends.
 */
export type ChannelSender = (ledger: LedgerDependencies, step: StepOfBatch, claims: ClaimedForCall) => Promise<readonly PacedStanding[]>;
/** `isPaced`: it comes again at just that moment, when it is its turn, and not about then. */
export type PacedStanding = Standing & { readonly isPaced?: true };
export type ClaimedForCall = {
  readonly callId: string;
  /** When, by the clock of the machine: what is sent long after that is asked anew (`requireFresh`). */
  readonly claimedMs: number;
  readonly claimed: readonly Claimed[];
};

/** The token is all that links, reply addresses and the provider may know a message by. */
export type Recipient = { readonly userId: string; readonly address: string; readonly token: string };

/** A step that may show the arms of a test. */
export type DueStep = StepOfBatch & { readonly test?: string | undefined };

/** What became of each member, by its idx. */
export type StepSent = readonly (readonly [idx: number, outcome: StepOutcome, dueAtMs?: number, isPaced?: true])[];
export type StepOutcome = 'sent' | 'waiting' | 'uncertain' | 'suppressed' | 'failed';

export type Claimed = Extract<Claim, { outcome: 'claimed' }>;

/**
 * Sends one step to members of a batch: claim, render, say that the call begins, send, write the answer. Whatever happens in
 * between, doing it again sends nobody the message twice. What another try holds at this moment is a failure to be tried again.
 */
export async function sendStep(dependencies: SendingDependencies, { test, ...step }: DueStep): Promise<StepSent> {
  const { database, ledgerKey, now, channels } = dependencies;
  const { channel } = step;
  const send = channels[channel];
  if (!send) throw new DomainError('not_available', `nothing is sent over ${channel} in this installation`);
  // Before anything that can depend on the arm: whoever gets nothing now counts in theirs all the same.
  if (test !== undefined) await exposeMembers(database, { ...step, test }, now());
  const callId = randomUUID();
  const claimedMs = Date.now();
  const claims = await claimMessages(database, step, { callId, addressKey: ledgerKey, at: now() });
  const claimed = claims.flatMap((claim) => (claim.outcome === 'claimed' ? [claim] : []));
  const standings = claimed.length === 0 ? [] : await send(dependencies, step, { callId, claimedMs, claimed });
  if (claims.some(({ outcome }) => outcome === 'held')) {
    throw ApplicationFailure.create({ message: 'another try holds some of these messages', type: 'unavailable' });
  }
  const byMessage = new Map(standings.map((standing) => [standing.messageId, standing]));
  return claims.map((claim) => told(claim, claim.messageId === null ? undefined : byMessage.get(claim.messageId)));
}

function told(claim: Claim, standing: PacedStanding | undefined): StepSent[number] {
  const { idx } = claim;
  switch (claim.outcome) {
    case 'uncertain':
      return [idx, 'uncertain'];
    case 'waiting':
    case 'paused':
      return [idx, 'waiting', claim.dueAt.getTime()];
    case 'done':
      return [idx, outcomeOf(claim.status)];
    case 'claimed':
    case 'held':
      if (standing === undefined) throw new Error(`nothing is known of the message of member ${idx}`);
      if (!standing.dueAt) return [idx, outcomeOf(standing.status)];
      return standing.isPaced ? [idx, 'waiting', standing.dueAt.getTime(), true] : [idx, 'waiting', standing.dueAt.getTime()];
  }
}

function outcomeOf(status: MessageStatus): StepOutcome {
  switch (status) {
    case 'claimed':
    case 'uncertain':
      return 'uncertain';
    case 'deferred':
      return 'waiting';
    case 'suppressed':
    case 'failed':
      return status;
    case 'sent':
    case 'delivered':
    case 'opened':
    case 'clicked':
    case 'replied':
      return 'sent';
  }
}
