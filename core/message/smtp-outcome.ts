import type { SendOutcome } from './send-outcome.js';

/** What was seen of one mail's way to an SMTP server. */
export type SmtpAnswer =
  | { readonly kind: 'accepted' }
  | {
      readonly kind: 'failed';
      /** The client's name of the error, such as `ETIMEDOUT`. */
      readonly code: string | undefined;
      /** What the system said, such as `ECONNREFUSED` or `CERT_HAS_EXPIRED`, where it did. */
      readonly cause?: string | undefined;
      /** The command that failed, as the client names it: `MAIL FROM`, `RCPT TO`, `DATA`, `AUTH PLAIN`; `CONN` for the connection, `API` for the client itself. */
      readonly command: string | undefined;
      /** The server's reply, where it gave one. */
      readonly reply: string | undefined;
      /** Whether the dot that ends a mail may have been written: from then on the server may have it, whatever else is seen. */
      readonly isEnded: boolean;
    };

type Failure = Extract<SmtpAnswer, { kind: 'failed' }>;
type Reply = { readonly status: number; readonly enhanced: string | undefined; readonly text: string };

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const UNREACHABLE_WAIT_MS = 5 * SECOND_MS;
const BUSY_WAIT_MS = MINUTE_MS;
/** Greylisting lets a mail through that comes again after five minutes. */
const LATER_WAIT_MS = 5 * MINUTE_MS + 10 * SECOND_MS;
const FULL_MAILBOX_WAIT_MS = 6 * 60 * MINUTE_MS;

/** Enhanced codes (RFC 3463) by which a mailbox does not exist, or takes no mail any more. */
const UNREACHABLE = new Set(['5.1.1', '5.1.2', '5.1.3', '5.1.6', '5.1.10', '5.2.1']);
/** By which the sender, or our log-in, is at fault: the sender's address, a sending limit, authentication. */
const ACCOUNT = new Set(['5.1.7', '5.1.8', '5.4.5', '5.7.3', '5.7.8', '5.7.9', '5.7.11', '5.7.14']);
const RELAYS_NOT =
  /\brelay(ing)?\b.{0,30}\b(denied|not|prohibited|refused|rejected)\b|\b(denied|not|unable|cannot|refused|rejected)\b.{0,30}\brelay/i;

/**
 * What became of a mail that was given to an SMTP server, one to a transaction.
 *
 * | cause | meaning |
 * |---|---|
 * | 2xx after the dot | accepted |
 * | 5xx to the connection, greeting, STARTTLS, log-in or MAIL FROM (but for size and encoding); no TLS, or none that we trust; 530, 535, 5.7.8 and their like; 5.7.1 that speaks of relaying | refused: the account |
 * | 5xx to RCPT, DATA or the dot, with 5.1.1, 5.1.2, 5.1.3, 5.1.6, 5.1.10 or 5.2.1 | refused: the request; the address is unreachable |
 * | any other 5xx; an address or a size that the client itself refuses | refused: the request |
 * | 421, 4xx to the connection or log-in | not accepted, again in a minute |
 * | 4xx with x.2.2 (mailbox full) | not accepted, again in six hours |
 * | any other 4xx | not accepted, again in five minutes |
 * | no reply, and the dot was not written (no connection, a time-out or a loss before it) | not accepted, again in 5 s |
 * | no reply, or one that is none, after the dot was written | ambiguous |
 */
export function smtpOutcome(answer: SmtpAnswer, nowMs: number): SendOutcome {
  if (answer.kind === 'accepted') return { kind: 'accepted', messageId: undefined };
  const reply = readReply(answer.reply);
  if (reply && reply.status >= 500) return refusal(answer, reply);
  if (reply)
    return { kind: 'not_accepted', retryAtMs: nowMs + waitOf(answer, reply), because: told('the mail server asks to wait', reply) };
  if (answer.isEnded) return { kind: 'ambiguous', because: `no answer of the mail server was seen: ${causeOf(answer)}` };
  if (isOurAccount(answer)) return account(`the mail server cannot be used: ${causeOf(answer)}`);
  if (isOurRefusal(answer)) return request(`it cannot be sent: ${causeOf(answer)}`, undefined);
  return { kind: 'not_accepted', retryAtMs: nowMs + UNREACHABLE_WAIT_MS, because: `the mail server cannot be reached: ${causeOf(answer)}` };
}

/** Whether what was seen is so of every other mail as well, not of this one alone. */
export function concernsAllMails(answer: SmtpAnswer): boolean {
  if (answer.kind === 'accepted') return false;
  const reply = readReply(answer.reply);
  if (reply) return reply.status >= 500 ? isAccountReply(answer, reply) : isBusy(answer, reply);
  return !answer.isEnded && isOurAccount(answer);
}

/** A refusal, such as "550 5.1.1 No such user", of one line or more. What is none says nothing about a mail. */
function readReply(text: string | undefined): Reply | undefined {
  const lines = (text ?? '').split(/\r?\n/).filter((line) => /^[45]\d\d(?:[ -]|$)/.test(line));
  const first = lines[0];
  if (first === undefined) return undefined;
  const enhanced = /^[45]\d\d[ -]([45]\.\d{1,3}\.\d{1,3})(?: |$)/.exec(first)?.[1];
  return { status: Number(first.slice(0, 3)), enhanced, text: lines.map((line) => line.slice(4)).join(' ') };
}

function refusal(answer: Failure, reply: Reply): SendOutcome {
  const because = told('the mail server refused it', reply);
  if (isAccountReply(answer, reply)) return account(because, reply.status);
  const refused = request(because, reply.status);
  return reply.enhanced !== undefined && UNREACHABLE.has(reply.enhanced) ? { ...refused, addressFault: 'unreachable' } : refused;
}

function isAccountReply({ command = '' }: Failure, { status, enhanced = '', text }: Reply): boolean {
  if (status === 530 || status === 534 || status === 535 || status === 538 || ACCOUNT.has(enhanced)) return true;
  // A server that relays for nobody, or not for us, would refuse every mail of the campaign.
  if (RELAYS_NOT.test(text) && (enhanced === '' || enhanced === '5.7.1' || enhanced === '5.7.0')) return true;
  if (command === 'MAIL FROM') return status !== 552 && status !== 555 && !/^5\.(2\.3|3\.4|6\.\d+)$/.test(enhanced);
  return command !== 'RCPT TO' && command !== 'DATA';
}

const isBusy = ({ command = '' }: Failure, { status }: Reply): boolean =>
  status === 421 || !(command === 'MAIL FROM' || command === 'RCPT TO' || command === 'DATA');

function waitOf(answer: Failure, reply: Reply): number {
  if (isBusy(answer, reply)) return BUSY_WAIT_MS;
  return reply.enhanced === '4.2.2' ? FULL_MAILBOX_WAIT_MS : LATER_WAIT_MS;
}

/** No log-in that the server takes, or no encryption that we trust. */
const isOurAccount = ({ code = '', cause = '' }: Failure): boolean =>
  ['EAUTH', 'ENOAUTH', 'EOAUTH2', 'ETLS', 'ECONFIG'].includes(code) || /CERT|^ERR_(TLS|SSL)|^UNABLE_TO_(VERIFY|GET)/.test(cause);
/** An address that the server cannot be told, a mail that is larger than it takes. */
const isOurRefusal = ({ code, reply }: Failure): boolean => reply === undefined && (code === 'EENVELOPE' || code === 'EMESSAGE');

const account = (because: string, status?: number): SendOutcome => ({ kind: 'refused', concerns: 'account', blamed: [], status, because });

const request = (because: string, status: number | undefined) =>
  ({ kind: 'refused', concerns: 'request', blamed: [], status, because }) as const satisfies SendOutcome;

const causeOf = ({ code, cause, command }: Failure): string =>
  [cause ?? code ?? 'an error without a code', command].filter((one) => one !== undefined).join(', ');

/** Servers like to repeat the address. */
function told(what: string, { status, text }: Reply): string {
  const said = text.replaceAll(/[^\s@[\]()<>"]+@[^\s@[\]()<>"]+/g, '(an address)').slice(0, 300);
  return `${what} (${status})${said === '' ? '' : `: ${said}`}`;
}
