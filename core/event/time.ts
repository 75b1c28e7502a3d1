const DAY_MS = 86_400_000;

/** The earliest time an event may have: what is older is a clock that was never set. */
export const EARLIEST_EVENT_MS = Date.UTC(1990, 0, 1);

/** Whether events of that time are accepted: from 1990 to a day ahead of now. */
export function isAcceptedTime(occurredAtMs: number, nowMs: number): boolean {
  return occurredAtMs >= EARLIEST_EVENT_MS && occurredAtMs <= nowMs + DAY_MS;
}

const ISO = /^(?:\d{4}|[+-]\d{6})-(\d\d)-(\d\d)(?:[T ]\d\d:\d\d(?::\d\d(?:[.,]\d+)?)?(?:Z|[+-]\d\d(?::?\d\d)?)?)?$/i;
/** What every JavaScript client writes, and `Date.parse` reads as it is. */
const USUAL_ISO = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;
const ZONE = /(?:Z|[+-]\d\d(?::?\d\d)?)$/i;
/** Numbers below are seconds since 1970, above milliseconds: in seconds it is the year 5138, in milliseconds 1973. */
const SECONDS_BELOW = 1e11;

/**
 * A point in time as clients write it: ISO 8601 with any number of digits (without a zone it is UTC, never the zone of this
 * machine), or a number of seconds or milliseconds since 1970. Gives milliseconds, or nothing when it is neither.
 */
export function parseTimeMs(sent: unknown): number | undefined {
  if (typeof sent === 'number') {
    const ms = Math.abs(sent) < SECONDS_BELOW ? sent * 1000 : sent;
    return Math.abs(ms) <= 8.64e15 ? Math.round(ms) : undefined;
  }
  if (typeof sent !== 'string' || sent.length > 40) return undefined;
  if (USUAL_ISO.test(sent) && sent.slice(8, 10) <= '28') return parsedMs(sent);
  const text = sent.trim();
  const [matched, month, day] = ISO.exec(text) ?? [];
  return matched !== undefined && isDayOfMonth(Number(day), Number(month), text) ? parseLooseIso(text) : undefined;
}

/** `Date.parse` takes 30 February for 2 March. */
function isDayOfMonth(day: number, month: number, text: string): boolean {
  return day <= 28 || day <= new Date(Date.UTC(Number.parseInt(text, 10), month, 0)).getUTCDate();
}

/** Brings the forms that ISO 8601 allows into the one that `Date.parse` reads the same on every machine. */
function parseLooseIso(text: string): number | undefined {
  const day = text.slice(0, text.indexOf('-', 1) + 6);
  const rest = text.slice(day.length);
  if (rest === '') return parsedMs(day);
  const zone = ZONE.exec(rest)?.[0] ?? 'Z';
  const time = rest.slice(1, zone === 'Z' && !/z$/i.test(rest) ? undefined : -zone.length).replace(',', '.');
  const offset = /^[+-]\d\d$/.test(zone) ? `${zone}:00` : zone.replace(/^([+-]\d\d)(\d\d)$/, '$1:$2').toUpperCase();
  return parsedMs(`${day}T${time.replace(/(\.\d{3})\d+$/, '$1')}${offset}`);
}

function parsedMs(text: string): number | undefined {
  const ms = Date.parse(text);
  return Number.isNaN(ms) ? undefined : ms;
}

/**
 * When an event happened, by our clock, as Segment corrects it: what passed between the event and its sending, by the sender's
 * clock, is taken off the time of arrival. Without both times there is nothing to correct by. A `sentAt` before 1970 is a
 * default that nobody set, and is taken as absent.
 */
export function correctForSkew({ originalMs, sentMs, receivedMs }: { originalMs?: number; sentMs?: number; receivedMs: number }): number {
  if (originalMs === undefined) return receivedMs;
  if (sentMs === undefined || sentMs < 0) return originalMs;
  return receivedMs - (sentMs - originalMs);
}
