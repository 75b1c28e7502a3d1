import { contentInArm, incentiveOf } from '../../core/campaign/step-words.js';
import { inAppMessageOf } from '../../core/message/in-app-words.js';
import type { Variation } from '../../core/experiment/variation.js';
import { senderVariables } from '../../core/template/sender.js';
import { textLookups } from '../../core/template/text-message.js';
import type { Database } from '../../db/client.js';
import { requireCampaignStep } from '../../db/queries/campaigns.js';
import { findEmailSender } from '../../db/queries/email-senders.js';
import { readShownArms } from '../../db/queries/test-slots.js';
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
      const userIds = users.map(({ userId }) => userId);
      const arms = await readShownArms(tx, tenantId, found.test, userIds);
      const contentOf = (parts: Variation['parts']) => contentInArm(found.content, parts);
      const said = arms.all.map(contentOf).flatMap(({ subject = '', text = '' }) => [subject, text]);
      const known = await readUserVariables(tx, tenantId, userIds, textLookups({ text: said.join(' '), template: undefined }));
      const brand = await findEmailSender(tx, tenantId);
      const ofAll = { ...(brand && senderVariables(brand)), ...incentiveOf(found.content) };
      // The page is given what is offered whatever the words say.
      const offerTo = await offersTo(tx, step, { offer: found.content.offer, says: true, userIds, at });
      return userIds.map((userId) => {
        const offered = offerTo(userId);
        if ('because' in offered) return offered;
        const content = contentOf(arms.to(userId));
        return inAppMessageOf({ template: found.template, content }, { ...known.get(userId), ...ofAll, ...offered });
      });
    });
