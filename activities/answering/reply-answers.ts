import { DomainError } from '../../core/errors.js';
import type { TenantId } from '../../core/ids.js';
import type { PhoneChannel, PhoneMessage } from '../../core/message/phone-message.js';
import { hashText } from '../../core/message/sealed-text.js';
import { signToken } from '../../core/message/token.js';
import { liquidsIn, type TextRendering, type TextWords } from '../../core/template/text-message.js';
import type { TenantTransaction } from '../../db/client.js';
import { NO_CAMPAIGN, readAnswerWords, type AnswerWords } from '../../db/queries/answers.js';
import { findPhoneSenders, senderOn } from '../../db/queries/phone-senders.js';
import { findWhatsappTemplate } from '../../db/queries/whatsapp-templates.js';
import { sendTexts } from '../channels/twilio.js';
import type { TwilioClient } from '../channels/twilio-client.js';
import type { RendererDependencies } from '../sending/rendering.js';
import { readVariables } from '../sending/saying.js';
import { writeTexts } from '../sending/text-rendering.js';
import type { Unsent } from '../sending/unsent.js';
import { createAnswerSender, type Answer, type AnswerSender } from './send-answers.js';

export type ReplyAnswerDependencies = RendererDependencies & {
  readonly ledgerKey: Buffer;
  readonly client: TwilioClient;
  /** Where Twilio tells what becomes of a message. */
  readonly statusUrl: string;
};

/** Sends what rules say to replies on a channel. */
export const createReplyAnswerSender = (channel: PhoneChannel, dependencies: ReplyAnswerDependencies): AnswerSender =>
  createAnswerSender<PhoneMessage>((answer) => answer.kind === 'reply' && answer.channel === channel, {
    async write(tenantId, answers) {
      const { sender, contents } = await writeAnswers(dependencies, { tenantId, channel, answers });
      const written = answers.map((answer, i) => {
        const content = contents[i] ?? { because: 'its rule is not there any more' };
        if ('because' in content) return { answer, because: content.because };
        return { answer, message: { token: tokenOf(dependencies, tenantId, answer), channel, to: answer.address, content } };
      });
      const { client, statusUrl } = dependencies;
      return { written, send: (messages, calls) => sendTexts(client, { sender, statusUrl, messages }, { calls }) };
    },
    saidOf: ({ content }) => (content.kind === 'text' ? hashText(dependencies.ledgerKey, content.text) : null),
  });

const tokenOf = ({ ledgerKey }: ReplyAnswerDependencies, tenantId: TenantId, { messageId }: Answer): string =>
  signToken(ledgerKey, { tenantId, messageId });

type Writing = { readonly tenantId: TenantId; readonly channel: PhoneChannel; readonly answers: readonly Answer[] };

/** Each in the words of its rule, with what is known of whoever it goes to. They have just written, so that WhatsApp's window is open. */
function writeAnswers(dependencies: ReplyAnswerDependencies, { tenantId, channel, answers }: Writing) {
  const { database, publicUrl, ledgerKey } = dependencies;
  return database.withTenant(tenantId, async (tx) => {
    const sender = senderOn(channel, await findPhoneSenders(tx, tenantId));
    if (!sender) throw new DomainError('conflict', `the tenant has no sender on ${channel}: PUT /v1/phone-sender sets one`);
    const rules = await readAnswerWords(
      tx,
      tenantId,
      answers.map(({ messageId }) => messageId),
    );
    const step = { tenantId, campaignId: NO_CAMPAIGN, stepKey: 0, channel, batch: 0, members: [] };
    const contents: (TextRendering | Unsent | undefined)[] = [];
    for (const answer of answers) {
      const rule = rules.get(answer.messageId);
      const users = [{ ...answer, token: tokenOf(dependencies, tenantId, answer), isOpen: true }];
      const words = rule && (await wordsOf(tx, tenantId, rule));
      contents.push(words && (await writeAnswer(tx, words, { step, channel, users, settings: { publicUrl, ledgerKey } })));
    }
    return { sender, contents };
  });
}

async function writeAnswer(tx: TenantTransaction, words: TextWords, rendering: Parameters<typeof writeTexts>[1]) {
  const said = liquidsIn(words);
  const userIds = rendering.users.map(({ userId }) => userId);
  const { brandUrl, to } = await readVariables(tx, rendering.step.tenantId, { userIds, said });
  const [content] = await writeTexts(tx, rendering, { said, brandUrl, to: (userId) => ({ words, variables: to(userId) }) });
  return content;
}

async function wordsOf(tx: TenantTransaction, tenantId: TenantId, { message, template }: AnswerWords): Promise<TextWords> {
  if (message !== null) return { text: message, template: undefined };
  return { text: undefined, template: template === null ? undefined : await findWhatsappTemplate(tx, tenantId, template) };
}
