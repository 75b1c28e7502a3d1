import { randomUUID } from 'node:crypto';
import { phoneFault, type PhoneChannel, type PhoneContent, type PhoneMessage, type PhoneSender } from '../../core/message/phone-message.js';
import { hashText } from '../../core/message/sealed-text.js';
import type { SendOutcome } from '../../core/message/send-outcome.js';
import { signToken } from '../../core/message/token.js';
import { answerCall, type CallAnswer, type StepOfBatch } from '../../db/queries/send-ledger.js';
import { answerText, beginText, listOpenWindows, partClaims, type Hush } from '../../db/queries/texts.js';
import { answersFor, FRESH_MS, takenOver, type Standing } from '../sending/send-chunk.js';
import type { ChannelSender, Claimed, LedgerDependencies, Recipient } from '../sending/send-step.js';
import { throughOutages } from '../sending/through-outages.js';
import { sendTexts, type TextCalls } from './twilio.js';
import type { TwilioClient } from './twilio-client.js';

/** `isOpen`: they have written to us within a day, so that WhatsApp lets us say anything. */
export type TextRecipient = Recipient & { readonly messageId: number; readonly isOpen: boolean };
/** What a step says to each of these users, in their order, or why nothing; and who says it. */
export type RenderedTexts = {
  readonly sender: PhoneSender;
  readonly contents: readonly (PhoneContent | { readonly because: string })[];
};

export type TextDependencies = {
  readonly client: TwilioClient;
  /** Where Twilio tells what becomes of a message. */
  readonly statusUrl: string;
  readonly render: (step: StepOfBatch, channel: PhoneChannel, users: readonly TextRecipient[]) => Promise<RenderedTexts>;
};

/** WhatsApp lets anything through for a day after somebody has written. A minute is for what is on its way. */
const WINDOW_MS = 24 * 3_600_000 - 60_000;

/** A message with the call that is its own. */
type OwnCall = { readonly callId: string; readonly messageId: number; readonly message: PhoneMessage };

/**
 * Sends by Twilio: a request for each message, and so a call for each. What a call's beginning finds out about a message, and what becomes
 * of it, is written down one by one, so that a worker that dies leaves no more uncertain than was under way.
 */
export const createTextChannel =
  (channel: PhoneChannel, dependencies: TextDependencies): ChannelSender =>
  async (ledger, step, { callId, claimed }) => {
    const { database, now, patience } = ledger;
    const { tenantId } = step;
    const { sender, messages, unsent } = await renderClaimed(ledger, { ...dependencies, channel, step }, claimed);
    if (unsent.length > 0) await throughOutages(() => answerCall(database, tenantId, { callId, answers: unsent, at: now() }), patience);
    if (messages.length === 0) return unsent;
    const own = messages.map(({ messageId, message }) => ({ callId: randomUUID(), messageId, message }));
    if (!(await throughOutages(() => partClaims(database, tenantId, { from: callId, calls: own }), patience))) throw takenOver();
    const { calls, standings, lost } = ledgerCalls(ledger, step, own);
    const batch = { sender, statusUrl: dependencies.statusUrl, messages: own.map(({ message }) => message) };
    await sendTexts(dependencies.client, batch, { calls });
    if (lost.size > 0) throw takenOver();
    return [...unsent, ...standings];
  };

type Rendering = TextDependencies & { readonly channel: PhoneChannel; readonly step: StepOfBatch };

async function renderClaimed(
  { database, ledgerKey }: LedgerDependencies,
  { render, channel, step }: Rendering,
  claimed: readonly Claimed[],
) {
  const { tenantId } = step;
  const messageIds = claimed.map(({ messageId }) => messageId);
  const since = new Date(Date.now() - WINDOW_MS);
  const open = channel === 'whatsapp' ? await listOpenWindows(database, tenantId, { messageIds, since }) : new Set<number>();
  const recipients = claimed.map(({ userId, address, messageId }) => ({
    userId,
    address,
    messageId,
    token: signToken(ledgerKey, { tenantId, messageId }),
    isOpen: open.has(messageId),
  }));
  const { sender, contents } = await render(step, channel, recipients);
  if (contents.length !== claimed.length) throw new Error(`${contents.length} texts were rendered for ${claimed.length} users`);
  const messages: { readonly messageId: number; readonly message: PhoneMessage }[] = [];
  const unsent: Extract<CallAnswer, { status: 'failed' }>[] = [];
  for (const [i, { messageId, address: to }] of claimed.entries()) {
    const [content, recipient] = [contents[i], recipients[i]];
    if (!content || !recipient) continue;
    const message = 'because' in content ? undefined : { token: recipient.token, channel, to, content };
    const because = 'because' in content ? content.because : message && phoneFault(message);
    if (because !== undefined) unsent.push({ messageId, status: 'failed', reason: because });
    else if (message) messages.push({ messageId, message });
  }
  return { sender, messages, unsent };
}

/** What the ledger says and is told of each message; where each stands in the end; and those that somebody has taken over. */
function ledgerCalls({ database, ledgerKey, now, patience }: LedgerDependencies, { tenantId }: StepOfBatch, own: readonly OwnCall[]) {
  const byToken = new Map(own.map((call) => [call.message.token, call]));
  const standings: Standing[] = [];
  const lost = new Set<number>();
  const callOf = ({ token }: PhoneMessage): OwnCall => {
    const call = byToken.get(token);
    if (!call) throw new Error('this message has no call');
    return call;
  };
  const calls: TextCalls = {
    async begin(message) {
      const { callId, messageId } = callOf(message);
      const { content } = message;
      const said = content.kind === 'text' ? hashText(ledgerKey, content.text) : null;
      for (;;) {
        // By the clock of the machine: a campaign's may run faster. Whoever was held up asks anew: somebody may want no more meanwhile.
        const startedMs = Date.now();
        const begin = { callId, messageId, addressKey: ledgerKey, at: now(), said };
        const begun = await throughOutages(() => beginText(database, tenantId, begin), patience);
        if (begun?.status === 'claimed' && Math.abs(Date.now() - startedMs) > FRESH_MS) continue;
        if (begun?.status === 'claimed') return true;
        if (begun) standings.push(begun);
        else lost.add(messageId);
        return false;
      }
    },
    async ended(message, outcome) {
      const { callId, messageId } = callOf(message);
      const [answer] = answersFor(outcome, [{ messageId }], now());
      if (!answer) throw new Error('an outcome says nothing of its message');
      const told = { callId, answer, messageSid: sidOf(outcome), hush: hushOf(outcome), at: now() };
      await throughOutages(() => answerText(database, tenantId, told), patience);
      standings.push(answer);
    },
  };
  return { calls, standings, lost };
}

const sidOf = (outcome: SendOutcome): string | undefined => (outcome.kind === 'accepted' ? outcome.messageId : undefined);

function hushOf(outcome: SendOutcome): Hush | undefined {
  if (outcome.kind !== 'refused' || outcome.addressFault === undefined) return undefined;
  return outcome.addressFault === 'opted_out' ? 'unsubscribed' : 'bounced';
}
