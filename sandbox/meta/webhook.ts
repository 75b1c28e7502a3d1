import { createHmac, randomBytes } from 'node:crypto';
import type { SocialProvider } from '../../core/message/social-message.js';
import type { Chances, WebhookFault } from '../provider/faults.js';
import { startPosting, type Post } from '../provider/webhook.js';
import type { MetaAccount } from './accounts.js';

export type MetaWebhookOptions = {
  readonly url?: string;
  readonly flushMs?: number;
  /** Before the second try; each further one comes after as much more. */
  readonly retryMs?: number;
  readonly answerTimeoutMs?: number;
  readonly chances?: Chances<WebhookFault>;
};

/** What stands in `messaging`, or in `changes`, of an account's entry. */
export type Told = { readonly account: MetaAccount; readonly atMs: number } & (
  { readonly messaging: Readonly<Record<string, unknown>> } | { readonly change: Readonly<Record<string, unknown>> }
);
/** Somebody follows a link. */
export type Click = { readonly follows: string };

export type MetaWebhook = ReturnType<typeof metaWebhook>;

const MOST_TRIES = 60;
const OBJECTS: Readonly<Record<SocialProvider, string>> = { messenger: 'page', instagram: 'instagram' };
const TELEPHONE = 'Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Mobile Safari/537.36';

/** Posts what happened, signed, until it is answered well. */
export function metaWebhook(
  { flushMs = 50, retryMs = 500, answerTimeoutMs = 10_000, chances, ...options }: MetaWebhookOptions,
  { seed, appSecret }: { readonly seed: number; readonly appSecret: string },
) {
  const forgersSecret = randomBytes(16).toString('hex');
  let url = options.url;
  let proxied: { readonly from: string; readonly to: string } | undefined;
  const posting = startPosting<Told | Click>({
    maxBatch: 1,
    flushMs,
    answerTimeoutMs,
    seed,
    chances,
    post: ([told], isForged) => requestOf(told, url ?? '', isForged ? forgersSecret : appSecret),
    forge: (events) => events.map(forge),
    retryAfterMs: (answer, attempt, [told]) => {
      const isTaken = typeof answer === 'number' && answer >= 200 && answer < 300;
      return isTaken || attempt >= MOST_TRIES || told === undefined || 'follows' in told ? undefined : retryMs * attempt;
    },
  });
  const arrivesAt = (link: string): string =>
    proxied && link.startsWith(`${proxied.from}/`) ? proxied.to + link.slice(proxied.from.length) : link;
  return {
    ...posting,
    url: () => url,
    setUrl: (next: string) => void (url = next),
    setProxy: (next: { readonly from: string; readonly to: string }) => void (proxied = next),
    /** The first link of a text that leads to this machine: nobody else hears of what happens here. */
    click(text: string): Click | undefined {
      const links = (text.match(/https?:\/\/[^\s<>"]+[\w/-]/g) ?? []).map(arrivesAt);
      const follows = links.find((link) => URL.canParse(link) && ['127.0.0.1', 'localhost'].includes(new URL(link).hostname));
      return follows === undefined ? undefined : { follows };
    },
  };
}

export const signBody = (appSecret: string, body: string): string =>
  `sha256=${createHmac('sha256', appSecret).update(body, 'utf8').digest('hex')}`;

/** A body as Meta posts it. */
export function bodyOf({ account: { provider, accountId }, atMs, ...what }: Told): string {
  const told = 'messaging' in what ? { messaging: [what.messaging] } : { changes: [what.change] };
  return JSON.stringify({ object: OBJECTS[provider], entry: [{ id: accountId, time: atMs, ...told }] });
}

function requestOf(told: Told | Click | undefined, url: string, appSecret: string): Post {
  if (told === undefined) throw new RangeError('a post tells of something');
  if ('follows' in told) return { method: 'GET', url: told.follows, headers: { 'User-Agent': TELEPHONE } };
  const body = bodyOf(told);
  return { url, body, headers: { 'Content-Type': 'application/json', 'X-Hub-Signature-256': signBody(appSecret, body) } };
}

/** Whoever it is about wants nothing more from us. */
function forge(told: Told | Click): Told | Click {
  if ('follows' in told || 'change' in told) return told;
  const { message } = told.messaging;
  return { ...told, messaging: { ...told.messaging, message: { ...(message as object | undefined), mid: 'm_forged', text: 'STOP' } } };
}
