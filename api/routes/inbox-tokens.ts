import { z } from 'zod';
import { DomainError } from '../../core/errors.js';
import { LONGEST_TOKEN_MS, signSubscriberToken } from '../../core/inbox/subscriber-token.js';
import type { Database } from '../../db/client.js';
import { resolveUser } from '../../db/queries/users.js';
import { Timestamp, UserIdField } from '../fields.js';
import { defineRoute, type Route } from '../route.js';
import { noInboxes } from '../subscribers.js';

const USUAL_SECONDS = 3_600;
const Lifetime = z.int().min(60).max(LONGEST_TOKEN_MS / 1_000).default(USUAL_SECONDS); // prettier-ignore

type TokenDependencies = { readonly database: Database; readonly ledgerKey?: Buffer | undefined; readonly now: () => Date };

export function createInboxTokenRoutes({ database, ledgerKey, now }: TokenDependencies): readonly Route[] {
  return [
    defineRoute({
      method: 'post',
      path: '/v1/inbox/tokens',
      tag: 'Inbox',
      summary: "Get a token with which a user's page opens their inbox",
      description:
        'For the backend of the tenant, which knows who is signed in. The page sends it as `Authorization: Bearer`. It opens the inbox of this user alone, until it expires; it cannot be revoked before. The user need not be known yet.',
      scope: 'inbox:tokens',
      body: z.strictObject({ user_id: UserIdField, expires_in_seconds: Lifetime.describe('A minute to a day.') }),
      responses: { 201: z.object({ token: z.string(), expires_at: Timestamp }).describe('The token. Nobody else should see it.') },
    }).handledBy(async ({ tenantId, body: { user_id: userId, expires_in_seconds: seconds } }) => {
      if (ledgerKey === undefined) throw noInboxes();
      // Whoever can send events can merge ids, and the write key is in every page: no id may open the inbox of another.
      const known = await database.withTenant(tenantId, (tx) => resolveUser(tx, tenantId, userId));
      if (known !== userId) {
        const advice = 'ask with the id under which your own records know who is signed in';
        throw new DomainError('conflict', `this id was merged into another user, whose inbox it must not open: ${advice}`);
      }
      const expiresAt = new Date(now().getTime() + seconds * 1_000);
      return {
        status: 201,
        body: { token: signSubscriberToken(ledgerKey, { tenantId, userId, expiresAtMs: expiresAt.getTime() }), expires_at: expiresAt },
      };
    }),
  ];
}
