/** What a tenant may be set to. Each parser throws a RangeError that says what was expected. */

const ZONE_FORM = /^[A-Za-z][A-Za-z0-9_+-]*(\/[A-Za-z0-9_+-]+)*$/;
/** Every part of every name begins with a capital. Intl knows the spelling of a zone's first name, but not of its others. */
const ZONE_SPELLING = /^[A-Z][^/]*(\/[A-Z][^/]*)*$/;

/** A name of the IANA time zone database, as it is written there: `Europe/Berlin`, `UTC`. Offsets have no daylight saving and are refused. */
export function parseTimeZone(text: string): string {
  const canonical = ZONE_FORM.test(text) ? canonicalZone(text) : undefined;
  if (canonical === undefined) throw new RangeError('not a time zone (a name like Europe/Berlin is expected)');
  // Other programs tell upper from lower case where Intl does not.
  if (canonical !== text && canonical.toLowerCase() === text.toLowerCase()) throw new RangeError(`the time zone is written ${canonical}`);
  if (!ZONE_SPELLING.test(text))
    throw new RangeError('the parts of a time zone begin with capitals (a name like Europe/Berlin is expected)');
  return text;
}

function canonicalZone(name: string): string | undefined {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone;
  } catch {
    return undefined;
  }
}

const CURRENCIES: ReadonlySet<string> = new Set(Intl.supportedValuesOf('currency'));

/** A currency of ISO 4217: `EUR`. */
export function parseCurrency(text: string): string {
  if (!CURRENCIES.has(text)) throw new RangeError('not a currency (a code of ISO 4217 like EUR is expected)');
  return text;
}

/** How many segments a tenant may pin. */
export const PINNED_K = { least: 2, most: 10 } as const;

/** The share of users on whom tests may start by themselves. */
export const ALWAYS_ON_SHARE = { least: 0.01, most: 1 } as const;
