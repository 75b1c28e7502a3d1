import { and, eq } from 'drizzle-orm';
import { parseTenantId, type TenantId } from '../../core/ids.js';
import type { SocialProvider } from '../../core/message/social-message.js';
import type { Database, TenantTransaction } from '../client.js';
import { socialAccounts } from '../tables/social.js';

export type SocialAccountRow = typeof socialAccounts.$inferSelect;
export type SocialAccount = Pick<SocialAccountRow, 'provider' | 'accountId' | 'sealedToken' | 'commentKeywords'>;

/** The accounts that a tenant's messages on social networks come from: one on each network at most. */
export const listSocialAccounts = (tx: TenantTransaction, tenantId: TenantId): Promise<SocialAccountRow[]> =>
  tx.select().from(socialAccounts).where(eq(socialAccounts.tenantId, tenantId)).orderBy(socialAccounts.provider);

export async function findSocialAccount(
  tx: TenantTransaction,
  tenantId: TenantId,
  provider: SocialProvider,
): Promise<SocialAccountRow | undefined> {
  const rows = await tx
    .select()
    .from(socialAccounts)
    .where(and(eq(socialAccounts.tenantId, tenantId), eq(socialAccounts.provider, provider)));
  return rows[0];
}

/** Sets one. An account of another tenant's breaks the row's uniqueness. */
export async function putSocialAccount(
  tx: TenantTransaction,
  tenantId: TenantId,
  { provider, ...account }: SocialAccount,
  at: Date,
): Promise<SocialAccountRow> {
  const values = { ...account, updatedAt: at };
  const rows = await tx
    .insert(socialAccounts)
    .values({ tenantId, provider, ...values })
    .onConflictDoUpdate({ target: [socialAccounts.tenantId, socialAccounts.provider], set: values })
    .returning();
  const [row] = rows;
  if (!row) throw new Error('the row of the account was not written');
  return row;
}

/** Removes one; nothing where there was none. */
export async function deleteSocialAccount(
  tx: TenantTransaction,
  tenantId: TenantId,
  provider: SocialProvider,
): Promise<SocialAccountRow | undefined> {
  const rows = await tx
    .delete(socialAccounts)
    .where(and(eq(socialAccounts.tenantId, tenantId), eq(socialAccounts.provider, provider)))
    .returning();
  return rows[0];
}

/** Whose account a webhook tells of. */
export async function findSocialTenant(
  { pool }: Pick<Database, 'pool'>,
  { provider, account }: { readonly provider: SocialProvider; readonly account: string },
): Promise<TenantId | undefined> {
  const { rows } = await pool.query<{ id: string }>('select tenant_id as id from find_social_tenant($1, $2)', [provider, account]);
  return rows[0] && parseTenantId(rows[0].id);
}
