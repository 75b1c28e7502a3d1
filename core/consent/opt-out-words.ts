import { clausesOf } from './reply-clauses.js';
import { indexPhrases, phraseAt, type PhraseKind } from './reply-phrases.js';
import { languages } from './reply-words/languages.js';

/**
 * What a reply asks for.
 *   stop        no more messages
 *   start       messages again
 *   help        an explanation
 *   maybe_stop  it may ask for no more messages: people look at it, and until then nothing is sent
 *   none        something else
 */
export type ReplyReading = 'stop' | 'start' | 'help' | 'maybe_stop' | 'none';

const alone = indexPhrases(
  (['stop', 'start', 'help'] as const).flatMap((kind) => languages.map((language) => [kind, language.alone[kind]] as const)),
);
const anywhere = indexPhrases(
  (['stop', 'unsure', 'innocent'] as const).flatMap((kind) => languages.map((language) => [kind, language.anywhere[kind]] as const)),
);
const courtesy = new Set(languages.flatMap((language) => language.courtesy.split(/\s+/)));
const contractions = languages.flatMap((language) => Object.entries(language.contractions ?? {}));
const FEW_WORDS = 4;

/**
 * Reads a reply in any of the languages, as words and never as letters inside of them: "STOP please" is an opt-out, "stopwatch" and
 * "don't stop the deals" are not. Everything that might be one and is not clear is `maybe_stop`. A start or a call for help must be
 * all that is said: nobody is signed up by a word in passing.
 */
export function readReply(text: string): ReplyReading {
  const clauses = clausesOf(text).map(contract);
  const said = kindsAlone(clauses.flat());
  if (said !== undefined && said.size > 0) return readAlone(said);
  const found = [...clauses, ...joined(clauses)].flatMap(kindsAnywhere);
  if (found.includes('stop')) return 'stop';
  return found.includes('unsure') || clauses.some((clause) => kindsAlone(clause)?.has('stop')) ? 'maybe_stop' : 'none';
}

function readAlone(said: ReadonlySet<PhraseKind>): ReplyReading {
  if (said.has('stop')) return said.size === 1 ? 'stop' : 'maybe_stop';
  return said.has('help') ? 'help' : 'start';
}

/** What the words say if they are nothing but keywords, and words like "please" beside them. */
function kindsAlone(words: readonly string[]): ReadonlySet<PhraseKind> | undefined {
  const kinds = new Set<PhraseKind>();
  for (let at = 0; at < words.length;) {
    const found = phraseAt(alone, words, at);
    if (found !== undefined) kinds.add(found.kind);
    else if (!courtesy.has(words[at] ?? '') && !/^\p{N}+$/u.test(words[at] ?? '')) return undefined;
    at += found?.words ?? 1;
  }
  return kinds;
}

/** A few words are read in one go too: "no, thanks". */
function joined(clauses: readonly (readonly string[])[]): readonly (readonly string[])[] {
  const words = clauses.flat();
  return words.length <= FEW_WORDS ? [words] : [];
}

/** The phrases of a clause from left to right, the longest at each place: "don't stop" leaves no "stop" behind. */
function kindsAnywhere(words: readonly string[]): PhraseKind[] {
  const kinds: PhraseKind[] = [];
  for (let at = 0; at < words.length;) {
    const found = phraseAt(anywhere, words, at);
    if (found !== undefined) kinds.push(found.kind);
    at += found?.words ?? 1;
  }
  return kinds;
}

function contract(words: readonly string[]): readonly string[] {
  const text = ` ${words.join(' ')} `;
  return contractions
    .reduce((before, [long, short]) => before.replaceAll(` ${long} `, ` ${short} `), text)
    .trim()
    .split(' ');
}
