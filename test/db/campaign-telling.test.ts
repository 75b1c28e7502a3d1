import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { campaignsToTell } from '../../db/queries/campaign-telling.js';
import { addCampaign, addReachableUsers } from '../harness/campaigns.js';
import { createTestDatabase, type TestDatabase } from '../harness/database.js';

let database: TestDatabase;
before(async () => {
  database = await createTestDatabase();
});
after(() => database.drop());

describe('the campaigns that a brief tells of', () => {
  it('are those that were launched by then and ended within a week before, with what had happened by then', async () => {
    const tenantId = await database.newTenant();
    await addReachableUsers(database, tenantId, 3);
    const { campaignId } = await addCampaign(database, tenantId, 3);
    const asOf = new Date('2026-11-20T08:00:00Z');
    await database.admin.query(
      `update outreach_campaigns set status = 'finished', recipients = 3, launched_at = '2026-11-10T08:00:00Z', ended_at = '2026-11-14T08:00:00Z'
       where id = $1`,
      [campaignId],
    );
    await database.admin.query(
      `insert into messages (tenant_id, campaign_id, entry, step_key, user_id, channel, batch, idx, status, call_id, claimed_at, sent_at, opened_at)
       values ($1, $2, 1, '1', 'u1', 'email', 0, 0, 'opened', null, '2026-11-10T08:00:00Z', '2026-11-10T08:01:00Z', '2026-11-10T09:00:00Z'),
         ($1, $2, 1, '1', 'u2', 'email', 0, 1, 'opened', null, '2026-11-10T08:00:00Z', '2026-11-10T08:01:00Z', '2026-11-20T09:00:00Z'),
         ($1, $2, 1, '1', 'u3', 'email', 0, 2, 'uncertain', gen_random_uuid(), '2026-11-10T08:00:00Z', null, null)`,
      [tenantId, campaignId],
    );
    const told = (at: Date) => database.withTenant(tenantId, (tx) => campaignsToTell(tx, tenantId, at));
    const [found, ...others] = await told(asOf);
    assert.deepEqual(others, []);
    assert.deepEqual(
      { ...found },
      {
        name: 'Welcome',
        status: 'finished',
        recipients: 3,
        sent: 2,
        delivered: 0,
        opened: 1,
        clicked: 0,
        converted: 0,
        failed: 0,
        suppressed: 0,
        uncertain: 1,
      },
    );
    assert.equal((await told(new Date('2026-11-12T08:00:00Z')))[0]?.status, 'running');
    assert.deepEqual(await told(new Date('2026-11-21T08:00:01Z')), []);
    assert.deepEqual(await told(new Date('2026-11-10T07:00:00Z')), []);
  });
});
