import type { EmailEnvelope, EmailMessage } from '../../core/message/email.js';
import { signToken } from '../../core/message/token.js';
import type { CallAnswer, StepOfBatch } from '../../db/queries/send-ledger.js';
import type { LedgerDependencies, LedgerEmail } from './send-chunk.js';
import type { Claimed, Recipient } from './send-step.js';

/** What a step says in a mail to each of these users, in their order. */
export type RenderMails = (step: StepOfBatch, users: readonly Recipient[]) => Promise<RenderedStep>;

export type RenderedStep = {
  readonly envelope: EmailEnvelope;
  /** One for each user: a mail, or why there is none. */
  readonly mails: readonly (RenderedMail | { readonly because: string })[];
};
export type RenderedMail = Omit<EmailMessage, 'token' | 'to'>;

export type ClaimedMails = {
  readonly envelope: EmailEnvelope;
  readonly mails: readonly LedgerEmail[];
  /** Of those to whom there is nothing to send. */
  readonly unsent: readonly FailedAnswer[];
};
export type FailedAnswer = Extract<CallAnswer, { status: 'failed' }>;

/** Writes the mails of messages that were claimed. */
export async function renderClaimedMails(
  { ledger: { ledgerKey }, render }: { readonly ledger: Pick<LedgerDependencies, 'ledgerKey'>; readonly render: RenderMails },
  step: StepOfBatch,
  claimed: readonly Claimed[],
): Promise<ClaimedMails> {
  const { tenantId } = step;
  const recipients = claimed.map(({ userId, address, messageId }) => ({
    userId,
    address,
    token: signToken(ledgerKey, { tenantId, messageId }),
  }));
  const rendered = await render(step, recipients);
  if (rendered.mails.length !== claimed.length) throw new Error(`${rendered.mails.length} mails were rendered for ${claimed.length} users`);
  const mails: LedgerEmail[] = [];
  const unsent: FailedAnswer[] = [];
  for (const [i, { messageId }] of claimed.entries()) {
    const [mail, recipient] = [rendered.mails[i], recipients[i]];
    if (!mail || !recipient) continue;
    if ('because' in mail) unsent.push({ messageId, status: 'failed', reason: mail.because });
    else mails.push({ ...mail, messageId, token: recipient.token, to: { email: recipient.address } });
  }
  return { envelope: rendered.envelope, mails, unsent };
}
