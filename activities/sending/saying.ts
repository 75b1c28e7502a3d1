import { contentInArm, incentiveOf } from '../../core/campaign/step-words.js';
import type { Variation } from '../../core/experiment/variation.js';
import type { TenantId } from '../../core/ids.js';
import type { PlanContent } from '../../core/journey/plan.js';
import { senderVariables } from '../../core/template/sender.js';
import { textLookups, type TextVariables } from '../../core/template/text-message.js';
import { allLookups, sayPersonalOffer } from '../../core/template/user-variables.js';
import type { TenantTransaction } from '../../db/client.js';
import type { FoundStep } from '../../db/queries/campaigns.js';
import { findEmailSender } from '../../db/queries/email-senders.js';
import type { StepOfBatch } from '../../db/queries/send-ledger.js';
import { readShownArms } from '../../db/queries/test-slots.js';
import { readUserVariables } from '../../db/queries/user-variables.js';
import { offersTo } from './personal-offers.js';
import type { Unsent } from './unsent.js';

/** The step's words in somebody's arm, and what they may say of this person; or why they get none. */
export type Said = { readonly content: Omit<PlanContent, 'key'>; readonly variables: TextVariables } | Unsent;

export type Saying = {
  /** All Liquid that anybody may be shown. */
  readonly said: readonly string[];
  readonly brandUrl: string | null | undefined;
  readonly to: (userId: string) => Said;
};

type SayingOf = {
  readonly found: FoundStep;
  readonly userIds: readonly string[];
  readonly at: Date;
  /** What of a content is Liquid. */
  readonly liquidsOf: (content: Omit<PlanContent, 'key'>) => readonly (string | undefined)[];
  /** Whether each person is given what is offered whatever the words say. */
  readonly showsOffer?: boolean;
};

/** What a step says to each of these users by its own words: on all channels but in mails, which have a template's. */
export async function readSaying(
  tx: TenantTransaction,
  step: StepOfBatch,
  { found: { content, test }, userIds, at, liquidsOf, showsOffer = false }: SayingOf,
): Promise<Saying> {
  const { tenantId } = step;
  const arms = await readShownArms(tx, tenantId, test, userIds);
  const contentOf = (parts: Variation['parts']) => contentInArm(content, parts);
  const liquids = arms.all.map(contentOf).flatMap(liquidsOf);
  const said = liquids.filter((liquid) => liquid !== undefined);
  const { brandUrl, to } = await readVariables(tx, tenantId, { userIds, said });
  const offerTo = await offersTo(tx, step, { offer: content.offer, says: showsOffer || sayPersonalOffer(said), userIds, at });
  return {
    said,
    brandUrl,
    to(userId) {
      const offered = offerTo(userId);
      if ('because' in offered) return offered;
      return { content: contentOf(arms.to(userId)), variables: { ...to(userId), ...incentiveOf(content), ...offered } };
    },
  };
}

/** What is known of each of these users and of the sender, as far as the words name it. */
export async function readVariables(
  tx: TenantTransaction,
  tenantId: TenantId,
  { userIds, said }: { readonly userIds: readonly string[]; readonly said: readonly string[] },
): Promise<{ readonly brandUrl: string | null | undefined; readonly to: (userId: string) => TextVariables }> {
  const known = await readUserVariables(tx, tenantId, userIds, allLookups(said.map((text) => textLookups({ text, template: undefined }))));
  const brand = await findEmailSender(tx, tenantId);
  const ofAll = brand && senderVariables(brand);
  return { brandUrl: brand?.brandUrl, to: (userId) => ({ ...known.get(userId), ...ofAll }) };
}
