import { quarantine, type QuarantinedEvent } from './quarantine.js';
import type { AddressFault } from './send-outcome.js';
import { MESSAGE_SID, meaningOf, reasonOf } from './twilio-codes.js';
import { fieldOf, type TwilioForm } from './twilio-form.js';

/** What Twilio tells of a message. `accepted` says no more than that it has it: the evidence that settles an uncertain send. */
export type PhoneEventKind = 'accepted' | 'delivered' | 'opened' | 'bounced' | 'dropped';

export type TwilioEngagement = {
  readonly kind: PhoneEventKind;
  /** Ours, as it came back. Whether it is genuine is for its own signature to say. */
  readonly token: string;
  /** The same for every copy of the same status of the same message: Twilio gives its events no id. */
  readonly providerEventId: string;
  readonly messageSid: string;
  /** When we were told: Twilio does not say when it was. */
  readonly occurredAtMs: number;
  /** Of a failure: nothing will ever get through to this address. */
  readonly isPermanent: boolean;
  readonly addressFault: AddressFault | undefined;
  /** Of a failure: Twilio's code and words. */
  readonly detail: string | undefined;
};

/**
 * Twilio's statuses of what we send. Those before `sent` are told only of messages that go by a Messaging Service.
 *
 * | status | kind |
 * |---|---|
 * | accepted, scheduled, queued, sending, sent | accepted |
 * | delivered, partially_delivered | delivered |
 * | read (WhatsApp) | opened |
 * | undelivered | bounced: it was sent, and did not get there |
 * | failed | bounced where the code says that the address is unreachable, else dropped: it was not sent |
 * | canceled | dropped |
 */
const KINDS: ReadonlyMap<string | undefined, PhoneEventKind> = new Map([
  ['accepted', 'accepted'],
  ['scheduled', 'accepted'],
  ['queued', 'accepted'],
  ['sending', 'accepted'],
  ['sent', 'accepted'],
  ['delivered', 'delivered'],
  ['partially_delivered', 'delivered'],
  ['read', 'opened'],
  ['undelivered', 'bounced'],
  ['failed', 'dropped'],
  ['canceled', 'dropped'],
]);

/** What a status says of a message; nothing for one that is not of what we send. */
export const kindOfStatus = (status: string | undefined): PhoneEventKind | undefined => KINDS.get(status);

/** One status of one message is told once, whether Twilio posts it or lists it. */
export const statusEventId = (messageSid: string, status: string): string => `${messageSid}-${status}`;

/** Reads a status callback, whose token stands in its address. Statuses come in any order and more than once; the ledger ranks them. */
export function readTwilioStatus(form: TwilioForm, token: unknown, receivedAtMs: number): TwilioEngagement | QuarantinedEvent {
  const told = Object.fromEntries(form);
  const messageSid = fieldOf(form, 'MessageSid');
  if (messageSid === undefined || !MESSAGE_SID.test(messageSid)) return quarantine('the status names no message', told);
  const status = fieldOf(form, 'MessageStatus');
  const kind = kindOfStatus(status);
  if (kind === undefined || status === undefined) return quarantine('the status is of an unknown kind', told);
  if (typeof token !== 'string' || !/^[\w.~-]{1,200}$/.test(token)) return quarantine('the status carries no token of ours', told);
  const failed = kind === 'bounced' || kind === 'dropped';
  const addressFault = failed ? addressFaultOf(form) : undefined;
  return {
    kind: kind === 'dropped' && addressFault === 'unreachable' ? 'bounced' : kind,
    token,
    providerEventId: statusEventId(messageSid, status),
    messageSid,
    occurredAtMs: receivedAtMs,
    isPermanent: addressFault !== undefined,
    addressFault,
    detail: failed ? detailOf(form) : undefined,
  };
}

function addressFaultOf(form: TwilioForm): AddressFault | undefined {
  const meaning = meaningOf(codeOf(form));
  return meaning?.kind === 'address' ? meaning.fault : undefined;
}

function codeOf(form: TwilioForm): number | undefined {
  const code = fieldOf(form, 'ErrorCode');
  return code !== undefined && /^\d{1,6}$/.test(code) ? Number(code) : undefined;
}

function detailOf(form: TwilioForm): string | undefined {
  const words = reasonOf(fieldOf(form, 'ErrorMessage') ?? fieldOf(form, 'ChannelStatusMessage'));
  const said = [codeOf(form), words].filter((part) => part !== undefined);
  return said.length > 0 ? said.join(': ') : undefined;
}
