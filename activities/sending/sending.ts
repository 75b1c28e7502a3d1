import { parseTenantId } from '../../core/ids.js';
import { shownMs } from '../../core/campaign/clock.js';
import type { EngagementChannel } from '../../core/event/engagement.js';
import type { Database } from '../../db/client.js';
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

export type StepDependencies = Omit<SendingDependencies, 'now' | 'database'> & {
  readonly database: Database;
  readonly now: () => Date;
  /** Of campaigns' clocks: 1, but in a rehearsal. */
  readonly speed: number;
};

export const createSendingActivities = ({ now, speed, ...dependencies }: StepDependencies) => ({
  /** Safe to retry: the ledger knows what an earlier try has sent, and nobody is sent the same twice. */
  sendStep: ({ tenantId: tenant, campaignId: key, stepKey, ...step }: SendStepInput): Promise<StepSent> =>
    whileBeating(async () => {
      const tenantId = parseTenantId(tenant);
      const { id: campaignId, launchedAt } = await dependencies.database.withTenant(tenantId, (tx) => requireCampaign(tx, tenantId, key));
      const clock = { startMs: launchedAt?.getTime() ?? now().getTime(), speed };
      const shown = () => new Date(shownMs(clock, now().getTime()));
      return sendStep({ ...dependencies, now: shown }, { ...step, tenantId, campaignId, stepKey: String(stepKey) });
    }),
});

export type SendingActivities = ReturnType<typeof createSendingActivities>;
