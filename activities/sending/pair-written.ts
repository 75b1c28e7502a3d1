import type { TenantId } from '../../core/ids.js';
import { signToken } from '../../core/message/token.js';
import type { Claimed, Recipient } from './send-step.js';
import { unsentAnswer, type Unsent, type UnsentAnswer } from './unsent.js';

/** Whom a claimed message is for. */
export type ClaimedRecipient = Recipient & { readonly messageId: number };

export type Paired<M> = {
  readonly messages: readonly { readonly messageId: number; readonly message: M }[];
  /** Of those to whom there is nothing to send. */
  readonly unsent: readonly UnsentAnswer[];
};

/** Whom the messages of a claim are for, each with the token that is all that others may know it by. */
export const recipientsOf = (ledgerKey: Buffer, tenantId: TenantId, claimed: readonly Claimed[]): readonly ClaimedRecipient[] =>
  claimed.map(({ userId, address, messageId }) => ({
    userId,
    address,
    messageId,
    token: signToken(ledgerKey, { tenantId, messageId }),
  }));

/** Pairs what was written for users with them, in their order. `make` makes the message that is sent of it, or says why there is none. */
export function pairWritten<R extends ClaimedRecipient, W extends object, M extends object>(
  recipients: readonly R[],
  written: readonly (W | Unsent)[],
  make: (recipient: R, written: W) => M | Unsent,
): Paired<M> {
  if (written.length !== recipients.length) throw new Error(`${written.length} messages were written for ${recipients.length} users`);
  const messages: { readonly messageId: number; readonly message: M }[] = [];
  const unsent: UnsentAnswer[] = [];
  for (const [i, recipient] of recipients.entries()) {
    const one = written[i];
    if (one === undefined) continue;
    const { messageId } = recipient;
    const message = isUnsent(one) ? one : make(recipient, one);
    if (isUnsent(message)) unsent.push(unsentAnswer(messageId, message));
    else messages.push({ messageId, message });
  }
  return { messages, unsent };
}

const isUnsent = (one: object): one is Unsent => 'because' in one;
