import type { PlanContent } from '../journey/plan.js';
import type { EmailWords } from '../template/template.js';
import type { TemplateVariables } from '../template/variables.js';

/** A step's own words, which take the place of its template's. */
export const wordsOfStep = ({ subject, text }: Omit<PlanContent, 'key'>): EmailWords => ({
  ...(subject !== undefined && { subject }),
  ...(text !== undefined && { text }),
});

/** What a step offers, as templates name it. */
export const offeredBy = ({ offer, incentive }: Omit<PlanContent, 'key'>): Pick<TemplateVariables, 'offer' | 'incentive'> => ({
  ...(offer !== undefined && { offer }),
  ...(incentive !== undefined && { incentive }),
});
