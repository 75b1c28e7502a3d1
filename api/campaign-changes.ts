import { changeCampaign, type CampaignAnswer } from '../core/campaign/lifecycle.js';
import type { SendingReadiness } from '../core/campaign/preflight.js';
import { DomainError } from '../core/errors.js';
import type { Database } from '../db/client.js';
import { readPreflight } from '../db/queries/campaign-preflight.js';
import { requireCampaign, type CampaignRow } from '../db/queries/campaigns.js';
import type { CampaignChangeRequest, CampaignControl } from './campaign-control.js';

export type CampaignDependencies = {
  readonly database: Database;
  readonly campaigns: CampaignControl;
  readonly sending: SendingReadiness;
  readonly now: () => Date;
};

export type ChangedCampaign = { readonly campaign: CampaignRow; readonly answer: Exclude<CampaignAnswer, { kind: 'refused' }> };

/**
 * Launches, pauses, resumes or cancels a campaign by its workflow. Throws `conflict` with the reason where its life does not allow
 * it, and where the preflight of a launch finds something in its way.
 */
export async function applyChange(dependencies: CampaignDependencies, request: CampaignChangeRequest): Promise<ChangedCampaign> {
  const { database, campaigns, sending, now } = dependencies;
  const { tenantId, campaignId, change } = request;
  const read = () => database.withTenant(tenantId, (tx) => requireCampaign(tx, tenantId, campaignId));
  await database.withTenant(tenantId, async (tx) => {
    const campaign = await requireCampaign(tx, tenantId, campaignId);
    // Asked before the workflow is, which has no need to begin for a refusal; its own answer is the one that counts.
    const expected = changeCampaign(campaign.status, change);
    if (expected.kind === 'refused') throw new DomainError('conflict', expected.because);
    if (change !== 'launch' || expected.kind !== 'done') return;
    const { blockers } = await readPreflight(tx, campaign, { readiness: sending, at: now() });
    if (blockers.length > 0) throw new DomainError('conflict', `it cannot be launched: ${blockers.join('; ')}`);
  });
  const { answer } = await campaigns.changeCampaign(request);
  if (answer.kind === 'refused') throw new DomainError('conflict', answer.because);
  return { campaign: await read(), answer };
}
