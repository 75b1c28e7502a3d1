import { DomainError } from '../errors.js';
import { parseTimeMs } from '../event/time.js';
import { createZoneClock } from './zone-clock.js';

export type TimeForm = {
  /** Tokens like `DD.MM.YYYY HH:mm`; absent: ISO 8601, `YYYYMMDD`, or seconds or milliseconds since 1970. */
  readonly dateFormat?: string;
  /** Of times that name no zone. */
  readonly timeZone: string;
};

/** Reads a point in time from a cell: milliseconds, or nothing when it is none. */
export type TimeReader = (sent: unknown) => number | undefined;

export function createTimeReader({ dateFormat, timeZone }: TimeForm): TimeReader {
  const toUtc = createZoneClock(timeZone);
  const readText = dateFormat === undefined ? (text: string) => readUsual(text, toUtc) : createFormatReader(dateFormat, toUtc);
  let lastText = '';
  let lastMs: number | undefined;
  return (sent) => {
    if (typeof sent === 'number' && dateFormat === undefined) return parseTimeMs(sent);
    const text = typeof sent === 'string' ? sent.trim() : typeof sent === 'number' ? String(sent) : '';
    if (text === '' || text.length > 60) return undefined;
    if (text !== lastText) {
      lastMs = readText(text);
      lastText = text;
    }
    return lastMs;
  };
}

const NAMES_ZONE = /[T ]\d\d:.*(?:Z|[+-]\d\d(?::?\d\d)?)$/i;
const SHORT_ISO = /^(\d{4})(\d\d)(\d\d)$/;

function readUsual(text: string, toUtc: (wallMs: number) => number): number | undefined {
  const short = SHORT_ISO.exec(text);
  if (short) return readUsual(`${short[1]}-${short[2]}-${short[3]}`, toUtc);
  if (/^\d{9,13}(?:\.\d{1,9})?$/.test(text)) return parseTimeMs(Number(text));
  if (!isDayOfMonth(text)) return undefined;
  // ISO 8601 as one text; a space before the zone is common too.
  const ms = parseTimeMs(text.replace(/ (?=(?:Z|[+-]\d\d(?::?\d\d)?)$)/i, ''));
  return NAMES_ZONE.test(text) ? ms : zoned(ms, toUtc);
}

/** Date.parse takes the 30th of February for the 1st of March. */
function isDayOfMonth(text: string): boolean {
  const [, year, month, day] = /^(\d{4})-(\d\d)-(\d\d)/.exec(text) ?? [];
  return Number(day) <= 28 || Number(day) <= new Date(Date.UTC(Number(year), Number(month), 0)).getUTCDate();
}

const zoned = (wallMs: number | undefined, toUtc: (wallMs: number) => number): number | undefined =>
  wallMs === undefined ? undefined : toUtc(wallMs);

type Part = 'year' | 'month' | 'day' | 'hour' | 'minute' | 'second' | 'ms' | 'half' | 'zone';
type Token = { readonly part: Part; readonly pattern: string; readonly read: (text: string) => number };

const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const number = (part: Part, pattern: string): Token => ({ part, pattern, read: Number });

/** By length, so that the longest that fits is taken. */
const TOKENS: readonly (readonly [string, Token])[] = [
  ['YYYY', number('year', '\\d{4}')],
  ['YY', { part: 'year', pattern: '\\d\\d', read: (text) => Number(text) + (Number(text) < 70 ? 2000 : 1900) }],
  ['MMMM', { part: 'month', pattern: '[a-z]{3,9}', read: monthOf }],
  ['MMM', { part: 'month', pattern: '[a-z]{3}', read: monthOf }],
  ['MM', number('month', '\\d\\d')],
  ['M', number('month', '\\d\\d?')],
  ['DD', number('day', '\\d\\d')],
  ['D', number('day', '\\d\\d?')],
  ['HH', number('hour', '\\d\\d')],
  ['H', number('hour', '\\d\\d?')],
  ['hh', number('hour', '\\d\\d')],
  ['h', number('hour', '\\d\\d?')],
  ['mm', number('minute', '\\d\\d')],
  ['ss', number('second', '\\d\\d')],
  ['SSS', { part: 'ms', pattern: '\\d{1,9}', read: (text) => Number(`${text}00`.slice(0, 3)) }],
  ['A', { part: 'half', pattern: '[ap]\\.?m\\.?', read: (text) => (text.toLowerCase().startsWith('p') ? 12 : 0) }],
  ['Z', { part: 'zone', pattern: 'z|[+-]\\d\\d(?::?\\d\\d)?', read: offsetMsOf }],
];

function monthOf(text: string): number {
  return MONTHS.indexOf(text.slice(0, 3).toLowerCase()) + 1;
}

function offsetMsOf(text: string): number {
  const [, sign = '+', hours = '0', minutes = '0'] = /^([+-])(\d\d):?(\d\d)?$/.exec(text) ?? [];
  return (sign === '-' ? -1 : 1) * (Number(hours) * 60 + Number(minutes)) * 60_000;
}

/** A reader of one way to write dates. Characters that are no tokens stand for themselves. */
function createFormatReader(format: string, toUtc: (wallMs: number) => number): (text: string) => number | undefined {
  const tokens: Token[] = [];
  let pattern = '';
  for (let at = 0; at < format.length;) {
    const [name, token] = TOKENS.find(([candidate]) => format.startsWith(candidate, at)) ?? [];
    if (name !== undefined && token) {
      tokens.push(token);
      pattern += `(${token.pattern})`;
      at += name.length;
    } else {
      pattern += (format[at] ?? '').replace(/[.*+?^${}()|[\]\\/]/g, '\\$&');
      at += 1;
    }
  }
  requireDate(format, tokens);
  const form = new RegExp(`^${pattern}$`, 'i');
  return (text) => {
    const match = form.exec(text);
    return match ? msOf(new Map(tokens.map(({ part, read }, i) => [part, read(match[i + 1] ?? '')])), toUtc) : undefined;
  };
}

function requireDate(format: string, tokens: readonly Token[]): void {
  const parts = tokens.map(({ part }) => part);
  const missing = (['year', 'month', 'day'] as const).filter((part) => !parts.includes(part));
  if (missing.length === 0 && new Set(parts).size === parts.length) return;
  throw new DomainError(
    'invalid',
    `--date-format ${JSON.stringify(format)} must name ${missing.length > 0 ? `the ${missing.join(' and the ')}` : 'each part once'}, as in "DD.MM.YYYY HH:mm:ss"`,
  );
}

function msOf(parts: ReadonlyMap<Part, number>, toUtc: (wallMs: number) => number): number | undefined {
  const part = (name: Part) => parts.get(name) ?? 0;
  const half = parts.get('half');
  if (half !== undefined && (part('hour') < 1 || part('hour') > 12)) return undefined;
  const hour = half === undefined ? part('hour') : (part('hour') % 12) + half;
  const wallMs = Date.UTC(part('year'), part('month') - 1, part('day'), hour, part('minute'), part('second'), part('ms'));
  const date = new Date(wallMs);
  // Date.UTC takes the 31st of February for the 3rd of March.
  const exists = date.getUTCMonth() + 1 === part('month') && date.getUTCDate() === part('day') && hour < 24 && part('minute') < 60;
  if (!exists || part('second') > 60) return undefined;
  const zone = parts.get('zone');
  return zone === undefined ? toUtc(wallMs) : wallMs - zone;
}
