import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { sql } from 'drizzle-orm';
import { parseLocalDate, type LocalDate, type TenantId } from '../../core/ids.js';
import { daysAfter, needsOf } from '../../core/outreach/weeks.js';
import { campaignsThatGoOn } from '../../db/queries/campaign-occurrences.js';
import { readLaunchBudgets, reserveLaunch } from '../../db/queries/launch-budgets.js';
import { putSendingPolicy, readSendingPolicy } from '../../db/queries/sending-policy.js';
import { addSegment, draftCampaign } from '../harness/campaigns.js';
import { createTestDatabase, type TestDatabase } from '../harness/database.js';

let database: TestDatabase;
before(async () => void (database = await createTestDatabase()));
after(() => database.drop());

const MONDAY = parseLocalDate('2026-03-02');
const SUNDAY = daysAfter(MONDAY, 6);

async function newCampaigns(count: number): Promise<{ readonly tenantId: TenantId; readonly ids: readonly number[] }> {
  const tenantId = await database.newTenant();
  const segment = await addSegment(database, tenantId, ['ann']);
  for (let i = 0; i < count; i += 1) {
    await draftCampaign(database, tenantId, { segment, sequence: [{ day: 0, channel: 'email', template: 'win_back' }] });
  }
  const { rows } = await database.admin.query<{ id: number }>('select id::int from outreach_campaigns where tenant_id = $1', [tenantId]);
  return { tenantId, ids: rows.map(({ id }) => id) };
}

type Wanted = { readonly date: LocalDate; readonly recipients: number; readonly budget: number; readonly days?: readonly number[] };
const launch = (tenantId: TenantId, campaignId: number, { date, recipients, budget, days = [0] }: Wanted) =>
  database.withTenant(tenantId, (tx) =>
    reserveLaunch(tx, { tenantId, campaignId, channel: 'email', needs: needsOf(days, recipients, date), budget, date }),
  );
const reserved = async (tenantId: TenantId): Promise<Record<string, number>> => {
  const { rows } = await database.admin.query<{ week: string; messages: number }>(
    `select week::text, sum(messages)::int as messages from launch_reservations where tenant_id = $1 group by week order by week`,
    [tenantId],
  );
  return Object.fromEntries(rows.map(({ week, messages }) => [week, messages]));
};

describe('the budget of launches', () => {
  it('is not passed by many launches at once', async () => {
    const { tenantId, ids } = await newCampaigns(12);
    const verdicts = await Promise.all(ids.map((id) => launch(tenantId, id, { date: SUNDAY, recipients: 100, budget: 350 })));
    assert.equal(verdicts.filter(({ kind }) => kind === 'fits').length, 3);
    assert.deepEqual(await reserved(tenantId), { [MONDAY]: 300, [daysAfter(MONDAY, 7)]: 300 });
  });

  it('of a week to come is taken by the steps that fall into it, and paced from its Monday on', async () => {
    const { tenantId, ids } = await newCampaigns(3);
    const [first = 0, second = 0, third = 0] = ids;
    const series = { recipients: 10, days: [0, 1, 7], budget: 140 };
    assert.equal((await launch(tenantId, first, { date: MONDAY, ...series })).kind, 'fits');
    assert.deepEqual(await reserved(tenantId), { [MONDAY]: 20, [daysAfter(MONDAY, 7)]: 10 });
    const next = { date: daysAfter(MONDAY, 7), budget: 140 };
    assert.deepEqual(await launch(tenantId, second, { ...next, recipients: 19 }), {
      kind: 'waits',
      because: 'it needs 19 messages today, and the budget has room for 18',
    });
    assert.equal((await launch(tenantId, third, { ...next, recipients: 18 })).kind, 'fits');
  });

  it('is taken by a campaign once', async () => {
    const { tenantId, ids } = await newCampaigns(1);
    const [id = 0] = ids;
    const wanted = { date: MONDAY, recipients: 1, budget: 1_000 };
    assert.equal((await launch(tenantId, id, wanted)).kind, 'fits');
    await assert.rejects(launch(tenantId, id, wanted), (error: Error) => /duplicate key/.test(String(error.cause)));
    assert.deepEqual(await reserved(tenantId), { [MONDAY]: 1 });
  });

  it('tells which campaigns a walk has launched, so that a workflow that was never started is started by any worker', async () => {
    const { tenantId, ids } = await newCampaigns(2);
    await launch(tenantId, ids[0] ?? 0, { date: MONDAY, recipients: 1, budget: 1_000 });
    await database.admin.query(`update outreach_campaigns set status = 'running' where tenant_id = $1`, [tenantId]);
    const { rows } = await database.admin.query<{ key: string }>(`select campaign_key as key from outreach_campaigns where id = $1`, [
      ids[0],
    ]);
    assert.deepEqual(await database.withTenant(tenantId, (tx) => campaignsThatGoOn(tx, tenantId)), [rows[0]?.key]);
  });

  it('is the tenant’s own, and none as long as nobody has set one', async () => {
    const { tenantId, ids } = await newCampaigns(1);
    const other = await database.newTenant();
    await launch(tenantId, ids[0] ?? 0, { date: MONDAY, recipients: 1, budget: 1_000 });
    const policy = { quietHours: {}, caps: [], topics: [], launchBudgets: { email: 1_000 } };
    await database.withTenant(tenantId, (tx) => putSendingPolicy(tx, tenantId, policy));
    assert.deepEqual(await database.withTenant(tenantId, (tx) => readLaunchBudgets(tx, tenantId)), { email: 1_000 });
    await database.withTenant(other, async (tx) => {
      assert.deepEqual(await readLaunchBudgets(tx, other), {});
      assert.deepEqual((await readSendingPolicy(tx, other)).launchBudgets, {});
      for (const table of ['launch_reservations', 'launch_weeks', 'outreach_plans', 'sending_policies']) {
        const { rows } = await tx.execute(sql.raw(`select from ${table}`));
        assert.equal(rows.length, 0, table);
      }
    });
    const steal = database.withTenant(other, (tx) =>
      reserveLaunch(tx, { tenantId, campaignId: ids[0] ?? 0, channel: 'email', needs: needsOf([0], 1, MONDAY), budget: 9, date: MONDAY }),
    );
    await assert.rejects(steal, (error: Error) => /row-level security/.test(String(error.cause)));
  });
});
