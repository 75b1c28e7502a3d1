import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import type pg from 'pg';
import type { TenantId } from '../../core/ids.js';
import type { Left } from '../../core/journey/batch.js';
import type { StepRequest } from '../../core/journey/campaign-request.js';
import type { Slots } from '../../db/tables/campaigns.js';
import { closeBatch, freezeAudience, type Entering } from '../../db/queries/campaign-audience.js';
import { changeStatus, requireCampaign } from '../../db/queries/campaigns.js';
import { addSegment, draftCampaign } from '../harness/campaigns.js';
import { createTestDatabase, type TestDatabase } from '../harness/database.js';

let database: TestDatabase;
before(async () => {
  database = await createTestDatabase();
});
after(() => database.drop());

const DAY_MS = 86_400_000;
const email = (step: Partial<StepRequest>): StepRequest => ({ day: 0, channel: 'email', template: 'welcome_series_1', ...step });

async function draft(people: readonly string[], more: { goal?: string; exit_on_segment_left?: boolean } = {}) {
  const tenantId = await database.newTenant({ timeZone: 'America/New_York' });
  const segment = await addSegment(database, tenantId, people);
  const campaignId = await draftCampaign(database, tenantId, { segment, sequence: [email({}), email({ day: 1 })], ...more });
  return { tenantId, campaignId, segment };
}

const freeze = (tenantId: TenantId, campaignId: string, freezing: Partial<Entering> = {}) =>
  database.withTenant(tenantId, async (tx) => {
    const { campaign } = await changeStatus(tx, await requireCampaign(tx, tenantId, campaignId), 'launch', new Date(Date.now() - DAY_MS));
    return freezeAudience(tx, campaign, {
      homeZone: 'America/New_York',
      homeSlots: {},
      firstDueMs: () => 0,
      batchSize: () => 2,
      tickMs: () => 60_000,
      ...freezing,
    });
  });

const journeysOf = async (tenantId: TenantId) =>
  (
    await database.admin.query<{ batch: number; idx: number; user_id: string; time_zone: string; slots: Slots }>(
      `select j.batch, j.idx, j.user_id, c.time_zone, c.slots
       from journeys j join campaign_clocks c on c.tenant_id = j.tenant_id and c.campaign_id = j.campaign_id and c.clock = j.clock
       where j.tenant_id = $1 order by j.batch, j.idx`,
      [tenantId],
    )
  ).rows;

const outboxOf = async (tenantId: TenantId): Promise<string[]> => {
  const { rows } = await database.admin.query<{ user_id: string; step_key: number | null; what: string }>(
    `select j.user_id, o.step_key, o.what from engagement_outbox o
     join journeys j on j.tenant_id = o.tenant_id and j.campaign_id = o.campaign_id and j.batch = o.batch and j.idx = o.idx
     where o.tenant_id = $1 order by o.engagement_id`,
    [tenantId],
  );
  return rows.map(({ user_id, step_key, what }) => [user_id, ...(step_key === null ? [] : [step_key]), what].join(' '));
};

describe('a frozen audience', () => {
  it('has those that fall due together side by side, each with a clock of theirs', async () => {
    const { tenantId, campaignId } = await draft(['ann', 'bob', 'cat', 'dan', 'eve']);
    await database.admin.query(`update users set time_zone = 'Europe/Berlin' where tenant_id = $1 and user_id in ('ann', 'dan')`, [
      tenantId,
    ]);
    await database.admin.query(
      `insert into send_slots (tenant_id, user_id, channel, weekday, hour, source) values ($1, 'eve', 'email', 2, 18, 'test')`,
      [tenantId],
    );
    const due = { 'Europe/Berlin': 1, 'America/New_York': 2 } as Record<string, number>;
    const row = await freeze(tenantId, campaignId, {
      homeSlots: { email: { hour: 9, minute: 0 } },
      firstDueMs: ({ timeZone, slots }) => (slots.email?.hour === 18 ? 0 : (due[timeZone] ?? 9)) * DAY_MS,
    });
    assert.deepEqual([row.recipients, row.batches, row.tickMs], [5, 3, 60_000]);
    const usual = { email: { hour: 9, minute: 0 } };
    const [ny, berlin] = ['America/New_York', 'Europe/Berlin'];
    assert.deepEqual(
      (await journeysOf(tenantId)).map(({ batch, idx, user_id, time_zone, slots }) => [batch, idx, user_id, time_zone, slots]),
      [
        [0, 0, 'eve', ny, { email: { weekday: 2, hour: 18, minute: 0 } }],
        [0, 1, 'ann', berlin, usual],
        [1, 0, 'dan', berlin, usual],
        [1, 1, 'bob', ny, usual],
        [2, 0, 'cat', ny, usual],
      ],
    );
  });

  it('does not change when it is frozen again, whoever has come or gone', async () => {
    const { tenantId, campaignId } = await draft(['ann', 'bob', 'cat']);
    await freeze(tenantId, campaignId);
    await database.admin.query(`delete from segment_membership where tenant_id = $1 and user_id = 'bob'`, [tenantId]);
    await freeze(tenantId, campaignId);
    assert.deepEqual(
      (await journeysOf(tenantId)).map(({ user_id }) => user_id),
      ['ann', 'bob', 'cat'],
    );
  });

  it('may be nobody', async () => {
    const { tenantId, campaignId } = await draft([]);
    const { recipients, batches } = await freeze(tenantId, campaignId);
    assert.deepEqual([recipients, batches], [0, 0]);
  });
});

describe('a batch that is closed', () => {
  it('leaves no message waiting: what was deferred says why its journey ended, and all else stays', async () => {
    const { tenantId, campaignId } = await draft(['ann', 'bob', 'cat']);
    const { id } = await freeze(tenantId, campaignId, { batchSize: () => 3 });
    await database.admin.query(
      `insert into messages (tenant_id, campaign_id, entry, step_key, user_id, channel, batch, idx, status, reason, due_at, claimed_at)
       select tenant_id, campaign_id, 1, 1, user_id, 'email', batch, idx, case when user_id = 'cat' then 'failed' else 'deferred' end,
         case when user_id = 'cat' then 'refused' else 'quiet hours' end, case when user_id <> 'cat' then now() end, now()
       from journeys where tenant_id = $1`,
      [tenantId],
    );
    await database.withTenant(tenantId, async (tx) => {
      const campaign = await requireCampaign(tx, tenantId, campaignId);
      const left: Left[] = [[0, 'completed', Date.now()], [1, 'unsubscribed', Date.now()], [2, 'completed', Date.now()]]; // prettier-ignore
      await closeBatch(tx, campaign, { batch: 0, left, at: new Date() });
    });
    const { rows } = await database.admin.query('select user_id, status, reason, due_at from messages where campaign_id = $1 order by 1', [
      id,
    ]);
    assert.deepEqual(rows, [
      { user_id: 'ann', status: 'suppressed', reason: 'completed', due_at: null },
      { user_id: 'bob', status: 'suppressed', reason: 'unsubscribed', due_at: null },
      { user_id: 'cat', status: 'failed', reason: 'refused', due_at: null },
    ]);
  });
});

describe('what journeys are told', () => {
  it('is a goal that was reached after the launch, whose message is the one clicked last, else opened, else delivered', async () => {
    const { tenantId, campaignId } = await draft(['ann', 'bob', 'cat', 'dan'], { goal: 'convert_to_paid' });
    const { id } = await freeze(tenantId, campaignId);
    const at = (minutes: number) => new Date(Date.now() - 3_600_000 + minutes * 60_000);
    await message({ tenantId, id, user: 'ann', step: '1', delivered: at(0), opened: at(1), clicked: at(2) });
    await message({ tenantId, id, user: 'ann', step: '2', delivered: at(5), opened: at(6) });
    await message({ tenantId, id, user: 'bob', step: '1', delivered: at(0), opened: at(9) });
    await message({ tenantId, id, user: 'bob', step: '2', delivered: at(5), opened: at(6) });
    await message({ tenantId, id, user: 'cat', step: '1', delivered: at(0) });
    await message({ tenantId, id, user: 'cat', step: '2', delivered: at(5) });
    await buy(tenantId, [['ann', at(20)], ['bob', at(20)], ['cat', at(20)], ['cat', at(25)], ['dan', at(20)], ['zoe', at(20)]]); // prettier-ignore
    assert.deepEqual(await outboxOf(tenantId), ['ann goal', 'bob goal', 'cat goal', 'dan goal']);
    assert.deepEqual(await creditedOf(tenantId), ['ann 1', 'bob 1', 'cat 2']);
    // A journey converts once, and what was bought before the launch is nobody's success.
    await buy(tenantId, [['ann', at(30)]]);
    await buy(tenantId, [['dan', new Date(Date.now() - 3 * DAY_MS)]]);
    assert.deepEqual(await creditedOf(tenantId), ['ann 1', 'bob 1', 'cat 2']);
    const { rows } = await database.admin.query('select converted_count from outreach_campaigns where tenant_id = $1', [tenantId]);
    assert.deepEqual(rows, [{ converted_count: 3 }]);
  });

  it('credits one message for two purchases that are stored at once', async () => {
    const { tenantId, campaignId } = await draft(['ann'], { goal: 'convert_to_paid' });
    const { id } = await freeze(tenantId, campaignId);
    const at = (minutes: number) => new Date(Date.now() - 3_600_000 + minutes * 60_000);
    await message({ tenantId, id, user: 'ann', step: '1', delivered: at(0), opened: at(30) });
    await message({ tenantId, id, user: 'ann', step: '2', delivered: at(10), opened: at(20) });
    // Of somebody seen lately, storing an event changes nothing but the events: no lock keeps the two apart.
    await database.admin.query('update users set first_seen = $2, last_seen = $2 where tenant_id = $1', [tenantId, at(30)]);
    const open = await database.admin.connect();
    await open.query('begin');
    await buy(tenantId, [['ann', at(25)]], open); // the second message led there
    const other = buy(tenantId, [['ann', at(40)]]); // the first would have
    await setTimeout(100);
    await open.query('commit');
    open.release();
    await other;
    assert.deepEqual(await creditedOf(tenantId), ['ann 2']);
    const { rows } = await database.admin.query('select converted_count from outreach_campaigns where tenant_id = $1', [tenantId]);
    assert.deepEqual(rows, [{ converted_count: 1 }]);
  });

  it('is that a user has left the segment, where the campaign asks for it', async () => {
    for (const asks of [true, false]) {
      const { tenantId, campaignId } = await draft(['ann', 'bob'], { exit_on_segment_left: asks });
      await freeze(tenantId, campaignId);
      await database.admin.query(`delete from segment_membership where tenant_id = $1 and user_id = 'ann'`, [tenantId]);
      assert.deepEqual(await outboxOf(tenantId), asks ? ['ann segment_left'] : []);
    }
  });

  it('is that a user was deleted', async () => {
    const { tenantId, campaignId } = await draft(['ann', 'bob']);
    await freeze(tenantId, campaignId);
    await database.admin.query(`select forget_elsewhere($1, 'ann')`, [tenantId]);
    const told = await outboxOf(tenantId);
    assert.equal(told.length, 1);
    assert.match(told[0] ?? '', /^deleted\/[0-9a-f-]+ deleted$/);
  });
});

type MessageOf = { tenantId: TenantId; id: number; user: string; step: string; delivered: Date; opened?: Date; clicked?: Date };

async function message({ tenantId, id, user, step, delivered, opened, clicked }: MessageOf): Promise<void> {
  await database.admin.query(
    `insert into messages (tenant_id, campaign_id, entry, step_key, user_id, channel, batch, idx, status, claimed_at, sent_at, delivered_at, opened_at, clicked_at)
     values ($1, $2, 1, $4, $3, 'email', 0, 0, 'delivered', $5, $5, $5, $6, $7)`,
    [tenantId, id, user, step, delivered, opened ?? null, clicked ?? null],
  );
}

async function buy(
  tenantId: TenantId,
  purchases: readonly (readonly [string, Date])[],
  over: pg.Pool | pg.PoolClient = database.admin,
): Promise<void> {
  const sent = purchases.map(([user, at]) => [`${user}-${at.getTime()}`, user, 'purchase', at.getTime(), {}, 1_000, 'USD']);
  const months = [...new Set(purchases.map(([, at]) => `${at.toISOString().slice(0, 7)}-01`))];
  await over.query(`select ingest_events($1, $2::date[], '[]', $3, '[]', '[]')`, [tenantId, months, JSON.stringify(sent)]);
}

const creditedOf = async (tenantId: TenantId): Promise<string[]> => {
  const { rows } = await database.admin.query<{ user_id: string; step_key: number }>(
    'select user_id, step_key from messages where tenant_id = $1 and converted_at is not null order by 1, 2',
    [tenantId],
  );
  return rows.map(({ user_id, step_key }) => `${user_id} ${step_key}`);
};
