/**
 * Phrases as people write lists of them, one a line: words, `this/that` for either, `word?` for one that may be missing, and `~` for up
 * to three words whatever they are. A line begins with a word that must be there.
 */
export type PhraseList = string;

export type PhraseKind = 'stop' | 'start' | 'help' | 'unsure' | 'innocent';

type Slot = { readonly words: ReadonlySet<string>; readonly mayMiss: boolean } | 'gap';
type Phrase = { readonly kind: PhraseKind; readonly rest: readonly Slot[] };

/** Phrases by the word that they begin with. Of several that fit as well, the one that was put in first is meant. */
export type Phrases = ReadonlyMap<string, readonly Phrase[]>;

export type FoundPhrase = { readonly kind: PhraseKind; readonly words: number };

const LONGEST_GAP = 3;

export function indexPhrases(lists: readonly (readonly [PhraseKind, PhraseList])[]): Phrases {
  const index = new Map<string, Phrase[]>();
  for (const [kind, list] of lists) {
    for (const line of list.split('\n').map((text) => text.trim())) {
      if (line === '') continue;
      const [first, ...rest] = line.split(/\s+/).map(parseSlot);
      if (first === undefined || first === 'gap' || first.mayMiss)
        throw new RangeError(`a phrase begins with a word that must be there: ${line}`);
      for (const word of first.words) index.set(word, [...(index.get(word) ?? []), { kind, rest }]);
    }
  }
  return index;
}

function parseSlot(text: string): Slot {
  if (text === '~') return 'gap';
  const mayMiss = text.endsWith('?');
  return { words: new Set((mayMiss ? text.slice(0, -1) : text).split('/')), mayMiss };
}

/** The longest phrase that begins at a word. */
export function phraseAt(phrases: Phrases, words: readonly string[], at: number): FoundPhrase | undefined {
  let longest: FoundPhrase | undefined;
  for (const { kind, rest } of phrases.get(words[at] ?? '') ?? []) {
    const end = endOf(rest, words, at + 1);
    if (end !== undefined && end - at > (longest?.words ?? 0)) longest = { kind, words: end - at };
  }
  return longest;
}

/** Where the longest way through the slots ends. */
function endOf(slots: readonly Slot[], words: readonly string[], at: number): number | undefined {
  const [slot, ...rest] = slots;
  if (slot === undefined) return at;
  const from = slot === 'gap' ? Math.min(LONGEST_GAP, words.length - at) : slot.words.has(words[at] ?? '') ? 1 : 0;
  const least = slot === 'gap' || slot.mayMiss ? 0 : 1;
  for (let taken = from; taken >= least; taken -= 1) {
    const end = endOf(rest, words, at + taken);
    if (end !== undefined) return end;
  }
  return undefined;
}
