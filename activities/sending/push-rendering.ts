import type { PushWords } from '../../core/message/push.js';
import { pushWordsOf, ttlSecondsOf } from '../../core/message/push-words.js';
import type { Database, TenantTransaction } from '../../db/client.js';
import { requireCampaignStep } from '../../db/queries/campaigns.js';
import { isTransactional } from '../../db/queries/consent.js';
import type { StepOfBatch } from '../../db/queries/send-ledger.js';
import type { PushDependencies, RenderedPushes } from '../channels/push.js';
import { withOurLinks, type LinkSettings } from './linking.js';
import type { ClaimedRecipient } from './pair-written.js';
import { readSaying } from './saying.js';
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
  const found = await requireCampaignStep(tx, step);
  const { content, plan, topic, step: planned } = found;
  const userIds = users.map(({ userId }) => userId);
  const { brandUrl, to } = await readSaying(tx, step, { found, userIds, at, liquidsOf: ({ subject, text, url }) => [subject, text, url] });
  const words = userIds.map((userId) => {
    const one = to(userId);
    return 'because' in one ? one : pushWordsOf(one.content, one.variables);
  });
  const sources = [content.url, brandUrl].filter((source) => typeof source === 'string');
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
