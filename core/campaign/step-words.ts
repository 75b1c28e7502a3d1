import type { PlanContent } from '../journey/plan.js';
import { wordsFaults } from '../template/compile-template.js';
import type { CompiledTemplate, EmailWords } from '../template/template.js';
import type { TemplateVariables } from '../template/variables.js';

/** A step's own words, which take the place of its template's. */
export const wordsOfStep = ({ subject, text }: PlanContent): EmailWords => ({
  ...(subject !== undefined && { subject }),
  ...(text !== undefined && { text }),
});

/** What a step offers, as templates name it. */
export const offeredBy = ({ offer, incentive }: PlanContent): Pick<TemplateVariables, 'offer' | 'incentive'> => ({
  ...(offer !== undefined && { offer }),
  ...(incentive !== undefined && { incentive }),
});

/** Why no mail could be made of a step with its template, in words; nothing where it can. */
export function mailFaults(content: PlanContent, family: string, template: CompiledTemplate | undefined): string[] {
  if (template === undefined) return [`step ${content.key}: there is no template ${family} in force`];
  const words = wordsOfStep(content);
  const faults = wordsFaults(words, template).map(({ field, message }) => `its ${field}: ${message}`);
  const isEmpty = template.slots.content === 'needed' && words.text === undefined && template.words?.text === undefined;
  if (isEmpty) faults.push(`the template ${family} has no text of its own, and the step brings none`);
  return faults.map((fault) => `step ${content.key}: ${fault}`);
}
