import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import type { TenantId } from '../../core/ids.js';
import { createApiKey } from '../../db/queries/api-keys.js';
import { freezeAudience } from '../../db/queries/campaign-audience.js';
import { closeBatch } from '../../db/queries/campaign-audience.js';
import { requireCampaign, type CampaignRow } from '../../db/queries/campaigns.js';
import { claimMessages } from '../../db/queries/claiming.js';
import { answerCall, beginCall, takeProviderEvents } from '../../db/queries/send-ledger.js';
import { startTestApi, type TestApi } from '../harness/api.js';
import { ADDRESS_KEY, addSegment } from '../harness/campaigns.js';
import { createTestDatabase, type TestDatabase } from '../harness/database.js';

const NOW = new Date('2026-03-02T12:00:00Z');
const minutes = (count: number) => new Date(NOW.getTime() + count * 60_000);
const PEOPLE = ['ann', 'bob', 'cat', 'dan', 'eve', 'fay'];
let database: TestDatabase;
let api: TestApi;
let tenantId: TenantId;
let key: string;
let url: string;

before(async () => {
  database = await createTestDatabase();
  api = await startTestApi(database, { now: () => NOW });
  tenantId = await database.newTenant();
  ({ key } = await createApiKey(database, tenantId, { name: 'test', scopes: ['read', 'campaigns:write'] }));
  url = await runCampaign('camp_run');
});
after(async () => {
  await api.close();
  await database.drop();
});

const get = (path: string) => api.call('GET', path, { key });

/**
 * A campaign whose first message went to all six, by the ledger's own functions: ann clicked, bob opened, cat's was refused, dan has
 * no consent, eve's is deferred and fay's uncertain. Ann, who reached the goal, and dan have left.
 */
async function runCampaign(campaignId: string): Promise<string> {
  const segment = await addSegment(database, tenantId, PEOPLE);
  await database.admin.query(`update contacts set consent = 'denied' where tenant_id = $1 and user_id = 'dan'`, [tenantId]);
  const sequence = [
    { day: 0, channel: 'email', template: 'welcome_series_1' },
    { day: 2, channel: 'email', template: 'win_back' },
  ];
  const made = await api.call('POST', '/v1/campaigns', { key, body: { campaign_id: campaignId, segment, sequence } });
  assert.equal(made.status, 201, made.text);
  assert.equal((await api.call('POST', `${made.body.url}/launch`, { key })).status, 200);
  const row = await database.withTenant(tenantId, async (tx) =>
    freezeAudience(tx, await requireCampaign(tx, tenantId, campaignId), {
      homeZone: 'UTC',
      homeSlots: {},
      firstDueMs: () => NOW.getTime(),
      batchSize: () => 2,
      tickMs: () => 0,
    }),
  );
  for (const batch of [0, 1, 2]) await sendFirst(row, batch);
  const left = [[0, 'goal_reached', minutes(30).getTime()] as const, [1, 'completed', minutes(31).getTime()] as const];
  await database.withTenant(tenantId, (tx) => closeBatch(tx, row, { batch: 0, left, at: minutes(32) }));
  return made.body.url;
}

async function sendFirst({ id: campaignId }: CampaignRow, batch: number): Promise<void> {
  const callId = randomUUID();
  const step = { tenantId, campaignId, stepKey: 1, channel: 'email', batch, members: [0, 1] } as const;
  const claims = await claimMessages(database, step, { callId, addressKey: ADDRESS_KEY, at: NOW });
  const claimed = claims.flatMap((claim) => (claim.outcome === 'claimed' ? [claim] : []));
  const idOf = (person: string) => claimed.find(({ userId }) => userId === person)?.messageId;
  const messageIds = claimed.map(({ messageId }) => messageId);
  await beginCall(database, tenantId, { callId, messageIds, addressKey: ADDRESS_KEY, at: NOW });
  const answers = claimed.map(({ messageId, userId }) => {
    if (userId === 'cat') return { messageId, status: 'failed' as const, reason: 'invalid address' };
    if (userId === 'eve') return { messageId, status: 'deferred' as const, reason: 'rate limit', dueAt: minutes(90) };
    if (userId === 'fay') return { messageId, status: 'uncertain' as const, reason: 'no answer' };
    return { messageId, status: 'sent' as const };
  });
  await answerCall(database, tenantId, { callId, answers, at: minutes(1) });
  const events = [
    { person: 'ann', kind: 'delivered' as const, at: minutes(2) },
    { person: 'ann', kind: 'clicked' as const, at: minutes(5) },
    { person: 'bob', kind: 'opened' as const, at: minutes(4) },
  ].flatMap(({ person, ...event }) => {
    const messageId = idOf(person);
    return messageId === undefined ? [] : [{ ...event, messageId, eventId: randomUUID(), byMachine: false }];
  });
  await takeProviderEvents(database, tenantId, 'sendgrid', events);
}

describe('a campaign that runs', () => {
  it('counts its messages and journeys from their rows', async () => {
    const { body } = await get(url);
    assert.deepEqual(body.counts, { sent: 2, delivered: 2, opened: 2, clicked: 1, converted: 0 });
    assert.equal(body.recipients, 6);
    assert.deepEqual(body.counted, {
      by_step: [{ step_key: 1, sent: 2, delivered: 2, opened: 2, clicked: 1, replied: 0, converted: 0 }],
      messages: [
        { step_key: 1, status: 'clicked', reason: null, messages: 1 },
        { step_key: 1, status: 'deferred', reason: 'rate limit', messages: 1 },
        { step_key: 1, status: 'failed', reason: 'invalid address', messages: 1 },
        { step_key: 1, status: 'opened', reason: null, messages: 1 },
        { step_key: 1, status: 'suppressed', reason: 'no consent', messages: 1 },
        { step_key: 1, status: 'uncertain', reason: 'no answer', messages: 1 },
      ],
      journeys: [
        { left_because: null, journeys: 4 },
        { left_because: 'completed', journeys: 1 },
        { left_because: 'goal_reached', journeys: 1 },
      ],
      uncertain: 1,
      deferred_until: minutes(90).toISOString(),
    });
  });

  it("tells one user's story", async () => {
    const { body } = await get(`${url}/journeys?user_id=ann`);
    assert.equal(body.items.length, 1);
    const { messages, ...journey } = body.items[0];
    assert.deepEqual(journey, {
      user_id: 'ann',
      entry: 1,
      batch: 0,
      idx: 0,
      left_because: 'goal_reached',
      left_at: minutes(30).toISOString(),
    });
    assert.equal(messages.length, 1);
    const { message_id: messageId, ...message } = messages[0];
    assert.ok(messageId > 0);
    assert.deepEqual(message, {
      step_key: 1,
      channel: 'email',
      provider: null,
      status: 'clicked',
      reason: null,
      claimed_at: NOW.toISOString(),
      due_at: null,
      sent_at: minutes(1).toISOString(),
      delivered_at: minutes(2).toISOString(),
      opened_at: minutes(5).toISOString(),
      machine_opened_at: null,
      clicked_at: minutes(5).toISOString(),
      replied_at: null,
      converted_at: null,
    });
    assert.deepEqual((await get(`${url}/journeys?user_id=nobody`)).body.items, []);
    assert.equal((await get('/v1/campaigns/camp_none/journeys')).status, 404);
  });

  it('lists all journeys by pages, each once, with why a message was not sent', async () => {
    const seen: [string, string, string | null][] = [];
    for (let cursor = ''; ;) {
      const { body } = await get(`${url}/journeys?limit=4${cursor}`);
      for (const { user_id, messages } of body.items) seen.push([user_id, messages[0].status, messages[0].reason]);
      if (body.next_cursor === null) break;
      cursor = `&cursor=${body.next_cursor}`;
    }
    assert.deepEqual(seen, [
      ['ann', 'clicked', null],
      ['bob', 'opened', null],
      ['cat', 'failed', 'invalid address'],
      ['dan', 'suppressed', 'no consent'],
      ['eve', 'deferred', 'rate limit'],
      ['fay', 'uncertain', 'no answer'],
    ]);
    assert.equal((await get(`${url}/journeys?cursor=${Buffer.from('["journeys","9999999999.1"]').toString('base64url')}`)).status, 400);
  });
});

describe("a user's messages", () => {
  it('are those of all campaigns, the latest first, also under an id that was merged into theirs', async () => {
    await database.admin.query(
      `insert into outreach_campaigns (tenant_id, campaign_key, campaign_name, channel) values ($1, 'camp_old', 'Old', 'email')`,
      [tenantId],
    );
    await database.admin.query(
      `insert into messages (tenant_id, campaign_id, entry, step_key, user_id, channel, batch, idx, status, claimed_at, sent_at)
       select $1, id, 1, '4', 'bob', 'email', 0, 0, 'sent', $2, $2 from outreach_campaigns where tenant_id = $1 and campaign_key = 'camp_old'`,
      [tenantId, NOW],
    );
    await database.admin.query(`insert into user_aliases (tenant_id, alias_id, user_id) values ($1, 'robert', 'bob')`, [tenantId]);
    const told = ({ body }: { body: { items: { campaign_id: string; step_key: number; status: string }[] } }) =>
      body.items.map(({ campaign_id, step_key, status }) => [campaign_id, step_key, status]);
    const all = [
      ['camp_old', 4, 'sent'],
      ['camp_run', 1, 'opened'],
    ];
    assert.deepEqual(told(await get('/v1/users/bob/messages')), all);
    assert.deepEqual(told(await get('/v1/users/robert/messages')), all);
    assert.equal((await get(`${url}/journeys?user_id=robert`)).body.items.length, 1);
    const first = await get('/v1/users/bob/messages?limit=1');
    assert.deepEqual(told(await get(`/v1/users/bob/messages?limit=1&cursor=${first.body.next_cursor}`)), all.slice(1));
    assert.equal((await get('/v1/users/nobody/messages')).status, 404);
  });
});
