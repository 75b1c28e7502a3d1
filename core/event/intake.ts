import { contactsOf, type ContactAddress } from './contacts.js';
import { jsonFault, safePrefix, textFault } from './json.js';
import { parseTimeZone } from './time-zone.js';
import { canonicalProperties, type Properties } from './properties.js';
import { readRevenue } from './revenue.js';
import { correctForSkew, isAcceptedTime, parseTimeMs } from './time.js';
import { canonicalEventName } from './vocabulary.js';

export const MAX_EVENT_BYTES = 32 * 1024;
export const MAX_BATCH_BYTES = 500 * 1024;
const MAX_ID_CHARS = 255;
const MAX_NAME_CHARS = 200;
const MAX_PAYLOAD_CHARS = 4_000;

const MESSAGE_TYPES = ['track', 'identify', 'page', 'screen', 'group', 'alias'] as const;
/** The kinds of message in Segment's protocol. */
export type MessageType = (typeof MESSAGE_TYPES)[number];

/** What a message says about who its sender is. */
export type Person = { readonly traits: Properties; readonly timeZone?: string; readonly contacts: readonly ContactAddress[] };

export type AcceptedEvent = {
  readonly kind: 'event';
  readonly messageId: string;
  readonly userId: string;
  readonly event: string;
  readonly occurredAtMs: number;
  readonly properties: Properties;
  readonly revenue?: { readonly minor: number; readonly currency: string };
  readonly person?: Person;
  /** An id that turns out to be this user. */
  readonly aliasId?: string;
};

export type RejectedEvent = {
  readonly kind: 'rejected';
  readonly reason: string;
  readonly messageId?: string;
  /** The beginning of what came, safe to store. */
  readonly payload: string;
};

export type Intake = AcceptedEvent | RejectedEvent;

export type IntakeContext = {
  readonly receivedMs: number;
  /** `sentAt` of the batch, for messages that have none of their own. */
  readonly batchSentAt?: unknown;
  /** The tenant's currency, for amounts that name none. */
  readonly currency: string;
  /** An id for a message without one: its repetition cannot be recognised. */
  readonly newMessageId: () => string;
};

/** Stops the reading of one message. It never leaves this module: the message is rejected, its neighbours are not touched. */
class Rejection extends Error {}

function reject(reason: string): never {
  throw new Rejection(reason);
}

type Json = Readonly<Record<string, unknown>>;
const isObject = (value: unknown): value is Json => typeof value === 'object' && value !== null && !Array.isArray(value);

/** Reads one message of Segment's protocol. `type` is given by the route; in a batch each message names its own. */
export function readMessage(raw: unknown, context: IntakeContext, type?: MessageType): Intake {
  try {
    if (!isObject(raw)) return reject('a message must be an object');
    return readObject(raw, context, type ?? typeOf(raw));
  } catch (error) {
    if (!(error instanceof Rejection)) throw error;
    const messageId = isObject(raw) && typeof raw.messageId === 'string' ? { messageId: safePrefix(raw.messageId, MAX_ID_CHARS) } : {};
    return { kind: 'rejected', reason: error.message, ...messageId, payload: safePrefix(raw, MAX_PAYLOAD_CHARS) };
  }
}

function typeOf({ type }: Json): MessageType {
  return MESSAGE_TYPES.find((known) => known === type) ?? reject(`type must be one of: ${MESSAGE_TYPES.join(', ')}`);
}

function readObject(message: Json, context: IntakeContext, type: MessageType): AcceptedEvent {
  const messageId = readId(message, 'messageId') ?? context.newMessageId();
  const knownId = readId(message, 'userId');
  const anonymousId = readId(message, 'anonymousId');
  if (type === 'alias' && knownId === undefined) return reject('userId is missing');
  const userId = knownId ?? anonymousId ?? reject('userId or anonymousId is missing');
  const occurredAtMs = readTime(message, context);
  const sent = readContent(message, type);
  const properties = canonicalProperties(sent.properties);
  const fault = jsonFault(properties, 'properties');
  if (fault) return reject(fault);
  const money = readRevenue(sent.event, properties, context.currency);
  if (money.kind === 'fault') return reject(money.reason);
  const aliasId = type === 'alias' ? readId(message, 'previousId') : type === 'identify' && knownId ? anonymousId : undefined;
  if (type === 'alias' && aliasId === undefined) return reject('previousId is missing');
  return {
    kind: 'event',
    messageId,
    userId,
    event: money.event,
    occurredAtMs,
    properties,
    ...(money.revenue && { revenue: money.revenue }),
    ...(type === 'identify' && { person: readPerson(message) }),
    ...(aliasId !== undefined && aliasId !== userId && { aliasId }),
  };
}

/** The event's name and properties, by the type of the message. */
function readContent(message: Json, type: MessageType): { event: string; properties: Properties } {
  switch (type) {
    case 'track':
      return { event: canonicalEventName(readName(message.event)), properties: readProperties(message) };
    case 'page':
    case 'screen': {
      const { name, category } = message;
      const named = { ...(typeof name === 'string' && { name }), ...(typeof category === 'string' && { category }) };
      return { event: type === 'page' ? 'page_view' : 'screen_view', properties: { ...named, ...readProperties(message) } };
    }
    case 'group':
      return { event: 'group', properties: readGroup(message) };
    case 'identify':
    case 'alias':
      return { event: type, properties: {} };
  }
}

function readGroup(message: Json): Properties {
  const groupId = readId(message, 'groupId') ?? reject('groupId is missing');
  const { traits = {} } = message;
  if (traits !== null && !isObject(traits)) return reject('traits must be an object');
  return { group_id: groupId, ...(traits !== null && Object.keys(traits).length > 0 && { traits }) };
}

function readName(name: unknown): string {
  if (typeof name !== 'string' || name.trim() === '') return reject('event must be a text that is not empty');
  if (name.length > MAX_NAME_CHARS) return reject(`event is longer than ${MAX_NAME_CHARS} characters`);
  const fault = textFault(name);
  return fault ? reject(`event ${fault}`) : name;
}

/** An id as text; absent, null and empty are none. Numbers are what many databases have for ids. */
function readId(message: Json, field: string): string | undefined {
  const sent = message[field];
  if (sent === undefined || sent === null || sent === '') return undefined;
  const id = typeof sent === 'number' && Number.isSafeInteger(sent) ? String(sent) : sent;
  if (typeof id !== 'string') return reject(`${field} must be a text`);
  if (id.length > MAX_ID_CHARS) return reject(`${field} is longer than ${MAX_ID_CHARS} characters`);
  const fault = textFault(id);
  return fault ? reject(`${field} ${fault}`) : id;
}

function readTime(message: Json, { receivedMs, batchSentAt }: IntakeContext): number {
  const original = message.originalTimestamp ?? message.timestamp;
  const originalMs = original === undefined || original === null ? undefined : parseTimeMs(original);
  if (original !== undefined && original !== null && originalMs === undefined) {
    return reject(`timestamp is not a time (ISO 8601 is expected): ${safePrefix(original, 40)}`);
  }
  const sentMs = parseTimeMs(message.sentAt ?? batchSentAt);
  const occurredAtMs = correctForSkew({
    ...(originalMs !== undefined && { originalMs }),
    ...(sentMs !== undefined && { sentMs }),
    receivedMs,
  });
  if (!isAcceptedTime(occurredAtMs, receivedMs))
    return reject(`timestamp is not between 1990 and a day from now: ${shownTime(occurredAtMs)}`);
  return occurredAtMs;
}

const shownTime = (ms: number): string => (Math.abs(ms) <= 8.64e15 ? new Date(ms).toISOString() : String(ms));

function readProperties({ properties, context }: Json): Properties {
  const own = properties ?? {};
  if (!isObject(own)) return reject('properties must be an object');
  const campaign = isObject(context) ? context.campaign : undefined;
  return isObject(campaign) ? { ...campaignProperties(campaign), ...own } : own;
}

/** Where the visit came from, which attribution asks for. The rest of the context (address, device) is not kept. */
function campaignProperties(campaign: Json): Properties {
  const properties: Record<string, unknown> = {};
  for (const part of ['source', 'medium', 'term', 'content'] as const) {
    if (typeof campaign[part] === 'string') properties[`utm_${part}`] = campaign[part];
  }
  if (typeof campaign.name === 'string') properties.utm_campaign = campaign.name;
  return properties;
}

function readPerson({ traits: sent, context }: Json): Person {
  const traits = sent ?? (isObject(context) ? context.traits : undefined) ?? {};
  if (!isObject(traits)) return reject('traits must be an object');
  const fault = jsonFault(traits, 'traits');
  if (fault) return reject(fault);
  const zones = [traits.timezone, traits.timeZone, traits.time_zone, isObject(context) ? context.timezone : undefined];
  const timeZone = zones.map(parseTimeZone).find((zone) => zone !== undefined);
  return { traits, ...(timeZone && { timeZone }), contacts: contactsOf(traits) };
}

/** Refuses a message that is larger than 32 KB, by the bytes of its JSON. Only asked where a body is large enough to hold one. */
export function rejectOversized(raw: unknown): RejectedEvent | undefined {
  if (!isObject(raw)) return undefined;
  const reason = sizeFault(raw);
  if (!reason) return undefined;
  const messageId = typeof raw.messageId === 'string' ? { messageId: safePrefix(raw.messageId, MAX_ID_CHARS) } : {};
  return { kind: 'rejected', reason, ...messageId, payload: safePrefix(raw, MAX_PAYLOAD_CHARS) };
}

function sizeFault(raw: Json): string | undefined {
  try {
    return byteLengthOf(JSON.stringify(raw)) > MAX_EVENT_BYTES ? `the event is larger than ${MAX_EVENT_BYTES / 1024} KB` : undefined;
  } catch {
    return 'the event is nested too deeply'; // the only way in which parsed JSON cannot be written again
  }
}

/** The bytes of a text in UTF-8, without making them. */
function byteLengthOf(text: string): number {
  if (text.length * 3 <= MAX_EVENT_BYTES || text.length > MAX_EVENT_BYTES) return text.length;
  return Buffer.byteLength(text);
}
