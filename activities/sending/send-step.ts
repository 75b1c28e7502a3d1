import { randomUUID } from 'node:crypto';
import { ApplicationFailure } from '@temporalio/activity';
import { DomainError } from '../../core/errors.js';
import { chunkEmails, type EmailEnvelope, type EmailMessage } from '../../core/message/email.js';
import { signToken } from '../../core/message/token.js';
import { claimMessages } from '../../db/queries/claiming.js';
import { answerCall, moveClaims, type CallAnswer, type Claim, type MessageStatus, type StepOfBatch } from '../../db/queries/send-ledger.js';
import { sendChunk, takenOver, type CallDependencies, type Chunk, type LedgerEmail, type Standing } from './send-chunk.js';
import { throughOutages } from './through-outages.js';

export type SendingDependencies = CallDependencies & {
  /** What a step says in a mail to each of these users, in their order. */
  readonly render: (step: StepOfBatch, users: readonly Recipient[]) => Promise<RenderedStep>;
  /** How messages go over other channels than email. A step on a channel that is not here is refused before anything is claimed. */
  readonly channels?: Readonly<Partial<Record<Exclude<StepOfBatch['channel'], 'email'>, ChannelSender>>>;
};

/**
 * Sends what was claimed for a call, and tells where each of these messages stands then. It renders them, writes `failed` where there
 * is nothing to send, and sees to it that of two who try the same one alone sends.
 */
export type ChannelSender = (ledger: LedgerDependencies, step: StepOfBatch, claims: ClaimedForCall) => Promise<readonly Standing[]>;
export type ClaimedForCall = {
  readonly callId: string;
  /** When, by the clock of the machine: what is sent long after that is asked anew (`requireFresh`). */
  readonly claimedMs: number;
  readonly claimed: readonly Claimed[];
};
export type LedgerDependencies = Omit<CallDependencies, 'prepareEmails'>;

/** The token is all that links, reply addresses and the provider may know a message by. */
export type Recipient = { readonly userId: string; readonly address: string; readonly token: string };

export type RenderedStep = {
  readonly envelope: EmailEnvelope;
  /** One for each user: a mail, or why there is none. */
  readonly mails: readonly (RenderedMail | { readonly because: string })[];
};
export type RenderedMail = Omit<EmailMessage, 'token' | 'to'>;

/** What became of each member, by its idx. */
export type StepSent = readonly (readonly [idx: number, outcome: StepOutcome, dueAtMs?: number])[];
export type StepOutcome = 'sent' | 'waiting' | 'uncertain' | 'suppressed' | 'failed';

export type Claimed = Extract<Claim, { outcome: 'claimed' }>;

/**
 * Sends one step to members of a batch: claim, render, say that the call begins, send, write the answer. Whatever happens in
 * between, doing it again sends nobody the message twice. What another try holds at this moment is a failure to be tried again.
 */
export async function sendStep(dependencies: SendingDependencies, step: StepOfBatch): Promise<StepSent> {
  const { database, ledgerKey, now } = dependencies;
  const send = senderFor(dependencies, step);
  const callId = randomUUID();
  const claimedMs = Date.now();
  const claims = await claimMessages(database, step, { callId, addressKey: ledgerKey, at: now() });
  const claimed = claims.flatMap((claim) => (claim.outcome === 'claimed' ? [claim] : []));
  const standings = claimed.length === 0 ? [] : await send({ callId, claimedMs, claimed });
  if (claims.some(({ outcome }) => outcome === 'held')) {
    throw ApplicationFailure.create({ message: 'another try holds some of these messages', type: 'unavailable' });
  }
  const byMessage = new Map(standings.map((standing) => [standing.messageId, standing]));
  return claims.map((claim) => told(claim, claim.messageId === null ? undefined : byMessage.get(claim.messageId)));
}

type ClaimSender = (claims: ClaimedForCall) => Promise<readonly Standing[]>;

function senderFor(dependencies: SendingDependencies, step: StepOfBatch): ClaimSender {
  const { channel } = step;
  if (channel === 'email') return (claims) => sendMails(dependencies, step, claims);
  const send = dependencies.channels?.[channel];
  if (!send) throw new DomainError('not_available', `nothing is sent over ${channel} in this installation`);
  return (claims) => send(dependencies, step, claims);
}

async function sendMails(
  dependencies: SendingDependencies,
  step: StepOfBatch,
  { callId, claimedMs, claimed }: ClaimedForCall,
): Promise<readonly Standing[]> {
  const { database, now, patience } = dependencies;
  const { tenantId } = step;
  const { envelope, mails, unsent } = await renderClaimed(dependencies, step, claimed);
  const { chunks, unsendable } = chunkEmails(mails);
  const answers = [...unsent, ...unsendable.map(({ message, because }) => failed(message.messageId, because))];
  if (answers.length > 0) await throughOutages(() => answerCall(database, tenantId, { callId, answers, at: now() }), patience);
  const standings: Standing[] = [...answers];
  for (const chunk of await giveCalls(dependencies, { tenantId, callId, claimedMs, envelope }, chunks)) {
    standings.push(...(await sendChunk(dependencies, chunk)));
  }
  return standings;
}

async function renderClaimed({ ledgerKey, render }: SendingDependencies, step: StepOfBatch, claimed: readonly Claimed[]) {
  const { tenantId } = step;
  const recipients = claimed.map(({ userId, address, messageId }) => ({
    userId,
    address,
    token: signToken(ledgerKey, { tenantId, messageId }),
  }));
  const rendered = await render(step, recipients);
  if (rendered.mails.length !== claimed.length) throw new Error(`${rendered.mails.length} mails were rendered for ${claimed.length} users`);
  const mails: LedgerEmail[] = [];
  const unsent: CallAnswer[] = [];
  for (const [i, { messageId }] of claimed.entries()) {
    const [mail, recipient] = [rendered.mails[i], recipients[i]];
    if (!mail || !recipient) continue;
    if ('because' in mail) unsent.push(failed(messageId, mail.because));
    else mails.push({ ...mail, messageId, token: recipient.token, to: { email: recipient.address } });
  }
  return { envelope: rendered.envelope, mails, unsent };
}

/**
 * The first chunk keeps the call that all were claimed for; every other request is a call of its own. All get theirs before the
 * first begins: what still had a call that has begun could not be told from what was sent.
 */
async function giveCalls(
  { database, patience }: SendingDependencies,
  call: Omit<Chunk, 'mails'>,
  chunks: readonly (readonly LedgerEmail[])[],
): Promise<readonly Chunk[]> {
  const given: Chunk[] = [];
  for (const mails of chunks) {
    const messageIds = mails.map(({ messageId }) => messageId);
    const callId = given.length === 0 ? call.callId : randomUUID();
    const move = { from: call.callId, to: callId, messageIds };
    if (given.length > 0 && !(await throughOutages(() => moveClaims(database, call.tenantId, move), patience))) throw takenOver();
    given.push({ ...call, callId, mails });
  }
  return given;
}

const failed = (messageId: number, reason: string): CallAnswer => ({ messageId, status: 'failed', reason });

function told(claim: Claim, standing: Standing | undefined): StepSent[number] {
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
      return standing.dueAt ? [idx, 'waiting', standing.dueAt.getTime()] : [idx, outcomeOf(standing.status)];
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
