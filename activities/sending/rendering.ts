import { offeredBy, wordsOfStep } from '../../core/campaign/step-words.js';
import { DomainError } from '../../core/errors.js';
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

/** Writes the mails of a step from its template, the step's own words, and what is known of each user. */
export const createEmailRenderer =
  ({ database, publicUrl }: RendererDependencies): RenderMails =>
  (step, users) =>
    database.withTenant(step.tenantId, (tx) => renderStep(tx, step, { users, publicUrl }));

async function renderStep(
  tx: TenantTransaction,
  step: StepOfBatch,
  { users, publicUrl }: { readonly users: readonly Recipient[]; readonly publicUrl: string },
): Promise<RenderedStep> {
  const { tenantId } = step;
  const sender = await findEmailSender(tx, tenantId);
  if (!sender) throw new DomainError('conflict', 'the tenant has no sender of mail: PUT /v1/email-sender sets one');
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
    return { subject, html: untracked(html, unsubscribeUrl), text, unsubscribeUrl };
  });
  const { fromEmail, fromName, replyTo } = sender;
  const envelope = {
    from: { email: fromEmail, name: fromName },
    // What people do with a mail is what the next step waits for: nobody but the provider sees it.
    tracking: { opens: true, clicks: true },
    ...(replyTo !== null && { replyTo: { email: replyTo } }),
  };
  return { envelope, mails };
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
