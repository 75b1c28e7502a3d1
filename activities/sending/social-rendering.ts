import { DomainError } from '../../core/errors.js';
import { openToken } from '../../core/message/social-token.js';
import { renderText } from '../../core/template/text-message.js';
import type { TenantTransaction } from '../../db/client.js';
import { requireCampaignStep } from '../../db/queries/campaigns.js';
import type { StepOfBatch } from '../../db/queries/send-ledger.js';
import { listSocialAccounts } from '../../db/queries/social-accounts.js';
import type { RenderedSocial, SocialDependencies, SocialRecipient } from '../channels/social.js';
import { withOurLinks, type LinkSettings } from './linking.js';
import { readSaying } from './saying.js';
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
  const accessTokens = await openAccounts(tx, step, settings.ledgerKey);
  const found = await requireCampaignStep(tx, step);
  const userIds = users.map(({ userId }) => userId);
  const { said, brandUrl, to } = await readSaying(tx, step, { found, userIds, at, liquidsOf: ({ text }) => [text] });
  const rendered = users.map(({ userId, token }) => {
    const one = to(userId);
    if ('because' in one) return one;
    const { text } = one.content;
    if (text === undefined) return { because: 'a social step needs words of its own (message)' };
    return renderText(text, { ...one.variables, unsubscribe_url: `${settings.publicUrl}/v1/unsubscribe/${token}` });
  });
  const sources = [...said, brandUrl].filter((source) => typeof source === 'string');
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
