import type { Client } from '@temporalio/client';
import { campaignStart } from '../activities/campaigns/batch-control.js';
import type { Database } from '../db/client.js';
import { campaignsThatGoOn } from '../db/queries/campaign-occurrences.js';
import { listTenantIds } from '../db/queries/tenants.js';
import { campaignWorkflowType } from '../workflows/campaign/contract.js';

/**
 * Starts the workflow of each campaign that is entered again and again, or was launched by a walk, and whose row says that it goes on. One that runs is left alone,
 * so that doing it again, or from several workers at once, starts none twice. Gives how many there are.
 */
export async function startCampaignClocks(database: Database, client: Client): Promise<number> {
  let found = 0;
  for (const tenantId of await listTenantIds(database)) {
    const keys = await database.withTenant(tenantId, (tx) => campaignsThatGoOn(tx, tenantId));
    for (const campaignId of keys) await client.workflow.start(campaignWorkflowType, campaignStart({ tenantId, campaignId }));
    found += keys.length;
  }
  return found;
}
