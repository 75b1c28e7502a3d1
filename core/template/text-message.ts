import type { PhoneContent } from '../message/phone-message.js';
import { wordsFaults } from './compile-template.js';
import { readLiquid } from './liquid-uses.js';
import { renderLiquid } from './liquid.js';
import { completed } from './render-email.js';
import type { UserLookups } from './user-variables.js';
import type { TemplateVariables } from './variables.js';

/** A text that Meta has approved: its id at Twilio, and the Liquid that fills each of its places. */
export type WhatsappTemplate = { readonly contentSid: string; readonly variables: Readonly<Record<string, string>> };

/** What a step may say in a text. Without words there is its template alone, without a template its words alone. */
export type TextWords = { readonly text: string | undefined; readonly template: WhatsappTemplate | undefined };

/** What a text may say of somebody: who sends it and how to unsubscribe from it stand in no law here, and so may be missing. */
export type TextVariables = Partial<TemplateVariables>;
export type TextRendering = PhoneContent | { readonly because: string };

export type RenderedText = { readonly kind: 'text'; readonly text: string };

/** One person's text in the step's own words, or why there cannot be one; `part` is what it is of a message. */
export function renderText(words: string, variables: TextVariables, part = 'text'): RenderedText | { readonly because: string } {
  const rendered = renderLiquid('text', words, scopeOf(variables));
  if (rendered.kind === 'refused') return { because: `its ${part}: ${rendered.because}` };
  return { kind: 'text', text: rendered.text.toWellFormed().replaceAll('\0', '').replace(/\r\n?/g, '\n').trim() };
}

/** A template's places, filled for one person. A place holds one line: WhatsApp refuses others. */
export function fillWhatsappTemplate({ contentSid, variables: places }: WhatsappTemplate, variables: TextVariables): TextRendering {
  const filled: Record<string, string> = {};
  for (const [name, liquid] of Object.entries(places)) {
    const rendered = renderLiquid('text', liquid, scopeOf(variables));
    if (rendered.kind === 'refused') return { because: `its variable ${name}: ${rendered.because}` };
    filled[name] = rendered.text
      .toWellFormed()
      .replace(/[\p{Cc}\s]+/gu, ' ')
      .trim();
  }
  return { kind: 'template', contentSid, variables: filled };
}

const scopeOf = (variables: TextVariables): object => completed(variables as TemplateVariables);

/** What is wrong with the words of a text. */
export const textWordsFaults = (words: string): string[] => wordsFaults({ text: words }).map(({ message }) => message);

/** The names of the variables that texts use. */
export const variablesUsed = (liquids: readonly string[]): ReadonlySet<string | undefined> =>
  new Set(liquids.flatMap((liquid) => readLiquid(liquid).uses.map(({ path: [root] }) => root)));

/** The Liquid of a text: the step's own words, and what fills the places of its template. */
export const liquidsIn = ({ text, template }: TextWords): readonly string[] => [
  ...(text === undefined ? [] : [text]),
  ...Object.values(template?.variables ?? {}),
];

/** What has to be looked up of a user for a text. */
export function textLookups(words: TextWords): UserLookups {
  const used = variablesUsed(liquidsIn(words));
  return { segmentName: used.has('segment_name'), lastEvent: used.has('last_event') };
}
