import { NativeConnection, Worker } from '@temporalio/worker';
import type { Client } from '@temporalio/client';
import { createBatchControl } from '../../activities/campaigns/batch-control.js';
import { createCampaignActivities } from '../../activities/campaigns/campaigns.js';
import { createSendgridClient, sendEmails } from '../../activities/channels/sendgrid.js';
import { createSendingActivities } from '../../activities/sending/sending.js';
import type { SendingDependencies } from '../../activities/sending/send-step.js';
import type { Database } from '../../db/client.js';
import { workflowBundle } from '../../workers/bundle.js';
import { startRelay } from '../../workers/relay.js';
import { sendingTaskQueue, walkTaskQueue } from '../../workflows/task-queues.js';
import { ADDRESS_KEY } from './campaigns.js';
import { SENDGRID_KEY } from './sendgrid.js';

/** The words of every mail, where a test is about something else. */
export const plainRender: SendingDependencies['render'] = (step, users) =>
  Promise.resolve({
    envelope: { from: { email: 'news@shop.example', name: 'The Shop' } },
    mails: users.map(({ userId }) => ({ subject: `Step ${step.stepKey}`, html: `<p>For ${userId}</p>`, text: `For ${userId}` })),
  });

export type SendingWorker = { close(): Promise<void> };

/** A worker that carries campaigns and nothing else, and a relay, against a provider. */
export async function startCampaignWorker(settings: {
  readonly database: Database;
  readonly client: Client;
  readonly address: string;
  readonly namespace: string;
  readonly sendgridUrl: string;
  readonly now?: () => Date;
}): Promise<SendingWorker> {
  const { database, client, address, namespace, sendgridUrl, now = () => new Date() } = settings;
  const native = await NativeConnection.connect({ address });
  const account = createSendgridClient({ apiKey: SENDGRID_KEY, baseUrl: sendgridUrl, timeoutMs: 5_000 });
  const campaigns = createCampaignActivities({ database, batches: createBatchControl(client, walkTaskQueue), now });
  const sending = createSendingActivities({
    database,
    ledgerKey: ADDRESS_KEY,
    sendEmails: (batch) => sendEmails(account, batch),
    render: plainRender,
    now,
  });
  const workers = await Promise.all([
    Worker.create({ connection: native, namespace, taskQueue: walkTaskQueue, ...(await workflowBundleOptions()), activities: campaigns }),
    Worker.create({ connection: native, namespace, taskQueue: sendingTaskQueue, activities: { ...campaigns, ...sending } }),
  ]);
  const runs = workers.map((worker) => worker.run());
  const relay = await startRelay(database, client, { taskQueue: walkTaskQueue, onError: (error) => console.error(error) });
  return {
    async close() {
      await relay.close();
      for (const worker of workers) worker.shutdown();
      await Promise.all(runs);
      await native.close();
    },
  };
}

const workflowBundleOptions = async () => ({ workflowBundle: await workflowBundle() });
