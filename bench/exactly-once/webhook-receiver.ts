import express from 'express';
import { pino } from 'pino';
import { createSendgridWebhook } from '../../api/webhooks/sendgrid.js';
import { openDatabase } from '../../db/client.js';

/** The program of an API that takes SendGrid's events and nothing else, until it is killed. Prints its port. */
export type ReceiverSettings = {
  readonly databaseUrl: string;
  readonly ledgerKey: string;
  readonly publicKey: string;
  readonly port: number;
};

const { databaseUrl, ledgerKey, publicKey, port } = JSON.parse(process.argv[2] ?? '{}') as ReceiverSettings;
const database = openDatabase(databaseUrl, { applicationName: 'bench-webhooks', onIdleError: () => undefined });
const app = express();
const logger = pino({ level: 'silent' }); // what cannot be used is told on purpose
app.use(createSendgridWebhook({ database, ledgerKey: Buffer.from(ledgerKey, 'base64'), publicKey, logger }));
// Whatever went wrong, the provider sends the events again.
app.use((error: unknown, _request: express.Request, response: express.Response, _next: express.NextFunction) => {
  response.status(error instanceof Error && 'status' in error ? Number(error.status) : 503).end();
});
app.listen(port, '127.0.0.1', () => console.log(`listening on ${port}`));
