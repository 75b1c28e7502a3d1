/** A comment that holds these words is this event. */
export type CommentKeyword = { readonly keyword: string; readonly event: string };

/** The words of a text, as they are compared: without their case, accents and marks around them. */
export const wordsOf = (text: string): readonly string[] =>
  text
    .normalize('NFKD')
    .replaceAll(/\p{M}/gu, '')
    .toLowerCase()
    .match(/[\p{L}\p{N}]+/gu) ?? [];

/** The events that a comment is: those whose keyword stands in it, as whole words beside each other. Each once, in the order of the list. */
export function eventsOfComment(text: string, keywords: readonly CommentKeyword[]): readonly string[] {
  const said = ` ${wordsOf(text).join(' ')} `;
  const found = keywords.filter(({ keyword }) => wordsOf(keyword).length > 0 && said.includes(` ${wordsOf(keyword).join(' ')} `));
  return [...new Set(found.map(({ event }) => event))];
}
