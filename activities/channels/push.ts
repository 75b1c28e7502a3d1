import { pushTopic, type PushCarriage, type PushWords } from '../../core/message/push.js';
import { signToken } from '../../core/message/token.js';
import { beginPush, choosePushDevices, notePushDevice } from '../../db/queries/push-devices.js';
import { answerCall, type CallAnswer, type StepOfBatch } from '../../db/queries/send-ledger.js';
import { giveOwnCalls, ledgerCalls, type BeginOwnCall } from '../sending/own-calls.js';
import { takenOver, type LedgerDependencies } from '../sending/send-chunk.js';
import type { ChannelSender, Claimed, Recipient } from '../sending/send-step.js';
import { throughOutages } from '../sending/through-outages.js';
import type { PushClient } from './push-client.js';
import { sendPushes, type PushMessage } from './web-push.js';

export type PushRecipient = Recipient & { readonly messageId: number };
/** What a step says to each of these users, in their order, or why nothing; and how it is carried. */
export type RenderedPushes = { readonly carriage: PushCarriage; readonly words: readonly (PushWords | { readonly because: string })[] };

export type PushDependencies = {
  readonly client: PushClient;
  /** Where people reach the API: devices report there. */
  readonly publicUrl: string;
  readonly render: (step: StepOfBatch, users: readonly PushRecipient[]) => Promise<RenderedPushes>;
};

/**
 * Sends by web push: a request for each message, and so a call for each, to one device of its user. Where that one is gone, the message is
 * put off until now, and so asked for anew, with all that a claim asks, and for the next device; until there is none.
 */
export const createPushChannel =
  (dependencies: PushDependencies): ChannelSender =>
  async (ledger, step, { callId, claimedMs, claimed }) => {
    const { database, now, patience } = ledger;
    const { tenantId } = step;
    const { carriage, messages, unsent } = await writeClaimed(ledger, { ...dependencies, step }, claimed);
    if (unsent.length > 0) await throughOutages(() => answerCall(database, tenantId, { callId, answers: unsent, at: now() }), patience);
    if (messages.length === 0) return unsent;
    const own = await giveOwnCalls(ledger, tenantId, callId, messages);
    const begin: BeginOwnCall<PushMessage> = (call, { device: { deviceId } }) => beginPush(database, tenantId, { ...call, deviceId });
    const { calls, standings, lost } = ledgerCalls(ledger, { tenantId, claimedMs, own, begin });
    await sendPushes(
      dependencies.client,
      own.map(({ message }) => message),
      {
        carriage,
        calls,
        nowMs: () => now().getTime(),
        async noted({ device }, finding) {
          if (finding === 'unknown' || (finding === 'reached' && device.silentForMs === undefined)) return;
          await throughOutages(() => notePushDevice(database, tenantId, device.deviceId, finding), patience);
        },
      },
    );
    if (lost.size > 0) throw takenOver();
    return [...unsent, ...standings];
  };

type Writing = PushDependencies & { readonly step: StepOfBatch };

async function writeClaimed({ database, ledgerKey }: LedgerDependencies, writing: Writing, claimed: readonly Claimed[]) {
  const { client, publicUrl, render, step } = writing;
  const { tenantId } = step;
  const recipients = claimed.map(({ userId, address, messageId }) => ({
    userId,
    address,
    messageId,
    token: signToken(ledgerKey, { tenantId, messageId }),
  }));
  const { carriage, words } = await render(step, recipients);
  if (words.length !== claimed.length) throw new Error(`${words.length} push messages were written for ${claimed.length} users`);
  const { publicKey: vapidKey } = client.options.vapid;
  const messageIds = recipients.map(({ messageId }) => messageId);
  const devices = await choosePushDevices(database, tenantId, { messageIds, vapidKey });
  const messages: { readonly messageId: number; readonly message: PushMessage }[] = [];
  const unsent: Extract<CallAnswer, { status: 'failed' }>[] = [];
  for (const [i, { messageId, token }] of recipients.entries()) {
    const said = words[i] ?? { because: 'it has no words' };
    const device = devices.get(messageId) ?? { because: 'no device' };
    if ('because' in said) unsent.push({ messageId, status: 'failed', reason: said.because });
    else if ('because' in device) unsent.push({ messageId, status: 'failed', reason: device.because });
    else {
      const content = { ...said, reportUrl: `${publicUrl}/v1/push/reports/${token}` };
      messages.push({ messageId, message: { token, topic: pushTopic(ledgerKey, token), device, content } });
    }
  }
  return { carriage, messages, unsent };
}
