import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { after, before, describe, it } from 'node:test';
import { enterSegmentAgain, freezeCampaign } from '../../activities/campaigns/audience.js';
import { createSlotsMemory, enterThoseWaiting } from '../../activities/campaigns/entering.js';
import type { TenantId } from '../../core/ids.js';
import type { CampaignRequest } from '../../core/journey/campaign-request.js';
import { noteLeavings } from '../../db/queries/campaign-audience.js';
import { awaitIntakes, countEntries, listAwaitedCampaigns } from '../../db/queries/campaign-entries.js';
import { changeStatus, requireCampaign, type CampaignRow } from '../../db/queries/campaigns.js';
import { addSegment, draftCampaign } from '../harness/campaigns.js';
import { createTestDatabase, type TestDatabase } from '../harness/database.js';
import { entriesOf, putMembers, storeEvents } from '../harness/entries.js';
import { readerOf } from '../harness/rows-read.js';

let database: TestDatabase;
before(async () => void (database = await createTestDatabase()));
after(() => database.drop());

const DAY_MS = 86_400_000;
const LAUNCHED = new Date(Date.now() - 30 * DAY_MS);
const onDay = (days: number) => new Date(LAUNCHED.getTime() + days * DAY_MS);
const slots = createSlotsMemory(() => Date.now());

type Made = { readonly tenantId: TenantId; readonly campaignId: string; readonly segment: string };

async function launched(people: readonly string[], more: Partial<CampaignRequest>): Promise<Made> {
  const tenantId = await database.newTenant();
  const segment = await addSegment(database, tenantId, people);
  const sequence = [{ day: 0, channel: 'email', template: 'welcome_series_1' }];
  const campaignId = await draftCampaign(database, tenantId, { sequence, ...(typeof more.entry !== 'object' && { segment }), ...more });
  const made = { tenantId, campaignId, segment };
  await within(made, async (tx, row) => freezeCampaign(tx, (await changeStatus(tx, row, 'launch', LAUNCHED)).campaign));
  return made;
}

const within = <T>({ tenantId, campaignId }: Made, work: (tx: Parameters<typeof freezeCampaign>[0], row: CampaignRow) => Promise<T>) =>
  database.withTenant(tenantId, async (tx) => work(tx, await requireCampaign(tx, tenantId, campaignId)));
const enterAgain = (made: Made, occurrence: number) =>
  within(made, (tx, row) =>
    enterSegmentAgain(tx, row, { occurrence, dueAt: onDay(7 * (occurrence - 1)), at: onDay(7 * (occurrence - 1)) }),
  );
const enterNow = (made: Made, at = new Date()) => within(made, (tx, row) => enterThoseWaiting(tx, row, { at, slots }));
const entries = ({ tenantId }: Made) => entriesOf(database, tenantId);
const waiting = async ({ tenantId }: Made) =>
  (
    await database.admin.query<{ user_id: string }>('select user_id from campaign_entrants where tenant_id = $1 order by 1', [tenantId])
  ).rows.map(({ user_id }) => user_id);
const leave = (made: Made, batch: number, idx: number, days: number) =>
  within(made, (tx, row) => noteLeavings(tx, row, { batch, left: [[idx, 'completed', onDay(days).getTime()]] }));
const signUp = (made: Made, person: string, days: number, id = `${person} ${days}`) =>
  storeEvents(database, made.tenantId, [[id, person, 'signed_up', onDay(days).getTime()]]);

describe('an occurrence of a recurring campaign', () => {
  it('lets in who is in the segment then and is not under way, in batches of its own, once', async () => {
    const made = await launched(['ann', 'bob'], { frequency: 'weekly' });
    await leave(made, 0, 0, 1);
    await addSegment(database, made.tenantId, ['cat']);
    await putMembers(database, made.tenantId, made.segment, ['cat']);
    const [one, other] = await Promise.all([enterAgain(made, 3), enterAgain(made, 3)]);
    assert.deepEqual([one.recipients, one.batches, other.recipients], [4, 4, 4]);
    assert.deepEqual(await entries(made), ['ann 1 completed', 'ann 3', 'bob 1', 'cat 3']);
    await enterAgain(made, 2);
    assert.equal((await entries(made)).length, 4);
    const counts = await within(made, countEntries);
    assert.deepEqual(
      counts.map(({ entry, enteredAt, journeys, underWay, stillIn }) => [entry, enteredAt, journeys, underWay, stillIn]),
      [
        [3, onDay(14), 2, 2, 1],
        [1, LAUNCHED, 2, 1, 0],
      ],
    );
  });

  it('is nobody where the campaign does not run', async () => {
    const made = await launched(['ann'], { frequency: 'daily' });
    await leave(made, 0, 0, 1);
    await within(made, (tx, row) => changeStatus(tx, row, 'pause', new Date()));
    await enterAgain(made, 2);
    assert.deepEqual(await entries(made), ['ann 1 completed']);
  });

  it('has one message credited for a goal, of whichever entry it is', async () => {
    const made = await launched(['ann'], { frequency: 'weekly', goal: 'convert_to_paid' });
    await leave(made, 0, 0, 1);
    await enterAgain(made, 2);
    for (const entry of [1, 2]) {
      await database.admin.query(
        `insert into messages (tenant_id, campaign_id, entry, step_key, user_id, channel, batch, idx, status, claimed_at, sent_at, delivered_at, clicked_at)
         select tenant_id, id, $2, 1, 'ann', 'email', $2::int - 1, 0, 'delivered', $3, $3, $3, $4 from outreach_campaigns where tenant_id = $1`,
        [made.tenantId, entry, onDay(7 * (entry - 1)), entry === 1 ? onDay(1) : null],
      );
    }
    await storeEvents(database, made.tenantId, [['buy', 'ann', 'purchase', onDay(8).getTime()]]);
    const { rows } = await database.admin.query('select entry from messages where tenant_id = $1 and converted_at is not null', [
      made.tenantId,
    ]);
    assert.deepEqual(rows, [{ entry: 1 }]);
  });
});

describe('entering by an event', () => {
  it('is noted of that event since the launch, once for each, and decided upon by the rule', async () => {
    const made = await launched(['ann', 'bob'], { entry: { event: 'signed_up' } });
    await signUp(made, 'ann', -1);
    await storeEvents(database, made.tenantId, [['x', 'ann', 'left', onDay(1).getTime()]]);
    assert.deepEqual(await waiting(made), []);
    await signUp(made, 'ann', 1);
    await signUp(made, 'ann', 2);
    await signUp(made, 'bob', 1);
    assert.deepEqual(await waiting(made), ['ann', 'bob']);
    const { campaign, areMore } = await enterNow(made);
    assert.deepEqual([campaign.recipients, campaign.batches, areMore], [2, 1, false]);
    // Who entered once is not even noted again.
    await signUp(made, 'ann', 3);
    assert.deepEqual([await waiting(made), await entries(made)], [[], ['ann 1', 'bob 1']]);
  });

  it('happens again by the re-entry rule, by when the event occurred', async () => {
    const made = await launched(['ann'], { entry: { event: 'signed_up' }, re_entry: 'after_leaving' });
    await signUp(made, 'ann', 1);
    await enterNow(made, onDay(1));
    await signUp(made, 'ann', 2);
    await enterNow(made, onDay(2));
    await leave(made, 0, 0, 3);
    await signUp(made, 'ann', 2.5);
    await enterNow(made, onDay(4));
    assert.deepEqual([await waiting(made), await entries(made)], [[], ['ann 1 completed']]);
    await signUp(made, 'ann', 5);
    await enterNow(made, onDay(5));
    assert.deepEqual(await entries(made), ['ann 1 completed', 'ann 2']);
  });

  it('is for members alone where the campaign has a segment', async () => {
    const tenantId = await database.newTenant();
    const segment = await addSegment(database, tenantId, ['ann']);
    const sequence = [{ day: 0, channel: 'email', template: 'welcome_series_1' }];
    const campaignId = await draftCampaign(database, tenantId, { sequence, segment, entry: { event: 'signed_up' } });
    const made = { tenantId, campaignId, segment };
    await within(made, async (tx, row) => freezeCampaign(tx, (await changeStatus(tx, row, 'launch', LAUNCHED)).campaign));
    assert.deepEqual(await entries(made), []);
    await signUp(made, 'ann', 1);
    await signUp(made, 'zoe', 1);
    await enterNow(made);
    assert.deepEqual([await waiting(made), await entries(made)], [[], ['ann 1']]);
  });

  it('happens once however many let people in while their events come again and again', async () => {
    const people = Array.from({ length: 1_100 }, (_, i) => `p${i}`);
    const made = await launched(people, { entry: { event: 'signed_up' }, re_entry: { after_days: 60 } });
    let isDone = false;
    const letIn = async () => {
      while (!isDone) await enterNow(made, onDay(2));
    };
    const storing = Array.from({ length: 3 }, async (_, copy) => {
      for (let i = 0; i < people.length; i += 50) {
        const together = people
          .slice(i, i + 50)
          .map((person) => [`${person} ${i % 100 === 0 ? copy : 0}`, person, 'signed_up', onDay(1).getTime()] as const);
        await storeEvents(database, made.tenantId, copy === 1 ? together : together.toReversed());
      }
    });
    const letting = [letIn(), letIn(), letIn()];
    await Promise.all(storing);
    isDone = true;
    await Promise.all(letting);
    await enterNow(made, onDay(2));
    await enterNow(made, onDay(2));
    await enterNow(made, onDay(2));
    assert.deepEqual(await waiting(made), []);
    assert.deepEqual(await entries(made), people.map((person) => `${person} 1`).sort());
    const { rows } = await database.admin.query<{ batches: number; members: number; recipients: number }>(
      `select c.batches, c.recipients, (select sum(members)::int from campaign_batches b where b.tenant_id = c.tenant_id) as members
       from outreach_campaigns c where tenant_id = $1`,
      [made.tenantId],
    );
    assert.deepEqual([rows[0]?.members, rows[0]?.recipients], [1_100, 1_100]);
  });

  it('leaves who was not let in, since the transaction broke, waiting', async () => {
    const made = await launched(['ann'], { entry: { event: 'signed_up' } });
    await signUp(made, 'ann', 1);
    const broken = within(made, async (tx, row) => {
      await enterThoseWaiting(tx, row, { at: onDay(1), slots });
      throw new Error('killed');
    });
    await assert.rejects(broken, /killed/);
    assert.deepEqual([await waiting(made), await entries(made)], [['ann'], []]);
  });

  it('is no more where the campaign was cancelled, and waits where it is paused', async () => {
    const made = await launched(['ann'], { entry: { event: 'signed_up' } });
    await within(made, (tx, row) => changeStatus(tx, row, 'pause', new Date()));
    await signUp(made, 'ann', 1);
    await enterNow(made);
    assert.deepEqual([await waiting(made), await entries(made)], [['ann'], []]);
    await within(made, (tx, row) => changeStatus(tx, row, 'cancel', new Date()));
    await signUp(made, 'ann', 2);
    assert.deepEqual([await waiting(made), await entries(made)], [[], []]);
  });

  it('is announced when somebody has waited for a while, or a whole batch waits', async () => {
    const made = await launched(['ann', 'bob'], { entry: { event: 'signed_up' } });
    await signUp(made, 'ann', 1);
    const announced = async (patienceMs: number, fullBatch: number) =>
      (await listAwaitedCampaigns(database, { owned: [0], of: 1 }, { patienceMs, fullBatch }))
        .map(({ campaignKey }) => campaignKey)
        .includes(made.campaignId);
    assert.deepEqual([await announced(0, 2), await announced(60_000, 2), await announced(60_000, 1)], [true, false, true]);
  });
});

describe('people who become others', () => {
  it('have one journey where both were under way, and wait once', async () => {
    const made = await launched(['ann', 'bob', 'cat'], { entry: { event: 'signed_up' }, re_entry: 'after_leaving' });
    await signUp(made, 'ann', 1);
    await enterNow(made, onDay(1));
    await leave(made, 0, 0, 2);
    await signUp(made, 'ann', 3);
    await signUp(made, 'bob', 3);
    await enterNow(made, onDay(3));
    await signUp(made, 'cat', 4);
    await database.admin.query(`select merge_users($1, 'bob', 'ann')`, [made.tenantId]);
    await database.admin.query(`select merge_users($1, 'cat', 'ann')`, [made.tenantId]);
    const [first, second, other] = await entries(made);
    assert.deepEqual([first, second], ['ann 1 completed', 'ann 2']);
    assert.match(other ?? '', /^merged\/\S+ 1$/);
    assert.deepEqual(await waiting(made), ['ann']);
    await enterNow(made, onDay(5));
    assert.equal((await entries(made)).length, 3);
  });

  it('do not wait any more when they are deleted', async () => {
    const made = await launched(['ann'], { entry: { event: 'signed_up' } });
    await signUp(made, 'ann', 1);
    await database.admin.query(`select forget_elsewhere($1, 'ann')`, [made.tenantId]);
    assert.deepEqual(await waiting(made), []);
  });
});

describe('entering by the segment', () => {
  it('misses nobody who comes in while the campaign is launched, and has nobody twice', async () => {
    const tenantId = await database.newTenant();
    const segment = await addSegment(database, tenantId, ['ann']);
    await addSegment(database, tenantId, ['bob', 'cat']);
    const sequence = [{ day: 0, channel: 'email', template: 'welcome_series_1' }];
    const campaignId = await draftCampaign(database, tenantId, { segment, sequence, entry: 'segment', re_entry: 'after_leaving' });
    const made = { tenantId, campaignId, segment };
    const walk = await database.admin.connect();
    await walk.query('begin');
    await putMembers({ admin: walk as unknown as TestDatabase['admin'] }, tenantId, segment, ['bob']); // sees a draft
    await within(made, (tx, row) => changeStatus(tx, row, 'launch', LAUNCHED));
    const frozen = within(made, awaitIntakes).then(() => within(made, freezeCampaign));
    await sleep(100);
    await walk.query('commit');
    walk.release();
    await frozen;
    assert.deepEqual(await entries(made), ['ann 1', 'bob 1']);
    await putMembers(database, tenantId, segment, ['cat']);
    assert.deepEqual(await waiting(made), ['cat']);
    await enterNow(made);
    assert.deepEqual(await entries(made), ['ann 1', 'bob 1', 'cat 1']);
  });
});

describe('what entering costs the intake of events', () => {
  it('is a look where no campaign waits for events, and a few rows for each event where one does', async () => {
    const people = Array.from({ length: 5_000 }, (_, i) => `q${i}`);
    const idle = await launched(people.slice(0, 2).map((person) => `idle-${person}`), {}); // prettier-ignore
    const made = await launched(people, { entry: { event: 'signed_up' }, re_entry: 'after_leaving' });
    for (let i = 0; i < people.length; i += 500) {
      await storeEvents(database, made.tenantId, people.slice(i, i + 500).map((person) => [`first ${person}`, person, 'signed_up', onDay(1).getTime()])); // prettier-ignore
      await enterNow(made, onDay(1));
    }
    const client = await database.admin.connect();
    const read = async ({ tenantId }: Made, event: string, id: string) => {
      await client.query('begin');
      const reading = readerOf(client, 100);
      const events = people.slice(4_000, 4_100).map((person) => [`${id} ${person}`, person, event, onDay(2).getTime(), {}, null, null]);
      const month = [`${onDay(2).toISOString().slice(0, 7)}-01`];
      const { perMessage } = await reading(`select ingest_events($1, $2::date[], '[]', $3, '[]', '[]') as done`, [
        tenantId,
        month,
        JSON.stringify(events),
      ]);
      await client.query('rollback');
      return perMessage;
    };
    try {
      const plain = await read(idle, 'signed_up', 'a');
      const other = await read(made, 'clicked', 'b');
      const entering = await read(made, 'signed_up', 'c');
      assert.ok(other <= plain + 3, `another event reads ${other} rows, without such a campaign ${plain}`);
      assert.ok(entering <= plain + 6, `an event that lets people enter reads ${entering} rows, without such a campaign ${plain}`);
    } finally {
      client.release();
    }
  });
});
