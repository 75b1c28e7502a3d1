import { visitTags } from './html-tags.js';
import { renderLiquid } from './liquid.js';
import { MOST_SUBJECT_CHARACTERS, completed, renderEmail, type RenderedEmail } from './render-email.js';
import type { TemplatePurpose } from './purpose.js';
import type { CompiledTemplate, EmailWords, TemplateFault } from './template.js';
import type { TemplateVariables } from './variables.js';

/** Gmail shows no more than 102 KB of a mail, and hides the way out of the list with the rest. */
export const MOST_HTML_BYTES = 100 * 1024;

/** Somebody of whom nothing is known. */
export const BARE_SAMPLE: TemplateVariables = {
  brand_name: 'Northwind',
  postal_address: '1 Example Street, Springfield',
  unsubscribe_url: 'https://example.com/unsubscribe/sample',
};

/** Somebody of whom everything is known that these templates ask for. */
function fullSample({ variables }: CompiledTemplate): TemplateVariables {
  const traits = variables.flatMap(({ name }) =>
    name.startsWith('traits.') ? [[name.slice('traits.'.length), 'https://example.com/trait']] : [],
  );
  return {
    ...BARE_SAMPLE,
    first_name: 'Alexandra',
    last_name: 'Featherstone',
    email: 'alexandra@example.com',
    traits: Object.fromEntries(traits) as Record<string, unknown>,
    segment_name: 'Potential Loyalists',
    last_event: 'cart_abandoned',
    brand_url: 'https://example.com',
    view_url: 'https://example.com/view/sample',
    offer: { type: 'discount', value: 20, unit: 'percent', expiry_days: 7, code: 'WELC-OME77', expires_at: '2026-03-09', days_left: 7 },
    incentive: '$10 gift card',
    recommendations: [
      { name: 'Field Notes', url: 'https://example.com/field-notes', price: '$12' },
      { name: 'Desk Lamp', url: 'https://example.com/desk-lamp' },
    ],
  };
}

/** What shows only when a template is rendered. */
export function sampleFaults(template: CompiledTemplate, purpose: TemplatePurpose): TemplateFault[] {
  const asked = purpose === 'confirmation' ? { confirm_url: 'https://example.com/confirm/sample' } : {};
  const full = { who: '', variables: { ...fullSample(template), ...asked }, words: wordsFor(template, ['needed', 'optional']) };
  const bare = {
    who: 'for a user of whom nothing is known, ',
    variables: { ...BARE_SAMPLE, ...asked },
    words: wordsFor(template, ['needed']),
  };
  const faults = faultsFor(template, full);
  return faults.length > 0 ? faults : faultsFor(template, bare);
}

type Sample = { readonly who: string; readonly variables: TemplateVariables; readonly words: EmailWords };

function wordsFor({ slots }: CompiledTemplate, kinds: readonly string[]): EmailWords {
  const has = (slot: 'content' | 'cta') => slots[slot] !== undefined && kinds.includes(slots[slot]);
  return { ...(has('content') && { text: 'A text.' }), ...(has('cta') && { cta: 'Go' }) };
}

function faultsFor(template: CompiledTemplate, { who, variables, words }: Sample): TemplateFault[] {
  const fault = (field: TemplateFault['field'], message: string): TemplateFault => ({ field, line: null, message: who + message });
  const mail = renderEmail(template, variables, words);
  if (mail.kind === 'refused') return [fault(mail.part === 'subject' ? 'subject' : 'mjml', mail.because)];
  const faults = legalFaults(mail, variables).map((message) => fault('mjml', message));
  const left = /\{\{|\{%/.test(mail.subject) ? 'subject' : /\{\{|\{%/.test(mail.html + mail.text) ? 'mjml' : undefined;
  if (left !== undefined) faults.push(fault(left, 'Liquid is left in what was rendered: it stands within other Liquid, or is not closed'));
  const bytes = Buffer.byteLength(mail.html);
  if (bytes > MOST_HTML_BYTES) faults.push(fault('mjml', `its HTML has ${bytes} bytes, ${MOST_HTML_BYTES} at most: Gmail cuts the rest`));
  const subject = renderLiquid('text', template.subject, completed(variables));
  const characters = subject.kind === 'rendered' ? subject.text.trim().length : 0;
  if (characters > MOST_SUBJECT_CHARACTERS) {
    faults.push(fault('subject', `it has ${characters} characters, ${MOST_SUBJECT_CHARACTERS} at most`));
  }
  return faults;
}

/**
 * What the law asks of a mail, where people see it: the text part has no comments and nothing hidden. One that asks for a confirmation has
 * its link in the place of the one to unsubscribe, since nobody is on a list yet.
 */
function legalFaults(
  { html, text }: RenderedEmail,
  { postal_address: address, unsubscribe_url, confirm_url }: TemplateVariables,
): string[] {
  const faults: string[] = [];
  const url = confirm_url ?? unsubscribe_url;
  let hasLink = false;
  visitTags(html, ({ name, attributes }) => {
    if (name === 'a' && attributes.some(({ name: attribute, value }) => attribute === 'href' && value === url)) hasLink = true;
  });
  if (!text.includes(address)) faults.push('it does not show the postal address: {{ postal_address }} is expected');
  if (!hasLink || !text.includes(url))
    faults.push(
      confirm_url === undefined
        ? 'it has no link to unsubscribe: <a href="{{ unsubscribe_url }}"> is expected'
        : 'it has no link to confirm: <a href="{{ confirm_url }}"> is expected',
    );
  return faults;
}
