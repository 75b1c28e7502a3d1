/** Of a longer reply the beginning is read: there people say what they want; below it is often what they answer to. */
const MOST_CHARS = 2_000;

const QUOTED_LINE = /^[ \t]*>.*$/gm;
/** What mail programs put above the message that is answered; what is below it are our words, "unsubscribe" among them. */
const QUOTE_BEGINS =
  /^[ \t]*(?:-{2,} ?(?:original message|forwarded message)|_{10,}|(?:from|von|de|da|van)[ \t]*:|(?:on|le|el|em|am|op|il)[ \t][^\n]{0,120}(?:wrote|a écrit|escribió|escreveu|schrieb|schreef|ha scritto)[^\n]{0,80}:)/im;

const UNFOLDED: Readonly<Record<string, string>> = { ß: 'ss', œ: 'oe', æ: 'ae', ø: 'o', ł: 'l', ı: 'i' };

/**
 * The words of a reply, clause by clause, as they are compared: in lower case, without accents, full-width forms made plain, emoji and
 * punctuation gone, a letter that is drawn out ("stoooop") written once.
 */
export function clausesOf(text: string): readonly (readonly string[])[] {
  const clauses = fold(ownWords(text))
    .split(/[.!?;:,\n\r\u2026\u3001\u3002|\u2022()[\]"\u201c\u201d\u201e\u00ab\u00bb]+|\s[-\u2013\u2014]+\s/)
    .map((clause) => clause.split(/[^\p{L}\p{N}]+/u).filter((word) => word !== ''))
    .filter((clause) => clause.length > 0);
  return spelledOut(clauses) ?? clauses;
}

function ownWords(text: string): string {
  const head = text.slice(0, MOST_CHARS).toWellFormed().replace(QUOTED_LINE, '');
  const quote = QUOTE_BEGINS.exec(head);
  // Who writes below what they answer has nothing above it.
  return quote === null || head.slice(0, quote.index).trim() === '' ? head : head.slice(0, quote.index);
}

function fold(text: string): string {
  return text
    .normalize('NFKC')
    .toLowerCase()
    .normalize('NFD')
    .replace(/[\p{M}\p{Cf}]+/gu, '')
    .replace(/[ßœæøłı]/g, (letter) => UNFOLDED[letter] ?? letter)
    .replace(/[\u2018\u2019\u02bc\u02b9\u00b4`]/g, "'")
    .replace(/(\p{L})'(?=(?:t|s|d|m|ll|re|ve)(?!\p{L}))/gu, '$1')
    .replace(/\be[- ]?mail/g, 'email')
    .replace(/(\p{L})\1{2,}/gu, '$1');
}

/** "S T O P" and "S.T.O.P." are one word. */
function spelledOut(clauses: readonly (readonly string[])[]): readonly (readonly string[])[] | undefined {
  const letters = clauses.flat();
  return letters.length > 2 && letters.every((word) => word.length === 1) ? [[letters.join('')]] : undefined;
}
