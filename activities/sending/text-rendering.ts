import { offeredBy } from '../../core/campaign/step-words.js';
import { DomainError } from '../../core/errors.js';
import type { PhoneChannel } from '../../core/message/phone-message.js';
import { senderVariables } from '../../core/template/sender.js';
import {
  fillWhatsappTemplate,
  renderText,
  textLookups,
  type TextRendering,
  type TextVariables,
  type TextWords,
} from '../../core/template/text-message.js';
import type { TenantTransaction } from '../../db/client.js';
import { readCampaignStep } from '../../db/queries/campaigns.js';
import { findEmailSender } from '../../db/queries/email-senders.js';
import { findPhoneSenders, senderOn } from '../../db/queries/phone-senders.js';
import type { StepOfBatch } from '../../db/queries/send-ledger.js';
import { readUserVariables } from '../../db/queries/user-variables.js';
import { findWhatsappTemplate } from '../../db/queries/whatsapp-templates.js';
import type { RenderedTexts, TextDependencies, TextRecipient } from '../channels/texts.js';
import { withOurLinks, type LinkSettings, type MessageWords } from './linking.js';
import type { RendererDependencies } from './rendering.js';

export type TextRendererDependencies = RendererDependencies & {
  /** Seals the links in texts. */
  readonly ledgerKey: Buffer;
};

/** Writes the texts of a step from its own words, or from the approved template that it names, and what is known of each user. */
export const createTextRenderer =
  ({ database, ...settings }: TextRendererDependencies): TextDependencies['render'] =>
  (step, channel, users) =>
    database.withTenant(step.tenantId, (tx) => renderStep(tx, { step, channel, users, settings }));

export type Rendering = {
  readonly step: StepOfBatch;
  readonly channel: PhoneChannel;
  readonly users: readonly TextRecipient[];
  readonly settings: LinkSettings;
};

async function renderStep(tx: TenantTransaction, { step, channel, users, settings }: Rendering): Promise<RenderedTexts> {
  const { tenantId } = step;
  const sender = senderOn(channel, await findPhoneSenders(tx, tenantId));
  if (!sender) throw new DomainError('conflict', `the tenant has no sender on ${channel}: PUT /v1/phone-sender sets one`);
  const found = await readCampaignStep(tx, step);
  if (!found) throw new Error(`the plan of the campaign has no step ${step.stepKey}`);
  const template = channel === 'whatsapp' ? await findWhatsappTemplate(tx, tenantId, found.template) : undefined;
  const words = { text: found.content.text, template };
  return { sender, contents: await writeTexts(tx, { step, channel, users, settings, words, offered: offeredBy(found.content) }) };
}

/** Writes words for each of these users, with what is known of them, and with links of ours. */
export async function writeTexts(
  tx: TenantTransaction,
  {
    step,
    channel,
    users,
    settings,
    words,
    offered = {},
  }: Rendering & { readonly words: TextWords; readonly offered?: Pick<TextVariables, 'offer' | 'incentive'> },
): Promise<readonly TextRendering[]> {
  const { tenantId } = step;
  const { template } = words;
  const userIds = users.map(({ userId }) => userId);
  const known = await readUserVariables(tx, tenantId, userIds, textLookups(words));
  const brand = await findEmailSender(tx, tenantId);
  const ofAll = { ...(brand && senderVariables(brand)), ...offered };
  const contents = users.map(({ userId, token, isOpen }) => {
    const variables = { ...known.get(userId), ...ofAll, unsubscribe_url: `${settings.publicUrl}/v1/unsubscribe/${token}` };
    return channel === 'sms' ? sms(words, variables) : whatsapp(words, variables, isOpen);
  });
  const sources = [words.text, ...Object.values(template?.variables ?? {}), brand?.brandUrl].filter((source) => typeof source === 'string');
  return linked(tx, { step, sources, settings }, users, contents);
}

/** The contents with links of ours in all that their recipients can read. */
async function linked(
  tx: TenantTransaction,
  linking: Parameters<typeof withOurLinks>[1],
  users: readonly TextRecipient[],
  contents: readonly TextRendering[],
): Promise<readonly TextRendering[]> {
  const messages = users.map(({ messageId }, i): MessageWords => ({
    messageId,
    parts: wordsIn(contents[i]).map((words) => ({ kind: 'text', words })),
  }));
  const rewritten = await withOurLinks(tx, linking, messages);
  return contents.map((content, i) => withWords(content, rewritten[i] ?? []));
}

function wordsIn(content: TextRendering | undefined): readonly string[] {
  if (content === undefined || 'because' in content) return [];
  return content.kind === 'text' ? [content.text] : Object.values(content.variables);
}

function withWords(content: TextRendering, words: readonly string[]): TextRendering {
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
