import { hash } from 'node:crypto';
import { DomainError } from '../errors.js';
import { MAX_EVENT_BYTES } from '../event/intake.js';
import { jsonFault, safePrefix, textFault } from '../event/json.js';
import { parseCurrency } from '../event/money.js';
import { canonicalProperties, canonicalPropertyName, type Properties } from '../event/properties.js';
import { readRevenue } from '../event/revenue.js';
import { isAcceptedTime } from '../event/time.js';
import { canonicalEventName } from '../event/vocabulary.js';
import { cellOf, hasColumn, widthFault, type Cell, type Columns } from './columns.js';
import type { Ordinals } from './ordinals.js';
import type { Cells } from './rows.js';
import { createTimeReader, type TimeReader } from './times.js';
import { idFault, plainAmount, textOf, valueOf } from './values.js';

/** Which column of a file means what. Columns are named, or numbered from 1 in a file without a header. */
export type EventMapping = {
  /** The name that all rows have, or the column that holds each row's. */
  readonly event: string | { readonly column: string };
  readonly user: string;
  readonly time: string;
  readonly revenue?: string;
  /** A column, or a code of ISO 4217 for all rows; absent: the tenant's. */
  readonly currency?: string;
  /** Property → column. */
  readonly properties?: Readonly<Record<string, string>>;
  readonly dateFormat?: string;
  /** Of times without a zone; absent: the tenant's. */
  readonly timeZone?: string;
  /** Amounts are written as 1.234,50. */
  readonly decimalComma?: boolean;
};

export type EventContext = {
  readonly timeZone: string;
  readonly currency: string;
  readonly nowMs: number;
  readonly ordinals: Ordinals;
};

export type ImportedEvent = {
  readonly messageId: string;
  readonly userId: string;
  readonly event: string;
  readonly occurredAtMs: number;
  /** JSON. */
  readonly properties: string;
  readonly revenueMinor?: number;
  readonly currency?: string;
};

/** An event, or the reason why a row is none. */
export type EventReading = ImportedEvent | string;

/** Reads events from the rows of a file with these columns. Throws where the mapping names what the file does not have. */
export function createEventReader(mapping: EventMapping, columns: Columns, context: EventContext): (cells: Cells) => EventReading {
  const user = cellOf(columns, mapping.user);
  const time = cellOf(columns, mapping.time);
  const readTime = createTimeReader({
    timeZone: mapping.timeZone ?? context.timeZone,
    ...(mapping.dateFormat !== undefined && { dateFormat: mapping.dateFormat }),
  });
  const readName = createNameReader(mapping.event, columns);
  const readProperties = createPropertyReader(mapping, columns);
  return (cells) => {
    const width = widthFault(columns, cells);
    if (width) return width;
    const userId = textOf(user(cells));
    if (userId === undefined) return `has no user (column ${mapping.user} is empty)`;
    const fault = idFault(userId);
    if (fault) return `the user's id ${fault}`;
    const occurredAtMs = timeOf(time(cells), readTime, mapping, context.nowMs);
    if (typeof occurredAtMs === 'string') return occurredAtMs;
    const name = readName(cells);
    if ('fault' in name) return name.fault;
    return eventOf({ userId, occurredAtMs, name: name.event }, readProperties(cells), mapping, context);
  };
}

function timeOf(sent: unknown, readTime: TimeReader, { time, dateFormat }: EventMapping, nowMs: number): number | string {
  const ms = readTime(sent);
  if (ms === undefined) {
    const expected =
      dateFormat === undefined
        ? 'ISO 8601, YYYYMMDD or seconds since 1970 are expected; --date-format names another form'
        : `${dateFormat} is expected`;
    return `column ${time} is not a time: ${safePrefix(sent ?? '', 40)} (${expected})`;
  }
  return isAcceptedTime(ms, nowMs) ? ms : `column ${time} is not between 1990 and a day from now: ${safePrefix(sent, 40)}`;
}

type Name = { readonly event: string } | { readonly fault: string };

function createNameReader(event: EventMapping['event'], columns: Columns): (cells: Cells) => Name {
  if (typeof event === 'string') {
    const name = nameOf(event);
    if ('fault' in name) throw new DomainError('invalid', name.fault);
    return () => name;
  }
  const cell = cellOf(columns, event.column);
  const known = new Map<string, Name>();
  return (cells) => {
    const sent = textOf(cell(cells)) ?? '';
    const name = known.get(sent) ?? nameOf(sent);
    if (known.size < 1_000) known.set(sent, name);
    return name;
  };
}

const MAX_NAME_CHARS = 200;

function nameOf(sent: string): Name {
  if (sent.trim() === '') return { fault: 'the event has no name' };
  if (sent.length > MAX_NAME_CHARS) return { fault: `the event's name is longer than ${MAX_NAME_CHARS} characters` };
  const fault = textFault(sent);
  return fault ? { fault: `the event's name ${fault}` } : { event: canonicalEventName(sent) };
}

/** The properties as HTTP would have brought them: the amount is `revenue`, and its currency `currency`. */
function createPropertyReader(mapping: EventMapping, columns: Columns): (cells: Cells) => Properties {
  const { revenue, decimalComma = false } = mapping;
  const readers: (readonly [string, Cell])[] = Object.entries(mapping.properties ?? {})
    .map(([property, column]) => [canonicalPropertyName(property), cellOf(columns, column)] as const)
    .sort(([a], [b]) => (a < b ? -1 : 1));
  const amount = revenue === undefined ? undefined : cellOf(columns, revenue);
  const currency = mapping.currency === undefined ? undefined : currencyCell(mapping.currency, columns);
  return (cells) => {
    const properties: Record<string, unknown> = {};
    for (const [property, cell] of readers) {
      const value = valueOf(cell(cells));
      if (value !== undefined) properties[property] = value;
    }
    const revenueSent = amount && valueOf(plainAmount(amount(cells), decimalComma));
    if (revenueSent !== undefined) properties.revenue = revenueSent;
    const currencySent = currency && textOf(currency(cells));
    if (currencySent !== undefined) properties.currency = currencySent;
    return properties;
  };
}

function currencyCell(named: string, columns: Columns): Cell {
  const code = hasColumn(columns, named) ? undefined : parseCurrency(named);
  return code === undefined ? cellOf(columns, named) : () => code;
}

type Known = { readonly userId: string; readonly occurredAtMs: number; readonly name: string };

function eventOf({ userId, occurredAtMs, name }: Known, sent: Properties, mapping: EventMapping, context: EventContext): EventReading {
  const properties = canonicalProperties(sent);
  const fault = jsonFault(properties, 'properties');
  if (fault) return fault;
  const money = readRevenue(name, properties, context.currency);
  if (money.kind === 'fault') return money.reason;
  // An amount that a person pointed at must be one, also on an event that is not ours.
  if (properties.revenue !== undefined && mapping.revenue !== undefined && !money.revenue && !canBeAmount(properties, context)) {
    return `column ${mapping.revenue} is not an amount: ${safePrefix(properties.revenue, 40)}`;
  }
  const json = JSON.stringify(properties);
  if (json.length * 3 > MAX_EVENT_BYTES && Buffer.byteLength(json) > MAX_EVENT_BYTES)
    return `its properties are larger than ${MAX_EVENT_BYTES / 1024} KB`;
  return {
    messageId: messageIdOf(`${name}\0${userId}\0${occurredAtMs}\0${json}`, occurredAtMs, context.ordinals),
    userId,
    event: money.event,
    occurredAtMs,
    properties: json,
    ...(money.revenue && { revenueMinor: money.revenue.minor, currency: money.revenue.currency }),
  };
}

const canBeAmount = (properties: Properties, { currency }: EventContext): boolean =>
  readRevenue('purchase', properties, currency).kind === 'read';

/** Of base64url: 96 bits. */
const HASH_CHARS = 16;

/**
 * The same for the same content, so that a file can be imported twice; rows that are truly equal are told apart by their order. It
 * begins with the time: rows that lie close in the file then lie close in the index, which 100 million rows need.
 */
function messageIdOf(content: string, occurredAtMs: number, ordinals: Ordinals): string {
  const digest = hash('sha256', content, 'base64url');
  const ordinal = ordinals.next(bitsIn(digest, 0), bitsIn(digest, HASH_CHARS / 2));
  const id = `import_${occurredAtMs.toString(36).padStart(8, '0')}${digest.slice(0, HASH_CHARS)}`;
  return ordinal === 1 ? id : `${id}_${ordinal}`;
}

/** 32 bits of the 48 that eight characters hold. */
function bitsIn(digest: string, from: number): number {
  let bits = 0;
  for (let at = from; at < from + 8; at += 1) bits = Math.imul(bits, 67) + digest.charCodeAt(at);
  return bits >>> 0;
}
