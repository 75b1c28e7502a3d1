import type { PhoneChannel } from './phone-message.js';

/** A message as Twilio's list shows it. */
export type ListedMessage = {
  readonly sid: string;
  readonly direction: string;
  /** Empty where the account keeps no texts. */
  readonly body: string;
  readonly status: string;
  readonly createdAtMs: number;
};

/** A message of which it is not known whether Twilio took it. */
export type UncertainText = {
  readonly channel: PhoneChannel;
  /** The number that it was written to, whatever the person's number is today. */
  readonly to: string;
  /** When its call began, and when an answer was no longer waited for. */
  readonly calledAtMs: number;
  readonly givenUpAtMs: number;
  /** Whether a text is the message's; for a template, whose text Twilio alone has, nothing. */
  readonly isItsText?: (text: string) => boolean;
  /** Twilio's ids of other messages that the ledger has. */
  readonly isOthers: (messageSid: string) => boolean;
};

export type SentEvidence =
  | { readonly kind: 'found'; readonly messageSid: string; readonly status: string }
  /** Twilio does not have it, and cannot get it any more. */
  | { readonly kind: 'absent' }
  | { readonly kind: 'unclear'; readonly because: string };

/** Our clock and Twilio's may differ by so much. */
const CLOCKS_MS = 60_000;
/** What was on its way when we gave up has arrived by then, or never will; and what arrived is in the list. */
const STRAGGLING_MS = 300_000;

/** The earliest time of creation under which it can stand in Twilio's list. */
export const listedSinceMs = ({ calledAtMs }: Pick<UncertainText, 'calledAtMs'>): number => calledAtMs - CLOCKS_MS;

/**
 * What Twilio's list of messages to a number says of one of them.
 *
 * A message in the list has neither the token that we gave it nor the address of its status callback, which holds the token:
 * Twilio takes that address and never shows it. What is there is the recipient, the time and the text, so these have to do. A text
 * of ours comes back as it was sent, because we let nothing be changed in it; of a template only the recipient and the time are
 * known. So nothing is guessed: two messages that both could be it, or one without a text, are unclear, and stay so.
 */
export function judgeEvidence(listed: readonly ListedMessage[], message: UncertainText, askedAtMs: number): SentEvidence {
  const { isItsText, isOthers, givenUpAtMs } = message;
  const possible = listed.filter(
    ({ sid, direction, createdAtMs }) =>
      direction.startsWith('outbound') &&
      createdAtMs >= listedSinceMs(message) &&
      createdAtMs <= givenUpAtMs + STRAGGLING_MS &&
      !isOthers(sid),
  );
  const same = possible.filter(({ body }) => !isItsText || (body !== '' && isItsText(body)));
  const [only, second] = same;
  if (second) return { kind: 'unclear', because: `${same.length} messages could be it` };
  if (only) return { kind: 'found', messageSid: only.sid, status: only.status };
  if (possible.some(({ body }) => body === '')) return { kind: 'unclear', because: 'a message without a text could be it' };
  if (askedAtMs < givenUpAtMs + STRAGGLING_MS) return { kind: 'unclear', because: 'it may still arrive' };
  return { kind: 'absent' };
}
