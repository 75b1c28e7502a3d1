import { offeredBy } from '../campaign/step-words.js';
import type { PlanContent } from '../journey/plan.js';
import { inAppFault, type InAppMessage } from './in-app.js';

/** Words with variables would be shown with their braces. */
const VARIABLES = /\{\{|\{%/;

/** A step, as far as it is shown in inboxes: the template's name, and the step's own words. */
export type InAppStep = { readonly template: string; readonly content: Omit<PlanContent, 'key'> };

/**
 * What a step puts into inboxes, the same for everybody, or why it can put nothing there. Its subject is the title and its message the
 * text; of one alone, that is the title. What it is made by and what it offers is for the page, which knows how it looks.
 */
export function inAppMessageOf({ template, content }: InAppStep): InAppMessage | { readonly because: string } {
  const { subject, text } = content;
  const title = subject ?? text;
  if (title === undefined) return { because: 'an in-app step needs a subject or a message of its own: no template has its words' };
  if (VARIABLES.test(`${subject ?? ''} ${text ?? ''}`)) return { because: 'the words of an in-app step cannot have variables' };
  const message = { title, body: subject === undefined ? '' : (text ?? ''), data: { template, ...offeredBy(content) } };
  const because = inAppFault(message);
  return because === undefined ? message : { because };
}
