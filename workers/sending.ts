import type { Client } from '@temporalio/client';
import { Worker, type NativeConnection, type WorkerInterceptors } from '@temporalio/worker';
import type { Logger } from 'pino';
import { createConfirmationSender } from '../activities/answering/confirmations.js';
import { sendAnswers, type AnsweringDependencies } from '../activities/answering/send-answers.js';
import { createBatchControl } from '../activities/campaigns/batch-control.js';
import { createCampaignActivities } from '../activities/campaigns/campaigns.js';
import { createInAppChannel } from '../activities/channels/in-app.js';
import type { TwilioClient } from '../activities/channels/twilio-client.js';
import { createInAppRenderer } from '../activities/sending/in-app-rendering.js';
import { createSendingActivities } from '../activities/sending/sending.js';
import type { Channels } from '../activities/sending/send-step.js';
import { settleTexts } from '../activities/sending/settle-texts.js';
import type { Config } from '../config.js';
import type { SendingConfig } from '../config/sending.js';
import type { Database } from '../db/client.js';
import { campaignTaskQueue } from '../workflows/task-queues.js';
import { workflowBundle } from './bundle.js';
import { temporalLogger } from './logging.js';
import { openMailWay, type MailWay, type Outgoing } from './mail-way.js';
import { createPushChannelOf } from './push-channel.js';
import { createBuckets, limitRates, openLimiter } from './rates.js';
import { startRelay } from './relay.js';
import { startRepeating } from './repeating.js';
import { createSocialChannelOf } from './social-channel.js';
import { createReplyAnswerSenders, createTextChannels, twilioClientOf } from './text-channels.js';

export type SendingSettings = {
  readonly config: Config;
  readonly database: Database;
  readonly client: Client;
  readonly native: NativeConnection;
  readonly grace: string;
  readonly interceptors: WorkerInterceptors;
  readonly outgoing: Outgoing | undefined;
  readonly logger: Logger;
  readonly now: () => Date;
};

export type RunningSending = { readonly run: Promise<void>; close(): Promise<void> };

/** What waits for providers most of the time; more of it at once is bounded by connections of the database. */
const AT_ONCE = 16;
/** Long enough for a provider that works; one that does not answer makes its messages uncertain, and must not hold a slot for long. */
const PROVIDER_TIMEOUT_MS = 10_000;
/** How often somebody looks for answers that wait to be sent. */
const ANSWER_EVERY_MS = 1_000;
/** How often Twilio is asked for texts of which nobody knows whether it has them. */
const SETTLE_EVERY_MS = 60_000;

/**
 * Campaigns with all that they do, on a queue of their own; the relay that tells their batches what people did; who asks for uncertain texts;
 * and who sends what answers somebody.
 */
export async function startSending(settings: SendingSettings): Promise<RunningSending> {
  const { config, database, client, native, grace, interceptors, outgoing, logger, now } = settings;
  const { sending, clockSpeed: speed } = config;
  const { role } = config.worker;
  const batches = createBatchControl(client);
  const twilio = sending?.twilio && twilioClientOf(sending.twilio, PROVIDER_TIMEOUT_MS);
  const mail = sending && openMailWay({ database, sending, outgoing, timeoutMs: PROVIDER_TIMEOUT_MS });
  const rates = openLimiter(database, config.redisUrl, logger);
  const worker = await Worker.create({
    connection: native,
    namespace: client.options.namespace,
    taskQueue: campaignTaskQueue,
    activities: {
      ...createCampaignActivities({ database, batches, now, speed }),
      ...(sending &&
        mail &&
        createSendingActivities({
          database,
          ledgerKey: sending.ledgerKey,
          channels: limitRates(channelsOf(database, sending, { mail, twilio }), {
            limiter: rates.limiter,
            bucketsOf: createBuckets(database, sending, speed),
            clockSpeed: speed,
          }),
          now,
        })),
    },
    ...(role !== 'activities' && { workflowBundle: await workflowBundle(temporalLogger(logger)) }),
    // What opens and closes a batch is done where its workflow runs.
    enableNonLocalActivities: role !== 'workflows',
    shutdownGraceTime: grace,
    maxConcurrentActivityTaskExecutions: AT_ONCE,
    interceptors,
  });
  const run = worker.run();
  const onError = (error: unknown) => logger.warn({ error }, 'engagements could not be told to their batches; tried again in a second');
  const relay = role === 'workflows' ? undefined : await startRelay(database, client, { onError });
  const settling =
    role === 'workflows' || !sending || !twilio
      ? undefined
      : startRepeating((signal) => settleTexts({ database, ledgerKey: sending.ledgerKey, client: twilio, nowMs: Date.now }, signal), {
          everyMs: SETTLE_EVERY_MS,
          onError: (error) => logger.warn({ error }, 'uncertain texts could not be looked for; tried again in a minute'),
        });
  const answering =
    role === 'workflows' || !sending || !mail
      ? undefined
      : startRepeating((signal) => sendAnswers(answersOf(database, sending, { mail, twilio, now }), signal), {
          everyMs: ANSWER_EVERY_MS,
          onError: (error) => logger.warn({ error }, 'some answers could not be sent; tried again'),
        });
  return {
    run,
    async close() {
      await answering?.close();
      await settling?.close();
      await relay?.close();
      if (worker.getState() === 'RUNNING') worker.shutdown();
      await run.catch(() => undefined);
      mail?.close();
      rates.close();
    },
  };
}

function answersOf(
  database: Database,
  { ledgerKey, publicUrl }: SendingConfig,
  { mail, twilio, now }: { readonly mail: MailWay; readonly twilio: TwilioClient | undefined; readonly now: () => Date },
): AnsweringDependencies {
  const settings = { database, ledgerKey, publicUrl };
  const senders = [
    createConfirmationSender({ ...settings, post: mail.post }),
    ...(twilio ? createReplyAnswerSenders({ ...settings, client: twilio }) : []),
  ];
  return { database, ledgerKey, now, senders };
}

function channelsOf(
  database: Database,
  { ledgerKey, publicUrl, meta, push }: SendingConfig,
  { mail, twilio }: { readonly mail: MailWay; readonly twilio: TwilioClient | undefined },
): Channels {
  return {
    email: mail.channel,
    in_app: createInAppChannel({ render: createInAppRenderer({ database }) }),
    ...(twilio && createTextChannels({ database, publicUrl, ledgerKey, client: twilio })),
    ...(meta && { social: createSocialChannelOf({ database, publicUrl, ledgerKey, meta, timeoutMs: PROVIDER_TIMEOUT_MS }) }),
    ...(push && { push: createPushChannelOf(push, { database, publicUrl, ledgerKey, timeoutMs: PROVIDER_TIMEOUT_MS }) }),
  };
}
