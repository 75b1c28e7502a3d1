import type { Client } from '@temporalio/client';
import { campaignStart } from '../activities/campaigns/batch-control.js';
import type { Database } from '../db/client.js';
import { listAwaitedCampaigns } from '../db/queries/campaign-entries.js';
import type { Slices } from '../db/queries/engagement-outbox.js';
import { campaignWorkflowId, campaignWorkflowType, entrantsWaitSignalName } from '../workflows/campaign/contract.js';

/** People who come one by one are gathered for so long, unless a whole batch of them is there before. */
const PATIENCE_MS = 2_000;
const FULL_BATCH = 500;
/** A campaign that lets nobody in, since no worker is there, is not told all the time: its history would grow. */
const AGAIN_MS = 60_000;

/**
 * Tells campaigns that people wait to enter them: once for each who waits longest, and again after a while. What they are told does
 * not matter, as those who wait are in the database.
 */
export function createEntrantsAnnouncer(database: Database, client: Client): (slices: Slices) => Promise<void> {
  let told = new Map<string, { readonly firstEntrant: number; readonly atMs: number }>();
  return async (slices) => {
    const awaited = await listAwaitedCampaigns(database, slices, { patienceMs: PATIENCE_MS, fullBatch: FULL_BATCH });
    const nowMs = performance.now();
    const still = new Map<string, { readonly firstEntrant: number; readonly atMs: number }>();
    for (const { tenantId, campaignKey: campaignId, firstEntrant } of awaited) {
      const id = campaignWorkflowId(tenantId, campaignId);
      const before = told.get(id);
      const isTold = before?.firstEntrant === firstEntrant && before.atMs > nowMs - AGAIN_MS;
      if (!isTold) {
        const start = campaignStart({ tenantId, campaignId });
        await client.workflow.signalWithStart(campaignWorkflowType, { ...start, signal: entrantsWaitSignalName, signalArgs: [] });
      }
      still.set(id, isTold ? before : { firstEntrant, atMs: nowMs });
    }
    told = still;
  };
}
