import { offeredBy, wordsOfStep } from '../../core/campaign/step-words.js';
import { DomainError } from '../../core/errors.js';
import { signReplyAddress } from '../../core/message/reply-address.js';
import { readToken } from '../../core/message/token.js';
import { renderEmail } from '../../core/template/render-email.js';
import { senderVariables } from '../../core/template/sender.js';
import type { EmailWords } from '../../core/template/template.js';
import { lookupsFor } from '../../core/template/user-variables.js';
import type { TemplateVariables } from '../../core/template/variables.js';
import type { Database, TenantTransaction } from '../../db/client.js';
import { readCampaignStep } from '../../db/queries/campaigns.js';
import { findEmailSender } from '../../db/queries/email-senders.js';
import type { StepOfBatch } from '../../db/queries/send-ledger.js';
import { readEmailTemplate } from '../../db/queries/templates.js';
import { readUserVariables } from '../../db/queries/user-variables.js';
import type { RenderedStep, RenderMails } from './claimed-mails.js';
import type { Recipient } from './send-step.js';

export type RendererDependencies = {
  readonly database: Database;
  /** Where people reach the API. */
  readonly publicUrl: string;
};

export type EmailRendererDependencies = RendererDependencies & {
  /** Signs the addresses that replies are asked to. */
  readonly ledgerKey: Buffer;
};

/** Writes the mails of a step from its template, the step's own words, and what is known of each user. */
export const createEmailRenderer =
  ({ database, ...settings }: EmailRendererDependencies): RenderMails =>
  (step, users) =>
    database.withTenant(step.tenantId, (tx) => renderStep(tx, step, { users, ...settings }));

async function renderStep(
  tx: TenantTransaction,
  step: StepOfBatch,
  { users, publicUrl, ledgerKey }: { readonly users: readonly Recipient[]; readonly publicUrl: string; readonly ledgerKey: Buffer },
): Promise<RenderedStep> {
  const { tenantId } = step;
  const sender = await findEmailSender(tx, tenantId);
  if (!sender) throw new DomainError('conflict', 'the tenant has no sender of mail: PUT /v1/email-sender sets one');
  const { fromEmail, fromName, replyTo: shown, inboundDomain = null } = sender;
  // Where each has an address of their own, the shared one stands for it in the request, and so must stand nowhere in the mail.
  const shared = inboundDomain === null ? shown : `replies@${inboundDomain}`;
  const { family, words, offered } = await wordsOf(tx, step);
  const template = await readEmailTemplate(tx, tenantId, family);
  if (!template) throw new DomainError('conflict', `there is no template ${family} in force`);
  const known = await readUserVariables(
    tx,
    tenantId,
    users.map(({ userId }) => userId),
    lookupsFor(template, words),
  );
  const mails = users.map(({ userId, address, token }) => {
    const unsubscribeUrl = `${publicUrl}/v1/unsubscribe/${token}`;
    const variables = { ...known.get(userId), ...senderVariables(sender), ...offered, email: address, unsubscribe_url: unsubscribeUrl };
    const mail = renderEmail(template, variables, words);
    if (mail.kind === 'refused') return { because: mail.because };
    const { subject, html, text } = mail;
    const replyTo = replyAddressOf(ledgerKey, token, inboundDomain);
    return { subject, html: untracked(html, unsubscribeUrl), text, unsubscribeUrl, ...(replyTo !== undefined && { replyTo }) };
  });
  const envelope = {
    from: { email: fromEmail, name: fromName },
    // What people do with a mail is what the next step waits for: nobody but the provider sees it.
    tracking: { opens: true, clicks: true },
    ...(shared !== null && { replyTo: { email: shared } }),
  };
  return { envelope, mails };
}

/** Where a reply to one message goes, on a domain of the tenant's whose mail comes to us. */
function replyAddressOf(ledgerKey: Buffer, token: string, domain: string | null): string | undefined {
  const message = domain === null ? undefined : readToken(ledgerKey, token);
  return message && domain !== null ? signReplyAddress(ledgerKey, message, domain) : undefined;
}

/** SendGrid leaves a link alone that says so: whoever unsubscribes has not clicked on what the mail is about. */
const untracked = (html: string, url: string): string => html.replaceAll(`href="${url}"`, `clicktracking="off" href="${url}"`);

type StepWords = {
  readonly family: string;
  readonly words: EmailWords;
  readonly offered: Pick<TemplateVariables, 'offer' | 'incentive'>;
};

async function wordsOf(tx: TenantTransaction, step: StepOfBatch): Promise<StepWords> {
  const found = await readCampaignStep(tx, step);
  if (!found) throw new Error(`the plan of the campaign has no step ${step.stepKey}`);
  const { template, content } = found;
  return { family: template, words: wordsOfStep(content), offered: offeredBy(content) };
}
