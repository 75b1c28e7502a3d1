import { inAppMessageOf } from '../../core/message/in-app-words.js';
import type { Database } from '../../db/client.js';
import { requireCampaignStep } from '../../db/queries/campaigns.js';
import type { InAppDependencies } from '../channels/in-app.js';
import { readSaying } from './saying.js';

/**
 * Writes the in-app messages of a step from its own words and what is known of each user. Where there is nothing that can be shown, nothing is
 * sent and the ledger says why.
 */
export const createInAppRenderer =
  ({ database }: { readonly database: Database }): InAppDependencies['render'] =>
  (step, users, at) =>
    database.withTenant(step.tenantId, async (tx) => {
      const found = await requireCampaignStep(tx, step);
      const userIds = users.map(({ userId }) => userId);
      // The page is given what is offered whatever the words say.
      const { to } = await readSaying(tx, step, {
        found,
        userIds,
        at,
        liquidsOf: ({ subject, text }) => [subject, text],
        showsOffer: true,
      });
      return userIds.map((userId) => {
        const one = to(userId);
        return 'because' in one ? one : inAppMessageOf({ template: found.template, content: one.content }, one.variables);
      });
    });
