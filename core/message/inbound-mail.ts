import { createHash } from 'node:crypto';
import { parseEmail } from '../event/contacts.js';
import { textPartOf } from '../template/text-part.js';
import { ownWordsOf } from './mail-quote.js';
import { quarantine, type QuarantinedEvent } from './quarantine.js';

/** The fields of SendGrid's inbound parse, as text. */
export type InboundFields = ReadonlyMap<string, string>;

/** A mail that somebody has written to an address of ours. */
export type InboundMail = {
  /** To whom it went, by its envelope, or else by its head. */
  readonly recipients: readonly string[];
  /** Whose address it says that it is from. */
  readonly from: string;
  /** Their server was not the one of somebody else. */
  readonly isAuthentic: boolean;
  /** A program has written it: an absence note, a bounce, a list. */
  readonly isAutomatic: boolean;
  /** What they have written themselves. */
  readonly text: string;
  /** The same for every copy of it. */
  readonly digest: string;
};

const MOST_RECIPIENTS = 50;

/** Reads a mail, or says why it cannot be used. */
export function readInboundMail(fields: InboundFields): InboundMail | QuarantinedEvent {
  if (fields.has('email') && !fields.has('text') && !fields.has('html')) return quarantine('it was sent raw, which is not read', '');
  const head = readHead(fields.get('headers') ?? '');
  const envelope = readEnvelope(fields.get('envelope'));
  const from = addressesIn(fields.get('from') ?? '')[0];
  if (from === undefined) return quarantine('its writer has no address', '');
  const recipients = envelope.to.length > 0 ? envelope.to : addressesIn(fields.get('to') ?? '');
  const text = ownWordsOf(fields.get('text') || textPartOf(fields.get('html') ?? '') || '');
  const isAutomatic = envelope.from === '' || isByProgram(head, from);
  return { recipients, from, isAuthentic: isAuthentic(fields, from), isAutomatic, text, digest: digestOf(head, from, text) };
}

/** The head as it came: a name, in small letters, and its first value. */
function readHead(text: string): ReadonlyMap<string, string> {
  const head = new Map<string, string>();
  for (const line of text
    .replace(/\r\n?/g, '\n')
    .replace(/\n[ \t]+/g, ' ')
    .split('\n')) {
    const at = line.indexOf(':');
    const name = line.slice(0, at).trim().toLowerCase();
    if (at > 0 && !head.has(name)) head.set(name, line.slice(at + 1).trim());
  }
  return head;
}

function readEnvelope(text: string | undefined): { readonly to: readonly string[]; readonly from: string | undefined } {
  try {
    const parsed: unknown = JSON.parse(text ?? 'null');
    const { to, from } = (typeof parsed === 'object' && parsed !== null ? parsed : {}) as Readonly<Record<string, unknown>>;
    const all = Array.isArray(to) ? to.filter((one) => typeof one === 'string') : [];
    return { to: all.slice(0, MOST_RECIPIENTS), from: typeof from === 'string' ? from.trim() : undefined };
  } catch {
    return { to: [], from: undefined };
  }
}

/** The addresses of a line of the head: `"Ann" <ann@example.com>, bob@example.com`. */
function addressesIn(line: string): readonly string[] {
  const found = line.slice(0, 10_000).match(/[^\s<>,;:"()]+@[^\s<>,;:"()]+/g) ?? [];
  return found.slice(0, MOST_RECIPIENTS).flatMap((one) => parseEmail(one) ?? []);
}

/** RFC 3834, and what was there before it. */
function isByProgram(head: ReadonlyMap<string, string>, from: string): boolean {
  const submitted = head.get('auto-submitted')?.toLowerCase();
  if (submitted !== undefined && !submitted.startsWith('no')) return true;
  if (/^(?:bulk|junk|list|auto_reply)\b/i.test(head.get('precedence') ?? '')) return true;
  if (['x-autoreply', 'x-autorespond', 'x-autoresponder', 'list-id', 'x-failed-recipients'].some((name) => head.has(name))) return true;
  if (/multipart\/report|delivery-status|disposition-notification/i.test(head.get('content-type') ?? '')) return true;
  return head.get('return-path') === '<>' || /^(?:mailer-daemon|postmaster)@/.test(from);
}

/** SendGrid has asked the writer's domain: `SPF` is a word, `dkim` is `{@example.com : pass}`. Where neither says no, it counts. */
function isAuthentic(fields: InboundFields, from: string): boolean {
  const domain = from.slice(from.lastIndexOf('@') + 1);
  const signed = [...(fields.get('dkim') ?? '').slice(0, 1_000).matchAll(/@([^\s:{}]+)\s*:\s*(\w+)/g)];
  const isSigned = signed.some(([, name = '', verdict]) => verdict === 'pass' && isOf(domain, name.toLowerCase()));
  return isSigned || !/fail|permerror/i.test(fields.get('SPF') ?? '');
}

const isOf = (domain: string, signer: string): boolean =>
  domain === signer || domain.endsWith(`.${signer}`) || signer.endsWith(`.${domain}`);

function digestOf(head: ReadonlyMap<string, string>, from: string, text: string): string {
  const id = head.get('message-id');
  return createHash('sha256')
    .update(JSON.stringify(id === undefined ? [from, text] : [from, id]))
    .digest('hex');
}
