import { phoneFault, type PhoneChannel, type PhoneContent, type PhoneMessage, type PhoneSender } from '../../core/message/phone-message.js';
import { hashText } from '../../core/message/sealed-text.js';
import { answerCall, type StepOfBatch } from '../../db/queries/send-ledger.js';
import { beginTexts, listOpenWindows } from '../../db/queries/texts.js';
import { giveOwnCalls, ledgerCalls, type BeginOwnCalls } from '../sending/own-calls.js';
import { pairWritten, recipientsOf, type ClaimedRecipient } from '../sending/pair-written.js';
import { takenOver, type LedgerDependencies } from '../sending/send-chunk.js';
import type { ChannelSender, Claimed } from '../sending/send-step.js';
import { throughOutages } from '../sending/through-outages.js';
import type { Unsent } from '../sending/unsent.js';
import { sendTexts } from './twilio.js';
import type { TwilioClient } from './twilio-client.js';

/** `isOpen`: they have written to us within a day, so that WhatsApp lets us say anything. */
export type TextRecipient = ClaimedRecipient & { readonly isOpen: boolean };
/** What a step says to each of these users, in their order, or why nothing; and who says it. */
export type RenderedTexts = {
  readonly sender: PhoneSender;
  readonly contents: readonly (PhoneContent | Unsent)[];
};

export type TextDependencies = {
  readonly client: TwilioClient;
  /** Where Twilio tells what becomes of a message. */
  readonly statusUrl: string;
  /** `at` is the campaign's moment. */
  readonly render: (step: StepOfBatch, channel: PhoneChannel, users: readonly TextRecipient[], at: Date) => Promise<RenderedTexts>;
};

/** WhatsApp lets anything through for a day after somebody has written. A minute is for what is on its way. */
const WINDOW_MS = 24 * 3_600_000 - 60_000;

/**
 * Sends by Twilio: a request for each message, and so a call for each. What a call's beginning finds out about a message, and what becomes
 * of it, is written down as it happens, so that a worker that dies leaves no more uncertain than was under way.
 */
export const createTextChannel =
  (channel: PhoneChannel, dependencies: TextDependencies): ChannelSender =>
  async (ledger, step, { callId, claimedMs, claimed }) => {
    const { database, ledgerKey, now, patience } = ledger;
    const { tenantId } = step;
    const { sender, messages, unsent } = await renderClaimed(ledger, { ...dependencies, channel, step }, claimed);
    if (unsent.length > 0) await throughOutages(() => answerCall(database, tenantId, { callId, answers: unsent, at: now() }), patience);
    if (messages.length === 0) return unsent;
    const own = await giveOwnCalls(ledger, tenantId, callId, messages);
    const begin: BeginOwnCalls<PhoneMessage> = (some, judging) => {
      const said = ({ content }: PhoneMessage) => (content.kind === 'text' ? hashText(ledgerKey, content.text) : null);
      return beginTexts(database, tenantId, some.map(({ message, ...call }) => ({ ...call, said: said(message) })), judging); // prettier-ignore
    };
    const { calls, standings, lost } = ledgerCalls(ledger, { tenantId, claimedMs, own, begin });
    const batch = { sender, statusUrl: dependencies.statusUrl, messages: own.map(({ message }) => message) };
    await sendTexts(dependencies.client, batch, { calls });
    if (lost.size > 0) throw takenOver();
    return [...unsent, ...standings];
  };

type Rendering = TextDependencies & { readonly channel: PhoneChannel; readonly step: StepOfBatch };

async function renderClaimed(
  { database, ledgerKey, now }: LedgerDependencies,
  { render, channel, step }: Rendering,
  claimed: readonly Claimed[],
) {
  const { tenantId } = step;
  const messageIds = claimed.map(({ messageId }) => messageId);
  const since = new Date(Date.now() - WINDOW_MS);
  const open = channel === 'whatsapp' ? await listOpenWindows(database, tenantId, { messageIds, since }) : new Set<number>();
  const recipients = recipientsOf(ledgerKey, tenantId, claimed);
  const users = recipients.map((recipient) => ({ ...recipient, isOpen: open.has(recipient.messageId) }));
  const { sender, contents } = await render(step, channel, users, now());
  const paired = pairWritten(recipients, contents, ({ token, address: to }, content: PhoneContent): PhoneMessage | Unsent => {
    const message = { token, channel, to, content };
    const because = phoneFault(message);
    return because === undefined ? message : { because };
  });
  return { sender, ...paired };
}
