import { DomainError } from '../../core/errors.js';
import type { PhoneChannel } from '../../core/message/phone-message.js';
import {
  fillWhatsappTemplate,
  renderText,
  liquidsIn,
  type TextRendering,
  type TextVariables,
  type TextWords,
} from '../../core/template/text-message.js';
import type { TenantTransaction } from '../../db/client.js';
import { requireCampaignStep } from '../../db/queries/campaigns.js';
import { findPhoneSenders, senderOn } from '../../db/queries/phone-senders.js';
import type { StepOfBatch } from '../../db/queries/send-ledger.js';
import { findWhatsappTemplate } from '../../db/queries/whatsapp-templates.js';
import type { RenderedTexts, TextDependencies, TextRecipient } from '../channels/texts.js';
import { withOurLinks, type LinkSettings, type MessageWords } from './linking.js';
import type { RendererDependencies } from './rendering.js';
import { readSaying, type Said, type Saying } from './saying.js';
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
  const liquidsOf = ({ text }: { readonly text?: string }) => liquidsIn({ text, template });
  const { said, brandUrl, to } = await readSaying(tx, step, { found, userIds, at, liquidsOf });
  const written = { said, brandUrl, to: (userId: string) => withTemplate(to(userId), template) };
  return { sender, contents: await writeTexts(tx, rendering, written) };
}

type Writing = Omit<Saying, 'to'> & {
  readonly to: (userId: string) => { readonly words: TextWords; readonly variables: TextVariables } | Unsent;
};

const withTemplate = (said: Said, template: TextWords['template']): ReturnType<Writing['to']> =>
  'because' in said ? said : { words: { text: said.content.text, template }, variables: said.variables };

/** Writes words for each of these users, with links of ours. */
export async function writeTexts(
  tx: TenantTransaction,
  { step, channel, users, settings }: Rendering,
  { said, brandUrl, to }: Writing,
): Promise<readonly (TextRendering | Unsent)[]> {
  const contents = users.map(({ userId, token, isOpen }) => {
    const one = to(userId);
    if ('because' in one) return one;
    const variables = { ...one.variables, unsubscribe_url: `${settings.publicUrl}/v1/unsubscribe/${token}` };
    return channel === 'sms' ? sms(one.words, variables) : whatsapp(one.words, variables, isOpen);
  });
  const sources = [...said, brandUrl].filter((source) => typeof source === 'string');
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
