import { inAppMessageOf } from '../../core/message/in-app-words.js';
import type { Database } from '../../db/client.js';
import { readCampaignStep } from '../../db/queries/campaigns.js';
import type { InAppDependencies } from '../channels/in-app.js';

/** In-app messages in the step's own words. Where it has none that can be shown, nothing is sent and the ledger says why. */
export const createInAppRenderer =
  ({ database }: { readonly database: Database }): InAppDependencies['render'] =>
  async (step, users) => {
    const found = await database.withTenant(step.tenantId, (tx) => readCampaignStep(tx, step));
    if (!found) throw new Error(`the plan of the campaign has no step ${step.stepKey}`);
    const message = inAppMessageOf(found);
    return users.map(() => message);
  };
