import { DomainError } from '../../core/errors.js';
import type { EmailEnvelope } from '../../core/message/email.js';
import { signToken } from '../../core/message/token.js';
import { CONFIRMATION_FAMILY } from '../../core/template/purpose.js';
import { renderEmail } from '../../core/template/render-email.js';
import { senderVariables } from '../../core/template/sender.js';
import type { TenantId } from '../../core/ids.js';
import type { Database } from '../../db/client.js';
import { findEmailSender } from '../../db/queries/email-senders.js';
import { readEmailTemplate } from '../../db/queries/templates.js';
import type { RenderedMail } from '../sending/claimed-mails.js';

export type ConfirmationSettings = {
  readonly database: Pick<Database, 'withTenant'>;
  readonly ledgerKey: Buffer;
  /** Where people reach the API. */
  readonly publicUrl: string;
};

/** Whom a mail asks. */
export type Asked = { readonly messageId: number; readonly address: string };

/**
 * Writes the mails that ask whether a yes is their reader's. Nothing is followed in them: a link that leads over somebody else's server would
 * be one that a mail program warns of. Throws where the tenant has no sender.
 */
export const renderConfirmations = (
  { database, ledgerKey, publicUrl }: ConfirmationSettings,
  tenantId: TenantId,
  asked: readonly Asked[],
): Promise<{ readonly envelope: EmailEnvelope; readonly mails: readonly (RenderedMail | { readonly because: string })[] }> =>
  database.withTenant(tenantId, async (tx) => {
    const sender = await findEmailSender(tx, tenantId);
    if (!sender) throw new DomainError('conflict', 'the tenant has no sender of mail: PUT /v1/email-sender sets one');
    const template = await readEmailTemplate(tx, tenantId, CONFIRMATION_FAMILY);
    if (!template) throw new Error(`the library has no ${CONFIRMATION_FAMILY}`);
    const mails = asked.map(({ messageId, address }) => {
      const token = signToken(ledgerKey, { tenantId, messageId }, 'confirmation');
      const url = `${publicUrl}/v1/confirm/${token}`;
      const mail = renderEmail(template, { ...senderVariables(sender), email: address, confirm_url: url, unsubscribe_url: url });
      if (mail.kind === 'refused') return { because: mail.because };
      const { subject, html, text } = mail;
      return { subject, html: html.replaceAll(`href="${url}"`, `clicktracking="off" href="${url}"`), text };
    });
    const { fromEmail, fromName, replyTo } = sender;
    const envelope = {
      from: { email: fromEmail, name: fromName },
      tracking: { opens: false, clicks: false },
      ...(replyTo !== null && { replyTo: { email: replyTo } }),
    };
    return { envelope, mails };
  });
