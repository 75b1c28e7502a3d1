import { contentInArm, incentiveOf } from '../../core/campaign/step-words.js';
import type { Variation } from '../../core/experiment/variation.js';
import type { PushWords } from '../../core/message/push.js';
import { pushWordsOf, ttlSecondsOf } from '../../core/message/push-words.js';
import { senderVariables } from '../../core/template/sender.js';
import { textLookups } from '../../core/template/text-message.js';
import { sayPersonalOffer } from '../../core/template/user-variables.js';
import type { Database, TenantTransaction } from '../../db/client.js';
import { requireCampaignStep } from '../../db/queries/campaigns.js';
import { isTransactional } from '../../db/queries/consent.js';
import { findEmailSender } from '../../db/queries/email-senders.js';
import type { StepOfBatch } from '../../db/queries/send-ledger.js';
import { readShownArms } from '../../db/queries/test-slots.js';
import { readUserVariables } from '../../db/queries/user-variables.js';
import type { PushDependencies, RenderedPushes } from '../channels/push.js';
import { withOurLinks, type LinkSettings } from './linking.js';
import type { ClaimedRecipient } from './pair-written.js';
import { offersTo } from './personal-offers.js';
import type { Unsent } from './unsent.js';

export type PushRendererDependencies = LinkSettings & { readonly database: Database };

/** Writes the push messages of a step from its own words and what is known of each user. */
export const createPushRenderer =
  ({ database, ...settings }: PushRendererDependencies): PushDependencies['render'] =>
  (step, users, at) =>
    database.withTenant(step.tenantId, (tx) => renderStep(tx, { step, users, at, settings }));

type Rendering = {
  readonly step: StepOfBatch;
  readonly users: readonly ClaimedRecipient[];
  readonly at: Date;
  readonly settings: LinkSettings;
};

async function renderStep(tx: TenantTransaction, { step, users, at, settings }: Rendering): Promise<RenderedPushes> {
  const { tenantId } = step;
  const { content, test, plan, topic, step: planned } = await requireCampaignStep(tx, step);
  const userIds = users.map(({ userId }) => userId);
  const arms = await readShownArms(tx, tenantId, test, userIds);
  const contentOf = (parts: Variation['parts']) => contentInArm(content, parts);
  const said = arms.all.map(contentOf).flatMap(({ subject = '', text = '', url = '' }) => [subject, text, url]);
  const known = await readUserVariables(tx, tenantId, userIds, textLookups({ text: said.join(' '), template: undefined }));
  const brand = await findEmailSender(tx, tenantId);
  const ofAll = { ...(brand && senderVariables(brand)), ...incentiveOf(content) };
  const offerTo = await offersTo(tx, step, { offer: content.offer, says: sayPersonalOffer(said), userIds, at });
  const words = userIds.map((userId) => {
    const offered = offerTo(userId);
    if ('because' in offered) return offered;
    return pushWordsOf(contentOf(arms.to(userId)), { ...known.get(userId), ...ofAll, ...offered });
  });
  const sources = [content.url, brand?.brandUrl].filter((source) => typeof source === 'string');
  return {
    carriage: {
      ttlSeconds: ttlSecondsOf(plan, planned, content),
      urgency: (await isTransactional(tx, tenantId, topic)) ? 'high' : 'normal',
    },
    words: await linked(tx, { step, sources, settings }, users, words),
  };
}

/** The words with a link of ours where a tap leads. */
async function linked(
  tx: TenantTransaction,
  linking: Parameters<typeof withOurLinks>[1],
  users: readonly ClaimedRecipient[],
  words: readonly (PushWords | Unsent)[],
): Promise<RenderedPushes['words']> {
  const urlOf = (i: number): string | undefined => {
    const one = words[i];
    return one && 'title' in one ? one.url : undefined;
  };
  const messages = users.map(({ messageId }, i) => {
    const url = urlOf(i);
    return { messageId, parts: url === undefined ? [] : [{ kind: 'text' as const, words: url }] };
  });
  const rewritten = await withOurLinks(tx, linking, messages);
  return words.map((one, i) => {
    const url = rewritten[i]?.[0];
    return url === undefined ? one : { ...one, url };
  });
}
