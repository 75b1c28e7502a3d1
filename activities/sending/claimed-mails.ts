import type { EmailEnvelope, EmailMessage } from '../../core/message/email.js';
import type { StepOfBatch } from '../../db/queries/send-ledger.js';
import { pairWritten, recipientsOf, type FailedAnswer, type Unwritten } from './pair-written.js';
import type { LedgerDependencies, LedgerEmail } from './send-chunk.js';
import type { Claimed, Recipient } from './send-step.js';

/** What a step says in a mail to each of these users, in their order. */
export type RenderMails = (step: StepOfBatch, users: readonly Recipient[]) => Promise<RenderedStep>;

export type RenderedStep = {
  readonly envelope: EmailEnvelope;
  /** One for each user: a mail, or why there is none. */
  readonly mails: readonly (RenderedMail | Unwritten)[];
};
export type RenderedMail = Omit<EmailMessage, 'token' | 'to'>;

export type ClaimedMails = {
  readonly envelope: EmailEnvelope;
  readonly mails: readonly LedgerEmail[];
  /** Of those to whom there is nothing to send. */
  readonly unsent: readonly FailedAnswer[];
};

/** Writes the mails of messages that were claimed. */
export async function renderClaimedMails(
  { ledger: { ledgerKey }, render }: { readonly ledger: Pick<LedgerDependencies, 'ledgerKey'>; readonly render: RenderMails },
  step: StepOfBatch,
  claimed: readonly Claimed[],
): Promise<ClaimedMails> {
  const recipients = recipientsOf(ledgerKey, step.tenantId, claimed);
  const { envelope, mails } = await render(step, recipients);
  const { messages, unsent } = pairWritten(recipients, mails, ({ messageId, token, address }, mail: RenderedMail): LedgerEmail => ({
    ...mail,
    messageId,
    token,
    to: { email: address },
  }));
  return { envelope, mails: messages.map(({ message }) => message), unsent };
}
