import { hashText } from '../../core/message/sealed-text.js';
import { COMMENT_MS, socialFault, WINDOW_MS, type SocialMessage, type SocialProvider } from '../../core/message/social-message.js';
import { signToken } from '../../core/message/token.js';
import { answerCall, type StepOfBatch } from '../../db/queries/send-ledger.js';
import { beginSocials, closeWindows, readWindows, type SocialWindow } from '../../db/queries/social.js';
import { giveOwnCalls, ledgerCalls, type BeginOwnCalls } from '../sending/own-calls.js';
import { takenOver, type LedgerDependencies, type Standing } from '../sending/send-chunk.js';
import type { ChannelSender, Claimed, Recipient } from '../sending/send-step.js';
import { throughOutages } from '../sending/through-outages.js';
import { unsentAnswer, type Unsent, type UnsentAnswer } from '../sending/unsent.js';
import { sendByMeta, type MetaOptions } from './meta.js';

export type SocialRecipient = Recipient & { readonly messageId: number; readonly provider: SocialProvider };
/** What a step says to each of these users, in their order, or why nothing; and the tokens of the accounts that say it. */
export type RenderedSocial = {
  readonly accessTokens: ReadonlyMap<SocialProvider, string>;
  readonly texts: readonly ({ readonly text: string } | Unsent)[];
};

export type SocialDependencies = {
  readonly meta: MetaOptions;
  readonly render: (step: StepOfBatch, users: readonly SocialRecipient[], at: Date) => Promise<RenderedSocial>;
};

/**
 * Sends over Messenger and Instagram: a request for each message, and so a call for each. Where the window of somebody is closed, the
 * message is suppressed before anything is begun: no network lets a campaign's message through then.
 */
export const createSocialChannel =
  (dependencies: SocialDependencies): ChannelSender =>
  async (ledger, step, { callId, claimedMs, claimed }) => {
    const { database, now, patience } = ledger;
    const { tenantId } = step;
    const { open, closed } = await sortByWindow(ledger, step, callId, claimed);
    const { accessTokens, messages, unsent } = await renderOpen(ledger, { ...dependencies, step }, open);
    if (unsent.length > 0) await throughOutages(() => answerCall(database, tenantId, { callId, answers: unsent, at: now() }), patience);
    if (messages.length === 0) return [...closed, ...unsent];
    const own = await giveOwnCalls(ledger, tenantId, callId, messages);
    const standings: Standing[] = [];
    for (const [provider, accessToken] of accessTokens) {
      const ofProvider = own.filter(({ message }) => message.provider === provider);
      const begin = beginOver(ledger, step, provider);
      const { calls, ...ended } = ledgerCalls(ledger, { tenantId, claimedMs, own: ofProvider, begin });
      await sendByMeta(dependencies.meta, { accessToken, messages: ofProvider.map(({ message }) => message) }, { calls });
      if (ended.lost.size > 0) throw takenOver();
      standings.push(...ended.standings);
    }
    return [...closed, ...unsent, ...standings];
  };

const beginOver =
  ({ database, ledgerKey }: LedgerDependencies, { tenantId }: StepOfBatch, provider: SocialProvider): BeginOwnCalls<SocialMessage> =>
  (some, judging) => {
    const calls = some.map(({ callId, messageId, message: { to, text } }) => {
      return { callId, messageId, said: hashText(ledgerKey, text), commentId: to.kind === 'comment' ? to.id : null };
    });
    return beginSocials(database, tenantId, { provider, calls }, judging);
  };

type Open = Claimed & Omit<SocialWindow, 'messageId'>;

async function sortByWindow(
  { database, patience }: LedgerDependencies,
  { tenantId }: StepOfBatch,
  callId: string,
  claimed: readonly Claimed[],
): Promise<{ readonly open: readonly Open[]; readonly closed: readonly Standing[] }> {
  const nowMs = Date.now();
  const [since, commentedSince] = [new Date(nowMs - WINDOW_MS), new Date(nowMs - COMMENT_MS)];
  const windows = await throughOutages(() => readWindows(database, tenantId, { claimed, since, commentedSince }), patience);
  const byMessage = new Map(windows.map((window) => [window.messageId, window]));
  const open = claimed.flatMap((one) => {
    const window = byMessage.get(one.messageId);
    return window?.isOpen === true ? [{ ...one, ...window }] : [];
  });
  const isOpen = new Set(open.map(({ messageId }) => messageId));
  const messageIds = claimed.flatMap(({ messageId }) => (isOpen.has(messageId) ? [] : [messageId]));
  if (messageIds.length > 0) await throughOutages(() => closeWindows(database, tenantId, { callId, messageIds }), patience);
  return { open, closed: messageIds.map((messageId) => ({ messageId, status: 'suppressed' })) };
}

type Rendering = SocialDependencies & { readonly step: StepOfBatch };

async function renderOpen({ ledgerKey, now }: LedgerDependencies, { render, step }: Rendering, open: readonly Open[]) {
  const { tenantId } = step;
  const recipients = open.map(({ messageId, userId, address, provider }) => {
    return { messageId, userId, address, provider, token: signToken(ledgerKey, { tenantId, messageId }) };
  });
  const { accessTokens, texts } = open.length === 0 ? NOTHING : await render(step, recipients, now());
  if (texts.length !== open.length) throw new Error(`${texts.length} messages were rendered for ${open.length} users`);
  const messages: { readonly messageId: number; readonly message: SocialMessage }[] = [];
  const unsent: UnsentAnswer[] = [];
  for (const [i, { messageId, address, provider, commentId }] of open.entries()) {
    const [rendered, recipient] = [texts[i], recipients[i]];
    if (!rendered || !recipient) continue;
    const to = commentId === null ? ({ kind: 'person', id: address } as const) : ({ kind: 'comment', id: commentId } as const);
    const message = 'because' in rendered ? undefined : { token: recipient.token, provider, to, text: rendered.text };
    const fault = accessTokens.has(provider) ? message && socialFault(message) : noAccount(provider);
    if ('because' in rendered) unsent.push(unsentAnswer(messageId, rendered));
    else if (fault !== undefined) unsent.push(unsentAnswer(messageId, { because: fault }));
    else if (message) messages.push({ messageId, message });
  }
  return { accessTokens, messages, unsent };
}

const NOTHING: RenderedSocial = { accessTokens: new Map(), texts: [] };
const noAccount = (provider: SocialProvider): string => `the tenant has no account on ${provider}`;
