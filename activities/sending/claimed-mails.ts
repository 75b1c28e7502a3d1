import type { EmailEnvelope, EmailMessage } from '../../core/message/email.js';
import { signToken } from '../../core/message/token.js';
import type { StepOfBatch } from '../../db/queries/send-ledger.js';
import type { LedgerDependencies, LedgerEmail } from './send-chunk.js';
import type { Claimed, Recipient } from './send-step.js';
import { unsentAnswer, type Unsent, type UnsentAnswer } from './unsent.js';

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
  const { tenantId } = step;
  const recipients = claimed.map(({ userId, address, messageId }) => ({
    userId,
    address,
    token: signToken(ledgerKey, { tenantId, messageId }),
  }));
  const rendered = await render(step, recipients, now());
  if (rendered.mails.length !== claimed.length) throw new Error(`${rendered.mails.length} mails were rendered for ${claimed.length} users`);
  const mails: LedgerEmail[] = [];
  const unsent: UnsentAnswer[] = [];
  for (const [i, { messageId }] of claimed.entries()) {
    const [mail, recipient] = [rendered.mails[i], recipients[i]];
    if (!mail || !recipient) continue;
    if ('because' in mail) unsent.push(unsentAnswer(messageId, mail));
    else mails.push({ ...mail, messageId, token: recipient.token, to: { email: recipient.address } });
  }
  return { envelope: rendered.envelope, mails, unsent };
}
