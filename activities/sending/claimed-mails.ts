import type { EmailEnvelope, EmailMessage } from '../../core/message/email.js';
import type { StepOfBatch } from '../../db/queries/send-ledger.js';
import { pairWritten, recipientsOf } from './pair-written.js';
import type { LedgerDependencies, LedgerEmail } from './send-chunk.js';
import type { Claimed, Recipient } from './send-step.js';
import type { Unsent, UnsentAnswer } from './unsent.js';

/** What a step says in a mail to each of these users, in their order; `at` is the campaign's moment. */
export type RenderMails = (step: StepOfBatch, users: readonly Recipient[], at: Date) => Promise<RenderedStep>;

export type RenderedStep = {
  readonly envelope: EmailEnvelope;
  /** One for each user: a mail, or why there is none. */
  readonly mails: readonly (RenderedMail | Unsent)[];
};
export type RenderedMail = Omit<EmailMessage, 'token' | 'to'>;

export type ClaimedMails = {
  readonly envelope: EmailEnvelope;
  readonly mails: readonly LedgerEmail[];
  /** Of those to whom there is nothing to send. */
  readonly unsent: readonly UnsentAnswer[];
};

/** Writes the mails of messages that were claimed. */
export async function renderClaimedMails(
  { ledger: { ledgerKey, now }, render }: { readonly ledger: Pick<LedgerDependencies, 'ledgerKey' | 'now'>; readonly render: RenderMails },
  step: StepOfBatch,
  claimed: readonly Claimed[],
): Promise<ClaimedMails> {
  const recipients = recipientsOf(ledgerKey, step.tenantId, claimed);
  const { envelope, mails } = await render(step, recipients, now());
  const { messages, unsent } = pairWritten(recipients, mails, ({ messageId, token, address }, mail: RenderedMail): LedgerEmail => ({
    ...mail,
    messageId,
    token,
    to: { email: address },
  }));
  return { envelope, mails: messages.map(({ message }) => message), unsent };
}
