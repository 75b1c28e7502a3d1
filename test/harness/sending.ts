import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import type { Client } from '@temporalio/client';
import { NativeConnection, Worker } from '@temporalio/worker';
import express, { type ErrorRequestHandler } from 'express';
import { createBatchControl } from '../../activities/campaigns/batch-control.js';
import { createCampaignActivities } from '../../activities/campaigns/campaigns.js';
import { createInAppChannel } from '../../activities/channels/in-app.js';
import { createMailsTogether } from '../../activities/channels/mails-together.js';
import { createSendgridClient, prepareEmails } from '../../activities/channels/sendgrid.js';
import type { RenderMails } from '../../activities/sending/claimed-mails.js';
import { createInAppRenderer } from '../../activities/sending/in-app-rendering.js';
import { createSendingActivities } from '../../activities/sending/sending.js';
import type { ChannelSender } from '../../activities/sending/send-step.js';
import type { PushConfig, SendingConfig, TwilioConfig } from '../../config/sending.js';
import { translateError } from '../../api/errors.js';
import { createLogger } from '../../api/logging.js';
import { createSendgridWebhook } from '../../api/webhooks/sendgrid.js';
import { createMetaWebhook } from '../../api/webhooks/meta.js';
import { createTwilioWebhooks } from '../../api/webhooks/twilio.js';
import type { Database } from '../../db/client.js';
import { waitUntil } from '../../sandbox/processes.js';
import { SANDBOX_APP } from '../../sandbox/meta/accounts.js';
import type { SandboxPush } from '../../sandbox/push/push.js';
import type { SandboxSendgrid } from '../../sandbox/sendgrid/sendgrid.js';
import { workflowBundle } from '../../workers/bundle.js';
import { createPushChannelOf } from '../../workers/push-channel.js';
import { startRelay } from '../../workers/relay.js';
import { createSocialChannelOf } from '../../workers/social-channel.js';
import { createTextChannels, twilioClientOf } from '../../workers/text-channels.js';
import { campaignTaskQueue } from '../../workflows/task-queues.js';
import { ADDRESS_KEY } from './campaigns.js';
import type { TestDatabase } from './database.js';
import { VAPID } from './push.js';
import { SENDGRID_KEY } from './sendgrid.js';
import { TWILIO_ACCOUNT } from './twilio.js';

/** The words of every mail, where a test is about something else. */
export const plainRender: RenderMails = (step, users) =>
  Promise.resolve({
    envelope: { from: { email: 'news@shop.example', name: 'The Shop' }, tracking: { opens: true, clicks: true } },
    mails: users.map(({ userId }) => ({ subject: `Step ${step.stepKey}`, html: `<p>For ${userId}</p>`, text: `For ${userId}` })),
  });

export type SendingWorker = { close(): Promise<void> };

/** A worker that carries campaigns and nothing else, and a relay, against a provider. */
export async function startCampaignWorker(settings: {
  readonly database: Database;
  readonly client: Client;
  readonly address: string;
  readonly namespace: string;
  /** Where mails go: SendGrid at this address, or another way. */
  readonly sendgridUrl?: string;
  readonly mails?: ChannelSender;
  /** Where there are texts, too. */
  readonly texts?: { readonly twilioUrl: string; readonly publicUrl: string };
  /** Where there are social messages: Meta is at this address. */
  readonly social?: { readonly metaUrl: string; readonly publicUrl: string };
  /** Where there are push messages, too. */
  readonly push?: { readonly service: SandboxPush; readonly publicUrl: string };
  /** Absent: every mail says the number of its step. */
  readonly render?: RenderMails;
  readonly now?: () => Date;
}): Promise<SendingWorker> {
  const {
    database,
    client,
    address,
    namespace,
    sendgridUrl = '',
    texts,
    social,
    push,
    render = plainRender,
    now = () => new Date(),
  } = settings;
  const native = await NativeConnection.connect({ address });
  const account = createSendgridClient({ apiKey: SENDGRID_KEY, baseUrl: sendgridUrl, timeoutMs: 5_000 });
  const campaigns = createCampaignActivities({ database, batches: createBatchControl(client), now, speed: 1 });
  const sending = createSendingActivities({
    database,
    ledgerKey: ADDRESS_KEY,
    channels: {
      email: settings.mails ?? createMailsTogether({ render, prepareEmails: (batch) => prepareEmails(account, batch) }),
      in_app: createInAppChannel({ render: createInAppRenderer({ database }) }),
      ...(texts &&
        createTextChannels({
          database,
          publicUrl: texts.publicUrl,
          ledgerKey: ADDRESS_KEY,
          client: twilioClientOf(twilioAt(texts.twilioUrl), 5_000),
        })),
      ...(social && {
        social: createSocialChannelOf({
          database,
          publicUrl: social.publicUrl,
          ledgerKey: ADDRESS_KEY,
          meta: { apiUrl: social.metaUrl, appSecret: SANDBOX_APP.appSecret },
          timeoutMs: 5_000,
        }),
      }),
      ...(push && {
        push: createPushChannelOf(pushAt(push.service), { database, publicUrl: push.publicUrl, ledgerKey: ADDRESS_KEY, timeoutMs: 5_000 }),
      }),
    },
    now,
  });
  const worker = await Worker.create({
    connection: native,
    namespace,
    taskQueue: campaignTaskQueue,
    workflowBundle: await workflowBundle(),
    activities: { ...campaigns, ...sending },
  });
  const run = worker.run();
  const relay = await startRelay(database, client, { onError: (error) => console.error(error) });
  return {
    async close() {
      await relay.close();
      worker.shutdown();
      await run;
      await native.close();
    },
  };
}

const pushAt = ({ url, certificate }: SandboxPush): PushConfig => ({ vapid: VAPID, service: { origin: url, certificate } });

const twilioAt = (apiUrl: string): TwilioConfig => ({
  accountSid: TWILIO_ACCOUNT.accountSid,
  authToken: TWILIO_ACCOUNT.authToken,
  apiUrl,
});

/** Of what is refused here, nobody is told but who asked. */
const refuse: ErrorRequestHandler = (error, _request, response, next) => {
  if (response.headersSent) return next(error);
  const { problem } = translateError(error, 'test');
  response.status(problem.status).end();
};

/** Takes SendGrid's events as the API does, on a port of its own; and Twilio's, which signs them for `publicUrl`, or this port; and Meta's. */
export async function startWebhookReceiver(
  database: Database,
  publicKey: string,
  publicUrl?: string,
): Promise<{ readonly url: string; readonly origin: string; close(): Promise<void> }> {
  const app = express();
  const server = app.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const origin = `http://127.0.0.1:${port}`;
  const logger = createLogger('silent');
  app.use(createSendgridWebhook({ database, ledgerKey: ADDRESS_KEY, publicKey, logger }));
  const { authToken } = TWILIO_ACCOUNT;
  app.use(
    createTwilioWebhooks({ database, ledgerKey: ADDRESS_KEY, publicUrl: publicUrl ?? origin, authToken, now: () => new Date(), logger }),
  );
  const { appSecret, verifyToken } = SANDBOX_APP;
  app.use(createMetaWebhook({ database, ledgerKey: ADDRESS_KEY, appSecret, verifyToken, now: () => new Date(), logger }));
  app.use(refuse);
  return {
    url: `${origin}/v1/webhooks/sendgrid`,
    origin,
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}

/** Nothing is left to be told to a journey. */
export async function untilAllTold(database: TestDatabase): Promise<void> {
  const isTold = async () => (await database.admin.query('select 1 from engagement_outbox limit 1')).rows.length === 0;
  if (!(await waitUntil(isTold, 20_000, 20))) throw new Error('engagements were not told within 20 seconds');
}

/** The configuration of a product that sends to a sandbox. */
export const sendingTo = ({ url, webhook }: SandboxSendgrid): SendingConfig => ({
  ledgerKey: ADDRESS_KEY,
  publicUrl: 'https://audience.example.test',
  mail: { kind: 'sendgrid', apiKey: SENDGRID_KEY, apiUrl: url, webhookKey: webhook.publicKey },
  rates: {},
});
