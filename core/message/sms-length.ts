/** What an SMS is sent and billed as. */
export type SmsLength = {
  /** `ucs2` as soon as one character is not in the GSM's alphabet: an emoji makes every segment less than half as long. */
  readonly encoding: 'gsm7' | 'ucs2';
  /** Septets or 16-bit units, as they are counted against a segment. */
  readonly units: number;
  readonly segments: number;
};

/** GSM 03.38's basic alphabet. Of the Greek capitals it has those that look like no Latin letter. */
const BASIC = new Set(
  '@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !"#¤%&\'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà',
);
/** Its extension: an escape and then a character, which are never parted. */
const EXTENSION = new Set('\f^{}\\[~]|€');

/** One message alone, and one part of several, which gives room to the header that joins them. */
const CAPACITY = { gsm7: { alone: 160, joined: 153 }, ucs2: { alone: 70, joined: 67 } } as const;

const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' });

/**
 * How many segments a text takes as an SMS, as Twilio counts them: what a reader sees as one character (an escaped one, an emoji of
 * several code points) is not cut in two, so that a segment may end before it is full. Nothing at all is one segment.
 */
export function smsLength(text: string): SmsLength {
  const characters = Array.from(text);
  const encoding = characters.every((character) => BASIC.has(character) || EXTENSION.has(character)) ? 'gsm7' : 'ucs2';
  const sizes =
    encoding === 'gsm7'
      ? characters.map((character) => (EXTENSION.has(character) ? 2 : 1))
      : Array.from(graphemes.segment(text)).flatMap(({ segment }) => (segment === '\r\n' ? [1, 1] : [segment.length]));
  const { alone, joined } = CAPACITY[encoding];
  const units = sizes.reduce((sum, size) => sum + size, 0);
  return { encoding, units, segments: units <= alone ? 1 : joinedSegments(sizes, joined) };
}

function joinedSegments(sizes: readonly number[], capacity: number): number {
  let segments = 1;
  let used = 0;
  for (const size of sizes) {
    used += size;
    if (used <= capacity) continue;
    // What alone is longer than a segment is cut after all.
    segments += Math.max(1, Math.ceil(size / capacity));
    used = size > capacity ? size % capacity : size;
  }
  return segments;
}
