const known = new Map<string, boolean>();
const MOST_REMEMBERED = 2_000;

/** The name of a time zone that the IANA database knows, or nothing. */
export function parseTimeZone(sent: unknown): string | undefined {
  if (typeof sent !== 'string' || sent.length > 64) return undefined;
  const zone = sent.trim();
  if (!/^[A-Za-z]/.test(zone)) return undefined; // offsets are no zones: they do not know of summer
  let exists = known.get(zone);
  if (exists === undefined) {
    exists = canFormatIn(zone);
    // To ask costs 50 µs; what was asked is remembered, though not without end, since names come from outside.
    if (known.size < MOST_REMEMBERED) known.set(zone, exists);
  }
  return exists ? zone : undefined;
}

function canFormatIn(timeZone: string): boolean {
  try {
    return Boolean(new Intl.DateTimeFormat('en', { timeZone }));
  } catch {
    return false;
  }
}
