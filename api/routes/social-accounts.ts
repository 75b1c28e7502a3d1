import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import { DomainError } from '../../core/errors.js';
import { wordsOf } from '../../core/message/comment-keywords.js';
import { NONCE_BYTES } from '../../core/message/sealed-text.js';
import { META_ID, socialProviders } from '../../core/message/social-message.js';
import { sealToken } from '../../core/message/social-token.js';
import type { Database } from '../../db/client.js';
import { deleteSocialAccount, findSocialAccount, putSocialAccount, type SocialAccountRow } from '../../db/queries/social-accounts.js';
import { storableText, Timestamp } from '../fields.js';
import { defineRoute, type Route } from '../route.js';
import { isTaken } from '../taken.js';

const Params = z.strictObject({ provider: z.enum(socialProviders) });

const Keyword = z.strictObject({
  keyword: storableText(1, 100)
    .refine((text) => wordsOf(text).length > 0, 'a word of letters or digits is expected')
    .describe('What stands in a comment, as a whole word or as several beside each other; case and accents do not count.'),
  event: storableText(1, 150).describe('The event that such a comment is. A campaign may let people enter by it.'),
});

const Body = z.strictObject({
  account_id: z
    .string()
    .regex(META_ID, 'the id of an account is expected, which has digits alone')
    .describe('As webhooks name it: the id of the page, or of the Instagram professional account.'),
  access_token: z
    .string()
    .regex(/^[\x21-\x7e]{1,1000}$/, 'a token is expected, without spaces')
    .describe('Of the page. It is kept encrypted, and shown to nobody.'),
  comment_keywords: z.array(Keyword).max(100).default([]).describe('Comments that are events, and may be answered.'),
});

const Account = z.object({
  provider: z.enum(socialProviders),
  account_id: z.string(),
  comment_keywords: z.array(z.object({ keyword: z.string(), event: z.string() })),
  updated_at: Timestamp,
});

const accountOf = ({ provider, accountId, commentKeywords, updatedAt }: SocialAccountRow): z.input<typeof Account> => ({
  provider,
  account_id: accountId,
  comment_keywords: [...commentKeywords],
  updated_at: updatedAt,
});

type Dependencies = { readonly database: Database; readonly ledgerKey?: Buffer | undefined; readonly now: () => Date };

const missing = (provider: string): DomainError =>
  new DomainError('not_found', `no account on ${provider} was set yet: PUT one here, without it no message is sent there`);

/** From which accounts a tenant's messages on social networks come: one on each. */
export function createSocialAccountRoutes({ database, ledgerKey, now }: Dependencies): readonly Route[] {
  return [
    defineRoute({
      method: 'get',
      path: '/v1/social-accounts/{provider}',
      tag: 'Templates',
      summary: 'Show the account that messages on a network come from',
      scope: 'read',
      params: Params,
      responses: { 200: Account.describe('The account, without its token.') },
    }).handledBy(async ({ tenantId, params: { provider } }) => {
      const row = await database.withTenant(tenantId, (tx) => findSocialAccount(tx, tenantId, provider));
      if (!row) throw missing(provider);
      return { status: 200, body: accountOf(row) };
    }),
    defineRoute({
      method: 'put',
      path: '/v1/social-accounts/{provider}',
      tag: 'Templates',
      summary: 'Say which account messages on a network come from',
      scope: 'templates:write',
      params: Params,
      body: Body,
      responses: { 200: Account.describe('The account as it is now.') },
    }).handledBy(async ({ tenantId, params: { provider }, body }) => {
      if (!ledgerKey) throw new DomainError('not_available', 'this installation has no LEDGER_KEY, under which tokens are kept');
      const sealedToken = sealToken(ledgerKey, { tenantId, provider }, body.access_token, randomBytes(NONCE_BYTES));
      const account = { provider, accountId: body.account_id, sealedToken, commentKeywords: body.comment_keywords };
      const put = () => database.withTenant(tenantId, (tx) => putSocialAccount(tx, tenantId, account, now()));
      const row = await put().catch((error: unknown) => {
        if (isTaken(error)) throw new DomainError('conflict', 'this account belongs to another tenant of this installation');
        throw error;
      });
      return { status: 200, body: accountOf(row) };
    }),
    defineRoute({
      method: 'delete',
      path: '/v1/social-accounts/{provider}',
      tag: 'Templates',
      summary: 'Send nothing more from an account, and forget its token',
      scope: 'templates:write',
      params: Params,
      responses: { 200: Account.describe('The account that was forgotten.') },
    }).handledBy(async ({ tenantId, params: { provider } }) => {
      const row = await database.withTenant(tenantId, (tx) => deleteSocialAccount(tx, tenantId, provider));
      if (!row) throw missing(provider);
      return { status: 200, body: accountOf(row) };
    }),
  ];
}
