import { randomBytes } from 'node:crypto';
import type { TwilioAccount } from './account.js';
import { ORDINARY_PHONE_HABITS, phoneReactionsTo, type PhoneAudience, type PhoneReaction } from './audience.js';
import { inboundFields, statusFields } from './callbacks.js';
import type { MessageStore, StoredText } from './messages.js';
import type { CheckedText } from './rules.js';
import { keywordOf, type Threads } from './threads.js';
import type { Callback, TwilioWebhook } from './webhook.js';

/** Something that somebody writes. On WhatsApp both numbers begin with `whatsapp:`. */
export type WrittenText = {
  readonly from: string;
  readonly to: string;
  readonly body: string;
  /** The SID of the message of ours that it quotes. */
  readonly quotes?: string;
};

type World = {
  readonly account: TwilioAccount;
  readonly messages: MessageStore;
  readonly threads: Threads;
  readonly webhook: TwilioWebhook;
};
type Habit = { readonly audience?: PhoneAudience; readonly seed: number; readonly speed?: number; readonly now: () => number };

export type People = ReturnType<typeof openPeople>;

/** Those to whom messages go: what happens to each message, and what they write back. */
export function openPeople({ audience = () => ORDINARY_PHONE_HABITS, seed, speed = 1, now }: Habit, world: World) {
  const { account, messages, threads, webhook } = world;

  /** The message changes when it is due, whether or not anybody is told of it. */
  function change(message: StoredText, { status, errorCode }: Extract<PhoneReaction, { kind: 'status' }>): void {
    message.status = status;
    message.errorCode = errorCode ?? null;
    message.updatedAtMs = now();
    if (status !== 'queued') message.sentAtMs ??= now();
  }

  /** What is posted to us of something that somebody has written just now. */
  function hear({ from, to, body, quotes }: WrittenText): Callback | undefined {
    const serviceSid = Object.entries(account.services ?? {}).find(([, senders]) => senders.includes(to))?.[0];
    // Without a Messaging Service nobody looks for keywords on WhatsApp.
    const keyword = to.startsWith('whatsapp:') && serviceSid === undefined ? undefined : keywordOf(body);
    threads.hear(from, { sender: to, serviceSid }, keyword);
    const sid = `SM${randomBytes(16).toString('hex')}`;
    const atMs = { createdAtMs: now(), updatedAtMs: now(), sentAtMs: now() };
    const text = { sid, to, from, serviceSid: serviceSid ?? null, body };
    const message: StoredText = { ...text, ...atMs, direction: 'inbound', status: 'received', errorCode: null };
    messages.add(message);
    const url = webhook.inboundUrl();
    const quoted = quotes === undefined ? undefined : messages.get(quotes);
    return url === undefined ? undefined : { url, fields: inboundFields({ message, keyword, quotes: quoted }, account.accountSid) };
  }

  return {
    /** Plans what becomes of a message, as soon as it is accepted. */
    react(message: StoredText, { failsWith, statusCallback }: Pick<CheckedText, 'failsWith' | 'statusCallback'>): void {
      const { to, from, sid, serviceSid } = message;
      const reached = { number: to, isWhatsapp: to.startsWith('whatsapp:'), byService: serviceSid !== null, failsWith };
      for (const reaction of phoneReactionsTo(seed, audience(to), reached, statusCallback ?? sid)) {
        webhook.schedule(() => {
          if (reaction.kind === 'clicks') return webhook.click(message.body);
          if (reaction.kind === 'writes') return hear({ from: to, to: from, body: reaction.text, ...(reaction.quotes && { quotes: sid }) });
          change(message, reaction);
          return statusCallback === null ? undefined : { url: statusCallback, fields: statusFields(message, account.accountSid) };
        }, reaction.afterMs / speed);
      }
    },
    /** Somebody writes, unasked. */
    write(text: WrittenText): void {
      const callback = hear(text);
      webhook.schedule(() => callback, 0);
    },
  };
}
