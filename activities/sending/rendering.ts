import { incentiveOf, wordsOfStep } from '../../core/campaign/step-words.js';
import { DomainError } from '../../core/errors.js';
import type { Variation } from '../../core/experiment/variation.js';
import { renderEmail } from '../../core/template/render-email.js';
import { senderVariables } from '../../core/template/sender.js';
import { wordsOfParts } from '../../core/template/template.js';
import { allLookups, lookupsFor, mailSaysPersonalOffer } from '../../core/template/user-variables.js';
import type { Database, TenantTransaction } from '../../db/client.js';
import { requireCampaignStep } from '../../db/queries/campaigns.js';
import { findEmailSender } from '../../db/queries/email-senders.js';
import type { StepOfBatch } from '../../db/queries/send-ledger.js';
import { readEmailTemplate } from '../../db/queries/templates.js';
import { readShownArms } from '../../db/queries/test-slots.js';
import { readUserVariables } from '../../db/queries/user-variables.js';
import type { RenderedStep, RenderMails } from './claimed-mails.js';
import { offersTo } from './personal-offers.js';
import type { Recipient } from './send-step.js';

export type RendererDependencies = {
  readonly database: Database;
  /** Where people reach the API. */
  readonly publicUrl: string;
};

/** Writes the mails of a step from its template, the step's own words, and what is known of each user. */
export const createEmailRenderer =
  ({ database, publicUrl }: RendererDependencies): RenderMails =>
  (step, users, at) =>
    database.withTenant(step.tenantId, (tx) => renderStep(tx, step, { users, publicUrl, at }));

async function renderStep(
  tx: TenantTransaction,
  step: StepOfBatch,
  { users, publicUrl, at }: { readonly users: readonly Recipient[]; readonly publicUrl: string; readonly at: Date },
): Promise<RenderedStep> {
  const { tenantId } = step;
  const sender = await findEmailSender(tx, tenantId);
  if (!sender) throw new DomainError('conflict', 'the tenant has no sender of mail: PUT /v1/email-sender sets one');
  const { template: family, test, content } = await requireCampaignStep(tx, step);
  const template = await readEmailTemplate(tx, tenantId, family);
  if (!template) throw new DomainError('conflict', `there is no template ${family} in force`);
  const userIds = users.map(({ userId }) => userId);
  const arms = await readShownArms(tx, tenantId, test, userIds);
  const wordsOf = (parts: Variation['parts']) => ({ ...wordsOfStep(content), ...wordsOfParts(parts) });
  const said = arms.all.map(wordsOf);
  const known = await readUserVariables(tx, tenantId, userIds, allLookups(said.map((words) => lookupsFor(template, words))));
  const offerTo = await offersTo(tx, step, {
    offer: content.offer,
    says: said.some((words) => mailSaysPersonalOffer(template, words)),
    userIds,
    at,
  });
  const ofAll = { ...senderVariables(sender), ...incentiveOf(content) };
  const mails = users.map(({ userId, address, token }) => {
    const unsubscribeUrl = `${publicUrl}/v1/unsubscribe/${token}`;
    const offered = offerTo(userId);
    if ('because' in offered) return offered;
    const variables = { ...known.get(userId), ...ofAll, ...offered, email: address, unsubscribe_url: unsubscribeUrl };
    const mail = renderEmail(template, variables, wordsOf(arms.to(userId)));
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
