import { randomBytes } from 'node:crypto';
import type { SocialProvider } from '../../core/message/social-message.js';
import type { MetaAccount } from './accounts.js';
import { socialReactionsTo, type SocialAudience } from './audience.js';
import type { AcceptedSocial } from './journal.js';
import type { People } from './people.js';
import type { MetaWebhook, Told } from './webhook.js';

/** Something that somebody writes to the app's account on a network, or comments there. */
export type Written = { readonly provider: SocialProvider; readonly from: string; readonly text: string; readonly quotes?: string };

/** Those to whom messages go, and what the app is told of them. */
export type World = {
  readonly people: People;
  readonly webhook: MetaWebhook;
  readonly audience: SocialAudience;
  readonly seed: number;
  readonly speed: number;
  readonly now: () => number;
};

export const newMid = (provider: SocialProvider): string =>
  provider === 'messenger' ? `m_${randomBytes(32).toString('base64url')}` : `aWdf${randomBytes(48).toString('base64')}`;

/** What the app is told of a message: that it was said, that it arrived (Instagram does not tell), that it was read, what is answered. */
export function react(state: World, account: MetaAccount, { mid, to, text, metadata }: AcceptedSocial): void {
  const { audience, seed, speed, webhook, now } = state;
  const isMessenger = account.provider === 'messenger';
  const said = { mid, text, is_echo: true, ...(metadata !== null && { metadata, app_id: 1 }) };
  webhook.schedule(() => messaging(state, account, { from: account.accountId, to, message: said }), 0);
  for (const reaction of socialReactionsTo(seed, audience(to), to, metadata ?? text)) {
    webhook.schedule(() => {
      if (reaction.kind === 'clicks') return webhook.click(text);
      if (reaction.kind === 'writes') {
        hear(state, account, { from: to, text: reaction.text, ...(reaction.quotes && { quotes: mid }) });
        return undefined;
      }
      const parties = { from: to, to: account.accountId };
      if (reaction.kind === 'read') return messaging(state, account, { ...parties, read: isMessenger ? { watermark: now() } : { mid } });
      return isMessenger ? messaging(state, account, { ...parties, delivery: { mids: [mid], watermark: now() } }) : undefined;
    }, reaction.afterMs / speed);
  }
}

type Messaging = { readonly from: string; readonly to: string } & Readonly<Record<string, unknown>>;

function messaging({ webhook, now }: World, account: MetaAccount, { from, to, ...what }: Messaging): Told | undefined {
  const atMs = now();
  const told = { sender: { id: from }, recipient: { id: to }, timestamp: atMs, ...what };
  return webhook.url() === undefined ? undefined : { account, atMs, messaging: told };
}

/** Somebody writes: from then on they may be answered. Gives the id of what they wrote. */
export function hear(state: World, account: MetaAccount, { from, text, quotes }: Omit<Written, 'provider'>): string {
  const mid = newMid(account.provider);
  state.people.hear(account, from);
  const message = { mid, text, ...(quotes !== undefined && { reply_to: { mid: quotes } }) };
  const told = messaging(state, account, { from, to: account.accountId, message });
  state.webhook.schedule(() => told, 0);
  return mid;
}

/** Somebody comments a post of the account. Gives the id of the comment. */
export function comment(state: World, account: MetaAccount, { from, text }: Omit<Written, 'provider' | 'quotes'>): string {
  const number = String(randomBytes(6).readUIntBE(0, 6));
  const isMessenger = account.provider === 'messenger';
  const id = isMessenger ? `${account.accountId}_${number}` : `178${number}`;
  state.people.comment(account, id, from);
  const atMs = state.now();
  const post = isMessenger ? `${account.accountId}_1` : '17900000000000001';
  const change = isMessenger
    ? {
        field: 'feed',
        value: {
          item: 'comment',
          verb: 'add',
          comment_id: id,
          post_id: post,
          message: text,
          from: { id: from, name: 'A person' },
          created_time: Math.floor(atMs / 1_000),
        },
      }
    : { field: 'comments', value: { id, text, from: { id: from, username: 'a.person' }, media: { id: post, media_product_type: 'FEED' } } };
  state.webhook.schedule(() => (state.webhook.url() === undefined ? undefined : { account, atMs, change }), 0);
  return id;
}
