import { offeredBy } from '../../core/campaign/step-words.js';
import type { PushWords } from '../../core/message/push.js';
import { pushWordsOf, ttlSecondsOf } from '../../core/message/push-words.js';
import { senderVariables } from '../../core/template/sender.js';
import { textLookups } from '../../core/template/text-message.js';
import type { Database, TenantTransaction } from '../../db/client.js';
import { readCampaignStep } from '../../db/queries/campaigns.js';
import { isTransactional } from '../../db/queries/consent.js';
import { findEmailSender } from '../../db/queries/email-senders.js';
import type { StepOfBatch } from '../../db/queries/send-ledger.js';
import { readUserVariables } from '../../db/queries/user-variables.js';
import type { PushDependencies, RenderedPushes } from '../channels/push.js';
import { withOurLinks, type LinkSettings } from './linking.js';
import type { ClaimedRecipient, Unwritten } from './pair-written.js';

export type PushRendererDependencies = LinkSettings & { readonly database: Database };

/** Writes the push messages of a step from its own words and what is known of each user. */
export const createPushRenderer =
  ({ database, ...settings }: PushRendererDependencies): PushDependencies['render'] =>
  (step, users) =>
    database.withTenant(step.tenantId, (tx) => renderStep(tx, { step, users, settings }));

type Rendering = { readonly step: StepOfBatch; readonly users: readonly ClaimedRecipient[]; readonly settings: LinkSettings };

async function renderStep(tx: TenantTransaction, { step, users, settings }: Rendering): Promise<RenderedPushes> {
  const { tenantId } = step;
  const found = await readCampaignStep(tx, step);
  if (!found) throw new Error(`the plan of the campaign has no step ${step.stepKey}`);
  const { content, plan, topic } = found;
  const { subject = '', text = '', url = '' } = content;
  const userIds = users.map(({ userId }) => userId);
  const known = await readUserVariables(tx, tenantId, userIds, textLookups({ text: `${subject} ${text} ${url}`, template: undefined }));
  const brand = await findEmailSender(tx, tenantId);
  const ofAll = { ...(brand && senderVariables(brand)), ...offeredBy(content) };
  const words = userIds.map((userId) => pushWordsOf(content, { ...known.get(userId), ...ofAll }));
  const sources = [url, brand?.brandUrl].filter((source) => typeof source === 'string');
  return {
    carriage: {
      ttlSeconds: ttlSecondsOf(plan, found.step, content),
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
  words: readonly (PushWords | Unwritten)[],
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
