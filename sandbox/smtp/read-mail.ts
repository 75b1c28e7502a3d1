/** A mail as a mail program reads it. Names of headers are in lower case; lines are unfolded, and encoded words are decoded. */
export type ReadMail = {
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** The decoded text of each part, by its type, in their order. */
  readonly parts: readonly (readonly [type: string, text: string])[];
};

export function readMail(source: string): ReadMail {
  const { headers, body } = split(source);
  const type = valueOf(headers, 'content-type') ?? 'text/plain';
  const boundary = /^multipart\/.*boundary="?([^";]+)"?/is.exec(type)?.[1];
  const parts = boundary === undefined ? [source] : partsOf(body, boundary);
  return { headers: headers.map(([name, value]) => [name, decodeWords(value)]), parts: parts.map(readPart) };
}

export const valueOf = (headers: ReadMail['headers'], name: string): string | undefined => headers.find(([found]) => found === name)?.[1];

function split(source: string): { readonly headers: ReadMail['headers']; readonly body: string } {
  const end = source.indexOf('\r\n\r\n');
  const head = end < 0 ? source : source.slice(0, end);
  const lines = head.replaceAll(/\r\n(?=[ \t])/g, '').split('\r\n');
  const headers = lines.map((line) => {
    const colon = line.indexOf(':');
    return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()] as const;
  });
  return { headers, body: end < 0 ? '' : source.slice(end + 4) };
}

const partsOf = (body: string, boundary: string): string[] =>
  `\r\n${body}`
    .split(`\r\n--${boundary}`)
    .slice(1, -1)
    .map((part) => part.replace(/^[ \t]*\r\n/, ''));

function readPart(part: string): readonly [string, string] {
  const { headers, body } = split(part);
  const type = (valueOf(headers, 'content-type') ?? 'text/plain').split(';')[0] ?? '';
  return [type, decode(body, valueOf(headers, 'content-transfer-encoding') ?? '7bit').toString('utf8')];
}

function decode(body: string, encoding: string): Buffer {
  if (encoding === 'base64') return Buffer.from(body, 'base64');
  if (encoding !== 'quoted-printable') return Buffer.from(body, 'latin1');
  return quoted(body.replaceAll(/[ \t]*=\r\n/g, ''));
}

const quoted = (text: string): Buffer =>
  Buffer.from(
    text.replaceAll(/=([0-9A-F]{2})/gi, (_, hex: string) => String.fromCharCode(parseInt(hex, 16))),
    'latin1',
  );

/** `=?UTF-8?Q?caf=C3=A9?=`; the space between two of them is none. */
const decodeWords = (value: string): string =>
  value
    .replaceAll(/(=\?[^?]+\?[QB]\?[^?]*\?=)\s+(?==\?)/gi, '$1')
    .replaceAll(/(?:=\?utf-8\?[QB]\?[^?]*\?=)+/gi, (words) =>
      Buffer.concat(
        [...words.matchAll(/=\?utf-8\?([QB])\?([^?]*)\?=/gi)].map(([, how = '', text = '']) =>
          how.toUpperCase() === 'B' ? Buffer.from(text, 'base64') : quoted(text.replaceAll('_', ' ')),
        ),
      ).toString('utf8'),
    );
