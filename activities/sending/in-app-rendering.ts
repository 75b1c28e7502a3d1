import { incentiveOf } from '../../core/campaign/step-words.js';
import { inAppMessageOf } from '../../core/message/in-app-words.js';
import { senderVariables } from '../../core/template/sender.js';
import { textLookups } from '../../core/template/text-message.js';
import type { Database } from '../../db/client.js';
import { requireCampaignStep } from '../../db/queries/campaigns.js';
import { findEmailSender } from '../../db/queries/email-senders.js';
import { readUserVariables } from '../../db/queries/user-variables.js';
import type { InAppDependencies } from '../channels/in-app.js';
import { offersTo } from './personal-offers.js';

/**
 * Writes the in-app messages of a step from its own words and what is known of each user. Where there is nothing that can be shown, nothing is
 * sent and the ledger says why.
 */
export const createInAppRenderer =
  ({ database }: { readonly database: Database }): InAppDependencies['render'] =>
  (step, users, at) =>
    database.withTenant(step.tenantId, async (tx) => {
      const { tenantId } = step;
      const found = await requireCampaignStep(tx, step);
      const { subject = '', text = '' } = found.content;
      const userIds = users.map(({ userId }) => userId);
      const known = await readUserVariables(tx, tenantId, userIds, textLookups({ text: `${subject} ${text}`, template: undefined }));
      const brand = await findEmailSender(tx, tenantId);
      const ofAll = { ...(brand && senderVariables(brand)), ...incentiveOf(found.content) };
      // The page is given what is offered whatever the words say.
      const offerTo = await offersTo(tx, step, { offer: found.content.offer, says: true, userIds, at });
      return userIds.map((userId) => {
        const offered = offerTo(userId);
        return 'because' in offered ? offered : inAppMessageOf(found, { ...known.get(userId), ...ofAll, ...offered });
      });
    });
