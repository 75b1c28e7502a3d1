import { readMail } from './read-mail.js';

/** RFC 5321: 64 before the @, 254 in all; and nothing but ASCII, since this server has no SMTPUTF8. */
export const isAddress = (text: string): boolean =>
  /^[\x21-\x7e]{1,64}@[a-z0-9-]+(\.[a-z0-9-]+)*$/i.test(text) && text.length <= 254 && !/[<>,;"\s]/.test(text);

/** What strict servers say of a mail that is not written as RFC 5322 has it, or nothing. */
export function mailFault(source: string, { is8Bit }: { readonly is8Bit: boolean }): string | undefined {
  const lines = source.split('\r\n');
  if (/[^\r]\n|\r(?!\n)/.test(source)) return '550 5.6.11 Lines end with CR and LF';
  if (lines.some((line) => line.length > 998)) return '550 5.6.0 A line is longer than 998 characters';
  if (source.includes('\0')) return '550 5.6.0 NUL is not allowed';
  const head = source.slice(0, source.indexOf('\r\n\r\n'));
  if (/[^\x00-\x7f]/.test(head)) return '550 5.6.7 A header is not ASCII';
  if (!is8Bit && /[^\x00-\x7f]/.test(source)) return '554 5.6.1 8-bit characters in a 7-bit mail';
  return headerFault(source);
}

const ONCE = ['from', 'to', 'date', 'message-id', 'subject', 'mime-version', 'content-type', 'list-unsubscribe'];
const NEEDED = ['from', 'to', 'date', 'message-id', 'subject'];

function headerFault(source: string): string | undefined {
  const { headers, parts } = readMail(source);
  const names = headers.map(([name]) => name);
  const bad = names.find((name) => !/^[\x21-\x39\x3b-\x7e]+$/.test(name));
  if (bad !== undefined) return '550 5.6.0 A header has no name';
  const missing = NEEDED.find((name) => !names.includes(name));
  if (missing !== undefined) return `550 5.7.1 The header ${missing} is missing`;
  const twice = ONCE.find((name) => names.filter((one) => one === name).length > 1);
  if (twice !== undefined) return `550 5.7.1 There is more than one header ${twice}`;
  if (!headers.some(([name, value]) => name === 'message-id' && /^<[^\s<>@]+@[^\s<>@]+>$/.test(value)))
    return '550 5.7.1 The Message-ID is not one';
  return parts.length === 0 ? '550 5.6.0 A part never ends' : undefined;
}
