import { safePrefix } from '../event/json.js';
import type { AddressFault } from './send-outcome.js';

/** What one of Twilio's error codes says, where it says more than that this message was not sent. */
export type CodeMeaning =
  | { readonly kind: 'address'; readonly fault: AddressFault }
  /** Our account, key or sender: every message would fail so, and none is to blame. */
  | { readonly kind: 'account' }
  /** The same message may be sent later. */
  | { readonly kind: 'wait'; readonly waitMs: number };

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;

const OPTED_OUT: CodeMeaning = { kind: 'address', fault: 'opted_out' };
const UNREACHABLE: CodeMeaning = { kind: 'address', fault: 'unreachable' };
const ACCOUNT: CodeMeaning = { kind: 'account' };
const wait = (waitMs: number): CodeMeaning => ({ kind: 'wait', waitMs });

const MEANINGS: ReadonlyMap<number, CodeMeaning> = new Map([
  [21610, OPTED_OUT], // the recipient has replied STOP
  [21211, UNREACHABLE], // invalid 'To'
  [21265, UNREACHABLE], // 'To' is a short code
  [21614, UNREACHABLE], // 'To' is not a mobile number
  [21635, UNREACHABLE], // 'To' is a landline
  [30005, UNREACHABLE], // no such handset any more
  [30006, UNREACHABLE], // landline, or a carrier that cannot be reached
  [63003, UNREACHABLE], // the channel knows no such address
  [63024, UNREACHABLE], // not on WhatsApp

  [20003, ACCOUNT], // wrong key
  [20005, ACCOUNT], // account not active
  [20006, ACCOUNT], // access denied
  [21212, ACCOUNT], // invalid 'From'
  [21603, ACCOUNT], // no 'From'
  [21606, ACCOUNT], // 'From' is not ours, or cannot send such messages
  [21659, ACCOUNT], // 'From' is not a number of Twilio's
  [21660, ACCOUNT], // 'From' belongs to another account
  [21661, ACCOUNT], // 'From' cannot send SMS
  [21701, ACCOUNT], // no such Messaging Service
  [21703, ACCOUNT], // a Messaging Service without a sender
  [21704, ACCOUNT], // the same, without a number
  [21705, ACCOUNT], // not the SID of a Messaging Service
  [30002, ACCOUNT], // account suspended
  [63007, ACCOUNT], // 'From' is no sender of this channel
  [63020, ACCOUNT], // Meta's business account is at fault
  [63112, ACCOUNT], // Meta has disabled the business account

  [14107, wait(MINUTE_MS)], // too many messages for this account
  [20429, wait(5_000)], // too many requests
  [21611, wait(MINUTE_MS)], // the sender's queue is full
  [30001, wait(MINUTE_MS)], // the queue is full
  [30022, wait(MINUTE_MS)], // the US carriers' limit
  [30023, wait(HOUR_MS)], // the US carriers' limit of the day
  [63017, wait(MINUTE_MS)], // the account's limit on this channel
  [63018, wait(HOUR_MS)], // Meta's limit of users in a day
  [63038, wait(HOUR_MS)], // the account's limit of the day
  [63049, wait(DAY_MS)], // Meta lets no more marketing through to this person for now
]);

/** What a code says of the address, the account or the time; nothing for any other. */
export const meaningOf = (code: number | undefined): CodeMeaning | undefined => (code === undefined ? undefined : MEANINGS.get(code));

/** The id of a message at Twilio. */
export const MESSAGE_SID = /^(SM|MM)[0-9a-fA-F]{32}$/;

const REASON_CHARS = 300;

/** Twilio's words without the telephone numbers that it likes to repeat in them; nothing where it has none. */
export const reasonOf = (words: unknown): string | undefined =>
  typeof words === 'string' && words !== ''
    ? safePrefix(words, REASON_CHARS).replaceAll(/\+?\d[\d().\s-]{5,}\d/g, '(a number)')
    : undefined;
