import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { changeCampaign } from '../../api/campaign-control.js';
import type { TenantId } from '../../core/ids.js';
import { createApiKey } from '../../db/queries/api-keys.js';
import { waitUntil } from '../../sandbox/processes.js';
import { startSandboxSendgrid, type SandboxSendgrid } from '../../sandbox/sendgrid/sendgrid.js';
import { startSandboxTwilio, type SandboxTwilio } from '../../sandbox/twilio/twilio.js';
import { campaignWorkflowId, type CampaignSummary } from '../../workflows/campaign/contract.js';
import { startTestApi, type TestApi } from '../harness/api.js';
import { addSegment } from '../harness/campaigns.js';
import { createTestDatabase, type TestDatabase } from '../harness/database.js';
import { countsOf } from '../harness/ledger.js';
import { skipWithout } from '../harness/needs.js';
import { startCampaignWorker, startWebhookReceiver, untilAllTold, type SendingWorker } from '../harness/sending.js';
import { quietHabits, SENDGRID_KEY } from '../harness/sendgrid.js';
import { findTimeSkippingServer, startTimeSkipping, TIME_SKIPPING_NEEDS } from '../harness/time-skipping.js';
import { middayClock } from '../harness/texts.js';
import { quietPhoneHabits, TWILIO_ACCOUNT, UTILITY_SID } from '../harness/twilio.js';

const executable = await findTimeSkippingServer();
const skip = skipWithout(executable, TIME_SKIPPING_NEEDS);
const OURS = '+15005550006';

/** Each with what they do, and their number: with it they are on WhatsApp too, but for one. */
const PEOPLE = {
  'ann-opens': '+14150000001', // and replies
  'bob-opens': '+14150000002',
  cat: '+14150000003',
  'dan-opens': '+14150000004', // and says stop
  'eve-opens': '+14150000005', // who is not on WhatsApp
} as const;
const REPLIES = PEOPLE['ann-opens'];
const STOPS = PEOPLE['dan-opens'];

let database: TestDatabase;
let environment: TestWorkflowEnvironment;
let sendgrid: SandboxSendgrid;
let twilio: SandboxTwilio;
let webhooks: Awaited<ReturnType<typeof startWebhookReceiver>>;
let api: TestApi;
let worker: SendingWorker;
before(async () => {
  if (!executable) return;
  database = await createTestDatabase();
  environment = await startTimeSkipping(executable);
  const { client, address } = environment;
  sendgrid = await startSandboxSendgrid({
    keys: [SENDGRID_KEY],
    audience: (mailbox) => quietHabits({ opened: Number(mailbox.includes('opens')) }),
  });
  twilio = await startSandboxTwilio({
    account: TWILIO_ACCOUNT,
    audience: (to) => quietPhoneHabits({ read: 1, stopped: Number(to === `whatsapp:${STOPS}`) }),
    webhook: { chances: { seed: 4, faults: [{ probability: 0.3, fault: { kind: 'duplicate', copies: 3 } }] } },
  });
  webhooks = await startWebhookReceiver(database, sendgrid.webhook.publicKey);
  sendgrid.webhook.setUrl(webhooks.url);
  twilio.webhook.setInboundUrl(`${webhooks.origin}/v1/webhooks/twilio/inbound`);
  api = await startTestApi(database, { campaigns: { changeCampaign: (change) => changeCampaign(client, change) } });
  const texts = { twilioUrl: twilio.url, publicUrl: webhooks.origin };
  worker = await startCampaignWorker({
    database,
    client,
    address,
    namespace: 'default',
    sendgridUrl: sendgrid.url,
    texts,
    now: middayClock(),
  });
});
after(async () => {
  await worker?.close();
  await api?.close();
  await webhooks?.close();
  await twilio?.close();
  await sendgrid?.close();
  await environment?.teardown();
  await database?.drop();
});

const SEQUENCE = [
  { day: 0, channel: 'email', template: 'welcome_series_1' },
  { day: 1, channel: 'whatsapp', template: 'check_in', trigger: 'email_opened', else: 'leave' },
  // In words of its own: whoever has replied may be told anything for a day.
  {
    day: 1,
    channel: 'whatsapp',
    template: 'answer',
    message: 'Great, {{ first_name }}!',
    trigger: 'whatsapp_replied',
    timeout_hours: 48,
    else: 5,
  },
  { day: 2, channel: 'sms', template: 'thanks', message: 'Thanks again, {{ first_name }}', next: 'leave' },
  { day: 2, channel: 'sms', template: 'still_there', message: 'Still there, {{ first_name }}?' },
];

async function prepared() {
  const tenantId = await database.newTenant();
  const segment = await addSegment(database, tenantId, Object.keys(PEOPLE));
  await database.admin.query(
    `with people as (select * from unnest($2::text[], $3::text[]) p(id, number)),
     named as (update users u set traits = jsonb_build_object('first_name', split_part(u.user_id, '-', 1)) where tenant_id = $1)
     insert into contacts (tenant_id, user_id, channel, address, consent, consent_at)
     select $1, id, channel, number, 'granted', '2026-01-01' from people cross join unnest('{sms,whatsapp}'::text[]) channel
     where channel = 'sms' or id <> 'eve-opens'`,
    [tenantId, Object.keys(PEOPLE), Object.values(PEOPLE)],
  );
  const { key } = await createApiKey(database, tenantId, { name: 'test', scopes: ['read', 'campaigns:write', 'templates:write'] });
  const ask = async (method: string, path: string, body?: unknown) => {
    const answer = await api.call(method, path, { key, ...(body !== undefined && { body }) });
    assert.ok(answer.status < 300, answer.text);
    return answer.body;
  };
  return { tenantId, segment, ask };
}

/** As many texts were accepted, and whatever anybody did with anything so far has reached the journeys. */
async function untilReacted(texts: number): Promise<void> {
  const accepted = () => twilio.journal.counts().messages;
  assert.ok(await waitUntil(() => Promise.resolve(accepted() >= texts), 20_000, 20), `${accepted()} of ${texts} texts`);
  await sendgrid.webhook.drained();
  await twilio.webhook.drained();
  await untilAllTold(database);
}

const textsTo = (number: string): string[] =>
  twilio.journal
    .all()
    .filter(({ to }) => to.endsWith(number))
    .map(({ to, body }) => `${to.startsWith('whatsapp:') ? 'whatsapp' : 'sms'}: ${body}`);

async function rowsOf(tenantId: TenantId, sql: string): Promise<string[]> {
  const { rows } = await database.admin.query<{ told: string }>(sql, [tenantId]);
  return rows.map(({ told }) => told);
}

describe('a campaign of mails, WhatsApp and SMS', () => {
  it('goes on over telephones by what people do, each on the way that is theirs', { skip }, async () => {
    const { tenantId, segment, ask } = await prepared();
    const blocked = await ask('POST', '/v1/campaigns', { segment, sequence: SEQUENCE });
    assert.deepEqual(
      blocked.preflight.blockers.map((blocker: string) => blocker.split(':')[0]),
      [
        'the tenant has no sender on sms (PUT /v1/phone-sender sets one)',
        'the tenant has no sender on whatsapp (PUT /v1/phone-sender sets one)',
        'step 2',
      ],
    );
    await ask('PUT', '/v1/phone-sender', { sms_number: OURS, whatsapp_number: OURS });
    await ask('PUT', '/v1/whatsapp-templates/check_in', { content_sid: UTILITY_SID, variables: { 1: 'for {{ first_name }}' } });
    const preflight = await ask('GET', `${blocked.url}/preflight`);
    assert.deepEqual([preflight.blockers, preflight.can_launch], [[], true]);
    assert.deepEqual(
      preflight.channels.map((one: Record<string, unknown>) => [one['channel'], one['reachable'], one['no_address']]),
      [
        ['email', 5, 0],
        ['whatsapp', 4, 1],
        ['sms', 5, 0],
      ],
    );
    assert.deepEqual(preflight.steps.map(({ sms }: { sms: unknown }) => sms).slice(2, 4), [null, { encoding: 'gsm7', segments: 1 }]);

    await ask('POST', `${blocked.url}/launch`);
    const mailed = () => Promise.resolve(sendgrid.journal.counts().messages >= 5);
    assert.ok(await waitUntil(mailed, 20_000, 20));
    await untilReacted(0);
    // Whoever opened, and is on WhatsApp: and then what they do with it, before their time is up.
    await environment.sleep('25 hours');
    await untilReacted(3);
    // In words that ask for nothing: what may be a stop would keep the number silent.
    twilio.receive({ from: `whatsapp:${REPLIES}`, to: `whatsapp:${OURS}`, body: 'How much is it?' });
    await untilReacted(3);
    const handle = environment.client.workflow.getHandle(campaignWorkflowId(tenantId, blocked.campaign_id));
    assert.equal(((await handle.result()) as CampaignSummary).status, 'finished');
    await untilReacted(6);

    const order = (name: string) => `whatsapp: Your order for ${name} is on its way.`;
    assert.deepEqual(textsTo(PEOPLE['ann-opens']), [order('ann'), 'whatsapp: Great, ann!', 'sms: Thanks again, ann']);
    assert.deepEqual(textsTo(PEOPLE['bob-opens']), [order('bob'), 'sms: Still there, bob?']);
    assert.deepEqual(textsTo(PEOPLE.cat), []);
    assert.deepEqual(textsTo(PEOPLE['dan-opens']), [order('dan')]);
    assert.deepEqual(textsTo(PEOPLE['eve-opens']), ['sms: Still there, eve?']);
    assert.equal(twilio.journal.duplicates().size, 0);

    assert.deepEqual(
      await rowsOf(
        tenantId,
        `select concat_ws(' ', user_id, step_key, status, reason) as told from messages where tenant_id = $1 and step_key > 1
        order by user_id, step_key`,
      ),
      [
        'ann-opens 2 replied',
        'ann-opens 3 opened',
        'ann-opens 4 delivered',
        'bob-opens 2 opened',
        'bob-opens 5 delivered',
        'dan-opens 2 opened',
        'eve-opens 2 suppressed no address',
        'eve-opens 5 delivered',
      ],
    );
    assert.deepEqual(
      await rowsOf(tenantId, "select concat_ws(' ', user_id, left_because) as told from journeys where tenant_id = $1 order by user_id"),
      ['ann-opens completed', 'bob-opens completed', 'cat trigger_missed', 'dan-opens unsubscribed', 'eve-opens completed'],
    );
    const { kept, recounted } = await countsOf(database, tenantId);
    assert.deepEqual(kept, recounted);
    const story = await ask('GET', '/v1/users/ann-opens/messages');
    assert.ok(JSON.stringify(story).includes('whatsapp'));
  });
});
