import type { Variation } from '../experiment/variation.js';
import type { Slot } from './variables.js';

const FAMILY = /^[a-z][a-z0-9_]{0,63}$/;

/** The name of a template family, as steps and suggestions write it. */
export function parseTemplateFamily(text: string): string {
  if (!FAMILY.test(text))
    throw new RangeError('not a template family (welcome_series_1: 1 to 64 small letters, digits and _ are expected)');
  return text;
}

/** A mail as a person writes it: MJML with Liquid in it, a subject, and what a mailbox shows beside the subject. */
export type TemplateSource = { readonly subject: string; readonly preheader?: string; readonly mjml: string };

/** The words of a step or of a variation, with Liquid in them. `text` fills the content, `cta` is what the button says. */
export type EmailWords = { readonly subject?: string; readonly text?: string; readonly cta?: string; readonly offer?: string };

/** One thing that is wrong: in which field, on which of its lines where one is to blame, and what was expected. */
export type TemplateFault = {
  readonly field: keyof TemplateSource | keyof EmailWords;
  readonly line: number | null;
  readonly message: string;
};

/** A variable that a template uses. Without a fallback there is a hole in the mail of whoever lacks it. */
export type UsedVariable = { readonly name: string; readonly hasFallback: boolean };

/** A template as it is stored and sent: nothing but Liquid is left to do. Plain JSON. */
export type CompiledTemplate = {
  readonly subject: string;
  readonly html: string;
  /** The plain-text part. */
  readonly text: string;
  readonly variables: readonly UsedVariable[];
  /** What a step can fill in; `needed` where the template has nothing of its own in that place. */
  readonly slots: Readonly<Partial<Record<Slot, 'optional' | 'needed'>>>;
  /** Words that take the place of the template's own, as those of a test's winner do. A step's words take the place of these. */
  readonly words?: EmailWords;
};

export const withWords = (template: CompiledTemplate, words: EmailWords): CompiledTemplate => ({
  ...template,
  words: { ...template.words, ...words },
});

/** What a variation shows, as words. When it is sent is no matter of a template. */
export function wordsOfParts({ subject, content, cta, offer }: Variation['parts']): EmailWords {
  return {
    ...(subject !== undefined && { subject }),
    ...(content !== undefined && { text: content }),
    ...(cta !== undefined && { cta }),
    ...(offer !== undefined && { offer }),
  };
}
