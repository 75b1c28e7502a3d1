import { safePrefix } from '../event/json.js';
import { quarantine, type QuarantinedEvent } from './quarantine.js';
import { META_COMMENT_ID, META_ID, type SocialProvider } from './social-message.js';

/** One thing that Meta tells, of one account. */
export type MetaEvent = { readonly provider: SocialProvider; readonly account: string; readonly atMs: number } & MetaFact;

export type MetaFact =
  /** Somebody has written; `text` is empty where there is only a picture. */
  | { readonly kind: 'message'; readonly from: string; readonly mid: string; readonly text: string; readonly quotes?: string }
  /** The account has written, be it us or somebody by hand. `metadata` is what we gave with it. */
  | { readonly kind: 'echo'; readonly to: string; readonly mid: string; readonly text: string; readonly metadata?: string }
  | { readonly kind: 'delivered'; readonly mids: readonly string[] }
  /** Without a message's id, all until then were. */
  | { readonly kind: 'read'; readonly from: string; readonly mid?: string; readonly untilMs: number }
  | { readonly kind: 'comment'; readonly from: string; readonly commentId: string; readonly text: string; readonly post?: string };

/** More than any channel carries. */
const MAX_CHARS = 10_000;
const MID = /^[\x21-\x7e]{1,500}$/;
const OBJECTS: Readonly<Record<string, SocialProvider>> = { page: 'messenger', instagram: 'instagram' };

type Json = Readonly<Record<string, unknown>>;
/** What is not told of here says nothing of messages (a typing sign, a reaction, a like), and is left out. */
type Read = MetaFact | { readonly because: string } | undefined;

/** Reads a webhook, which tells of many things at once. What cannot be used does not take the rest with it. */
export function readMetaEvents(body: unknown, receivedMs: number): readonly (MetaEvent | QuarantinedEvent)[] {
  if (!isRecord(body)) return [quarantine('it is no object', body)];
  const provider = typeof body['object'] === 'string' && Object.hasOwn(OBJECTS, body['object']) ? OBJECTS[body['object']] : undefined;
  if (provider === undefined) return [quarantine('it tells of nothing that is known', body)];
  return listOf(body['entry']).flatMap((entry) => {
    const account = idOf(entry['id']);
    if (account === undefined) return [quarantine('it names no account', entry)];
    const told = (atMs: number, what: Json, read: Read): readonly (MetaEvent | QuarantinedEvent)[] => {
      if (read === undefined) return [];
      return 'because' in read ? [quarantine(read.because, what)] : [{ provider, account, atMs, ...read }];
    };
    const messaging = listOf(entry['messaging']).flatMap((one) =>
      told(timeOf(one['timestamp'], receivedMs), one, readMessaging(one, account)),
    );
    const changes = listOf(entry['changes']).flatMap((one) => {
      const value = isRecord(one['value']) ? one['value'] : {};
      const createdMs = typeof value['created_time'] === 'number' ? value['created_time'] * 1_000 : undefined;
      return told(timeOf(createdMs ?? secondsOrMs(entry['time']), receivedMs), one, readChange(one['field'], value, account));
    });
    return [...messaging, ...changes];
  });
}

function readMessaging(one: Json, account: string): Read {
  const [from, to] = [partyOf(one['sender']), partyOf(one['recipient'])];
  if (isRecord(one['message'])) return readText(one['message'], { from, to, account });
  if (isRecord(one['postback'])) return readPostback(one['postback'], from);
  if (isRecord(one['delivery'])) return { kind: 'delivered', mids: midsOf(one['delivery']['mids']) };
  if (isRecord(one['read'])) return readReading(one['read'], from);
  return undefined;
}

type Parties = { readonly from: string | undefined; readonly to: string | undefined; readonly account: string };

function readText(message: Json, { from, to, account }: Parties): Read {
  const mid = midOf(message['mid']);
  if (mid === undefined) return { because: 'the message has no id' };
  if (message['is_deleted'] === true || message['is_unsupported'] === true) return undefined;
  const text = typeof message['text'] === 'string' ? safePrefix(message['text'], MAX_CHARS) : '';
  if (message['is_echo'] === true) {
    if (to === undefined) return { because: 'the echo was sent to nobody' };
    return { kind: 'echo', to, mid, text, ...(typeof message['metadata'] === 'string' && { metadata: message['metadata'] }) };
  }
  if (from === undefined || from === account) return { because: 'its writer has no id' };
  const quotes = isRecord(message['reply_to']) ? midOf(message['reply_to']['mid']) : undefined;
  return { kind: 'message', from, mid, text, ...(quotes !== undefined && { quotes }) };
}

/** A button that was pressed is as good as an answer. */
function readPostback(postback: Json, from: string | undefined): Read {
  const mid = midOf(postback['mid']);
  if (mid === undefined || from === undefined) return { because: 'the button was pressed by nobody, or has no id' };
  return { kind: 'message', from, mid, text: typeof postback['title'] === 'string' ? safePrefix(postback['title'], MAX_CHARS) : '' };
}

function readReading(read: Json, from: string | undefined): Read {
  const [mid, until] = [midOf(read['mid']), read['watermark']];
  if (from === undefined) return { because: 'nobody has read it' };
  if (mid !== undefined) return { kind: 'read', from, mid, untilMs: 0 };
  return typeof until === 'number' && isTime(until) ? { kind: 'read', from, untilMs: until } : { because: 'what was read is not said' };
}

function readChange(field: unknown, value: Json, account: string): Read {
  const isOnPage = field === 'feed' && value['item'] === 'comment' && value['verb'] === 'add';
  if (!isOnPage && field !== 'comments' && field !== 'live_comments') return undefined;
  const commentId = isOnPage ? value['comment_id'] : value['id'];
  const words = isOnPage ? value['message'] : value['text'];
  const post = isOnPage ? value['post_id'] : isRecord(value['media']) ? value['media']['id'] : undefined;
  const from = partyOf(value['from']);
  if (typeof commentId !== 'string' || !META_COMMENT_ID.test(commentId)) return { because: 'the comment has no id' };
  if (from === undefined) return { because: 'the comment is nobody’s' };
  if (from === account) return undefined;
  const text = typeof words === 'string' ? safePrefix(words, MAX_CHARS) : '';
  return { kind: 'comment', from, commentId, text, ...(typeof post === 'string' && META_COMMENT_ID.test(post) && { post }) };
}

const isRecord = (value: unknown): value is Json => typeof value === 'object' && value !== null && !Array.isArray(value);
const listOf = (value: unknown): readonly Json[] => (Array.isArray(value) ? value.filter(isRecord) : []);
const idOf = (value: unknown): string | undefined => (typeof value === 'string' && META_ID.test(value) ? value : undefined);
const partyOf = (value: unknown): string | undefined => (isRecord(value) ? idOf(value['id']) : undefined);
const midOf = (value: unknown): string | undefined => (typeof value === 'string' && MID.test(value) ? value : undefined);
const midsOf = (value: unknown): readonly string[] => (Array.isArray(value) ? value.flatMap((one) => midOf(one) ?? []) : []);

/** Between 2001 and 5138. */
const isTime = (ms: number): boolean => ms > 1_000_000_000_000 && ms < 100_000_000_000_000;
/** By Meta's clock, so that what arrives late opens nothing; never later than it came. */
const timeOf = (ms: unknown, receivedMs: number): number => (typeof ms === 'number' && isTime(ms) ? Math.min(ms, receivedMs) : receivedMs);
const secondsOrMs = (time: unknown): unknown => (typeof time === 'number' && time < 100_000_000_000 ? time * 1_000 : time);
