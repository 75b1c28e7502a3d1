import { parsePhone } from '../event/contacts.js';
import { safePrefix } from '../event/json.js';
import type { PhoneChannel } from './phone-message.js';
import { quarantine, type QuarantinedEvent } from './quarantine.js';
import { MESSAGE_SID } from './twilio-codes.js';
import { fieldOf, type TwilioForm } from './twilio-form.js';

/** What somebody has written to a number of ours. Their name on WhatsApp is left out: nothing needs it. */
export type InboundText = {
  readonly channel: PhoneChannel;
  /** In E.164. */
  readonly from: string;
  /** Ours: in E.164, or a short code. */
  readonly to: string;
  /** The Messaging Service that our number belongs to. */
  readonly serviceSid?: string;
  /** Empty where there is only a picture, or a place. */
  readonly text: string;
  readonly messageSid: string;
  /** Twilio's id of the message of ours that it answers: only on WhatsApp, and only where the writer has chosen to quote it. */
  readonly repliedTo?: string;
  /** Twilio has taken it for a keyword, and let the writer out or in by itself. It says so only of a Messaging Service's senders. */
  readonly optOut?: 'stop' | 'start' | 'help';
  /** What we have put behind the button of a template that was pressed. */
  readonly buttonPayload?: string;
  readonly mediaCount: number;
};

/** More than any channel carries. */
const MAX_CHARS = 10_000;
const OPT_OUTS: ReadonlyMap<string | undefined, 'stop' | 'start' | 'help'> = new Map([
  ['STOP', 'stop'],
  ['START', 'start'],
  ['HELP', 'help'],
]);

/** Reads the webhook of an incoming message, or says why it cannot be used. */
export function readTwilioInbound(form: TwilioForm): InboundText | QuarantinedEvent {
  const told = Object.fromEntries(form);
  const messageSid = fieldOf(form, 'MessageSid');
  if (messageSid === undefined || !MESSAGE_SID.test(messageSid)) return quarantine('the message has no id', told);
  const status = fieldOf(form, 'SmsStatus');
  if (status !== undefined && status !== 'received' && status !== 'receiving') return quarantine('it is a status, and no message', told);
  const writer = channelAddress(fieldOf(form, 'From'));
  const ours = channelAddress(fieldOf(form, 'To'));
  const from = parsePhone(writer.address);
  if (from === undefined || from !== writer.address) return quarantine('its writer has no telephone number', told);
  if (ours.channel !== writer.channel || !/^(\+[1-9]\d{6,14}|\d{3,8})$/.test(ours.address)) {
    return quarantine('it was not written to a number of this channel', told);
  }
  if ((form.get('Body')?.length ?? 0) > 1) return quarantine('it has more than one text', told);
  const repliedTo = fieldOf(form, 'OriginalRepliedMessageSid');
  const optOut = OPT_OUTS.get(fieldOf(form, 'OptOutType')?.toUpperCase());
  const buttonPayload = fieldOf(form, 'ButtonPayload');
  const serviceSid = fieldOf(form, 'MessagingServiceSid');
  return {
    channel: writer.channel,
    from,
    to: ours.address,
    ...(serviceSid !== undefined && /^MG[0-9a-fA-F]{32}$/.test(serviceSid) && { serviceSid }),
    text: safePrefix(fieldOf(form, 'Body') ?? '', MAX_CHARS),
    messageSid,
    ...(repliedTo !== undefined && MESSAGE_SID.test(repliedTo) && { repliedTo }),
    ...(optOut && { optOut }),
    ...(buttonPayload !== undefined && { buttonPayload: safePrefix(buttonPayload, MAX_CHARS) }),
    mediaCount: countOf(fieldOf(form, 'NumMedia')),
  };
}

function channelAddress(address = ''): { readonly channel: PhoneChannel; readonly address: string } {
  const [, whatsapp] = /^whatsapp:(.*)$/s.exec(address) ?? [];
  return whatsapp === undefined ? { channel: 'sms', address } : { channel: 'whatsapp', address: whatsapp };
}

const countOf = (text: string | undefined): number => (text !== undefined && /^\d{1,2}$/.test(text) ? Number(text) : 0);
