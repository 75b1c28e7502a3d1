import { and, asc, eq } from 'drizzle-orm';
import type { TenantId } from '../../core/ids.js';
import type { TenantTransaction } from '../client.js';
import { replyRules } from '../tables/phone.js';
import { outreachCampaigns } from '../tables/campaigns.js';

/** A rule, with the campaign that it is for as others name it. */
export type ReplyRuleRow = typeof replyRules.$inferSelect & { readonly campaignKey: string | null };
export type ReplyRuleValues = Omit<typeof replyRules.$inferInsert, 'tenantId' | 'ruleId'>;

const rulesWhere = (tx: TenantTransaction, ...conditions: Parameters<typeof and>) =>
  tx
    .select({ rule: replyRules, campaignKey: outreachCampaigns.campaignKey })
    .from(replyRules)
    .leftJoin(outreachCampaigns, and(eq(outreachCampaigns.tenantId, replyRules.tenantId), eq(outreachCampaigns.id, replyRules.campaignId)))
    .where(and(...conditions))
    .orderBy(asc(replyRules.ruleId));

/** All rules of a tenant, the oldest first; or those that are switched on. */
export async function listReplyRules(tx: TenantTransaction, tenantId: TenantId, { active = false } = {}): Promise<ReplyRuleRow[]> {
  const rows = await rulesWhere(tx, eq(replyRules.tenantId, tenantId), active ? eq(replyRules.isActive, true) : undefined);
  return rows.map(({ rule, campaignKey }) => ({ ...rule, campaignKey }));
}

export async function findReplyRule(tx: TenantTransaction, tenantId: TenantId, ruleId: number): Promise<ReplyRuleRow | undefined> {
  const [found] = await rulesWhere(tx, eq(replyRules.tenantId, tenantId), eq(replyRules.ruleId, ruleId));
  return found && { ...found.rule, campaignKey: found.campaignKey };
}

/** Adds a rule, and gives its number. */
export async function addReplyRule(tx: TenantTransaction, tenantId: TenantId, values: ReplyRuleValues): Promise<number> {
  const [row] = await tx
    .insert(replyRules)
    .values({ tenantId, ...values })
    .returning({ ruleId: replyRules.ruleId });
  if (!row) throw new Error('the row of the rule was not written');
  return row.ruleId;
}

/** Says anew what a rule is; false where there is none. What it has answered stays answered. */
export async function changeReplyRule(
  tx: TenantTransaction,
  tenantId: TenantId,
  ruleId: number,
  values: Partial<ReplyRuleValues>,
): Promise<boolean> {
  const rows = await tx
    .update(replyRules)
    .set(values)
    .where(and(eq(replyRules.tenantId, tenantId), eq(replyRules.ruleId, ruleId)))
    .returning({ ruleId: replyRules.ruleId });
  return rows.length > 0;
}
