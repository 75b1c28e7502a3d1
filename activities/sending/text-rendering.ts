import { contentInArm, incentiveOf } from '../../core/campaign/step-words.js';
import { DomainError } from '../../core/errors.js';
import type { Variation } from '../../core/experiment/variation.js';
import type { PhoneChannel } from '../../core/message/phone-message.js';
import { senderVariables } from '../../core/template/sender.js';
import {
  fillWhatsappTemplate,
  renderText,
  liquidsIn,
  textLookups,
  type TextRendering,
  type TextVariables,
  type TextWords,
} from '../../core/template/text-message.js';
import { allLookups, sayPersonalOffer } from '../../core/template/user-variables.js';
import type { TenantTransaction } from '../../db/client.js';
import { requireCampaignStep } from '../../db/queries/campaigns.js';
import { findEmailSender } from '../../db/queries/email-senders.js';
import { findPhoneSenders, senderOn } from '../../db/queries/phone-senders.js';
import type { StepOfBatch } from '../../db/queries/send-ledger.js';
import { readShownArms } from '../../db/queries/test-slots.js';
import { readUserVariables } from '../../db/queries/user-variables.js';
import { findWhatsappTemplate } from '../../db/queries/whatsapp-templates.js';
import type { RenderedTexts, TextDependencies, TextRecipient } from '../channels/texts.js';
import { withOurLinks, type LinkSettings, type MessageWords } from './linking.js';
import { offersTo, type OfferFor } from './personal-offers.js';
import type { RendererDependencies } from './rendering.js';
import type { Unsent } from './unsent.js';

export type TextRendererDependencies = RendererDependencies & {
  /** Seals the links in texts. */
  readonly ledgerKey: Buffer;
};

/** Writes the texts of a step from its own words, or from the approved template that it names, and what is known of each user. */
export const createTextRenderer =
  ({ database, ...settings }: TextRendererDependencies): TextDependencies['render'] =>
  (step, channel, users, at) =>
    database.withTenant(step.tenantId, (tx) => renderStep(tx, { step, channel, users, at, settings }));

type Rendering = {
  readonly step: StepOfBatch;
  readonly channel: PhoneChannel;
  readonly users: readonly TextRecipient[];
  readonly settings: LinkSettings;
};

async function renderStep(tx: TenantTransaction, rendering: Rendering & { readonly at: Date }): Promise<RenderedTexts> {
  const { step, channel, users, at } = rendering;
  const { tenantId } = step;
  const sender = senderOn(channel, await findPhoneSenders(tx, tenantId));
  if (!sender) throw new DomainError('conflict', `the tenant has no sender on ${channel}: PUT /v1/phone-sender sets one`);
  const found = await requireCampaignStep(tx, step);
  const template = channel === 'whatsapp' ? await findWhatsappTemplate(tx, tenantId, found.template) : undefined;
  const userIds = users.map(({ userId }) => userId);
  const arms = await readShownArms(tx, tenantId, found.test, userIds);
  const wordsOf = (parts: Variation['parts']) => ({ text: contentInArm(found.content, parts).text, template });
  const said = arms.all.map(wordsOf);
  const offerTo = await offersTo(tx, step, { offer: found.content.offer, says: sayPersonalOffer(said.flatMap(liquidsIn)), userIds, at });
  const saying = { said, wordsTo: (userId: string) => wordsOf(arms.to(userId)), offerTo, ofAll: incentiveOf(found.content) };
  return { sender, contents: await writeTexts(tx, rendering, saying) };
}

export type Saying = {
  /** All words that anybody may be shown. */
  readonly said: readonly TextWords[];
  readonly wordsTo: (userId: string) => TextWords;
  readonly offerTo?: OfferFor;
  readonly ofAll?: Pick<TextVariables, 'incentive'>;
};

/** Writes words for each of these users, with what is known of them, and with links of ours. */
export async function writeTexts(
  tx: TenantTransaction,
  { step, channel, users, settings }: Rendering,
  { said, wordsTo, offerTo = () => ({}), ofAll = {} }: Saying,
): Promise<readonly (TextRendering | Unsent)[]> {
  const { tenantId } = step;
  const userIds = users.map(({ userId }) => userId);
  const known = await readUserVariables(tx, tenantId, userIds, allLookups(said.map(textLookups)));
  const brand = await findEmailSender(tx, tenantId);
  const contents = users.map(({ userId, token, isOpen }) => {
    const offered = offerTo(userId);
    if ('because' in offered) return offered;
    const unsubscribeUrl = `${settings.publicUrl}/v1/unsubscribe/${token}`;
    const variables = { ...known.get(userId), ...(brand && senderVariables(brand)), ...ofAll, ...offered, unsubscribe_url: unsubscribeUrl };
    const words = wordsTo(userId);
    return channel === 'sms' ? sms(words, variables) : whatsapp(words, variables, isOpen);
  });
  const sources = [...said.flatMap(liquidsIn), brand?.brandUrl].filter((source) => typeof source === 'string');
  return linked(tx, { step, sources, settings }, users, contents);
}

/** The contents with links of ours in all that their recipients can read. */
async function linked(
  tx: TenantTransaction,
  linking: Parameters<typeof withOurLinks>[1],
  users: readonly TextRecipient[],
  contents: readonly (TextRendering | Unsent)[],
): Promise<readonly (TextRendering | Unsent)[]> {
  const messages = users.map(({ messageId }, i): MessageWords => ({
    messageId,
    parts: wordsIn(contents[i]).map((words) => ({ kind: 'text', words })),
  }));
  const rewritten = await withOurLinks(tx, linking, messages);
  return contents.map((content, i) => withWords(content, rewritten[i] ?? []));
}

function wordsIn(content: TextRendering | Unsent | undefined): readonly string[] {
  if (content === undefined || 'because' in content) return [];
  return content.kind === 'text' ? [content.text] : Object.values(content.variables);
}

function withWords(content: TextRendering | Unsent, words: readonly string[]): TextRendering | Unsent {
  if ('because' in content) return content;
  if (content.kind === 'text') return { ...content, text: words[0] ?? content.text };
  const variables = Object.entries(content.variables).map(([name, value], i) => [name, words[i] ?? value] as const);
  return { ...content, variables: Object.fromEntries(variables) };
}

const sms = ({ text }: TextWords, variables: TextVariables): TextRendering =>
  text === undefined ? { because: 'an SMS step needs words of its own (message)' } : renderText(text, variables);

/** The step's own words where WhatsApp lets anything through, else the approved template. */
function whatsapp({ text, template }: TextWords, variables: TextVariables, isOpen: boolean): TextRendering {
  if (isOpen && text !== undefined) return renderText(text, variables);
  if (template) return fillWhatsappTemplate(template, variables);
  return { because: 'its recipient has not written within a day, and the step names no approved template' };
}
