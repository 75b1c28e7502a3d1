/** The fields of a webhook of Twilio's, which may come more than once each. */
export type TwilioForm = ReadonlyMap<string, readonly string[]>;

const MAX_FIELDS = 1_000;
const NAME = /^[A-Za-z0-9_.[\]-]{1,200}$/;

/**
 * Reads the body of a webhook; nothing when it is no form as Twilio writes it. Strict, because names and values are signed without
 * a boundary between them: a name that swallowed its value would be signed alike.
 */
export function readTwilioForm(rawBody: Uint8Array): TwilioForm | undefined {
  const text = new TextDecoder('utf-8', { ignoreBOM: true }).decode(rawBody);
  const form = new Map<string, string[]>();
  const pairs = text.split('&').filter((pair) => pair !== '');
  if (pairs.length === 0 || pairs.length > MAX_FIELDS || !pairs.every((pair) => pair.includes('='))) return undefined;
  // A question mark at the beginning would be dropped, were it the first character.
  for (const [name, value] of new URLSearchParams(`&${text}`)) {
    if (!NAME.test(name)) return undefined;
    const values = form.get(name);
    if (values) values.push(value);
    else form.set(name, [value]);
  }
  return form;
}

/** A field's value. Nothing when it is empty, missing, or there more than once: which one was meant would be a guess. */
export function fieldOf(form: TwilioForm, name: string): string | undefined {
  const [value, second] = form.get(name) ?? [];
  return value === '' || second !== undefined ? undefined : value;
}
