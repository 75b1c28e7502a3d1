import { parsePhone } from '../event/contacts.js';
import { smsLength } from './sms-length.js';

export type PhoneChannel = 'sms' | 'whatsapp';

/** One person's SMS or WhatsApp message, rendered. */
export type PhoneMessage = {
  /** The only id that the provider is given: opaque, and safe in a URL. It travels in the address that is told of the status. */
  readonly token: string;
  readonly channel: PhoneChannel;
  /** In E.164, for either channel. */
  readonly to: string;
  readonly content: PhoneContent;
};

export type PhoneContent =
  /** On WhatsApp only within a day after the recipient has written to us. */
  | { readonly kind: 'text'; readonly text: string }
  /** A text that the provider has, and Meta has approved, with what fills its places. */
  | { readonly kind: 'template'; readonly contentSid: string; readonly variables: Readonly<Record<string, string>> };

/** What is the same for all messages of one step. */
export type PhoneEnvelope = {
  readonly sender: PhoneSender;
  /** Where the provider tells of each message's status. The message's token is added to its query. */
  readonly statusUrl: string;
};

export type PhoneSender =
  /** A number of ours in E.164 or a short code; for SMS also a name, where the country allows it. */
  | { readonly kind: 'number'; readonly number: string }
  /** Twilio chooses among the numbers of a Messaging Service, and keeps to the one that a person knows. */
  | { readonly kind: 'service'; readonly serviceSid: string };

export type PhoneBatch = PhoneEnvelope & { readonly messages: readonly PhoneMessage[] };

/** Twilio's limit of a text, on either channel. */
export const MAX_TEXT_CHARS = 1_600;
/** Carriers put together as many as this, and Twilio advises no more. */
export const MAX_SMS_SEGMENTS = 10;
const MAX_VARIABLES = 100;

const TOKEN = /^[\w.~-]{1,200}$/;

/** Why a message cannot be sent, or nothing. */
export function phoneFault({ token, channel, to, content }: PhoneMessage): string | undefined {
  if (!TOKEN.test(token)) return 'its token is not 1 to 200 characters that are safe in a URL';
  if (parsePhone(to) !== to) return 'its number is not one in E.164 (+14155550100)';
  return content.kind === 'text' ? textFault(channel, content.text) : templateFault(content);
}

function textFault(channel: PhoneChannel, text: string): string | undefined {
  if (text.trim() === '') return 'its text is empty';
  if (text.includes('\0') || !text.isWellFormed()) return 'its text holds what is no character';
  if (text.length > MAX_TEXT_CHARS) return `its text is longer than ${MAX_TEXT_CHARS} characters (${text.length})`;
  if (channel === 'whatsapp') return undefined;
  const { segments, encoding } = smsLength(text);
  const why = encoding === 'ucs2' ? ', which are short because of characters outside the SMS alphabet' : '';
  return segments > MAX_SMS_SEGMENTS ? `its text takes more than ${MAX_SMS_SEGMENTS} segments (${segments}${why})` : undefined;
}

function templateFault({ contentSid, variables }: Extract<PhoneContent, { kind: 'template' }>): string | undefined {
  if (!/^HX[0-9a-fA-F]{32}$/.test(contentSid)) return 'its template is not the SID of a content (HX and 32 hexadecimal digits)';
  const entries = Object.entries(variables);
  if (entries.length > MAX_VARIABLES) return `its template has more than ${MAX_VARIABLES} variables`;
  for (const [name, value] of entries) {
    if (!/^\w{1,64}$/.test(name)) return 'a variable of its template has a name that is not letters, digits and _';
    // WhatsApp refuses an empty parameter, and one with a line break, a tab or five spaces in a row.
    if (value.trim() === '') return `its variable ${name} is empty`;
    if (/[\n\r\t\0]| {5}/.test(value) || !value.isWellFormed()) return `its variable ${name} holds a line break, a tab or too many spaces`;
  }
  return undefined;
}
