import { createConfirmationSender } from '../../activities/answering/confirmations.js';
import { sendAnswers } from '../../activities/answering/send-answers.js';
import { createSendgridClient, prepareEmails } from '../../activities/channels/sendgrid.js';
import { createSingleMails } from '../../activities/channels/single-mails.js';
import { createReplyAnswerSenders, twilioClientOf } from '../../workers/text-channels.js';
import { ADDRESS_KEY } from './campaigns.js';
import type { TestDatabase } from './database.js';
import { SENDGRID_KEY } from './sendgrid.js';
import { TWILIO_ACCOUNT } from './twilio.js';

export const PUBLIC_URL = 'https://audience.example.test';

/** Sends what waits by a SendGrid, as a worker does every second. Gives how many answers it has sent. */
export function mailAnswers(database: TestDatabase, sendgridUrl: string, now: () => Date): () => Promise<number> {
  const settings = { database, ledgerKey: ADDRESS_KEY, publicUrl: PUBLIC_URL };
  const account = createSendgridClient({ apiKey: SENDGRID_KEY, baseUrl: sendgridUrl, timeoutMs: 2_000 });
  const post = createSingleMails((batch) => prepareEmails(account, batch));
  const senders = [createConfirmationSender({ ...settings, post })];
  return () => sendAnswers({ database, ledgerKey: ADDRESS_KEY, now, senders });
}

/** The same of texts, by a Twilio. */
export function textAnswers(database: TestDatabase, apiUrl: string, now: () => Date): () => Promise<number> {
  const { accountSid, authToken } = TWILIO_ACCOUNT;
  const client = twilioClientOf({ accountSid, authToken, apiUrl }, 2_000);
  const senders = createReplyAnswerSenders({ database, ledgerKey: ADDRESS_KEY, publicUrl: PUBLIC_URL, client });
  return () => sendAnswers({ database, ledgerKey: ADDRESS_KEY, now, senders });
}
