import { offeredBy } from '../../core/campaign/step-words.js';
import { inAppMessageOf } from '../../core/message/in-app-words.js';
import { senderVariables } from '../../core/template/sender.js';
import { textLookups } from '../../core/template/text-message.js';
import type { Database } from '../../db/client.js';
import { readCampaignStep } from '../../db/queries/campaigns.js';
import { findEmailSender } from '../../db/queries/email-senders.js';
import { readUserVariables } from '../../db/queries/user-variables.js';
import type { InAppDependencies } from '../channels/in-app.js';

/**
 * Writes the in-app messages of a step from its own words and what is known of each user. Where there is nothing that can be shown, nothing is
 * sent and the ledger says why.
 */
export const createInAppRenderer =
  ({ database }: { readonly database: Database }): InAppDependencies['render'] =>
  (step, users) =>
    database.withTenant(step.tenantId, async (tx) => {
      const { tenantId } = step;
      const found = await readCampaignStep(tx, step);
      if (!found) throw new Error(`the plan of the campaign has no step ${step.stepKey}`);
      const { subject = '', text = '' } = found.content;
      const userIds = users.map(({ userId }) => userId);
      const known = await readUserVariables(tx, tenantId, userIds, textLookups({ text: `${subject} ${text}`, template: undefined }));
      const brand = await findEmailSender(tx, tenantId);
      const ofAll = { ...(brand && senderVariables(brand)), ...offeredBy(found.content) };
      return userIds.map((userId) => inAppMessageOf(found, { ...known.get(userId), ...ofAll }));
    });
