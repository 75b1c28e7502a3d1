import { createTwilioClient } from '../../activities/channels/twilio-client.js';
import { settleTexts } from '../../activities/sending/settle-texts.js';
import { openDatabase } from '../../db/client.js';
import { waitUntil } from '../../sandbox/processes.js';
import { SANDBOX_ACCOUNT } from '../../sandbox/twilio/account.js';
import { ADDRESS_KEY } from '../../test/harness/campaigns.js';
import type { Crew, Given } from './crew.js';
import type { World } from './world.js';

const EVIDENCE_MS = 120_000;

/** `waitedForMs`: what waits for longer is left to wait. */
type Settled = { readonly given: readonly Given[]; readonly waitedForMs: number };

/**
 * Waits until the providers have told all that they know, or for the two minutes that they have, and asks Twilio for what is uncertain.
 * What a late call gave back meanwhile is sent, and the providers heard once more.
 */
export async function settle(world: World, crew: Crew, settled: Settled): Promise<void> {
  const hasToldAll = async () => {
    const told = await Promise.all([...world.providers.values()].map((provider) => provider.told()));
    return told.every(({ pending }) => pending === 0);
  };
  for (const deadline = Date.now() + EVIDENCE_MS; ;) {
    await waitUntil(hasToldAll, deadline - Date.now(), 200);
    await askTwilio(world);
    const left = await listLeft(world, settled);
    if (left.length === 0 || Date.now() > deadline) return;
    await crew.run(left);
  }
}

/** Those with messages that are due, or that nobody has finished. */
async function listLeft({ database, aheadMs }: World, { given, waitedForMs }: Settled): Promise<readonly Given[]> {
  const { rows } = await database.admin.query<{ place: string }>(
    `select distinct concat_ws(' ', tenant_id, step_key, batch) as place
     from messages where status = 'claimed' or status = 'deferred' and due_at <= $1`,
    [new Date(Date.now() + aheadMs + Math.min(60_000, waitedForMs))],
  );
  const places = new Set(rows.map(({ place }) => place));
  return given.filter(({ step: { tenantId, stepKey, batch } }) => places.has(`${tenantId} ${stepKey} ${batch}`));
}

async function askTwilio({ database: { url }, providers }: World): Promise<void> {
  const { accountSid, authToken: secret } = SANDBOX_ACCOUNT;
  const baseUrl = providers.get('twilio')?.url ?? '';
  const client = createTwilioClient({ accountSid, secret, baseUrl, timeoutMs: 10_000 });
  const database = openDatabase(url, { applicationName: 'bench-settling', onIdleError: () => undefined });
  try {
    await settleTexts({ database, ledgerKey: ADDRESS_KEY, client, nowMs: Date.now });
  } finally {
    await database.close();
  }
}
