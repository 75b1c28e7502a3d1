import { inAppFault, type InAppMessage } from '../../core/message/in-app.js';
import { signToken } from '../../core/message/token.js';
import { deliverToInboxes } from '../../db/queries/inbox.js';
import { answerCall, type StepOfBatch } from '../../db/queries/send-ledger.js';
import { requireFresh, takenOver } from '../sending/send-chunk.js';
import type { Recipient, ChannelSender } from '../sending/send-step.js';
import { throughOutages } from '../sending/through-outages.js';
import { unsentAnswer, type Unsent } from '../sending/unsent.js';

export type InAppDependencies = {
  /** What a step says to each of these users, in their order, or why nothing; `at` is the campaign's moment. */
  readonly render: (step: StepOfBatch, users: readonly Recipient[], at: Date) => Promise<readonly (InAppMessage | Unsent)[]>;
};

/**
 * Sends by putting messages into inboxes. The provider is our own database: the call, the items and the ledger change in one transaction, so
 * that no message is ever uncertain, and what an outage interrupts is done again.
 */
export const createInAppChannel =
  ({ render }: InAppDependencies): ChannelSender =>
  async ({ database, ledgerKey, now, patience }, step, { callId, claimedMs, claimed }) => {
    const { tenantId } = step;
    const token = (messageId: number) => signToken(ledgerKey, { tenantId, messageId });
    const rendered = await render(
      step,
      claimed.map(({ userId, address, messageId }) => ({ userId, address, token: token(messageId) })),
      now(),
    );
    if (rendered.length !== claimed.length) throw new Error(`${rendered.length} messages were rendered for ${claimed.length} users`);
    const judged = rendered.map(judge);
    const idOf = (position: number): number => claimed[position]?.messageId ?? 0;
    const items = judged.flatMap((one, i) => ('because' in one ? [] : [{ ...one, messageId: idOf(i) }]));
    const unsent = judged.flatMap((one, i) => ('because' in one ? [unsentAnswer(idOf(i), one)] : []));
    const answer = () => answerCall(database, tenantId, { callId, answers: unsent, at: now() });
    if (unsent.length > 0) await throughOutages(answer, patience);
    if (items.length === 0) return unsent;
    const deliver = () => {
      requireFresh(claimedMs);
      return deliverToInboxes(database, tenantId, { callId, items, addressKey: ledgerKey, at: now() });
    };
    const delivered = await throughOutages(deliver, patience);
    if (delivered === undefined) throw takenOver();
    return [...unsent, ...delivered];
  };

function judge(rendered: InAppMessage | Unsent): InAppMessage | Unsent {
  if ('because' in rendered) return rendered;
  const because = inAppFault(rendered);
  return because === undefined ? rendered : { because };
}
