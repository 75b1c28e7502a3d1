/** What mail programs put above what is answered: a line with dashes, a line that says who wrote, the head of the mail. */
const QUOTE_BEGINS = [
  /^[ \t]*-{2,} ?(?:original message|forwarded message|urspr.ngliche nachricht|message d'origine|mensaje original)[^\n]*$/im,
  /^[ \t]*_{10,}[ \t]*$/m,
  /^[ \t]*(?:on|le|el|em|am|op|il)[ \t][^\n]{0,200}\n?[^\n]{0,200}(?:wrote|a écrit|escribió|escreveu|schrieb|schreef|ha scritto)[^\n]{0,80}:[ \t]*$/im,
  /^[ \t]*\*?(?:from|von|de|da|van)[ \t]*:[^\n]{1,300}\n[ \t]*\*?(?:sent|date|gesendet|datum|envoyé|enviado|data|inviato|verzonden|to|an|à|para)[ \t]*:/im,
];
const SIGNATURE = /^--[ \t]?$/m;
const QUOTED_LINE = /^[ \t]*>[^\n]*\n?/gm;

const MOST_CHARS = 10_000;

/** What somebody has written themselves, above what they answer and without their signature; all of it where that leaves nothing. */
export function ownWordsOf(mail: string): string {
  const text = mail.slice(0, 10 * MOST_CHARS).replace(/\r\n?/g, '\n');
  const ends = [...QUOTE_BEGINS, SIGNATURE].flatMap((pattern) => pattern.exec(text)?.index ?? []);
  const above = text.slice(0, Math.min(text.length, ...ends)).replace(QUOTED_LINE, '');
  const own = above.trim() === '' ? text.replace(QUOTED_LINE, '') : above;
  const said = own.trim() === '' ? text : own;
  return said.trim().slice(0, MOST_CHARS).toWellFormed().replaceAll('\0', '');
}
