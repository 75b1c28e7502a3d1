import { inAppFault, type InAppMessage } from '../../core/message/in-app.js';
import { deliverToInboxes } from '../../db/queries/inbox.js';
import { answerCall, type StepOfBatch } from '../../db/queries/send-ledger.js';
import { pairWritten, recipientsOf } from '../sending/pair-written.js';
import { requireFresh, takenOver } from '../sending/send-chunk.js';
import type { Recipient, ChannelSender } from '../sending/send-step.js';
import { throughOutages } from '../sending/through-outages.js';
import type { Unsent } from '../sending/unsent.js';

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
    const recipients = recipientsOf(ledgerKey, tenantId, claimed);
    const { messages, unsent } = pairWritten(
      recipients,
      await render(step, recipients, now()),
      (_, message: InAppMessage): InAppMessage | Unsent => {
        const because = inAppFault(message);
        return because === undefined ? message : { because };
      },
    );
    const items = messages.map(({ messageId, message }) => ({ ...message, messageId }));
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
