import { hashText } from '../../core/message/sealed-text.js';
import { COMMENT_MS, socialFault, WINDOW_MS, type SocialMessage, type SocialProvider } from '../../core/message/social-message.js';
import { answerCall, type StepOfBatch } from '../../db/queries/send-ledger.js';
import { beginSocials, closeWindows, readWindows, type SocialWindow } from '../../db/queries/social.js';
import { giveOwnCalls, ledgerCalls, type BeginOwnCalls } from '../sending/own-calls.js';
import { pairWritten, recipientsOf, type ClaimedRecipient } from '../sending/pair-written.js';
import { takenOver, type LedgerDependencies, type Standing } from '../sending/send-chunk.js';
import type { ChannelSender, Claimed } from '../sending/send-step.js';
import { throughOutages } from '../sending/through-outages.js';
import type { Unsent } from '../sending/unsent.js';
import { sendByMeta, type MetaOptions } from './meta.js';

export type SocialRecipient = ClaimedRecipient & { readonly provider: SocialProvider };
type SocialText = { readonly text: string };
/** What a step says to each of these users, in their order, or why nothing; and the tokens of the accounts that say it. */
export type RenderedSocial = {
  readonly accessTokens: ReadonlyMap<SocialProvider, string>;
  readonly texts: readonly (SocialText | Unsent)[];
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
  const claims = recipientsOf(ledgerKey, step.tenantId, open);
  const recipients = open.flatMap(({ provider, commentId }, i) => {
    const claim = claims[i];
    return claim ? [{ ...claim, provider, commentId }] : [];
  });
  const { accessTokens, texts } = open.length === 0 ? NOTHING : await render(step, recipients, now());
  const paired = pairWritten(recipients, texts, ({ token, address, provider, commentId }, { text }: SocialText): SocialMessage | Unsent => {
    const to = commentId === null ? ({ kind: 'person', id: address } as const) : ({ kind: 'comment', id: commentId } as const);
    const message = { token, provider, to, text };
    const because = accessTokens.has(provider) ? socialFault(message) : noAccount(provider);
    return because === undefined ? message : { because };
  });
  return { accessTokens, ...paired };
}

const NOTHING: RenderedSocial = { accessTokens: new Map(), texts: [] };
const noAccount = (provider: SocialProvider): string => `the tenant has no account on ${provider}`;
