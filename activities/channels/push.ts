import { pushTopic, type PushCarriage, type PushWords } from '../../core/message/push.js';
import { beginPushes, choosePushDevices, notePushDevice } from '../../db/queries/push-devices.js';
import { answerCall, type StepOfBatch } from '../../db/queries/send-ledger.js';
import { giveOwnCalls, ledgerCalls, type BeginOwnCalls } from '../sending/own-calls.js';
import { pairWritten, recipientsOf, type ClaimedRecipient } from '../sending/pair-written.js';
import { takenOver, type LedgerDependencies } from '../sending/send-chunk.js';
import type { ChannelSender, Claimed } from '../sending/send-step.js';
import { throughOutages } from '../sending/through-outages.js';
import type { Unsent } from '../sending/unsent.js';
import type { PushClient } from './push-client.js';
import { sendPushes, type PushMessage } from './web-push.js';

/** What a step says to each of these users, in their order, or why nothing; and how it is carried. */
export type RenderedPushes = { readonly carriage: PushCarriage; readonly words: readonly (PushWords | Unsent)[] };

export type PushDependencies = {
  readonly client: PushClient;
  /** Where people reach the API: devices report there. */
  readonly publicUrl: string;
  /** `at` is the campaign's moment. */
  readonly render: (step: StepOfBatch, users: readonly ClaimedRecipient[], at: Date) => Promise<RenderedPushes>;
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
    const begin: BeginOwnCalls<PushMessage> = (some, judging) => {
      const begun = some.map(({ callId: own, messageId, message: { device } }) => ({ callId: own, messageId, deviceId: device.deviceId }));
      return beginPushes(database, tenantId, begun, judging);
    };
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

async function writeClaimed({ database, ledgerKey, now }: LedgerDependencies, writing: Writing, claimed: readonly Claimed[]) {
  const { client, publicUrl, render, step } = writing;
  const { tenantId } = step;
  const recipients = recipientsOf(ledgerKey, tenantId, claimed);
  const { carriage, words } = await render(step, recipients, now());
  const { publicKey: vapidKey } = client.options.vapid;
  const messageIds = recipients.map(({ messageId }) => messageId);
  const devices = await choosePushDevices(database, tenantId, { messageIds, vapidKey });
  const paired = pairWritten(recipients, words, ({ messageId, token }, said: PushWords): PushMessage | Unsent => {
    const device = devices.get(messageId) ?? { because: 'no device' };
    if ('because' in device) return device;
    return { token, topic: pushTopic(ledgerKey, token), device, content: { ...said, reportUrl: `${publicUrl}/v1/push/reports/${token}` } };
  });
  return { carriage, ...paired };
}
