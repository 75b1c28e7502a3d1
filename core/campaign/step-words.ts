import type { Variation } from '../experiment/variation.js';
import type { PlanContent } from '../journey/plan.js';
import type { EmailWords } from '../template/template.js';
import type { TemplateVariables } from '../template/variables.js';

/** A step's own words, which take the place of its template's. */
export const wordsOfStep = ({ subject, text }: Omit<PlanContent, 'key'>): EmailWords => ({
  ...(subject !== undefined && { subject }),
  ...(text !== undefined && { text }),
});

/** A step's content in an arm of its test, which goes before its own words. */
export const contentInArm = <C extends Omit<PlanContent, 'key'>>(content: C, { subject, content: text }: Variation['parts']): C => ({
  ...content,
  ...(subject !== undefined && { subject }),
  ...(text !== undefined && { text }),
});

/** What a person gets for taking part, as templates name it. */
export const incentiveOf = ({ incentive }: Omit<PlanContent, 'key'>): Pick<TemplateVariables, 'incentive'> =>
  incentive === undefined ? {} : { incentive };

/** What a step offers to everybody, as templates name it. */
export function offeredBy(content: Omit<PlanContent, 'key'>): Pick<TemplateVariables, 'offer' | 'incentive'> {
  const { offer_id: _, ...offer } = content.offer ?? {};
  return { ...(content.offer !== undefined && { offer }), ...incentiveOf(content) };
}
