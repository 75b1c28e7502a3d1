import { LINE_SEPARATOR, renderLiquid, type LiquidResult } from './liquid.js';
import { badAddresses } from './links.js';
import { labelledOffer } from './offer.js';
import type { CompiledTemplate, EmailWords } from './template.js';
import { hasVariable, slots, type Slot, type TemplateVariables } from './variables.js';

export type RenderedEmail = { readonly subject: string; readonly html: string; readonly text: string };
export type EmailRendering =
  | ({ readonly kind: 'rendered' } & RenderedEmail)
  | { readonly kind: 'refused'; readonly part: 'subject' | 'html' | 'text' | Slot; readonly because: string };

/** Longer subjects are cut: no mailbox shows more. */
export const MOST_SUBJECT_CHARACTERS = 150;

/**
 * One person's mail, or why there cannot be one: a link that must not leave, a limit of time or memory, a step whose text has no
 * place in the template. `words` are the step's own.
 */
export function renderEmail(template: CompiledTemplate, variables: TemplateVariables, words: EmailWords = {}): EmailRendering {
  const said = { ...template.words, ...words };
  const filled = fill(template, completed(variables, said), said);
  if ('because' in filled) return filled;
  const html = renderLiquid('html', template.html, filled.scope);
  if (html.kind === 'refused') return refused('html', html.because);
  const [bad] = badAddresses(html.text);
  if (bad !== undefined) return refused('html', `it links to ${JSON.stringify(bad.slice(0, 100))}, where https, mailto or tel is expected`);
  const text = renderLiquid('text', template.text, filled.scope);
  if (text.kind === 'refused') return refused('text', text.because);
  const subject = renderLiquid('text', said.subject ?? template.subject, filled.scope);
  if (subject.kind === 'refused') return refused('subject', subject.because);
  const line = subjectLine(subject.text);
  if (line === '') return refused('subject', 'it is empty');
  return { kind: 'rendered', subject: line, html: html.text, text: tidyText(text.text) };
}

type Refusal = Extract<EmailRendering, { kind: 'refused' }>;
const refused = (part: Refusal['part'], because: string): Refusal => ({ kind: 'refused', part, because: `its ${part}: ${because}` });

/** The variables as templates see them, with the offer in words. */
export function completed(variables: TemplateVariables, { offer: label }: EmailWords = {}): TemplateVariables {
  const offer = label === undefined ? variables.offer : { ...variables.offer, label };
  return { recommendations: [], ...variables, ...(offer && { offer: labelledOffer(offer) }) };
}

/** The variables that a template has no fallback for and a user lacks. */
export function missingVariables(template: CompiledTemplate, variables: Partial<TemplateVariables>): readonly string[] {
  const offer = variables.offer && labelledOffer(variables.offer);
  const known = { ...variables, ...(offer && { offer }) };
  return template.variables.filter(({ name, hasFallback }) => !hasFallback && !hasVariable(known, name)).map(({ name }) => name);
}

type Filled = { readonly scope: object } | Refusal;

/** Puts a step's words into their places: they are templates themselves, and what they render to is a value like any other. */
function fill(template: CompiledTemplate, variables: TemplateVariables, { text, cta }: EmailWords): Filled {
  const scope: Record<string, unknown> = { ...variables };
  const given = { content: text, cta };
  for (const slot of slots) {
    const words = given[slot];
    const place = template.slots[slot];
    if (words === undefined && place === 'needed') return refused(slot, 'the template has none of its own, and the step brings none');
    if (words === undefined) continue;
    if (place === undefined) return refused(slot, `the step brings one, and the template has no place for it ({{ ${slot} }})`);
    const rendered: LiquidResult = renderLiquid('text', words, variables);
    if (rendered.kind === 'refused') return refused(slot, rendered.because);
    scope[slot] = rendered.text.trim().replace(/\r\n?|\n/g, LINE_SEPARATOR);
  }
  return { scope };
}

/** One line without what cannot stand in a header. Where a name is missing, what should have followed it comes first. */
function subjectLine(rendered: string): string {
  const line = rendered
    .toWellFormed()
    .replace(/[\p{Cc}\p{Zl}\p{Zp}\s]+/gu, ' ')
    .replaceAll(' ,', ',')
    .trim();
  const tidy = line.replace(/^[,;:][,;:\s]*(.?)/u, (_, first: string) => first.toUpperCase());
  if (tidy.length <= MOST_SUBJECT_CHARACTERS) return tidy;
  // Not in the middle of a pair of surrogates.
  return `${tidy
    .slice(0, MOST_SUBJECT_CHARACTERS - 1)
    .replace(/[\ud800-\udbff]$/, '')
    .trimEnd()}…`;
}

const tidyText = (text: string): string =>
  `${text
    .replace(/[ \t]+$/gm, '')
    .replace(/\n{3,}/g, '\n\n')
    .trim()}\n`;
