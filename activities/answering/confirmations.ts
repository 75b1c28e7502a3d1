import { signToken } from '../../core/message/token.js';
import type { PostMails } from '../channels/single-mails.js';
import type { LedgerEmail } from '../sending/send-chunk.js';
import { renderConfirmations, type ConfirmationSettings } from './confirmation-mail.js';
import { createAnswerSender, type AnswerSender } from './send-answers.js';

/** Sends the mails that ask for a confirmation. */
export const createConfirmationSender = ({ post, ...settings }: ConfirmationSettings & { readonly post: PostMails }): AnswerSender =>
  createAnswerSender<LedgerEmail>(({ kind }) => kind === 'confirmation', {
    async write(tenantId, answers) {
      const { envelope, mails } = await renderConfirmations(settings, tenantId, answers);
      const written = answers.map((answer, i) => {
        const mail = mails[i] ?? { because: 'nothing was written' };
        if ('because' in mail) return { answer, because: mail.because };
        const { messageId, address } = answer;
        const token = signToken(settings.ledgerKey, { tenantId, messageId });
        return { answer, message: { ...mail, messageId, token, to: { email: address } } };
      });
      return { written, send: (messages, calls) => post(envelope, messages, calls) };
    },
    saidOf: () => null,
  });
