import { contentInArm, incentiveOf } from '../../core/campaign/step-words.js';
import { DomainError } from '../../core/errors.js';
import type { Variation } from '../../core/experiment/variation.js';
import { openToken } from '../../core/message/social-token.js';
import { senderVariables } from '../../core/template/sender.js';
import { renderText, textLookups } from '../../core/template/text-message.js';
import { allLookups, sayPersonalOffer } from '../../core/template/user-variables.js';
import type { TenantTransaction } from '../../db/client.js';
import { requireCampaignStep } from '../../db/queries/campaigns.js';
import { findEmailSender } from '../../db/queries/email-senders.js';
import type { StepOfBatch } from '../../db/queries/send-ledger.js';
import { listSocialAccounts } from '../../db/queries/social-accounts.js';
import { readShownArms } from '../../db/queries/test-slots.js';
import { readUserVariables } from '../../db/queries/user-variables.js';
import type { RenderedSocial, SocialDependencies, SocialRecipient } from '../channels/social.js';
import { withOurLinks, type LinkSettings } from './linking.js';
import { offersTo } from './personal-offers.js';
import type { TextRendererDependencies } from './text-rendering.js';

/** Writes the social messages of a step from its own words and what is known of each user. */
export const createSocialRenderer =
  ({ database, ...settings }: TextRendererDependencies): SocialDependencies['render'] =>
  (step, users, at) =>
    database.withTenant(step.tenantId, (tx) => renderStep(tx, { step, users, at, settings }));

type Rendering = {
  readonly step: StepOfBatch;
  readonly users: readonly SocialRecipient[];
  readonly at: Date;
  readonly settings: LinkSettings;
};

async function renderStep(tx: TenantTransaction, { step, users, at, settings }: Rendering): Promise<RenderedSocial> {
  const { tenantId } = step;
  const accessTokens = await openAccounts(tx, step, settings.ledgerKey);
  const { content, test } = await requireCampaignStep(tx, step);
  const userIds = users.map(({ userId }) => userId);
  const arms = await readShownArms(tx, tenantId, test, userIds);
  const textIn = (parts: Variation['parts']) => contentInArm(content, parts).text;
  const said = arms.all.map(textIn).filter((text) => text !== undefined);
  const known = await readUserVariables(tx, tenantId, userIds, allLookups(said.map((text) => textLookups({ text, template: undefined }))));
  const brand = await findEmailSender(tx, tenantId);
  const ofAll = { ...(brand && senderVariables(brand)), ...incentiveOf(content) };
  const offerTo = await offersTo(tx, step, { offer: content.offer, says: sayPersonalOffer(said), userIds, at });
  const rendered = users.map(({ userId, token }) => {
    const offered = offerTo(userId);
    if ('because' in offered) return offered;
    const text = textIn(arms.to(userId));
    if (text === undefined) return { because: 'a social step needs words of its own (message)' };
    const unsubscribeUrl = `${settings.publicUrl}/v1/unsubscribe/${token}`;
    return renderText(text, { ...known.get(userId), ...ofAll, ...offered, unsubscribe_url: unsubscribeUrl });
  });
  const sources = [...said, brand?.brandUrl].filter((source) => typeof source === 'string');
  const words = users.map(({ messageId }, i) => {
    const one = rendered[i];
    return { messageId, parts: one === undefined || 'because' in one ? [] : [{ kind: 'text' as const, words: one.text }] };
  });
  const linked = await withOurLinks(tx, { step, sources, settings }, words);
  const texts = rendered.map((one, i) => ('because' in one ? one : { text: linked[i]?.[0] ?? one.text }));
  return { accessTokens, texts };
}

async function openAccounts(tx: TenantTransaction, { tenantId }: StepOfBatch, ledgerKey: Buffer): Promise<RenderedSocial['accessTokens']> {
  const accounts = await listSocialAccounts(tx, tenantId);
  if (accounts.length === 0) {
    throw new DomainError('conflict', 'the tenant has no account on a social network: PUT /v1/social-accounts/{provider} sets one');
  }
  const tokens = accounts.flatMap(({ provider, sealedToken }) => {
    const token = openToken(ledgerKey, { tenantId, provider }, sealedToken);
    return token === undefined ? [] : [[provider, token] as const];
  });
  return new Map(tokens);
}
