/** A tag as a browser takes it apart. Closing tags can have attributes too, though nobody heeds them. */
export type HtmlTag = {
  readonly name: string;
  readonly attributes: readonly HtmlAttribute[];
  /** What a `<style>` or `<title>` holds; empty for all whose content is markup. */
  readonly rawText: string;
};
/** `at`: where in the document the value begins. */
export type HtmlAttribute = { readonly name: string; readonly value: string; readonly isQuoted: boolean; readonly at: number };

/** HTML's white space: a no-break space is none, and can begin a value that is not quoted. */
const ATTRIBUTE =
  /[ \t\n\f\r/]*([^ \t\n\f\r/>][^ \t\n\f\r/>=]*)(?:[ \t\n\f\r]*=[ \t\n\f\r]*(?:"([^"]*)"|'([^']*)'|([^ \t\n\f\r"'>][^ \t\n\f\r>]*)))?/y;
const TAG_NAME = /\/?([a-z][^ \t\n\f\r/>]*)/iy;
const COMMENT_END = /--!?>/g;
/** What is neither a tag nor a comment, but ends like one: a declaration, or what only looks like a closing tag. */
const BOGUS_COMMENT = /^<(?:[!?]|\/[^a-z>])/i;
/** Elements whose content is text, whatever it looks like. */
const RAW_TEXT = ['style', 'title', 'textarea', 'script', 'xmp', 'iframe', 'noembed', 'noframes'];

/**
 * Tells of every tag, by the tokenizer's rules of the HTML standard, so that nothing that a browser would see is hidden from us by
 * quotation marks or comments. What stands in a comment is told too: Outlook reads conditional ones. One pass, for every mail.
 */
export function visitTags(html: string, visit: (tag: HtmlTag) => void): void {
  visitPart(html, { begins: 0, inComment: false }, visit);
}

type Part = { readonly begins: number; readonly inComment: boolean };

function visitPart(html: string, { begins, inComment }: Part, visit: (tag: HtmlTag) => void): void {
  for (let at = html.indexOf('<'); at !== -1; at = html.indexOf('<', at)) {
    if (!inComment && html.startsWith('<!--', at)) {
      const end = endOfComment(html, at + 4);
      visitPart(html.slice(at + 4, end.text), { begins: begins + at + 4, inComment: true }, visit);
      at = end.after;
      continue;
    }
    if (BOGUS_COMMENT.test(html.slice(at, at + 3))) {
      at = after('>', html, at);
      continue;
    }
    TAG_NAME.lastIndex = at + 1;
    const name = TAG_NAME.exec(html)?.[1]?.toLowerCase();
    if (name === undefined) {
      at += 1;
      continue;
    }
    const isClosing = html[at + 1] === '/';
    const attributes: HtmlAttribute[] = [];
    at = after('>', html, readAttributes(html, TAG_NAME.lastIndex, attributes));
    const end = !isClosing && RAW_TEXT.includes(name) ? endOfRawText(html, at, name) : at;
    const placed = begins === 0 ? attributes : attributes.map((attribute) => ({ ...attribute, at: begins + attribute.at }));
    visit({ name, attributes: placed, rawText: html.slice(at, end) });
    at = end;
  }
}

/** The place behind the next such character; the end where there is none. */
function after(character: string, html: string, from: number): number {
  const at = html.indexOf(character, from);
  return at === -1 ? html.length : at + 1;
}

function readAttributes(html: string, from: number, into: HtmlAttribute[]): number {
  if (html[from] === '>') return from;
  ATTRIBUTE.lastIndex = from;
  let end = from;
  for (let match = ATTRIBUTE.exec(html); match !== null; match = ATTRIBUTE.exec(html)) {
    const [, name = '', inDouble, inSingle, unquoted] = match;
    const quoted = inDouble ?? inSingle;
    end = ATTRIBUTE.lastIndex;
    const value = quoted ?? unquoted ?? '';
    const isQuoted = quoted !== undefined;
    into.push({ name: name.toLowerCase(), value, isQuoted, at: end - value.length - (isQuoted ? 1 : 0) });
  }
  return end;
}

function endOfComment(html: string, from: number): { readonly text: number; readonly after: number } {
  const atOnce = /^-?>/.exec(html.slice(from, from + 2));
  if (atOnce) return { text: from, after: from + atOnce[0].length };
  COMMENT_END.lastIndex = from;
  const end = COMMENT_END.exec(html);
  return end ? { text: end.index, after: COMMENT_END.lastIndex } : { text: html.length, after: html.length };
}

function endOfRawText(html: string, from: number, name: string): number {
  const closing = new RegExp(`</${name}[ \\t\\n\\f\\r/>]`, 'gi');
  closing.lastIndex = from;
  return closing.exec(html)?.index ?? html.length;
}
