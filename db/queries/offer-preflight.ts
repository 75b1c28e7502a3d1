import { wordsOfStep } from '../../core/campaign/step-words.js';
import type { Reach } from '../../core/campaign/preflight.js';
import { parseTenantId, type TenantId } from '../../core/ids.js';
import type { PlanContent, PlanStep } from '../../core/journey/plan.js';
import { formatNumber } from '../../core/numbers.js';
import { liquidsIn } from '../../core/template/text-message.js';
import { mailSaysPersonalOffer, sayPersonalOffer } from '../../core/template/user-variables.js';
import type { TenantTransaction } from '../client.js';
import type { CampaignPlan, CampaignRow } from './campaigns.js';
import { countCodes } from './offer-codes.js';
import { requireOffer } from './offers.js';
import { readEmailTemplate } from './templates.js';
import { findWhatsappTemplate } from './whatsapp-templates.js';

/** Of an offer that a campaign gives codes of: those that are free, and for how many people one is needed, at most. */
export type CodesNeeded = { readonly offerKey: string; readonly free: number; readonly people: number };

export type CodesPreflight = {
  readonly codes: readonly CodesNeeded[];
  readonly blockers: readonly string[];
  /** What a launch may do nevertheless. */
  readonly warnings: readonly string[];
};

/** Whether the offers of a campaign have codes for those whom it can reach, and whether its steps say them. */
export async function readCodesNeeded(
  tx: TenantTransaction,
  row: Pick<CampaignRow, 'tenantId'>,
  { plan, contents, reach }: CampaignPlan & { readonly reach: readonly Reach[] },
): Promise<CodesPreflight> {
  const tenantId = parseTenantId(row.tenantId);
  const people = new Map<string, number>();
  const warnings: string[] = [];
  const holes: string[] = [];
  for (const step of plan.steps) {
    const content = contents.find(({ key }) => key === step.key);
    const offerKey = content?.offer?.offer_id;
    if (content !== undefined && offerKey === undefined && sayPersonalOffer(ownWords(content), true)) {
      holes.push(`step ${step.key}: it says a code, and its offer has none: name one that has (offer.offer_id)`);
    }
    if (content === undefined || offerKey === undefined) continue;
    if (await saysCode(tx, tenantId, step, content)) {
      const reachable = reach.find(({ channel }) => channel === step.channel)?.reachable ?? 0;
      people.set(offerKey, Math.max(people.get(offerKey) ?? 0, reachable));
    } else {
      warnings.push(
        `step ${step.key}: the offer ${offerKey} has codes, and the step does not say them ({{ offer.code }}): nobody is given one`,
      );
    }
  }
  const codes: CodesNeeded[] = [];
  for (const [offerKey, needed] of people) {
    const { free } = await countCodes(tx, await requireOffer(tx, tenantId, offerKey));
    codes.push({ offerKey, free, people: needed });
  }
  return {
    codes,
    blockers: [
      ...holes,
      ...codes.flatMap(({ offerKey, free }) =>
        free === 0 ? [`the offer ${offerKey} has no free codes (POST /v1/offers/${offerKey}/codes adds some)`] : [],
      ),
    ],
    warnings: [...warnings, ...codes.flatMap(tooFew)],
  };
}

const ownWords = ({ subject = '', text = '', url = '' }: PlanContent): readonly string[] => [subject, text, url];

const tooFew = ({ offerKey, free, people }: CodesNeeded): string[] =>
  free === 0 || free >= people
    ? []
    : [
        `the offer ${offerKey} has ${formatNumber(free)} free codes for ${formatNumber(people)} people: the others wait until there are more`,
      ];

async function saysCode(
  tx: TenantTransaction,
  tenantId: TenantId,
  { channel, template }: PlanStep,
  content: PlanContent,
): Promise<boolean> {
  const words = wordsOfStep(content);
  switch (channel) {
    case 'email': {
      const found = await readEmailTemplate(tx, tenantId, template);
      return found !== undefined && mailSaysPersonalOffer(found, words);
    }
    case 'sms':
    case 'social':
      return sayPersonalOffer(liquidsIn({ text: content.text, template: undefined }));
    case 'whatsapp':
      return sayPersonalOffer(liquidsIn({ text: content.text, template: await findWhatsappTemplate(tx, tenantId, template) }));
    case 'in_app': // the page is given it
      return true;
    case 'push':
      return sayPersonalOffer(ownWords(content));
  }
}
