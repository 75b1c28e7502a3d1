/** Without letters and digits that are mistaken for each other. There are 32: five bits of a random byte choose one, each as likely. */
const ALPHABET = 'ABCDEFGHJKLMNPQRSTUVWXYZ23456789';
const LEAST_PLACES = 8;
const LONGEST_PATTERN = 40;
/** One guess in so many may be a code that is there. */
const GUESSES = 1_000_000;

/** A pattern of codes: each `#` is drawn, all else stands as it is. Throws for one whose codes could be guessed. */
export function parseCodePattern(text: string): string {
  if (text.length > LONGEST_PATTERN || !/^[A-Z0-9#-]*$/.test(text) || placesIn(text) < LEAST_PLACES) {
    throw new RangeError(
      `not a pattern of codes: "SPRING-########" (capital letters, digits, - and ${LEAST_PLACES} # or more, ` +
        `at most ${LONGEST_PATTERN} characters) is expected`,
    );
  }
  return text;
}

const placesIn = (pattern: string): number => pattern.split('#').length - 1;

/** How many codes of a pattern there may be, so that nobody finds one by trying. */
export const mostCodes = (pattern: string): number => Math.floor(Math.min(ALPHABET.length ** placesIn(pattern) / GUESSES, 10_000_000));

/** Codes of a pattern, of random bytes; two may be the same. */
export function codesOf(pattern: string, count: number, randomBytes: (bytes: number) => Uint8Array): string[] {
  const places = placesIn(pattern);
  const bytes = randomBytes(count * places);
  return Array.from({ length: count }, (_, i) => {
    let at = i * places;
    return pattern.replaceAll('#', () => ALPHABET[(bytes[at++] ?? 0) % ALPHABET.length] ?? '');
  });
}

const LONGEST_CODE = 100;

/** Why a text cannot be a code, or nothing. */
export const codeFault = (code: string): string | undefined =>
  code.length >= 1 && code.length <= LONGEST_CODE && /^[!-~]+$/.test(code)
    ? undefined
    : `1 to ${LONGEST_CODE} letters, digits and signs without spaces are expected`;
