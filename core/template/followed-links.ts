import { visitTags } from './html-tags.js';

/** Words as they are sent: plain text, or the HTML of a mail. */
export type SentWords = { readonly kind: 'text' | 'html'; readonly words: string };

/** Which links are ours to lead: those to these origins, but not those to our own pages. */
export type LeadingRule = { readonly origins: ReadonlySet<string>; readonly ownUrl: string };

const MOST_TARGET_CHARS = 2_000;
/** White space, quotation marks, brackets, pictures and East Asian punctuation end an address in a text, as telephones see it. */
const IN_TEXT = /https?:\/\/[^\s<>"'`{}|\\^\u3000-\u303f\uff00-\uffef\p{Extended_Pictographic}]+/giu;
/** What stands behind an address belongs to the sentence. */
const SENTENCE_END = /[.,;:!?*…»”’\])]$/u;
/** Elements whose `href` somebody can follow; those of VML are Outlook's buttons. */
const FOLLOWED = /^(?:a|area|v:.+)$/;
const ENTITIES: Readonly<Record<string, string>> = {
  '&amp;': '&',
  '&#38;': '&',
  '&quot;': '"',
  '&#34;': '"',
  '&#39;': "'",
  '&lt;': '<',
  '&gt;': '>',
};

/**
 * The origins that stand in the words as somebody of the tenant wrote them. A variable can name an address too, and what it says comes
 * from anywhere: such an address stays as it is, so that ours never leads to a stranger's.
 */
export function writtenOrigins(sources: readonly string[]): Set<string> {
  const origins = new Set<string>();
  for (const source of sources) {
    for (const [address] of source.matchAll(/https?:\/\/[a-z0-9.:[\]-]+/gi)) {
      const trimmed = address.replace(/[.:]+$/, '');
      if (URL.canParse(trimmed)) origins.add(new URL(trimmed).origin);
    }
  }
  return origins;
}

/**
 * The words with other addresses in the place of those that are ours to lead. `replace` is given where each leads, and how it is written;
 * where it gives nothing the link stays.
 */
export function replaceLinks(
  { kind, words }: SentWords,
  rule: LeadingRule,
  replace: (target: string, written: string) => string | undefined,
): string {
  const places = kind === 'text' ? placesInText(words) : placesInHtml(words);
  let [done, from] = ['', 0];
  for (const { at, written, address } of places) {
    const target = targetOf(address, rule);
    const other = target === undefined ? undefined : replace(target, address);
    if (other === undefined) continue;
    done += words.slice(from, at) + other;
    from = at + written.length;
  }
  return done + words.slice(from);
}

/** `written` is what stands there, `address` what it means. */
type Place = { readonly at: number; readonly written: string; readonly address: string };

function placesInText(text: string): Place[] {
  return [...text.matchAll(IN_TEXT)].map(({ 0: found, index }) => {
    const written = withoutSentenceEnd(found);
    return { at: index, written, address: written };
  });
}

function withoutSentenceEnd(found: string): string {
  let address = found;
  // A closing bracket belongs to an address that has opened it.
  while (SENTENCE_END.test(address) && !(address.endsWith(')') && countOf(address, '(') >= countOf(address, ')'))) {
    address = address.slice(0, -1);
  }
  return address;
}

const countOf = (text: string, character: string): number => text.split(character).length - 1;

function placesInHtml(html: string): Place[] {
  const places: Place[] = [];
  visitTags(html, ({ name, attributes }) => {
    if (!FOLLOWED.test(name)) return;
    const link = attributes.find((attribute) => attribute.name === 'href');
    const address = link?.value.replace(/&(?:amp|#38|quot|#34|#39|lt|gt);/g, (entity) => ENTITIES[entity] ?? entity).trim();
    // An entity that we do not know could mean anything.
    if (link && address !== undefined && !/&(?:#|\w+;)/.test(address)) places.push({ at: link.at, written: link.value, address });
  });
  return places;
}

/** Where an address leads, if it is ours to lead. */
function targetOf(address: string, { origins, ownUrl }: LeadingRule): string | undefined {
  if (!URL.canParse(address)) return undefined;
  const { href, origin, protocol, username, password } = new URL(address);
  if ((protocol !== 'http:' && protocol !== 'https:') || username !== '' || password !== '' || href.length > MOST_TARGET_CHARS)
    return undefined;
  return origins.has(origin) && !`${href}/`.startsWith(`${ownUrl}/`) ? href : undefined;
}
