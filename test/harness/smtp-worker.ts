import { createSmtpChannel } from '../../activities/channels/smtp.js';
import type { RenderMails } from '../../activities/sending/claimed-mails.js';
import { sendStep } from '../../activities/sending/send-step.js';
import { openDatabase } from '../../db/client.js';
import type { StepOfBatch } from '../../db/queries/send-ledger.js';
import { smtpClientAt } from './smtp.js';

/** The program of a worker that sends a step by SMTP until nothing of it is left to send. Run with DATABASE_URL, LEDGER_KEY, SMTP_PORT, AT_ONCE and STEP. */
const { DATABASE_URL = '', LEDGER_KEY = '', SMTP_PORT, AT_ONCE, STEP = '{}' } = process.env;
const step = JSON.parse(STEP) as StepOfBatch;
const database = openDatabase(DATABASE_URL, { applicationName: 'smtp-worker' });
const client = smtpClientAt(Number(SMTP_PORT), { atOnce: Number(AT_ONCE) });
const render: RenderMails = (_, users) =>
  Promise.resolve({
    envelope: { from: { email: 'news@shop.example' } },
    mails: users.map(({ userId }) => ({ subject: 'Hello', html: `<p>For ${userId}</p>`, text: `For ${userId}` })),
  });
const dependencies = {
  database,
  ledgerKey: Buffer.from(LEDGER_KEY, 'base64'),
  channels: { email: createSmtpChannel({ client, render }) },
  // Whatever was deferred is due.
  now: () => new Date(Date.now() + 24 * 3_600_000),
};
for (let isOver = false; !isOver;) {
  const sent = await sendStep(dependencies, step).catch(() => undefined);
  isOver = sent?.every(([, outcome]) => outcome !== 'waiting') === true;
}
client.close();
await database.close();
