import { randomUUID } from 'node:crypto';
import type { Client } from '@temporalio/client';
import { changeCampaign } from '../../api/campaign-control.js';
import type { SendingReadiness } from '../../core/campaign/preflight.js';
import type { CampaignChange } from '../../core/campaign/lifecycle.js';
import type { CampaignRequest } from '../../core/journey/campaign-request.js';
import { makePlan } from '../../core/journey/make-plan.js';
import type { EmailSender } from '../../core/template/sender.js';
import { findSegment } from '../../db/queries/audience.js';
import { insertCampaign } from '../../db/queries/campaigns.js';
import { putEmailSender } from '../../db/queries/email-senders.js';
import { readTenant } from '../../db/queries/tenants.js';
import type { CampaignChanged } from '../../workflows/campaign/contract.js';
import type { TenantId } from '../../core/ids.js';
import type { StepOfBatch } from '../../db/queries/send-ledger.js';
import type { TestDatabase } from './database.js';

export const BATCH = 500;
export const ADDRESS_KEY = Buffer.from('a key for tests, of 32 bytes  ..');

/** An installation that can send on every channel. */
export const EVERYTHING_READY: SendingReadiness = {
  email: true,
  in_app: true,
  sms: true,
  whatsapp: true,
  social: true,
  push: true,
  ledgerKey: ADDRESS_KEY,
};

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
  stepKey: 1,
  channel: 'email',
  batch,
  members: Array.from({ length: members }, (_, idx) => idx),
});

/** A segment of people who can all be reached, each at an address that nobody else has; and a sender who can reach them. */
export async function addSegment(database: TestDatabase, tenantId: TenantId, people: readonly string[]): Promise<string> {
  await addSender(database, tenantId);
  await database.admin.query(
    `with added as (
       insert into users (tenant_id, user_id, first_seen) select $1::uuid, p, now() from unnest($2::text[]) p returning user_id)
     insert into contacts (tenant_id, user_id, channel, address) select $1::uuid, user_id, 'email', user_id || '.' || $1::text || '@example.test'
     from added`,
    [tenantId, people],
  );
  const key = `seg_${randomUUID().slice(0, 8)}`;
  await database.admin.query(
    `with s as (
       insert into audience_segments (tenant_id, segment_key, segment_name, segment_type, criteria, user_count)
       values ($1, $2::text, $2::text, 'behavioral', '{}', $4) returning id)
     insert into segment_membership (tenant_id, segment_id, user_id) select $1, s.id, p from s, unnest($3::text[]) p`,
    [tenantId, key, people, people.length],
  );
  return key;
}

/** A draft, as the API would write it. */
export async function draftCampaign(database: TestDatabase, tenantId: TenantId, request: CampaignRequest): Promise<string> {
  const made = makePlan(request);
  if (made.status !== 'made') throw new Error(JSON.stringify(made.faults));
  const { plan, contents } = made;
  const row = await database.withTenant(tenantId, async (tx) => {
    const segment = await findSegment(tx, tenantId, request.segment ?? '');
    const tenant = await readTenant(tx, tenantId);
    return insertCampaign(tx, {
      tenantId,
      name: 'Welcome',
      segmentId: request.segment === undefined ? null : (segment?.id ?? 0),
      request,
      goal: (request.goal !== undefined && tenant?.goals[request.goal]) || null,
      plan,
      contents,
      by: 'test',
      at: new Date(),
    });
  });
  return row.campaignKey;
}

export const askCampaign = (client: Client, tenantId: TenantId, campaignId: string, change: CampaignChange): Promise<CampaignChanged> =>
  changeCampaign(client, { tenantId, campaignId, change, by: 'test', requestId: 'test' });

export const testSender: EmailSender = {
  fromEmail: 'news@shop.example',
  fromName: 'The Shop',
  replyTo: null,
  brandName: 'The Shop',
  brandUrl: 'https://shop.example',
  postalAddress: '1 Market Street, Springfield',
};

/** In whose name a tenant's mail goes out: without a sender no campaign is launched. */
export async function addSender(database: TestDatabase, tenantId: TenantId): Promise<void> {
  await database.withTenant(tenantId, (tx) => putEmailSender(tx, tenantId, testSender, new Date()));
}
