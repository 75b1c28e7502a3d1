import type { TenantId } from '../../core/ids.js';
import { signToken } from '../../core/message/token.js';
import type { CallAnswer } from '../../db/queries/send-ledger.js';
import type { Claimed, Recipient } from './send-step.js';

/** Whom a claimed message is for. */
export type ClaimedRecipient = Recipient & { readonly messageId: number };
/** Why there is nothing to send to somebody. */
export type Unwritten = { readonly because: string };
export type FailedAnswer = Extract<CallAnswer, { status: 'failed' }>;

export type Paired<M> = {
  readonly messages: readonly { readonly messageId: number; readonly message: M }[];
  /** Of those to whom there is nothing to send. */
  readonly unsent: readonly FailedAnswer[];
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
export function pairWritten<W extends object, M extends object>(
  recipients: readonly ClaimedRecipient[],
  written: readonly (W | Unwritten)[],
  make: (recipient: ClaimedRecipient, written: W) => M | Unwritten,
): Paired<M> {
  if (written.length !== recipients.length) throw new Error(`${written.length} messages were written for ${recipients.length} users`);
  const messages: { readonly messageId: number; readonly message: M }[] = [];
  const unsent: FailedAnswer[] = [];
  for (const [i, recipient] of recipients.entries()) {
    const one = written[i];
    if (one === undefined) continue;
    const { messageId } = recipient;
    const message = isUnwritten(one) ? one : make(recipient, one);
    if (isUnwritten(message)) unsent.push({ messageId, status: 'failed', reason: message.because });
    else messages.push({ messageId, message });
  }
  return { messages, unsent };
}

const isUnwritten = (one: object): one is Unwritten => 'because' in one;
