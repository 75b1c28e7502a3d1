import { createHash } from 'node:crypto';
import { safePrefix } from '../event/json.js';
import { quarantine, type QuarantinedEvent } from './quarantine.js';
import { SENDGRID_TOKEN_ARG } from './sendgrid-mail.js';

/** What SendGrid tells of a message. `accepted` says no more than that it has it: the evidence that settles an uncertain send. */
export type EmailEventKind =
  'accepted' | 'deferred' | 'delivered' | 'opened' | 'clicked' | 'bounced' | 'dropped' | 'complained' | 'unsubscribed';

export type SendgridEngagement = {
  readonly kind: EmailEventKind;
  /** Ours, as it came back. Whether it is genuine is for its own signature to say. */
  readonly token: string;
  /** The same for every copy of the same event. */
  readonly providerEventId: string;
  readonly occurredAtMs: number;
  /** Opened by a machine that fetches pictures for its owner, not by a person. */
  readonly byMachine: boolean;
  /** Of a bounce: the mailbox does not exist. False for one that is full or refuses us for now. */
  readonly isPermanent: boolean;
  /** The provider's words, of a bounce or drop; or where a click led. */
  readonly detail: string | undefined;
};

export type ParsedSendgridEvents = {
  readonly engagements: readonly SendgridEngagement[];
  readonly quarantined: readonly QuarantinedEvent[];
};

const KINDS: ReadonlyMap<unknown, EmailEventKind> = new Map([
  ['processed', 'accepted'],
  ['deferred', 'deferred'],
  ['delivered', 'delivered'],
  ['open', 'opened'],
  ['click', 'clicked'],
  ['bounce', 'bounced'],
  ['dropped', 'dropped'],
  ['spamreport', 'complained'],
  ['unsubscribe', 'unsubscribed'],
  ['group_unsubscribe', 'unsubscribed'],
]);

const DETAIL_CHARS = 300;
/** The year 2100: a time in milliseconds, or nonsense. */
const LATEST_S = 4_102_444_800;

/** Reads the body of an event webhook. Each event becomes an engagement or is quarantined with a reason; nothing is dropped, nothing throws. */
export function parseSendgridEvents(rawBody: Uint8Array): ParsedSendgridEvents {
  let body: unknown;
  const text = new TextDecoder().decode(rawBody);
  try {
    body = JSON.parse(text);
  } catch {
    return { engagements: [], quarantined: [quarantine('the body is not JSON', text)] };
  }
  if (!Array.isArray(body)) return { engagements: [], quarantined: [quarantine('the body is not an array of events', body)] };
  const engagements: SendgridEngagement[] = [];
  const quarantined: QuarantinedEvent[] = [];
  for (const event of body as unknown[]) {
    const read = readEvent(event);
    if ('kind' in read) engagements.push(read);
    else quarantined.push(read);
  }
  return { engagements, quarantined };
}

function readEvent(event: unknown): SendgridEngagement | QuarantinedEvent {
  if (typeof event !== 'object' || event === null || Array.isArray(event)) return quarantine('the event is not an object', event);
  const fields = event as Readonly<Record<string, unknown>>;
  const kind = KINDS.get(fields['event']);
  if (kind === undefined) return quarantine('the event is of an unknown kind', event);
  const token = fields[SENDGRID_TOKEN_ARG];
  if (typeof token !== 'string' || !/^[\w.~-]{1,200}$/.test(token)) return quarantine('the event carries no token of ours', event);
  const seconds = secondsOf(fields['timestamp']);
  if (seconds === undefined) return quarantine('the event has no time', event);
  return {
    kind,
    token,
    providerEventId: eventId(fields, token),
    occurredAtMs: seconds * 1_000,
    byMachine: kind === 'opened' && fields['sg_machine_open'] === true,
    // SendGrid calls a refusal for now "blocked"; an older event has no type and is a bounce proper.
    isPermanent: kind === 'bounced' && fields['type'] !== 'blocked',
    detail: detailOf(kind, fields),
  };
}

function secondsOf(timestamp: unknown): number | undefined {
  const seconds = typeof timestamp === 'string' && /^\d{1,10}$/.test(timestamp) ? Number(timestamp) : timestamp;
  return typeof seconds === 'number' && seconds > 0 && seconds < LATEST_S ? Math.floor(seconds) : undefined;
}

/** Some drops and complaints have come without an id: they are known again by what they say. */
function eventId(fields: Readonly<Record<string, unknown>>, token: string): string {
  const id = fields['sg_event_id'];
  if (typeof id === 'string' && /^[\x21-\x7e]{1,200}$/.test(id)) return id;
  const said = [token, fields['event'], String(secondsOf(fields['timestamp'])), safePrefix(fields['url'] ?? '', DETAIL_CHARS)];
  return `derived-${createHash('sha256').update(JSON.stringify(said)).digest('hex').slice(0, 32)}`;
}

function detailOf(kind: EmailEventKind, fields: Readonly<Record<string, unknown>>): string | undefined {
  const detail = kind === 'clicked' ? fields['url'] : (fields['reason'] ?? fields['response']);
  return typeof detail === 'string' ? safePrefix(detail, DETAIL_CHARS) : undefined;
}
