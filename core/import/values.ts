import { textFault } from '../event/json.js';

const NUMBER = /^-?(?:0|[1-9]\d{0,14})(?:\.\d{1,15})?$/;

/**
 * A cell as a property's or trait's value. In text the types that JSON has are not told apart, so what is written as a number is one,
 * and so are true and false. `007` and `+49…` stay texts: a number would lose what they say. Empty is absent.
 */
export function valueOf(sent: unknown): unknown {
  if (typeof sent !== 'string') return sent ?? undefined;
  const text = sent.trim();
  if (text === '') return undefined;
  if (NUMBER.test(text)) return Number(text);
  return text === 'true' ? true : text === 'false' ? false : text;
}

/** A cell as a text without spaces around it; a number as it is written. Empty is absent. */
export function textOf(sent: unknown): string | undefined {
  const text = typeof sent === 'string' ? sent.trim() : typeof sent === 'number' ? String(sent) : '';
  return text === '' ? undefined : text;
}

const WITH_COMMAS = /^[+-]?\d{1,3}(?:,\d{3})+\.\d+$/;

/**
 * An amount as it is written in a file, in the form that money is read from: `1,234.50` without its comma, which can mean nothing else;
 * and where the comma is the decimal mark, `1.234,50` and `1 234,50` as 1234.50.
 */
export function plainAmount(sent: unknown, decimalComma: boolean): unknown {
  if (typeof sent !== 'string') return sent;
  const text = sent.trim();
  if (decimalComma) return text.replace(/[.\s\u00a0\u202f'](?=\d{3}(?!\d))/g, '').replace(',', '.');
  return WITH_COMMAS.test(text) ? text.replaceAll(',', '') : text;
}

const MAX_ID_CHARS = 255;

/** Why a text is not a user's id, or nothing. */
export function idFault(id: string): string | undefined {
  if (id.length > MAX_ID_CHARS) return `is longer than ${MAX_ID_CHARS} characters`;
  return textFault(id);
}
