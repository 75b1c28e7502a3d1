import { createOffsets } from '../zone-clock.js';

const DAY_MS = 86_400_000;

/**
 * How far a time zone's clock is ahead of UTC, from which moment on, in order of time. Plain data: made once where the time zone
 * database is at hand, carried where it must not be asked, since a replay years later would ask another edition of it.
 */
export type ZoneOffsets = readonly (readonly [fromMs: number, offsetMs: number])[];

type Span = { readonly fromMs: number; readonly toMs: number };

const known = new Map<string, ZoneOffsets>();
const MOST_KNOWN = 2_000;

/**
 * The offsets of a zone (an IANA name) between two moments. Before the first, the first is taken to hold; after the last, the last. To ask
 * costs a millisecond, and many ask the same: what was asked lately is remembered.
 */
export function zoneOffsets(timeZone: string, span: Span): ZoneOffsets {
  const key = `${timeZone} ${span.fromMs} ${span.toMs}`;
  let offsets = known.get(key);
  if (offsets === undefined) {
    offsets = readOffsets(timeZone, span);
    if (known.size >= MOST_KNOWN) known.clear();
    known.set(key, offsets);
  }
  return offsets;
}

function readOffsets(timeZone: string, { fromMs, toMs }: Span): ZoneOffsets {
  const offsetAt = createOffsets(timeZone);
  const found: [number, number][] = [[fromMs, offsetAt(fromMs)]];
  // No zone changes its clock twice within a few days.
  for (let at = fromMs; at < toMs; at += 4 * DAY_MS) {
    const to = Math.min(toMs, at + 4 * DAY_MS);
    const offsetMs = offsetAt(to);
    if (offsetMs !== found.at(-1)?.[1]) found.push([changeBetween(at, to, offsetAt), offsetMs]);
  }
  return found;
}

/** Likewise; a zone that this program does not know (its database may be older than who wrote it) has the offsets of another. */
export function zoneOffsetsOr(timeZone: string, otherwise: string, span: Span): ZoneOffsets {
  try {
    return zoneOffsets(timeZone, span);
  } catch (error) {
    if (!(error instanceof RangeError) || timeZone === otherwise) throw error;
    return zoneOffsets(otherwise, span);
  }
}

/** The moment of a change, to the second. */
function changeBetween(fromMs: number, toMs: number, offsetAt: (ms: number) => number): number {
  const before = offsetAt(fromMs);
  let [low, high] = [Math.floor(fromMs / 1000), Math.ceil(toMs / 1000)];
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (offsetAt(middle * 1000) === before) low = middle;
    else high = middle;
  }
  return high * 1000;
}

/** What a zone's calendar and clock show: days since 1970-01-01, and the minute of the day. */
export function localTimeAt(zone: ZoneOffsets, ms: number): { readonly day: number; readonly minuteOfDay: number } {
  const [, offsetMs] = zone.findLast(([fromMs]) => fromMs <= ms) ?? zone[0] ?? [0, 0];
  const day = Math.floor((ms + offsetMs) / DAY_MS);
  return { day, minuteOfDay: Math.floor((ms + offsetMs - day * DAY_MS) / 60_000) };
}

export const localDayAt = (zone: ZoneOffsets, ms: number): number => localTimeAt(zone, ms).day;

/**
 * When a zone's clock shows a minute of a day. A time that it shows twice is the first of the two; one that it jumps over is the
 * first moment after the jump, also where the jump is a whole day (Samoa had no 30 December 2011).
 */
export function momentOf(zone: ZoneOffsets, day: number, minuteOfDay: number): number {
  const wallMs = day * DAY_MS + minuteOfDay * 60_000;
  for (const [i, [fromMs, offsetMs]] of zone.entries()) {
    const untilMs = zone[i + 1]?.[0] ?? Infinity;
    if (wallMs - offsetMs < untilMs) return i === 0 ? wallMs - offsetMs : Math.max(wallMs - offsetMs, fromMs);
  }
  return wallMs;
}
