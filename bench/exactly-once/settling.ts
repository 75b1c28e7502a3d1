import { createTwilioClient } from '../../activities/channels/twilio-client.js';
import { settleTexts } from '../../activities/sending/settle-texts.js';
import { openDatabase } from '../../db/client.js';
import type { StepOfBatch } from '../../db/queries/send-ledger.js';
import { waitUntil } from '../../sandbox/processes.js';
import { SANDBOX_ACCOUNT } from '../../sandbox/twilio/account.js';
import { ADDRESS_KEY } from '../../test/harness/campaigns.js';
import type { Crew } from './crew.js';
import type { World } from './world.js';

const EVIDENCE_MS = 120_000;

/**
 * Waits until the providers have told all that they know, or for the two minutes that they have, and asks Twilio for what is uncertain.
 * What a late call gave back meanwhile is sent, and the providers heard once more.
 */
export async function settle(world: World, crew: Crew, steps: readonly StepOfBatch[]): Promise<void> {
  const hasToldAll = async () => {
    const { mails, texts } = await world.askProviders();
    return mails.pending + texts.pending === 0;
  };
  for (const deadline = Date.now() + EVIDENCE_MS; ;) {
    await waitUntil(hasToldAll, deadline - Date.now(), 200);
    await askTwilio(world);
    const left = await listLeft(world, steps);
    if (left.length === 0 || Date.now() > deadline) return;
    await crew.run(left);
  }
}

/** Those with messages that are due, or that nobody has finished. */
async function listLeft({ database, tenantId, aheadMs }: World, steps: readonly StepOfBatch[]): Promise<readonly StepOfBatch[]> {
  const { rows } = await database.admin.query<{ step_key: number; batch: number }>(
    `select distinct step_key, batch from messages where tenant_id = $1 and (status = 'claimed' or status = 'deferred' and due_at <= $2)`,
    [tenantId, new Date(Date.now() + aheadMs + 60_000)],
  );
  return steps.filter(({ stepKey, batch }) => rows.some((row) => row.step_key === stepKey && row.batch === batch));
}

async function askTwilio({ database: { url }, twilioUrl }: World): Promise<void> {
  const { accountSid, authToken: secret } = SANDBOX_ACCOUNT;
  const client = createTwilioClient({ accountSid, secret, baseUrl: twilioUrl, timeoutMs: 10_000 });
  const database = openDatabase(url, { applicationName: 'bench-settling', onIdleError: () => undefined });
  try {
    await settleTexts({ database, ledgerKey: ADDRESS_KEY, client, nowMs: Date.now });
  } finally {
    await database.close();
  }
}
