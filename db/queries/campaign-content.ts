import { wordsOfStep } from '../../core/campaign/step-words.js';
import { parseTenantId, type TenantId } from '../../core/ids.js';
import type { Plan, PlanContent, PlanStep } from '../../core/journey/plan.js';
import { wordsFaults } from '../../core/template/compile-template.js';
import { inAppStepFaults, pushStepFaults, smsStepFaults, whatsappStepFaults } from '../../core/template/text-faults.js';
import type { TenantTransaction } from '../client.js';
import type { CampaignPlan, CampaignRow } from './campaigns.js';
import { findEmailSender } from './email-senders.js';
import { findPhoneSenders, senderOn } from './phone-senders.js';
import { readEmailTemplate } from './templates.js';
import { findWhatsappTemplate } from './whatsapp-templates.js';

/**
 * Why the messages of a campaign could not be written, in words: no sender, no such template, words that have no place in it, or no
 * words where there is no template. How many of the audience lack which variable is to be told here too.
 */
export async function contentFaults(
  tx: TenantTransaction,
  row: Pick<CampaignRow, 'tenantId'>,
  { plan, contents }: CampaignPlan,
): Promise<string[]> {
  const tenantId = parseTenantId(row.tenantId);
  const faults: string[] = [];
  if (plan.steps.some(({ channel }) => channel === 'email') && !(await findEmailSender(tx, tenantId))) {
    faults.push('the tenant has no sender of mail (PUT /v1/email-sender sets one)');
  }
  faults.push(...(await phoneSenderFaults(tx, tenantId, plan)));
  for (const step of plan.steps) {
    const content = contents.find(({ key }) => key === step.key) ?? { key: step.key };
    if (step.channel === 'email') faults.push(...(await mailFaults(tx, tenantId, step, content)));
    if (step.channel === 'in_app') faults.push(...inAppStepFaults(step, content));
    if (step.channel === 'push') faults.push(...pushStepFaults(step, content));
    if (step.channel === 'sms') faults.push(...smsStepFaults(step, content.text));
    if (step.channel === 'whatsapp') {
      const isKnown = (await findWhatsappTemplate(tx, tenantId, step.template)) !== undefined;
      faults.push(...whatsappStepFaults(plan, step, { text: content.text, isKnown }));
    }
  }
  return faults;
}

async function phoneSenderFaults(tx: TenantTransaction, tenantId: TenantId, { steps }: Plan): Promise<string[]> {
  const used = (['sms', 'whatsapp'] as const).filter((channel) => steps.some((step) => step.channel === channel));
  const senders = used.length === 0 ? undefined : await findPhoneSenders(tx, tenantId);
  return used
    .filter((channel) => senderOn(channel, senders) === undefined)
    .map((channel) => `the tenant has no sender on ${channel} (PUT /v1/phone-sender sets one)`);
}

async function mailFaults(
  tx: TenantTransaction,
  tenantId: TenantId,
  { key, template: family }: PlanStep,
  content: PlanContent,
): Promise<string[]> {
  const template = await readEmailTemplate(tx, tenantId, family);
  if (template === undefined) return [`step ${key}: there is no template ${family} in force`];
  const words = wordsOfStep(content);
  const faults = wordsFaults(words, template).map(({ field, message }) => `step ${key}, ${field}: ${message}`);
  if (words.text === undefined && template.slots.content === 'needed') {
    faults.push(`step ${key}: ${family} has no content of its own, and the step brings none (content)`);
  }
  return faults;
}
