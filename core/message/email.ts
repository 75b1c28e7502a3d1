export type EmailAddress = { readonly email: string; readonly name?: string };

/** One person's mail, rendered. */
export type EmailMessage = {
  /** The only id that the provider is given: opaque, and safe in a URL. */
  readonly token: string;
  readonly to: EmailAddress;
  readonly subject: string;
  readonly html: string;
  readonly text: string;
  /** Where a mail client's one-click unsubscribe posts to (RFC 8058). Absent on transactional mail. */
  readonly unsubscribeUrl?: string;
  /** This person's own reply address; it takes the place of the batch's. */
  readonly replyTo?: string;
};

/** What is the same for all messages of one request. */
export type EmailEnvelope = {
  readonly from: EmailAddress;
  /** A mailbox that exists: where a person's own reply address does not take its place, replies arrive there. */
  readonly replyTo?: EmailAddress;
  readonly categories?: readonly string[];
  /** Whether the provider adds a pixel that tells of opens, and leads links over itself to tell of clicks. Neither, where it is not said. */
  readonly tracking?: { readonly opens: boolean; readonly clicks: boolean };
  /** The provider checks the request and delivers nothing. */
  readonly validateOnly?: boolean;
};

export type EmailBatch = EmailEnvelope & { readonly messages: readonly EmailMessage[] };

export type EmailLimits = { readonly recipients: number; readonly requestBytes: number; readonly substitutionBytes: number };

/**
 * SendGrid's published limits of one request. Its OpenAPI file still says 10,000 bytes of substitutions where its manual says
 * 50,000; an account that is refused can be given the smaller number.
 */
export const SENDGRID_LIMITS: EmailLimits = { recipients: 1_000, requestBytes: 30_000_000, substitutionBytes: 50_000 };

const TOKEN = /^[\w.~-]{1,200}$/;
/** The tags' own names, one of which is an address. */
const TAG_BYTES = 500;
/** Names of fields, headers and quotation marks around one message in the request. */
const FIELD_BYTES = 500;

type Cost = { readonly substitutionBytes: number; readonly requestBytes: number; readonly address: string };

const costs = new WeakMap<EmailMessage, Cost>();

/** What one message takes of a request. Asked more than once on its way, and counted once. */
function costOf(message: EmailMessage): Cost {
  const known = costs.get(message);
  if (known) return known;
  const cost = countCost(message);
  costs.set(message, cost);
  return cost;
}

/** Counted as the JSON that travels: the largest of the ways in which it can be counted. */
function countCost(message: EmailMessage): Cost {
  const { subject, html, text, replyTo, token, to, unsubscribeUrl } = message;
  const substitutionBytes = TAG_BYTES + jsonBytes([subject, html, text, replyTo]);
  return {
    substitutionBytes,
    requestBytes: substitutionBytes + jsonBytes([token, to, unsubscribeUrl]) + FIELD_BYTES,
    // Mailboxes that differ in case only are one to almost every provider, and may be one to SendGrid.
    address: to.email.trim().toLowerCase(),
  };
}

/** Why a message can be sent in no request at all, or nothing. */
export function emailFault(message: EmailMessage, limits: EmailLimits = SENDGRID_LIMITS, cost: Cost = costOf(message)): string | undefined {
  const { token, to, subject, html, text, unsubscribeUrl } = message;
  if (!TOKEN.test(token)) return 'its token is not 1 to 200 characters that are safe in a URL';
  if (!/^[^\s@<>,;]+@[^\s@<>,;]+$/.test(to.email)) return 'its address is not one';
  if (subject.trim() === '' || /[\r\n\0]/.test(subject)) return 'its subject is empty or has more than one line';
  if (html === '' || text === '') return 'its HTML or its text is empty';
  if (unsubscribeUrl !== undefined && !/^https:\/\/[^\s<>,]+$/.test(unsubscribeUrl)) return 'its unsubscribe link is not https';
  if (cost.requestBytes > limits.requestBytes) return `it is larger than ${limits.requestBytes} bytes`;
  return undefined;
}

/** A request being filled. */
class Chunk<T extends EmailMessage> {
  readonly messages: T[] = [];
  private readonly addresses = new Set<string>();
  private bytes = 0;
  private isAlone = false;

  constructor(private readonly limits: EmailLimits) {}

  /** Takes the message if it fits beside those that are here. */
  take(message: T, { substitutionBytes, requestBytes, address }: Cost): boolean {
    const travelsAlone = substitutionBytes > this.limits.substitutionBytes;
    const isFull = this.isAlone || this.messages.length >= this.limits.recipients || this.addresses.has(address);
    if (isFull || (travelsAlone && this.messages.length > 0) || this.bytes + requestBytes > this.limits.requestBytes) return false;
    this.messages.push(message);
    this.addresses.add(address);
    this.bytes += requestBytes;
    this.isAlone = travelsAlone;
    return true;
  }
}

/** Whether the messages may travel in one request: few enough, small enough, and no address twice. */
export function fitsTogether(messages: readonly EmailMessage[], limits: EmailLimits = SENDGRID_LIMITS): boolean {
  const chunk = new Chunk(limits);
  const fits = (message: EmailMessage, cost: Cost) => emailFault(message, limits, cost) === undefined && chunk.take(message, cost);
  return messages.length > 0 && messages.every((message) => fits(message, costOf(message)));
}

export type ChunkedEmails<T extends EmailMessage> = {
  /** Each fits in one request. */
  readonly chunks: readonly (readonly T[])[];
  readonly unsendable: readonly { readonly message: T; readonly because: string }[];
};

/** Puts every message into exactly one request, in order, or says why it fits in none. */
export function chunkEmails<T extends EmailMessage>(messages: readonly T[], limits: EmailLimits = SENDGRID_LIMITS): ChunkedEmails<T> {
  const chunks: Chunk<T>[] = [];
  const unsendable: { message: T; because: string }[] = [];
  for (const message of messages) {
    const cost = costOf(message);
    const because = emailFault(message, limits, cost);
    if (because !== undefined) {
      unsendable.push({ message, because });
      continue;
    }
    if (chunks.some((chunk) => chunk.take(message, cost))) continue;
    const chunk = new Chunk<T>(limits);
    chunk.take(message, cost);
    chunks.push(chunk);
  }
  return { chunks: chunks.map((chunk) => chunk.messages), unsendable };
}

const jsonBytes = (value: unknown): number => Buffer.byteLength(JSON.stringify(value));
