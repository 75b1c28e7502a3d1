import { ApplicationFailure } from '@temporalio/activity';
import { CLAIM_LASTS_MS } from '../../core/consent/claim-hours.js';
import type { TenantId } from '../../core/ids.js';
import type { EmailEnvelope, EmailMessage } from '../../core/message/email.js';
import type { SendOutcome } from '../../core/message/send-outcome.js';
import type { Database } from '../../db/client.js';
import { answerCall, beginCall, type BegunMessage, type CallAnswer, type MessageStatus } from '../../db/queries/send-ledger.js';
import { throughOutages, type Patience } from './through-outages.js';

export type LedgerDependencies = {
  readonly database: Pick<Database, 'pool' | 'withTenant'>;
  /** Of 32 bytes or more: it signs tokens and hashes addresses. */
  readonly ledgerKey: Buffer;
  readonly now: () => Date;
  /** How long a call waits for a database that is away. */
  readonly patience?: Patience;
};

/** Makes a request ready, so that hardly anything lies between the beginning of its call and its first byte. Sending it never throws. */
export type PrepareEmails = (
  batch: EmailEnvelope & { readonly messages: readonly EmailMessage[] },
) => Promise<{ send(): Promise<SendOutcome> }>;

export type CallDependencies = LedgerDependencies & { readonly prepareEmails: PrepareEmails };

/** A mail with the message of the ledger that it is. */
export type LedgerEmail = EmailMessage & { readonly messageId: number };

/** What fits into one request, under its call. */
export type Chunk = {
  readonly tenantId: TenantId;
  readonly callId: string;
  /** By the clock of the machine: a campaign's may run faster. */
  readonly claimedMs: number;
  readonly envelope: EmailEnvelope;
  readonly mails: readonly LedgerEmail[];
};

/** Where a message stands after its call. */
export type Standing = { readonly messageId: number; readonly status: MessageStatus; readonly dueAt?: Date | null };

/** How long what was checked when the call began holds. */
export const FRESH_MS = 5_000;
/** How long an account whose key or plan is at fault is left alone. */
const ACCOUNT_PAUSE_MS = 10 * 60_000;

/**
 * Begins a call, sends its request, and writes the answer down. The beginning finds out whether another worker has taken the
 * messages over, and who may not get theirs any more: a request is then made without them. The answer outlasts an outage of the
 * database, since nobody else knows it.
 */
export async function sendChunk(dependencies: CallDependencies, chunk: Chunk): Promise<readonly Standing[]> {
  const { database, prepareEmails, now, patience } = dependencies;
  const { tenantId, callId, envelope } = chunk;
  const others: Standing[] = [];
  for (let mails = chunk.mails; mails.length > 0;) {
    const request = await prepareEmails({ ...envelope, messages: mails });
    const begun = await begin(dependencies, { ...chunk, mails });
    if (begun === 'too slow') continue;
    const dropped = new Set(begun.filter(({ status }) => status !== 'claimed').map(({ messageId }) => messageId));
    if (dropped.size > 0) {
      others.push(...begun.filter(({ messageId }) => dropped.has(messageId)));
      mails = mails.filter(({ messageId }) => !dropped.has(messageId));
      continue;
    }
    const answers = answersFor(await request.send(), mails, now());
    await throughOutages(() => answerCall(database, tenantId, { callId, answers, at: now() }), patience);
    return [...others, ...answers];
  }
  return others;
}

/** A worker that was stopped, or waited for long, begins once more before it writes: somebody may have unsubscribed meanwhile. */
async function begin(
  { database, ledgerKey, now, patience }: CallDependencies,
  chunk: Chunk,
): Promise<readonly BegunMessage[] | 'too slow'> {
  const { tenantId, callId, claimedMs, mails } = chunk;
  const messageIds = mails.map(({ messageId }) => messageId);
  const begin = { callId, messageIds, addressKey: ledgerKey, at: now() };
  const startedMs = Date.now();
  requireFresh(claimedMs);
  const begun = await throughOutages(() => beginCall(database, tenantId, begin), patience);
  if (begun === undefined) throw takenOver();
  return Math.abs(Date.now() - startedMs) <= FRESH_MS ? begun : 'too slow';
}

/** What was claimed long ago is not sent by that claim: its hours may be over, and it is asked anew. */
export function requireFresh(claimedMs: number): void {
  if (Math.abs(Date.now() - claimedMs) <= CLAIM_LASTS_MS) return;
  throw ApplicationFailure.create({ message: 'so long after the claim, its hours may be over: it is asked anew', type: 'unavailable' });
}

export const takenOver = () => ApplicationFailure.create({ message: 'another try has taken these messages over', type: 'unavailable' });

/** What the outcome of a request means for each message in it, by their positions. */
export function answersFor(outcome: SendOutcome, mails: readonly Pick<LedgerEmail, 'messageId'>[], now: Date): readonly CallAnswer[] {
  switch (outcome.kind) {
    case 'accepted':
      return mails.map(({ messageId }) => ({ messageId, status: 'sent' }));
    case 'not_accepted':
      return mails.map(deferred(outcome.because, new Date(outcome.retryAtMs)));
    case 'ambiguous':
      return mails.map(({ messageId }) => ({ messageId, status: 'uncertain', reason: outcome.because }));
    case 'refused': {
      if (outcome.concerns === 'account') return mails.map(deferred(outcome.because, new Date(now.getTime() + ACCOUNT_PAUSE_MS)));
      const blamed = new Set(outcome.blamed.filter((position) => position < mails.length));
      // Without those that the provider has named, the rest may pass. Where it named none, it would refuse them all again.
      const innocent = deferred('another message of its request was refused', now);
      return mails.map((mail, position) =>
        blamed.size === 0 || blamed.has(position)
          ? { messageId: mail.messageId, status: 'failed', reason: outcome.because }
          : innocent(mail),
      );
    }
  }
}

const deferred =
  (reason: string, dueAt: Date) =>
  ({ messageId }: Pick<LedgerEmail, 'messageId'>): CallAnswer => ({ messageId, status: 'deferred', reason, dueAt });
