import type { Client } from '@temporalio/client';
import { Worker, type NativeConnection, type WorkerInterceptors } from '@temporalio/worker';
import type { Logger } from 'pino';
import { createBatchControl } from '../activities/campaigns/batch-control.js';
import { createCampaignActivities } from '../activities/campaigns/campaigns.js';
import { createSendgridClient, prepareEmails } from '../activities/channels/sendgrid.js';
import { createEmailRenderer } from '../activities/sending/rendering.js';
import { createSendingActivities } from '../activities/sending/sending.js';
import type { SendingDependencies } from '../activities/sending/send-step.js';
import type { SendingConfig } from '../config.js';
import type { Database } from '../db/client.js';
import { sendingTaskQueue } from '../workflows/task-queues.js';
import { startRelay } from './relay.js';

export type SendingSettings = {
  readonly database: Database;
  readonly client: Client;
  readonly native: NativeConnection;
  readonly sending: SendingConfig | undefined;
  /** Of campaigns' clocks. */
  readonly speed: number;
  /** On which workflows of campaigns and batches run. */
  readonly taskQueue: string;
  readonly grace: string;
  readonly interceptors: WorkerInterceptors;
  readonly outgoing: Partial<Outgoing> | undefined;
  readonly logger: Logger;
  readonly now: () => Date;
};

/** What a message says, and how it goes out. */
export type Outgoing = Pick<SendingDependencies, 'render' | 'prepareEmails'>;

export type RunningSending = { readonly run: Promise<void>; close(): Promise<void> };

/** What waits for providers most of the time; more of it at once is bounded by connections of the database. */
const AT_ONCE = 16;
/** Shorter than a beat's time-out is long enough for a provider, and a dead one is noticed by its answers that do not come. */
const PROVIDER_TIMEOUT_MS = 30_000;

/** What campaigns ask for, on a queue of its own, and the relay that tells their batches what people did. */
export async function startSending(settings: SendingSettings): Promise<RunningSending> {
  const { database, client, native, sending, speed, taskQueue, grace, interceptors, outgoing, logger, now } = settings;
  const batches = createBatchControl(client, taskQueue);
  const worker = await Worker.create({
    connection: native,
    namespace: client.options.namespace,
    taskQueue: sendingTaskQueue,
    activities: {
      ...createCampaignActivities({ database, batches, now, speed }),
      ...(sending && createSendingActivities({ ...sendingDependencies(database, sending), ...outgoing, now, speed })),
    },
    shutdownGraceTime: grace,
    maxConcurrentActivityTaskExecutions: AT_ONCE,
    interceptors,
  });
  const run = worker.run();
  const relay = await startRelay(database, client, {
    taskQueue,
    onError: (error) => logger.warn({ error }, 'engagements could not be told to their batches; tried again in a second'),
  });
  return {
    run,
    async close() {
      await relay.close();
      if (worker.getState() === 'RUNNING') worker.shutdown();
      await run.catch(() => undefined);
    },
  };
}

function sendingDependencies(database: Database, { ledgerKey, publicUrl, sendgrid }: SendingConfig) {
  const account = createSendgridClient({ apiKey: sendgrid.apiKey, baseUrl: sendgrid.apiUrl, timeoutMs: PROVIDER_TIMEOUT_MS });
  return {
    database,
    ledgerKey,
    prepareEmails: (batch: Parameters<typeof prepareEmails>[1]) => prepareEmails(account, batch),
    render: createEmailRenderer({ database, publicUrl }),
  };
}
