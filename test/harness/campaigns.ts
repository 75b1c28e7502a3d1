import { randomUUID } from 'node:crypto';
import type { TenantId } from '../../core/ids.js';
import type { StepOfBatch } from '../../db/queries/send-ledger.js';
import type { TestDatabase } from './database.js';

export const BATCH = 500;
export const ADDRESS_KEY = Buffer.from('a key for tests, of 32 bytes  ..');

/** Users `u1` … with an address each. */
export async function addReachableUsers(database: TestDatabase, tenantId: TenantId, count: number): Promise<void> {
  await database.admin.query(
    `with added as (
       insert into users (tenant_id, user_id, first_seen) select $1, 'u' || n, now() from generate_series(1, $2::int) n returning user_id)
     insert into contacts (tenant_id, user_id, channel, address) select $1, user_id, 'email', user_id || '@example.test' from added`,
    [tenantId, count],
  );
}

/** A campaign whose audience, users `u1` … `u<count>`, is frozen in batches. */
export async function addCampaign(database: TestDatabase, tenantId: TenantId, count: number): Promise<{ readonly campaignId: number }> {
  const { rows } = await database.admin.query<{ id: number }>(
    `insert into outreach_campaigns (tenant_id, campaign_key, campaign_name, channel) values ($1, $2, 'Welcome', 'email') returning id::int`,
    [tenantId, `camp_${randomUUID()}`],
  );
  const campaignId = rows[0]?.id ?? 0;
  await database.admin.query(
    `insert into journeys (tenant_id, campaign_id, batch, idx, entry, user_id)
     select $1, $2, (n - 1) / $4::int, (n - 1) % $4::int, 1, 'u' || n from generate_series(1, $3::int) n`,
    [tenantId, campaignId, count, BATCH],
  );
  return { campaignId };
}

/** The first step for the first members of a batch. */
export const firstStep = (tenantId: TenantId, campaignId: number, members: number, batch = 0): StepOfBatch => ({
  tenantId,
  campaignId,
  stepKey: 'welcome',
  channel: 'email',
  batch,
  members: Array.from({ length: members }, (_, idx) => idx),
});
