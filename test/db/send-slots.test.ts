import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { TenantId } from '../../core/ids.js';
import { usualSlots } from '../../db/queries/send-slots.js';
import { addCampaign, addReachableUsers } from '../harness/campaigns.js';
import { createTestDatabase, type TestDatabase } from '../harness/database.js';

let database: TestDatabase;
before(async () => void (database = await createTestDatabase()));
after(() => database.drop());

/** Messages to users `u<from>` …, opened at a moment; by people in a time zone. */
async function opened(tenantId: TenantId, campaignId: number, more: { from: number; count: number; at: string; timeZone: string | null }) {
  const users = Array.from({ length: more.count }, (_, n) => `u${more.from + n}`);
  await database.admin.query('update users set time_zone = $3 where tenant_id = $1 and user_id = any ($2)', [
    tenantId,
    users,
    more.timeZone,
  ]);
  await database.admin.query(
    `insert into messages (tenant_id, campaign_id, entry, step_key, user_id, channel, batch, idx, status, claimed_at, sent_at, opened_at)
     select $1, $2, 1, 1, u, 'email', 0, 0, 'opened', $4::timestamptz, $4, $4 from unnest($3::text[]) u`,
    [tenantId, campaignId, users, more.at],
  );
}

describe('the usual slots of a tenant', () => {
  it('are hours of the own clocks of those who opened, on the channels where enough was seen', async () => {
    const tenantId = await database.newTenant();
    const other = await database.newTenant();
    for (const one of [tenantId, other]) await addReachableUsers(database, one, 400);
    const { campaignId } = await addCampaign(database, tenantId, 400);
    const slots = (channels: readonly ('email' | 'in_app')[] = ['email', 'in_app']) =>
      database.withTenant(tenantId, (tx) => usualSlots(tx, tenantId, { channels, homeZone: 'Asia/Tokyo' }));
    assert.deepEqual(await slots(), {});
    // Seven in the evening for 90 in Tokyo and, at another moment, for 110 in New York; one in the night for 100 in Berlin.
    await opened(tenantId, campaignId, { from: 1, count: 90, at: '2026-03-02T10:15:00Z', timeZone: null });
    await opened(tenantId, campaignId, { from: 91, count: 110, at: '2026-03-03T00:15:00Z', timeZone: 'America/New_York' });
    await opened(tenantId, campaignId, { from: 201, count: 100, at: '2026-03-03T00:15:00Z', timeZone: 'Europe/Berlin' });
    assert.deepEqual(await slots(), { email: { hour: 19 } });
    const { campaignId: theirs } = await addCampaign(database, other, 400);
    await opened(other, theirs, { from: 1, count: 400, at: '2026-03-02T05:15:00Z', timeZone: 'Etc/UTC' });
    assert.deepEqual(await slots(['email']), { email: { hour: 19 } });
  });
});
