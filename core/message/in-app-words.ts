import { offeredBy } from '../campaign/step-words.js';
import type { PlanContent } from '../journey/plan.js';
import { renderText, type TextVariables } from '../template/text-message.js';
import { inAppFault, type InAppMessage } from './in-app.js';

/** A step, as far as it is shown in inboxes: the template's name, and the step's own words. */
export type InAppStep = { readonly template: string; readonly content: Omit<PlanContent, 'key'> };

/**
 * What a step puts into one person's inbox, or why it can put nothing there. Its subject is the title and its message the text, both plain
 * text in Liquid; of one alone, that is the title. What it is made by and what it offers is for the page, which knows how it looks.
 */
export function inAppMessageOf({ template, content }: InAppStep, variables: TextVariables): InAppMessage | { readonly because: string } {
  const { subject, text } = content;
  const first = subject ?? text;
  if (first === undefined) return { because: 'an in-app step needs a subject or a message of its own: no template has its words' };
  const title = renderText(first, variables, 'title');
  if ('because' in title) return title;
  const body = subject === undefined || text === undefined ? { text: '' } : renderText(text, variables);
  if ('because' in body) return body;
  const message = {
    title: title.text,
    body: body.text,
    data: { template, ...offeredBy(content), ...(content.offer && variables.offer && { offer: variables.offer }) },
  };
  const because = inAppFault(message);
  return because === undefined ? message : { because };
}
