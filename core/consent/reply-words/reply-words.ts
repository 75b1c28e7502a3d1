import type { PhraseList } from '../reply-phrases.js';

/** The words of a language, without accents and in lower case, as replies are compared. */
export type ReplyWords = {
  /** What counts when it is all that is said. */
  readonly alone: { readonly stop: PhraseList; readonly start: PhraseList; readonly help: PhraseList };
  /** What changes nothing beside a word that is alone: please, now, thanks. Separated by spaces. */
  readonly courtesy: string;
  /**
   * What counts in any sentence. At each place the longest wins, so an `innocent` phrase ("bus stop", "don't stop") takes away the word
   * that would be `unsure` by itself, and a longer `unsure` one ("stop texting me so often") takes away a `stop`.
   */
  readonly anywhere: { readonly stop: PhraseList; readonly unsure: PhraseList; readonly innocent: PhraseList };
  /** Written out and in short. */
  readonly contractions?: Readonly<Record<string, string>>;
};
