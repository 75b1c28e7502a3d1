import { contentInArm, wordsOfStep } from '../../core/campaign/step-words.js';
import type { Variation } from '../../core/experiment/variation.js';
import { parseTenantId, type TenantId } from '../../core/ids.js';
import type { Plan, PlanContent, PlanStep } from '../../core/journey/plan.js';
import { purposeOf } from '../../core/template/purpose.js';
import { wordsFaults } from '../../core/template/compile-template.js';
import { wordsOfParts, type EmailWords } from '../../core/template/template.js';
import { inAppStepFaults, pushStepFaults, smsStepFaults, socialStepFaults, whatsappStepFaults } from '../../core/template/text-faults.js';
import type { TenantTransaction } from '../client.js';
import type { CampaignPlan, CampaignRow } from './campaigns.js';
import { findEmailSender } from './email-senders.js';
import { findPhoneSenders, senderOn } from './phone-senders.js';
import { listSocialAccounts } from './social-accounts.js';
import { readEmailTemplate } from './templates.js';
import { findTest } from './tests.js';
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
  faults.push(...(await socialAccountFaults(tx, tenantId, plan)));
  for (const step of plan.steps) {
    const content = contents.find(({ key }) => key === step.key) ?? { key: step.key };
    faults.push(...(await stepFaults(tx, tenantId, { plan, step, content, parts: {} })));
    const test = step.test === undefined ? undefined : await findTest(tx, tenantId, step.test);
    for (const { id, parts } of test?.variations ?? []) {
      const inArm = await stepFaults(tx, tenantId, { plan, step, content, parts });
      faults.push(...inArm.filter((fault) => !faults.includes(fault)).map((fault) => `in the arm ${id}: ${fault}`));
    }
  }
  return faults;
}

type SaidInArm = {
  readonly plan: Plan;
  readonly step: PlanStep;
  readonly content: PlanContent;
  /** What the arm says in the place of the step's own words. */
  readonly parts: Variation['parts'];
};

async function stepFaults(tx: TenantTransaction, tenantId: TenantId, { plan, step, content, parts }: SaidInArm): Promise<string[]> {
  const said = contentInArm(content, parts);
  switch (step.channel) {
    case 'email':
      return mailFaults(tx, tenantId, step, { ...wordsOfStep(content), ...wordsOfParts(parts) });
    case 'in_app':
      return inAppStepFaults(step, said);
    case 'sms':
      return smsStepFaults(step, said.text);
    case 'whatsapp': {
      const isKnown = (await findWhatsappTemplate(tx, tenantId, step.template)) !== undefined;
      return whatsappStepFaults(plan, step, { text: said.text, isKnown });
    }
    case 'social':
      return socialStepFaults(step, said.text);
    case 'push':
      return pushStepFaults(step, said);
  }
}

async function phoneSenderFaults(tx: TenantTransaction, tenantId: TenantId, { steps }: Plan): Promise<string[]> {
  const used = (['sms', 'whatsapp'] as const).filter((channel) => steps.some((step) => step.channel === channel));
  const senders = used.length === 0 ? undefined : await findPhoneSenders(tx, tenantId);
  return used
    .filter((channel) => senderOn(channel, senders) === undefined)
    .map((channel) => `the tenant has no sender on ${channel} (PUT /v1/phone-sender sets one)`);
}

/** A step that names no network goes over any that the tenant has. */
async function socialAccountFaults(tx: TenantTransaction, tenantId: TenantId, { steps }: Plan): Promise<string[]> {
  const used = new Set(steps.flatMap(({ channel, provider }) => (channel === 'social' ? [provider ?? 'any network'] : [])));
  const accounts = used.size === 0 ? [] : await listSocialAccounts(tx, tenantId);
  return [...used]
    .filter((network) => !(network === 'any network' ? accounts.length > 0 : accounts.some(({ provider }) => provider === network)))
    .map((network) => `the tenant has no account on ${network} (PUT /v1/social-accounts/{provider} sets one)`);
}

async function mailFaults(
  tx: TenantTransaction,
  tenantId: TenantId,
  { key, template: family }: PlanStep,
  words: EmailWords,
): Promise<string[]> {
  if (purposeOf(family) !== 'campaign') return [`step ${key}: ${family} asks for a confirmation, and is no mail of a campaign`];
  const template = await readEmailTemplate(tx, tenantId, family);
  if (template === undefined) return [`step ${key}: there is no template ${family} in force`];
  const faults = wordsFaults(words, template).map(({ field, message }) => `step ${key}, ${field}: ${message}`);
  if (words.text === undefined && template.slots.content === 'needed') {
    faults.push(`step ${key}: ${family} has no content of its own, and the step brings none (content)`);
  }
  return faults;
}
