import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { Context } from '@temporalio/activity';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { changeCampaign } from '../../api/campaign-control.js';
import { createEmailRenderer } from '../../activities/sending/rendering.js';
import type { TenantId } from '../../core/ids.js';
import { createApiKey } from '../../db/queries/api-keys.js';
import { waitUntil } from '../../sandbox/processes.js';
import { startSandboxSendgrid, type SandboxSendgrid } from '../../sandbox/sendgrid/sendgrid.js';
import { startSandboxTwilio, type SandboxTwilio } from '../../sandbox/twilio/twilio.js';
import { campaignWorkflowId, type CampaignSummary } from '../../workflows/campaign/contract.js';
import { startTestApi, type TestApi } from '../harness/api.js';
import { ADDRESS_KEY, addSegment } from '../harness/campaigns.js';
import { createTestDatabase, type TestDatabase } from '../harness/database.js';
import { skipWithout } from '../harness/needs.js';
import { startCampaignWorker, type SendingWorker } from '../harness/sending.js';
import { quietHabits, SENDGRID_KEY } from '../harness/sendgrid.js';
import { findTimeSkippingServer, startTimeSkipping, TIME_SKIPPING_NEEDS } from '../harness/time-skipping.js';
import { quietPhoneHabits, TWILIO_ACCOUNT } from '../harness/twilio.js';

const executable = await findTimeSkippingServer();
const skip = skipWithout(executable, TIME_SKIPPING_NEEDS);
const PUBLIC_URL = 'https://m.example.test';
const PEOPLE = { ann: '+14150000001', bob: '+14150000002', cat: '+14150000003' } as const;

let database: TestDatabase;
let environment: TestWorkflowEnvironment;
let sendgrid: SandboxSendgrid;
let twilio: SandboxTwilio;
let api: TestApi;
let worker: SendingWorker;
before(async () => {
  if (!executable) return;
  database = await createTestDatabase();
  environment = await startTimeSkipping(executable);
  const { client, address } = environment;
  sendgrid = await startSandboxSendgrid({ keys: [SENDGRID_KEY], audience: () => quietHabits({}) });
  twilio = await startSandboxTwilio({ account: TWILIO_ACCOUNT, audience: () => quietPhoneHabits({}) });
  api = await startTestApi(database, { campaigns: { changeCampaign: (change) => changeCampaign(client, change) } });
  worker = await startCampaignWorker({
    database,
    client,
    address,
    namespace: 'default',
    sendgridUrl: sendgrid.url,
    texts: { twilioUrl: twilio.url, publicUrl: PUBLIC_URL },
    render: createEmailRenderer({ database, ledgerKey: ADDRESS_KEY, publicUrl: PUBLIC_URL }),
    // Activities go by the clock that jumps.
    now: () => new Date(Context.current().info.currentAttemptScheduledTimestampMs),
  });
});
after(async () => {
  await worker?.close();
  await api?.close();
  await twilio?.close();
  await sendgrid?.close();
  await environment?.teardown();
  await database?.drop();
});

async function prepared() {
  const tenantId = await database.newTenant();
  const segment = await addSegment(database, tenantId, Object.keys(PEOPLE));
  await database.admin.query(
    `insert into contacts (tenant_id, user_id, channel, address, consent, consent_at)
     select $1, id, 'sms', number, 'granted', '2026-01-01' from unnest($2::text[], $3::text[]) p(id, number)`,
    [tenantId, Object.keys(PEOPLE), Object.values(PEOPLE)],
  );
  const { key } = await createApiKey(database, tenantId, { name: 'test', scopes: ['read', 'campaigns:write', 'templates:write'] });
  const ask = async (method: string, path: string, body?: unknown) => {
    const answer = await api.call(method, path, { key, ...(body !== undefined && { body }) });
    assert.ok(answer.status < 300, answer.text);
    return answer.body;
  };
  await ask('PUT', '/v1/phone-sender', { sms_number: '+15005550006' });
  return { tenantId, segment, ask };
}

const offer = { offer_id: 'spring' };
const SEQUENCE = [
  { day: 0, channel: 'email', template: 'limited_offer', offer },
  { day: 0, channel: 'in_app', template: 'banner', subject: '{{ offer.label }} waits for you', offer },
  { day: 1, channel: 'sms', template: 'reminder', message: '{{ offer.code }} holds for {{ offer.days_left }} days', offer },
];

/** Five people whom the campaign is not for, and cat, have bought a lamp two days ago. */
async function sellLamps(tenantId: TenantId): Promise<void> {
  const at = new Date((await environment.currentTimeMs()) - 2 * 86_400_000);
  const products = [{ product_id: 'lamp', name: 'Desk Lamp', url: 'https://shop.example/lamp' }];
  const sent = ['v', 'w', 'x', 'y', 'z', 'cat'].map((user) => [`buy-${user}`, user, 'purchase', at.getTime(), { products }, 1_000, 'USD']);
  await database.pool.query(`select ingest_events($1, array[date_trunc('month', $3::timestamptz)::date], '[]', $2, '[]', '[]')`, [
    tenantId,
    JSON.stringify(sent),
    at,
  ]);
}

const rowsOf = async (tenantId: TenantId, sql: string): Promise<string[]> =>
  (await database.admin.query<{ told: string }>(sql, [tenantId])).rows.map(({ told }) => told);

const mailTo = (tenantId: TenantId, person: keyof typeof PEOPLE) =>
  sendgrid.journal.all().find(({ to }) => to[0]?.email === `${person}.${tenantId}@example.test`);

/** What somebody was told of a code: by mail, in their inbox, by SMS. */
async function codesOf(tenantId: TenantId, person: keyof typeof PEOPLE) {
  const mail = mailTo(tenantId, person);
  const [item] = await rowsOf(
    tenantId,
    `select data #>> '{offer,code}' as told from inbox_items where tenant_id = $1 and user_id = '${person}'`,
  );
  const text = twilio.journal.all().find(({ to }) => to === PEOPLE[person]);
  return [
    /Your code: (\S+),/.exec(mail?.content['text/plain'] ?? '')?.[1],
    item,
    /(?:^|\s)(\S+) holds for [567] days/.exec(text?.body ?? '')?.[1],
  ];
}

describe('a campaign with an offer', () => {
  it('gives each person one code over all its channels, and keeps those waiting for whom there is none', { skip }, async () => {
    const { tenantId, segment, ask } = await prepared();
    assert.match((await api.call('GET', '/v1/offers')).text, /valid key/);
    await sellLamps(tenantId);
    await ask('POST', '/v1/offers', { ...offer, value: 20, unit: 'percent', expiry_days: 7 });
    const empty = await ask('POST', '/v1/campaigns', { segment, sequence: SEQUENCE });
    assert.deepEqual(empty.preflight.blockers, ['the offer spring has no free codes (POST /v1/offers/spring/codes adds some)']);
    await ask('POST', '/v1/offers/spring/codes', { codes: ['ONE-1', 'TWO-2'] });
    const { can_launch, blockers, warnings, codes } = await ask('GET', `${empty.url}/preflight`);
    assert.deepEqual([can_launch, blockers, codes], [true, [], [{ offer_id: 'spring', free: 2, people: 3 }]]);
    assert.deepEqual(warnings, ['the offer spring has 2 free codes for 3 people: the others wait until there are more']);

    await ask('POST', `${empty.url}/launch`);
    const held = `select user_id || ' ' || channel || ': ' || reason as told from messages where tenant_id = $1 and status = 'deferred'`;
    assert.ok(await waitUntil(async () => (await rowsOf(tenantId, held)).length === 1, 20_000, 20));
    const [waiting = ''] = await rowsOf(tenantId, held);
    assert.match(waiting, /^(ann|bob|cat) email: the offer spring has no codes left$/);
    const mails = () => sendgrid.journal.all().length;
    assert.ok(await waitUntil(() => Promise.resolve(mails() === 2), 20_000, 20), `${mails()} of 2 mails`);
    await ask('POST', '/v1/offers/spring/codes', { codes: ['THREE-3'] });

    const handle = environment.client.workflow.getHandle(campaignWorkflowId(tenantId, empty.campaign_id));
    assert.equal(((await handle.result()) as CampaignSummary).status, 'finished');
    const told = [];
    for (const person of ['ann', 'bob', 'cat'] as const) {
      const [mail, item, text] = await codesOf(tenantId, person);
      assert.ok(mail !== undefined && mail === item && item === text, `${person}: ${mail}, ${item}, ${text}`);
      told.push(mail);
    }
    assert.deepEqual(told.sort(), ['ONE-1', 'THREE-3', 'TWO-2']);
    const recommends = (person: keyof typeof PEOPLE) => /Desk Lamp/.test(mailTo(tenantId, person)?.content['text/html'] ?? '');
    assert.deepEqual((['ann', 'bob', 'cat'] as const).map(recommends), [true, true, false]);
    const { counts } = await ask('GET', '/v1/offers/spring');
    assert.deepEqual(counts, { codes: 3, free: 0, given: 3, redeemed: 0 });
  });
});
