import { parseTenantId } from '../../core/ids.js';
import type { EngagementChannel } from '../../core/event/engagement.js';
import { requireCampaign } from '../../db/queries/campaigns.js';
import { whileBeating } from '../beating.js';
import { sendStep, type SendingDependencies, type StepSent } from './send-step.js';

/** A step as a batch asks for it. */
export type SendStepInput = {
  readonly tenantId: string;
  readonly campaignId: string;
  readonly batch: number;
  readonly stepKey: number;
  readonly channel: EngagementChannel;
  readonly members: readonly number[];
};

export const createSendingActivities = (dependencies: SendingDependencies) => ({
  /** Safe to retry: the ledger knows what an earlier try has sent, and nobody is sent the same twice. */
  sendStep: ({ tenantId: tenant, campaignId: key, stepKey, ...step }: SendStepInput): Promise<StepSent> =>
    whileBeating(async () => {
      const tenantId = parseTenantId(tenant);
      const { id: campaignId } = await dependencies.database.withTenant(tenantId, (tx) => requireCampaign(tx, tenantId, key));
      return sendStep(dependencies, { ...step, tenantId, campaignId, stepKey: String(stepKey) });
    }),
});

export type SendingActivities = ReturnType<typeof createSendingActivities>;
