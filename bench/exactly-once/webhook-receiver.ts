import express from 'express';
import { pino } from 'pino';
import { createUnsubscribePages } from '../../api/unsubscribe.js';
import { createSendgridWebhook } from '../../api/webhooks/sendgrid.js';
import { createTwilioWebhooks } from '../../api/webhooks/twilio.js';
import { openDatabase } from '../../db/client.js';

/** The program of an API that takes what providers tell and who unsubscribes, and nothing else, until it is killed. Prints its port. */
export type ReceiverSettings = {
  readonly databaseUrl: string;
  readonly ledgerKey: string;
  /** SendGrid's. */
  readonly publicKey: string;
  /** Twilio's. */
  readonly authToken: string;
  readonly port: number;
};

const { databaseUrl, publicKey, authToken, port, ...settings } = JSON.parse(process.argv[2] ?? '{}') as ReceiverSettings;
const database = openDatabase(databaseUrl, { applicationName: 'bench-webhooks', onIdleError: () => undefined });
const app = express();
const logger = pino({ level: 'silent' }); // what cannot be used is told on purpose
const ledgerKey = Buffer.from(settings.ledgerKey, 'base64');
const now = () => new Date();
app.use(createUnsubscribePages({ database, ledgerKey, now }));
app.use(createSendgridWebhook({ database, ledgerKey, publicKey, logger }));
app.use(createTwilioWebhooks({ database, ledgerKey, publicUrl: `http://127.0.0.1:${port}`, authToken, now, logger }));
// Whatever went wrong, the providers send the events again.
app.use((error: unknown, _request: express.Request, response: express.Response, _next: express.NextFunction) => {
  response.status(error instanceof Error && 'status' in error ? Number(error.status) : 503).end();
});
app.listen(port, '127.0.0.1', () => console.log(`listening on ${port}`));
