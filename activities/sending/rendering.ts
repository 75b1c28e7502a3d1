import { incentiveOf, wordsOfStep } from '../../core/campaign/step-words.js';
import { DomainError } from '../../core/errors.js';
import { signReplyAddress } from '../../core/message/reply-address.js';
import { readToken } from '../../core/message/token.js';
import type { Variation } from '../../core/experiment/variation.js';
import type { PlanContent } from '../../core/journey/plan.js';
import { renderEmail } from '../../core/template/render-email.js';
import { senderVariables } from '../../core/template/sender.js';
import { wordsOfParts, type CompiledTemplate, type EmailWords } from '../../core/template/template.js';
import {
  allLookups,
  lookupsFor,
  mailSaysPersonalOffer,
  mailSaysRecommendations,
  type UserVariables,
} from '../../core/template/user-variables.js';
import type { TemplateVariables } from '../../core/template/variables.js';
import type { Database, TenantTransaction } from '../../db/client.js';
import { requireCampaignStep } from '../../db/queries/campaigns.js';
import { findEmailSender } from '../../db/queries/email-senders.js';
import type { StepOfBatch } from '../../db/queries/send-ledger.js';
import { readEmailTemplate } from '../../db/queries/templates.js';
import { readShownArms } from '../../db/queries/test-slots.js';
import { readUserVariables } from '../../db/queries/user-variables.js';
import type { RenderedStep, RenderMails } from './claimed-mails.js';
import { withLedLinks } from './mail-links.js';
import { offersTo } from './personal-offers.js';
import { createPopularity, type Recommend } from './recommending.js';
import type { Recipient } from './send-step.js';
import type { Unsent } from './unsent.js';

export type RendererDependencies = {
  readonly database: Database;
  /** Where people reach the API. */
  readonly publicUrl: string;
  /** What recommends; popularity, when absent. */
  readonly recommend?: Recommend;
};

export type EmailRendererDependencies = RendererDependencies & {
  /** Signs the addresses that replies are asked to, and seals links. */
  readonly ledgerKey: Buffer;
  /** Whether links lead over ours: where the way that mails go tells of no clicks. */
  readonly leadsLinks?: boolean;
};

/** More than a mail shows: a template says how many it wants. */
const MOST_RECOMMENDED = 6;

/** Writes the mails of a step from its template, the step's own words, and what is known of each user. */
export const createEmailRenderer =
  ({ database, recommend = createPopularity(), leadsLinks = false, ...settings }: EmailRendererDependencies): RenderMails =>
  (step, users, at) =>
    database.withTenant(step.tenantId, (tx) => renderStep(tx, step, { users, at, recommend, leadsLinks, ...settings }));

type Rendering = Required<Omit<EmailRendererDependencies, 'database'>> & { readonly users: readonly Recipient[]; readonly at: Date };

async function renderStep(tx: TenantTransaction, step: StepOfBatch, rendering: Rendering): Promise<RenderedStep> {
  const { users, publicUrl, ledgerKey, leadsLinks } = rendering;
  const { tenantId } = step;
  const sender = await findEmailSender(tx, tenantId);
  if (!sender) throw new DomainError('conflict', 'the tenant has no sender of mail: PUT /v1/email-sender sets one');
  const { fromEmail, fromName, replyTo: shown, inboundDomain = null } = sender;
  // Where each has an address of their own, the shared one stands for it in the request, and so must stand nowhere in the mail.
  const shared = inboundDomain === null ? shown : `replies@${inboundDomain}`;
  const { template: family, test, content } = await requireCampaignStep(tx, step);
  const template = await readEmailTemplate(tx, tenantId, family);
  if (!template) throw new DomainError('conflict', `there is no template ${family} in force`);
  const userIds = users.map(({ userId }) => userId);
  const arms = await readShownArms(tx, tenantId, test, userIds);
  const wordsOf = (parts: Variation['parts']) => ({ ...wordsOfStep(content), ...wordsOfParts(parts) });
  const knownOf = await readKnown(tx, step, { ...rendering, template, content, said: arms.all.map(wordsOf) });
  const ofAll = { ...senderVariables(sender), ...incentiveOf(content) };
  const mails = users.map(({ userId, address, token }) => {
    const unsubscribeUrl = `${publicUrl}/v1/unsubscribe/${token}`;
    const known = knownOf(userId);
    if ('because' in known) return known;
    const variables = { ...known, ...ofAll, email: address, unsubscribe_url: unsubscribeUrl };
    const mail = renderEmail(template, variables, wordsOf(arms.to(userId)));
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
  if (!leadsLinks) return { envelope, mails };
  const written = [template.html, template.text, ...arms.all.flatMap((parts) => Object.values(wordsOf(parts))), sender.brandUrl];
  const sources = written.filter((source) => typeof source === 'string');
  return { envelope, mails: await withLedLinks(tx, { step, sources, settings: { publicUrl, ledgerKey } }, users, mails) };
}

/** Where a reply to one message goes, on a domain of the tenant's whose mail comes to us. */
function replyAddressOf(ledgerKey: Buffer, token: string, domain: string | null): string | undefined {
  const message = domain === null ? undefined : readToken(ledgerKey, token);
  return message && domain !== null ? signReplyAddress(ledgerKey, message, domain) : undefined;
}

type Saying = Rendering & {
  readonly template: CompiledTemplate;
  readonly content: PlanContent;
  /** All words that anybody may be shown. */
  readonly said: readonly EmailWords[];
};
type Known = UserVariables & Pick<TemplateVariables, 'offer' | 'recommendations'>;

/** What a mail may say of each person, or why they get none. What nothing in it says is not looked up. */
async function readKnown(
  tx: TenantTransaction,
  step: StepOfBatch,
  { users, at, recommend, template, content, said }: Saying,
): Promise<(userId: string) => Known | Unsent> {
  const { tenantId } = step;
  const userIds = users.map(({ userId }) => userId);
  const says = (what: typeof mailSaysPersonalOffer) => said.some((words) => what(template, words));
  const known = await readUserVariables(tx, tenantId, userIds, allLookups(said.map((words) => lookupsFor(template, words))));
  const offerTo = await offersTo(tx, step, { offer: content.offer, says: says(mailSaysPersonalOffer), userIds, at });
  const recommended = says(mailSaysRecommendations) ? await recommend(tx, { tenantId, userIds, most: MOST_RECOMMENDED, at }) : undefined;
  return (userId) => {
    const offered = offerTo(userId);
    if ('because' in offered) return offered;
    const recommendations = recommended?.get(userId);
    return { ...known.get(userId), ...offered, ...(recommendations && { recommendations }) };
  };
}

/** SendGrid leaves a link alone that says so: whoever unsubscribes has not clicked on what the mail is about. */
const untracked = (html: string, url: string): string => html.replaceAll(`href="${url}"`, `clicktracking="off" href="${url}"`);
