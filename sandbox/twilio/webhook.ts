import { createHash, randomBytes } from 'node:crypto';
import type { Chances, WebhookFault } from '../provider/faults.js';
import { startPosting, type Answer, type Post } from '../provider/webhook.js';
import { signWebhook, type Fields } from './signing.js';

export type TwilioWebhookOptions = {
  /** Where incoming messages are posted. Statuses go where each message says. */
  readonly inboundUrl?: string;
  readonly flushMs?: number;
  /** Between two tries, where the address asks for more than one. */
  readonly retryMs?: number;
  readonly answerTimeoutMs?: number;
  readonly chances?: Chances<WebhookFault>;
};

/** A request that tells of something, before it is signed. What stands behind the `#` of its address says how to try again. */
export type Callback = { readonly url: string; readonly fields: Fields };

/** Somebody follows a link. */
export type Click = { readonly follows: string };

type Proxied = { readonly from: string; readonly to: string };

export type TwilioWebhook = ReturnType<typeof twilioWebhook>;

/** Posts one callback per request, signed. It is tried again only as its address says: Twilio's default is to give up. */
export function twilioWebhook(
  { flushMs = 50, retryMs = 1_000, answerTimeoutMs = 15_000, chances, ...options }: TwilioWebhookOptions,
  { seed, authToken }: { readonly seed: number; readonly authToken: string },
) {
  const forgersToken = randomBytes(16).toString('hex');
  let inboundUrl = options.inboundUrl;
  let proxied: Proxied | undefined;
  const posting = startPosting<Callback | Click>({
    maxBatch: 1,
    flushMs,
    answerTimeoutMs,
    seed,
    chances,
    post(callbacks, isForged) {
      const request = requestOf(only(callbacks), isForged ? forgersToken : authToken);
      return { ...request, url: arrivesAt(request.url) };
    },
    forge: (callbacks) => callbacks.map(forge),
    retryAfterMs: (answer, attempt, callbacks) => (isTriedAgain(only(callbacks), answer, attempt) ? retryMs : undefined),
  });
  const arrivesAt = (url: string): string =>
    proxied && url.startsWith(`${proxied.from}/`) ? proxied.to + url.slice(proxied.from.length) : url;
  return {
    ...posting,
    inboundUrl: () => inboundUrl,
    setInboundUrl: (next: string) => void (inboundUrl = next),
    /** Somebody follows the first link of a text that leads to this machine: nobody else hears of what happens here. */
    click(text: string): Click | undefined {
      const follows = (text.match(/https?:\/\/[^\s<>"]+[\w/-]/g) ?? []).find((link) => isHere(arrivesAt(link)));
      return follows === undefined ? undefined : { follows };
    },
    /** From now on requests to one address arrive at another, signed for the first: as through a proxy. */
    setProxy: (next: Proxied) => void (proxied = next),
  };
}

const isHere = (url: string): boolean => URL.canParse(url) && ['127.0.0.1', 'localhost'].includes(new URL(url).hostname);

function only([callback]: readonly (Callback | Click)[]): Callback | Click {
  if (!callback) throw new RangeError('a post carries a callback');
  return callback;
}

const TELEPHONE = 'Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Mobile Safari/537.36';

function requestOf(callback: Callback | Click, authToken: string): Post {
  if ('follows' in callback) return { method: 'GET', url: callback.follows, headers: { 'User-Agent': TELEPHONE } };
  const { url, fields } = callback;
  const [requested = ''] = url.split('#');
  const body = new URLSearchParams(fields).toString();
  return {
    url: requested,
    body,
    headers: {
      'Content-Type': 'application/x-www-form-urlencoded; charset=UTF-8',
      'User-Agent': 'TwilioProxy/1.1',
      // The same for each try and copy.
      'I-Twilio-Idempotency-Token': createHash('sha256').update(`${url} ${body}`).digest('hex').slice(0, 32),
      'X-Twilio-Signature': signWebhook(authToken, requested, fields),
    },
  };
}

/** By the overrides of the address: `rc` tries after the first, one by default, for the failures that `rp` names, connections by default. */
function isTriedAgain(callback: Callback | Click, answer: Answer, attempt: number): boolean {
  if ('follows' in callback) return false;
  const { url } = callback;
  if (typeof answer === 'number' && answer >= 200 && answer < 300) return false;
  const overrides = new URLSearchParams(url.split('#')[1] ?? '');
  const policies = (overrides.get('rp') ?? 'ct').split(',');
  const failure = typeof answer !== 'number' ? (answer === 'TypeError' ? 'ct' : 'rt') : answer >= 500 ? '5xx' : '4xx';
  return attempt <= Math.min(5, Number(overrides.get('rc') ?? 1)) && (policies.includes('all') || policies.includes(failure));
}

/** Whoever it is about wants nothing more from us; of a link the token is guessed. */
function forge(callback: Callback | Click): Callback | Click {
  if ('follows' in callback) return { follows: `${callback.follows.slice(0, -1)}${callback.follows.endsWith('A') ? 'B' : 'A'}` };
  const { url, fields } = callback;
  const isStatus = 'MessageStatus' in fields;
  const lies: Fields = isStatus ? { MessageStatus: 'failed', SmsStatus: 'failed', ErrorCode: '21610' } : { Body: 'STOP' };
  return { url, fields: { ...fields, ...lies } };
}
