import { and, eq } from 'drizzle-orm';
import type { TenantId } from '../../core/ids.js';
import type { PlanContent } from '../../core/journey/plan.js';
import type { TenantTransaction } from '../client.js';
import { campaignPlans, outreachCampaigns } from '../tables/campaigns.js';

/** A step's own words in the version of the plan that its campaign goes by; nothing where there is no such step. */
export async function readStepWords(
  tx: TenantTransaction,
  tenantId: TenantId,
  { campaignId, stepKey }: { readonly campaignId: number; readonly stepKey: string },
): Promise<PlanContent | undefined> {
  const rows = await tx
    .select({ contents: campaignPlans.contents })
    .from(outreachCampaigns)
    .innerJoin(
      campaignPlans,
      and(
        eq(campaignPlans.tenantId, tenantId),
        eq(campaignPlans.campaignId, outreachCampaigns.id),
        eq(campaignPlans.version, outreachCampaigns.planVersion),
      ),
    )
    .where(and(eq(outreachCampaigns.tenantId, tenantId), eq(outreachCampaigns.id, campaignId)));
  return rows[0]?.contents.find(({ key }) => String(key) === stepKey);
}
