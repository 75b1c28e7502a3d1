import { MAX_TEXT_CHARS } from '../../core/message/phone-message.js';
import { fillTemplate, placesOf, REFUSING_RECIPIENTS, REFUSING_SENDERS, type TwilioAccount } from './account.js';
import { twilioError, type TwilioError } from './errors.js';
import type { Threads } from './threads.js';

/** A request to send one message, as far as it was found good. */
export type CheckedText = {
  readonly to: string;
  readonly from: string;
  readonly serviceSid: string | null;
  readonly body: string;
  readonly contentSid: string | null;
  readonly contentVariables: string | null;
  readonly statusCallback: string | null;
  /** Accepted, and then not sent: the code that its callback will tell. */
  readonly failsWith: number | undefined;
};

export const MAX_BODY_BYTES = 1_000_000;
const MAX_VARIABLES = 100;

/** Those of POST Messages that a campaign can need. The real one ignores what it does not know; here a slip of the pen is found. */
const KNOWN = new Set(['To', 'From', 'MessagingServiceSid', 'Body', 'ContentSid', 'ContentVariables', 'StatusCallback', 'SmartEncoded']);

/** Checks a request against the published rules, in the order in which Twilio does. */
export function checkText(form: URLSearchParams, account: TwilioAccount, threads: Threads): CheckedText | TwilioError {
  const names = [...form.keys()];
  const odd = names.find((name, i) => !KNOWN.has(name) || names.indexOf(name) !== i);
  if (odd !== undefined) return twilioError(20001, odd);
  const route = checkRoute(form, account);
  if ('code' in route) return route;
  const content = checkContent(form, account);
  if ('code' in content) return content;
  const statusCallback = form.get('StatusCallback');
  if (statusCallback !== null && !isCallback(statusCallback)) return twilioError(21609);
  if (threads.isOut(route, route.to)) return twilioError(21610);
  return { ...route, ...content, statusCallback, failsWith: failureOf(route, content, account, threads) };
}

type Route = Pick<CheckedText, 'to' | 'from' | 'serviceSid'>;
type Content = Pick<CheckedText, 'body' | 'contentSid' | 'contentVariables'>;

const isWhatsapp = (address: string): boolean => address.startsWith('whatsapp:');

function checkRoute(form: URLSearchParams, account: TwilioAccount): Route | TwilioError {
  const to = form.get('To') ?? '';
  if (to === '') return twilioError(21604);
  const number = to.replace(/^whatsapp:/, '');
  if (!/^\+[1-9]\d{6,14}$/.test(number)) return twilioError(21211, to);
  const refusing = isWhatsapp(to) ? undefined : REFUSING_RECIPIENTS.get(number);
  if (refusing !== undefined) return twilioError(refusing, to);
  const serviceSid = form.get('MessagingServiceSid');
  if (serviceSid !== null) return byService(to, serviceSid, form.get('From'), account);
  const from = form.get('From') ?? '';
  if (from === '') return twilioError(21603);
  if (isWhatsapp(from) !== isWhatsapp(to)) return twilioError(21910);
  const fault = senderFault(from, account);
  return fault === undefined ? { to, from, serviceSid: null } : twilioError(fault, from);
}

function senderFault(from: string, { smsNumbers, whatsappNumbers = [] }: TwilioAccount): number | undefined {
  if (isWhatsapp(from)) return whatsappNumbers.includes(from.replace(/^whatsapp:/, '')) ? undefined : 63007;
  if (!/^(\+[1-9]\d{6,14}|\d{5,6}|(?=.*[A-Za-z])[A-Za-z0-9 ]{1,11})$/.test(from)) return 21212;
  return REFUSING_SENDERS.get(from) ?? (smsNumbers.includes(from) ? undefined : 21606);
}

function byService(to: string, serviceSid: string, wanted: string | null, { services = {} }: TwilioAccount): Route | TwilioError {
  const senders = Object.hasOwn(services, serviceSid) ? services[serviceSid] : undefined;
  if (!senders) return twilioError(21701, serviceSid);
  const from = senders.find((sender) => isWhatsapp(sender) === isWhatsapp(to) && (wanted === null || sender === wanted));
  return from === undefined ? twilioError(21703) : { to, from, serviceSid };
}

function checkContent(form: URLSearchParams, { templates = {} }: TwilioAccount): Content | TwilioError {
  const body = form.get('Body') ?? '';
  const contentSid = form.get('ContentSid');
  const contentVariables = form.get('ContentVariables');
  if ((body === '') === (contentSid === null)) return twilioError(21619);
  if (contentSid === null) {
    if (contentVariables !== null) return twilioError(21656);
    return body.length > MAX_TEXT_CHARS ? twilioError(21617) : { body, contentSid, contentVariables };
  }
  const template = Object.hasOwn(templates, contentSid) ? templates[contentSid] : undefined;
  if (!template) return twilioError(21655, contentSid);
  const variables = contentVariables === null ? {} : readVariables(contentVariables);
  return variables ? { body: fillTemplate(template, variables), contentSid, contentVariables } : twilioError(21656);
}

function readVariables(text: string): Readonly<Record<string, string>> | undefined {
  try {
    const variables = JSON.parse(text) as unknown;
    if (typeof variables !== 'object' || variables === null || Array.isArray(variables)) return undefined;
    const values = Object.values(variables);
    const isGood = values.length <= MAX_VARIABLES && values.every((value) => typeof value === 'string');
    return isGood ? (variables as Record<string, string>) : undefined;
  } catch {
    return undefined;
  }
}

function isCallback(text: string): boolean {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  return url !== undefined && /^https?:$/.test(url.protocol) && !url.hostname.includes('_');
}

/** What only the channel finds out, after Twilio has said yes. */
function failureOf({ to, from }: Route, { contentSid, contentVariables }: Content, { templates = {} }: TwilioAccount, threads: Threads) {
  if (!isWhatsapp(to)) return undefined;
  const template = contentSid === null ? undefined : templates[contentSid];
  if (!template) return threads.isOpen(from, to) ? undefined : 63016;
  const given = Object.keys(readVariables(contentVariables ?? '{}') ?? {});
  if (placesOf(template).some((place) => !given.includes(place))) return 63028;
  return template.category === 'marketing' && to.startsWith('whatsapp:+1') ? 63049 : undefined;
}
