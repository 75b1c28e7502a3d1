import { contentFault, payloadOf, type PushCarriage, type PushContent } from '../../core/message/push.js';
import { pushOutcome, type PushVerdict } from '../../core/message/push-outcome.js';
import type { SendOutcome } from '../../core/message/send-outcome.js';
import type { PushSubscription } from '../../core/push/subscription.js';
import { sendOneByOne, type LedgerCalls, type SentOne } from './one-by-one.js';
import { preparePush, type PushClient } from './push-client.js';

/** A device of a user. `silentForMs`: for so long nobody has answered for it. */
export type PushDevice = PushSubscription & { readonly deviceId: number; readonly silentForMs: number | undefined };

/** A message for one device. */
export type PushMessage = {
  readonly token: string;
  readonly topic: string;
  readonly device: PushDevice;
  readonly content: PushContent;
};

export type PushSending = {
  readonly carriage: PushCarriage;
  readonly calls?: LedgerCalls<PushMessage>;
  /** What was found out about a message's device, once its answer is written down. */
  readonly noted?: (message: PushMessage, device: PushVerdict['device']) => Promise<void>;
  readonly nowMs: () => number;
};

/** So many in a row without an answer, and the rest of those for the same service is kept back. */
const AT_ONCE = 8;

/**
 * Sends each message by a request of its own, those to different push services apart: who names a service of their own that never answers
 * holds up nobody else. Throws only what the ledger throws, when all that is under way is written down.
 */
export async function sendPushes(
  client: PushClient,
  messages: readonly PushMessage[],
  sending: PushSending,
): Promise<ReadonlyMap<string, SendOutcome>> {
  const outcomes = new Map<string, SendOutcome>();
  const groups = byService(messages);
  const sent = await Promise.allSettled(
    [...groups.values()].map(async (group) => {
      const answers = await sendToService(client, group, sending);
      for (const [i, { token }] of group.entries()) if (answers[i]) outcomes.set(token, answers[i]);
    }),
  );
  const failed = sent.find((one) => one.status === 'rejected');
  if (failed) throw failed.reason;
  return outcomes;
}

function byService(messages: readonly PushMessage[]): ReadonlyMap<string, PushMessage[]> {
  const groups = new Map<string, PushMessage[]>();
  for (const message of messages) {
    const { origin } = new URL(message.device.endpoint);
    const group = groups.get(origin);
    if (group) group.push(message);
    else groups.set(origin, [message]);
  }
  return groups;
}

function sendToService(client: PushClient, messages: readonly PushMessage[], { carriage, calls, noted, nowMs }: PushSending) {
  const verdicts = new Map<string, PushVerdict>();
  return sendOneByOne(messages, {
    provider: 'its push service',
    atOnce: AT_ONCE,
    faultOf: ({ content, topic }) => contentFault(content, topic),
    inTurn: client.inTurn,
    calls: calls && {
      begin: calls.begin,
      async ended(message, outcome) {
        await calls.ended(message, outcome);
        const verdict = verdicts.get(message.token);
        if (verdict) await noted?.(message, verdict.device);
      },
    },
    prepare: (message) => {
      const { device, topic, content } = message;
      const send = preparePush(client, { ...carriage, subscription: device, topic, payload: payloadOf(content, topic) });
      return Promise.resolve(async (): Promise<SentOne> => {
        const answer = await send();
        const verdict = pushOutcome(answer, nowMs(), device.silentForMs);
        verdicts.set(message.token, verdict);
        const { outcome } = verdict;
        return {
          outcome,
          concernsAll: answer.kind === 'broken' && outcome.kind === 'not_accepted',
          isUnanswered: outcome.kind === 'ambiguous',
        };
      });
    },
  });
}
