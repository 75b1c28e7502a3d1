import { wordsOfStep } from '../../core/campaign/step-words.js';
import { parseTenantId } from '../../core/ids.js';
import { wordsFaults } from '../../core/template/compile-template.js';
import type { TenantTransaction } from '../client.js';
import type { CampaignPlan, CampaignRow } from './campaigns.js';
import { findEmailSender } from './email-senders.js';
import { readEmailTemplate } from './templates.js';

/**
 * Why the mails of a campaign could not be written, in words: no sender, no such template, words that have no place in it. How many of
 * the audience lack which variable is to be told here too.
 */
export async function contentFaults(
  tx: TenantTransaction,
  row: Pick<CampaignRow, 'tenantId'>,
  { plan, contents }: CampaignPlan,
): Promise<string[]> {
  const tenantId = parseTenantId(row.tenantId);
  const faults: string[] = [];
  const steps = plan.steps.filter(({ channel }) => channel === 'email');
  if (steps.length > 0 && !(await findEmailSender(tx, tenantId))) {
    faults.push('the tenant has no sender of mail (PUT /v1/email-sender sets one)');
  }
  for (const { key, template: family } of steps) {
    const template = await readEmailTemplate(tx, tenantId, family);
    if (template === undefined) {
      faults.push(`step ${key}: there is no template ${family} in force`);
      continue;
    }
    const words = wordsOfStep(contents.find((content) => content.key === key) ?? {});
    faults.push(...wordsFaults(words, template).map(({ field, message }) => `step ${key}, ${field}: ${message}`));
    if (words.text === undefined && template.slots.content === 'needed') {
      faults.push(`step ${key}: ${family} has no content of its own, and the step brings none (content)`);
    }
  }
  return faults;
}
