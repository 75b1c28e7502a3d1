import { randomUUID } from 'node:crypto';
import { ApplicationFailure } from '@temporalio/activity';
import { chunkEmails, type EmailEnvelope, type EmailMessage } from '../../core/message/email.js';
import type { SendOutcome } from '../../core/message/send-outcome.js';
import { signToken } from '../../core/message/token.js';
import type { Database } from '../../db/client.js';
import {
  answerCall,
  beginCall,
  claimMessages,
  moveClaims,
  type CallAnswer,
  type Claim,
  type StepOfBatch,
} from '../../db/queries/send-ledger.js';

type Claimed = Extract<Claim, { outcome: 'claimed' }>;

export type SendingDependencies = {
  readonly database: Database;
  /** Of 32 bytes or more: it signs tokens and hashes addresses. */
  readonly ledgerKey: Buffer;
  /** Sends one request, and never throws. */
  readonly sendEmails: (batch: EmailEnvelope & { readonly messages: readonly EmailMessage[] }) => Promise<SendOutcome>;
  /** What a step says to each of these users, in their order. */
  readonly render: (step: StepOfBatch, users: readonly { readonly userId: string; readonly address: string }[]) => Promise<RenderedStep>;
  readonly now: () => Date;
};

export type RenderedStep = {
  readonly envelope: EmailEnvelope;
  readonly mails: readonly Pick<EmailMessage, 'subject' | 'html' | 'text' | 'unsubscribeUrl'>[];
};

/** What became of each member, by its idx. */
export type StepSent = readonly (readonly [idx: number, outcome: StepOutcome, dueAtMs?: number])[];
export type StepOutcome = 'sent' | 'waiting' | 'uncertain' | 'suppressed' | 'failed';

/** How long an account whose key or plan is at fault is left alone. */
const ACCOUNT_PAUSE_MS = 10 * 60_000;

/**
 * Sends one step to members of a batch: claim, render, say that the call begins, send, write the answer. Whatever happens in
 * between, doing it again sends nobody the message twice. What another try holds at this moment is a failure to be tried again.
 */
export async function sendStep(dependencies: SendingDependencies, step: StepOfBatch): Promise<StepSent> {
  const { database, ledgerKey, now } = dependencies;
  const callId = randomUUID();
  const claims = await claimMessages(database, step, { callId, addressKey: ledgerKey, at: now() });
  const claimed = claims.flatMap((claim) => (claim.outcome === 'claimed' ? [claim] : []));
  const answers = claimed.length === 0 ? [] : await sendClaimed(dependencies, step, { callId, claimed });
  if (claims.some(({ outcome }) => outcome === 'held')) {
    throw ApplicationFailure.create({ message: 'another try holds some of these messages', type: 'unavailable' });
  }
  const answered = new Map(answers.map((answer) => [answer.messageId, answer]));
  return claims.map((claim) => outcomeOf(claim, answered.get(claim.messageId)));
}

async function sendClaimed(
  dependencies: SendingDependencies,
  step: StepOfBatch,
  { callId, claimed }: { readonly callId: string; readonly claimed: readonly Claimed[] },
): Promise<readonly CallAnswer[]> {
  const { ledgerKey, render } = dependencies;
  const { tenantId } = step;
  const { envelope, mails } = await render(step, claimed);
  const messages = claimed.flatMap(({ messageId, address }, i) => {
    const mail = mails[i];
    return mail ? [{ ...mail, to: { email: address }, token: signToken(ledgerKey, { tenantId, messageId }), messageId }] : [];
  });
  const { chunks, unsendable } = chunkEmails(messages);
  const unsent = unsendable.map(({ message: { messageId }, because }) => ({ messageId, status: 'failed', reason: because }) as const);
  const answers: CallAnswer[] = [...unsent];
  if (unsent.length > 0) await answerCall(dependencies.database, tenantId, { callId, answers: unsent, at: dependencies.now() });
  for (const [i, chunk] of chunks.entries()) {
    // The first keeps the call that all were claimed for; every other request is a call of its own.
    const messageIds = chunk.map(({ messageId }) => messageId);
    const ownCall = i === 0 ? callId : randomUUID();
    if (i > 0 && !(await moveClaims(dependencies.database, tenantId, { from: callId, to: ownCall, messageIds }))) throw takenOver();
    answers.push(...(await sendChunk(dependencies, step, { callId: ownCall, envelope, chunk })));
  }
  return answers;
}

type Chunk = {
  readonly callId: string;
  readonly envelope: EmailEnvelope;
  readonly chunk: readonly (EmailMessage & { messageId: number })[];
};

async function sendChunk(
  { database, sendEmails, now }: SendingDependencies,
  { tenantId }: StepOfBatch,
  { callId, envelope, chunk }: Chunk,
): Promise<readonly CallAnswer[]> {
  if (!(await beginCall(database, tenantId, callId))) throw takenOver();
  const outcome = await sendEmails({ ...envelope, messages: chunk });
  const answers = chunk.map(({ messageId }, position) => answerFor(outcome, { messageId, position, now: now() }));
  await answerCall(database, tenantId, { callId, answers, at: now() });
  return answers;
}

function answerFor(outcome: SendOutcome, { messageId, position, now }: { messageId: number; position: number; now: Date }): CallAnswer {
  switch (outcome.kind) {
    case 'accepted':
      return { messageId, status: 'sent' };
    case 'not_accepted':
      return { messageId, status: 'deferred', reason: outcome.because, dueAt: new Date(outcome.retryAtMs) };
    case 'ambiguous':
      return { messageId, status: 'uncertain', reason: outcome.because };
    case 'refused':
      if (outcome.concerns === 'account') {
        return { messageId, status: 'deferred', reason: outcome.because, dueAt: new Date(now.getTime() + ACCOUNT_PAUSE_MS) };
      }
      // Without those that the provider has named, the rest may pass.
      return outcome.blamed.length > 0 && !outcome.blamed.includes(position)
        ? { messageId, status: 'deferred', reason: 'another message of its request was refused', dueAt: now }
        : { messageId, status: 'failed', reason: outcome.because };
  }
}

const takenOver = () => ApplicationFailure.create({ message: 'another try has taken these messages over', type: 'unavailable' });

function outcomeOf(claim: Claim, answer: CallAnswer | undefined): StepSent[number] {
  const { idx } = claim;
  switch (claim.outcome) {
    case 'uncertain':
      return [idx, 'uncertain'];
    case 'waiting':
      return [idx, 'waiting', claim.dueAt.getTime()];
    case 'done':
      return [idx, claim.status === 'suppressed' || claim.status === 'failed' ? claim.status : 'sent'];
    case 'claimed':
    case 'held':
      if (answer?.status === 'deferred') return [idx, 'waiting', answer.dueAt.getTime()];
      return [idx, answer?.status ?? 'failed'];
  }
}
