import { emailFault, type EmailEnvelope, type EmailLimits } from '../../core/message/email.js';
import { SMTP_MOST_BYTES } from '../../core/message/smtp-mail.js';
import { concernsAllMails, smtpOutcome } from '../../core/message/smtp-outcome.js';
import type { SendOutcome } from '../../core/message/send-outcome.js';
import { beginOwnCalls } from '../../db/queries/own-calls.js';
import { answerCall } from '../../db/queries/send-ledger.js';
import { renderClaimedMails, type RenderMails } from '../sending/claimed-mails.js';
import { giveOwnCalls, ledgerCalls } from '../sending/own-calls.js';
import { takenOver, type LedgerEmail } from '../sending/send-chunk.js';
import type { ChannelSender } from '../sending/send-step.js';
import { throughOutages } from '../sending/through-outages.js';
import { sendOneByOne, type LedgerCalls } from './one-by-one.js';
import { prepareMail, type SmtpClient } from './smtp-client.js';

export type SmtpDependencies = { readonly client: SmtpClient; readonly render: RenderMails };

const LIMITS: EmailLimits = { recipients: 1, requestBytes: SMTP_MOST_BYTES, substitutionBytes: SMTP_MOST_BYTES };

/**
 * Sends mails by SMTP: a transaction for each, and so a call for each. Nobody tells later what became of a mail that the server has taken,
 * and nobody can be asked whether it has an uncertain one.
 */
export const createSmtpChannel =
  ({ client, render }: SmtpDependencies): ChannelSender =>
  async (ledger, step, { callId, claimedMs, claimed }) => {
    const { database, now, patience } = ledger;
    const { tenantId } = step;
    const { envelope, mails, unsent } = await renderClaimedMails({ ledger, render }, step, claimed);
    if (unsent.length > 0) await throughOutages(() => answerCall(database, tenantId, { callId, answers: unsent, at: now() }), patience);
    if (mails.length === 0) return unsent;
    const messages = mails.map((message) => ({ messageId: message.messageId, message }));
    const own = await giveOwnCalls(ledger, tenantId, callId, messages);
    const { calls, standings, lost } = ledgerCalls(ledger, {
      tenantId,
      claimedMs,
      own,
      begin: (some, judging) => beginOwnCalls(database, tenantId, some, judging),
    });
    await sendMails(client, { envelope, mails, calls });
    if (lost.size > 0) throw takenOver();
    return [...unsent, ...standings];
  };

type SmtpBatch<M> = { readonly envelope: EmailEnvelope; readonly mails: readonly M[]; readonly calls?: LedgerCalls<M> };

/** Sends each mail by a transaction of its own (`sendOneByOne`). */
export const sendMails = <M extends Omit<LedgerEmail, 'messageId'>>(
  client: SmtpClient,
  { envelope, mails, calls }: SmtpBatch<M>,
): Promise<readonly SendOutcome[]> =>
  sendOneByOne(mails, {
    provider: 'the mail server',
    atOnce: client.atOnce,
    faultOf: (mail) => emailFault(mail, LIMITS),
    calls,
    inTurn: client.inTurn,
    async prepare(mail) {
      const prepared = await prepareMail(envelope, mail);
      return async () => {
        const answer = await client.send(prepared);
        const outcome = smtpOutcome(answer, Date.now());
        const isUnanswered = answer.kind === 'failed' && answer.reply === undefined && outcome.kind !== 'refused';
        return { outcome, concernsAll: concernsAllMails(answer), isUnanswered };
      };
    },
  });
