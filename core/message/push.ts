import { createHmac } from 'node:crypto';
import { textFault } from '../event/json.js';

/** What one person's push message says. */
export type PushWords = {
  readonly title: string;
  readonly body: string;
  /** Where a tap leads. */
  readonly url?: string;
};

/** What a device gets, sealed for it. */
export type PushContent = PushWords & {
  /** Where the device tells that it was shown, and tapped. */
  readonly reportUrl: string;
};

export type PushUrgency = 'normal' | 'high';

/** How a step's messages are carried. */
export type PushCarriage = {
  /** For how long a push service keeps one for a device that is off. */
  readonly ttlSeconds: number;
  readonly urgency: PushUrgency;
};

/** A push service takes 4,096 bytes: a header of 86, the text, a byte of padding and a seal of 16. */
export const MOST_PAYLOAD_BYTES = 4_096 - 86 - 1 - 16;
const MOST_TITLE_CHARS = 200;

/** Why a message cannot be shown, or nothing. */
export function pushFault({ title, body, url }: PushWords): string | undefined {
  if (title.trim() === '') return 'it has no title';
  if (title.length > MOST_TITLE_CHARS) return `its title is longer than ${MOST_TITLE_CHARS} characters`;
  const fault = textFault(title) ?? textFault(body);
  if (fault !== undefined) return `its text ${fault}`;
  return url === undefined || isWebAddress(url) ? undefined : 'its url is no http or https address';
}

/** The same of what a device gets: it must fit into what a push service takes. */
export function contentFault(content: PushContent, tag: string): string | undefined {
  const bytes = Buffer.byteLength(payloadOf(content, tag));
  return pushFault(content) ?? (bytes > MOST_PAYLOAD_BYTES ? `it has ${bytes} bytes, ${MOST_PAYLOAD_BYTES} at most` : undefined);
}

/** What is sealed. The tag lets a browser show a later copy in place of an earlier one. */
export const payloadOf = ({ title, body, url, reportUrl }: PushContent, tag: string): string =>
  JSON.stringify({ title, body, ...(url !== undefined && { url }), tag, report_url: reportUrl });

/** The name of a message for a push service, which keeps the latest of each name alone: 32 characters that say nothing. */
export const pushTopic = (key: Buffer, token: string): string =>
  createHmac('sha256', key).update('madansara push topic').update(token).digest().subarray(0, 24).toString('base64url');

function isWebAddress(text: string): boolean {
  if (text.length > 2_000 || textFault(text) !== undefined || !URL.canParse(text)) return false;
  return ['http:', 'https:'].includes(new URL(text).protocol);
}
