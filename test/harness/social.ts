import type { TenantId } from '../../core/ids.js';
import type { SocialProvider } from '../../core/message/social-message.js';
import { sealToken } from '../../core/message/social-token.js';
import type { StepOfBatch } from '../../db/queries/send-ledger.js';
import { putSocialAccount } from '../../db/queries/social-accounts.js';
import type { CommentKeyword } from '../../core/message/comment-keywords.js';
import { SANDBOX_APP } from '../../sandbox/meta/accounts.js';
import type { SocialHabits } from '../../sandbox/meta/audience.js';
import { ADDRESS_KEY, addCampaign } from './campaigns.js';
import type { TestDatabase } from './database.js';

/** Gets every message at once, and does nothing more unless told to. */
export const quietSocialHabits = (changes: Partial<SocialHabits> = {}): SocialHabits => ({
  read: 0,
  clicked: 0,
  replied: 0,
  stopped: 0,
  quoted: 0,
  deliveryMs: 0,
  readMs: 0,
  replyMs: 0,
  ...changes,
});

let people = 0;
/** The id of somebody on a network that no other test of this process has. */
export const newPerson = (): string => `54${String((people += 1)).padStart(14, '0')}`;

let accounts = 0;
/** An account that no other tenant of this process has, for a tenant that has it; or the sandbox's, with its token. */
export async function addAccount(
  database: TestDatabase,
  tenantId: TenantId,
  provider: SocialProvider,
  { isSandbox = false, keywords = [] }: { readonly isSandbox?: boolean; readonly keywords?: readonly CommentKeyword[] } = {},
): Promise<string> {
  const sandbox = SANDBOX_APP.accounts.find((one) => one.provider === provider);
  if (!sandbox) throw new Error(`the sandbox has no account on ${provider}`);
  const accountId = isSandbox ? sandbox.accountId : `77${String((accounts += 1)).padStart(12, '0')}`;
  const sealedToken = sealToken(ADDRESS_KEY, { tenantId, provider }, sandbox.accessToken, Buffer.alloc(12, accounts));
  const account = { provider, accountId, sealedToken, commentKeywords: keywords };
  await database.withTenant(tenantId, (tx) => putSocialAccount(tx, tenantId, account, new Date()));
  return accountId;
}

/** Users `u1` … in a campaign's first batch, each of whom wrote to the tenant on a network a moment ago. */
export async function socialStep(
  database: TestDatabase,
  provider: SocialProvider,
  members: number,
): Promise<{ readonly tenantId: TenantId; readonly step: StepOfBatch; readonly addresses: readonly string[] }> {
  const tenantId = await database.newTenant();
  const addresses = Array.from({ length: members }, newPerson);
  await database.admin.query(
    `with people as (select 'u' || n as id, a from unnest($2::text[]) with ordinality p(a, n)),
     added as (insert into users (tenant_id, user_id, first_seen) select $1, id, now() from people)
     insert into contacts (tenant_id, user_id, channel, provider, address, heard_at) select $1, id, 'social', $3, a, now() from people`,
    [tenantId, addresses, provider],
  );
  const { campaignId } = await addCampaign(database, tenantId, members);
  const step = { tenantId, campaignId, stepKey: 1, channel: 'social', batch: 0, members: addresses.map((_, idx) => idx) } as const;
  return { tenantId, step, addresses };
}
