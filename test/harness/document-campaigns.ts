import assert from 'node:assert/strict';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { createEmailRenderer } from '../../activities/sending/rendering.js';
import { changeCampaign } from '../../api/campaign-control.js';
import { createLinkPages } from '../../api/links.js';
import { createUnsubscribePages } from '../../api/unsubscribe.js';
import { createSendgridWebhook } from '../../api/webhooks/sendgrid.js';
import { createTwilioWebhooks } from '../../api/webhooks/twilio.js';
import type { TenantId } from '../../core/ids.js';
import { createApiKey } from '../../db/queries/api-keys.js';
import { waitUntil } from '../../sandbox/processes.js';
import { startSandboxSendgrid } from '../../sandbox/sendgrid/sendgrid.js';
import { startSandboxTwilio } from '../../sandbox/twilio/twilio.js';
import { campaignWorkflowId, type CampaignSummary } from '../../workflows/campaign/contract.js';
import { startTestApi } from './api.js';
import { addSegment, ADDRESS_KEY } from './campaigns.js';
import { createTestDatabase } from './database.js';
import { startCampaignWorker, untilAllTold } from './sending.js';
import { basicAuth } from './segment.js';
import { quietHabits, SENDGRID_KEY } from './sendgrid.js';
import { startTimeSkipping } from './time-skipping.js';
import { quietPhoneHabits, TWILIO_ACCOUNT, UTILITY_SID } from './twilio.js';

const PUBLIC_URL = 'https://audience.example.test';
const SENDER = '+15005550006';
const HOUR_MS = 3_600_000;
export const FOLLOW_UP_SID = UTILITY_SID;

/** The sequence that the solution document draws: an arrow's words are the trigger of the step below it. */
export const DOCUMENT_SEQUENCE = [
  { day: 1, channel: 'email', template: 'welcome_series_1' },
  { day: 2, channel: 'whatsapp', template: 'engagement_follow_up', trigger: 'opened' },
  { day: 3, channel: 'in_app', template: 'feature_highlight', subject: 'Product demo for {{ first_name }}', trigger: 'clicked' },
  { day: 5, channel: 'email', template: 'limited_offer', trigger: 'engaged' },
  { day: 7, channel: 'whatsapp', template: 'engagement_follow_up', trigger: 'not_converted' },
];

/** What somebody does by themselves when they get something. What they are asked to do stands in a test. */
export type Doing = 'opens' | 'machine-opens' | 'bounces' | 'complains' | 'clicks' | 'stops';
/** Who they are: what they do, and `no whatsapp` where no message reaches them there. */
export type Cast = Readonly<Record<string, readonly (Doing | 'no whatsapp')[]>>;

export type DocumentStage = Awaited<ReturnType<typeof openDocumentStage>>;

/**
 * The whole product but its processes, under a clock that jumps: the API with its webhooks and links at its public address, a worker, the relay,
 * and the sandbox's SendGrid and Twilio, whose people are the cast.
 */
export async function openDocumentStage(executable: string, cast: Cast, followUp: { readonly text: string }) {
  const database = await createTestDatabase();
  const environment = await startTimeSkipping(executable);
  const { client, address } = environment;
  const names = Object.keys(cast);
  const numberOf = (name: string) => `+3161234${5_000 + names.indexOf(name)}`;
  const does = (name: string | undefined, what: Doing) => Number(name !== undefined && cast[name]?.includes(what) === true);
  const sendgrid = await startSandboxSendgrid({
    keys: [SENDGRID_KEY],
    audience: (mailbox) => {
      const name = mailbox.split('.')[0];
      return quietHabits({
        opened: does(name, 'opens'),
        machineOpened: does(name, 'machine-opens'),
        bounced: does(name, 'bounces'),
        complained: does(name, 'complains'),
      });
    },
  });
  const twilio = await startSandboxTwilio({
    account: { ...TWILIO_ACCOUNT, templates: { [FOLLOW_UP_SID]: { ...followUp, category: 'utility' } } },
    audience: (to) => {
      const name = names.find((one) => to.endsWith(numberOf(one)));
      return quietPhoneHabits({ read: 1, clicked: does(name, 'clicks'), stopped: does(name, 'stops') });
    },
  });
  const now = () => new Date();
  const api = await startTestApi(database, {
    campaigns: { changeCampaign: (change) => changeCampaign(client, change) },
    outside: (logger) => {
      const common = { database, ledgerKey: ADDRESS_KEY, now, logger };
      const { authToken } = TWILIO_ACCOUNT;
      return [
        createSendgridWebhook({ ...common, publicKey: sendgrid.webhook.publicKey }),
        createTwilioWebhooks({ ...common, publicUrl: PUBLIC_URL, authToken }),
        createUnsubscribePages(common),
        createLinkPages(common),
      ];
    },
  });
  sendgrid.webhook.setUrl(`${api.url}/v1/webhooks/sendgrid`);
  twilio.webhook.setInboundUrl(`${PUBLIC_URL}/v1/webhooks/twilio/inbound`);
  twilio.webhook.setProxy({ from: PUBLIC_URL, to: api.url });
  const worker = await startCampaignWorker({
    database,
    client,
    address,
    namespace: 'default',
    sendgridUrl: sendgrid.url,
    texts: { twilioUrl: twilio.url, publicUrl: PUBLIC_URL },
    render: createEmailRenderer({ database, publicUrl: PUBLIC_URL, ledgerKey: ADDRESS_KEY }),
  });
  const tenantId = await addCast(database, cast, numberOf);
  const actor = await actorOf({ api, database, tenantId });

  const mailsTo = (name: string) => sendgrid.journal.all().filter(({ to }) => to[0]?.email.startsWith(`${name}.`));
  const textsTo = (name: string) => twilio.journal.all().filter(({ to }) => to.endsWith(numberOf(name)));

  return {
    database,
    environment,
    api,
    sendgrid,
    twilio,
    tenantId,
    ...actor,
    mailsTo,
    textsTo,
    /** All that was sent has reached somebody, and what they did has reached their journeys. */
    async settled(counts: { readonly mails: number; readonly texts: number; readonly items: number }) {
      const seen = async () => ({
        mails: sendgrid.journal.counts().messages,
        texts: twilio.journal.counts().messages,
        items: await itemsOf(database, tenantId),
      });
      const isThere = async () => JSON.stringify(await seen()) === JSON.stringify(counts);
      if (!(await waitUntil(isThere, 60_000, 20))) assert.deepEqual(await seen(), counts);
      await sendgrid.webhook.drained();
      await twilio.webhook.drained();
      await untilAllTold(database);
    },
    /** Somebody replies on WhatsApp as they were asked to. */
    reply: (name: string) => twilio.receive({ from: `whatsapp:${numberOf(name)}`, to: `whatsapp:${SENDER}`, body: 'YES' }),
    /** Somebody presses the button behind the link in their first mail. */
    async unsubscribe(name: string) {
      const html = mailsTo(name)[0]?.content['text/html'] ?? '';
      const [link = ''] = html.match(/https:[^"]*\/v1\/unsubscribe\/[\w-]+/) ?? [];
      const page = await fetch(link.replace(PUBLIC_URL, api.url), {
        method: 'POST',
        body: new URLSearchParams({ 'List-Unsubscribe': 'One-Click' }),
      });
      assert.equal(page.status, 200, link);
    },
    async close() {
      await worker.close();
      await api.close();
      await twilio.close();
      await sendgrid.close();
      await environment.teardown();
      await database.drop();
    },
  };
}

async function addCast(
  database: Awaited<ReturnType<typeof createTestDatabase>>,
  cast: Cast,
  numberOf: (name: string) => string,
): Promise<TenantId> {
  const tenantId = await database.newTenant();
  const names = Object.keys(cast);
  await addSegment(database, tenantId, names);
  await database.admin.query("update audience_segments set segment_name = 'Potential Loyalists' where tenant_id = $1", [tenantId]);
  const onWhatsapp = names.filter((name) => !cast[name]?.includes('no whatsapp'));
  await database.admin.query(
    `with named as (update users u set traits = jsonb_build_object('first_name', initcap(u.user_id)) where tenant_id = $1)
     insert into contacts (tenant_id, user_id, channel, address, consent, consent_at)
     select $1, id, 'whatsapp', number, 'granted', '2026-01-01' from unnest($2::text[], $3::text[]) p(id, number)`,
    [tenantId, onWhatsapp, onWhatsapp.map(numberOf)],
  );
  return tenantId;
}

type Place = {
  readonly api: Awaited<ReturnType<typeof startTestApi>>;
  readonly database: Awaited<ReturnType<typeof createTestDatabase>>;
  readonly tenantId: TenantId;
};

/** What the tenant's people and programs ask of the API, each with the key that is for it. */
async function actorOf({ api, database, tenantId }: Place) {
  const keyFor = async (...scopes: readonly ('read' | 'campaigns:write' | 'templates:write' | 'inbox:tokens' | 'events:write')[]) =>
    (await createApiKey(database, tenantId, { name: scopes.join(), scopes: [...scopes] })).key;
  const key = await keyFor('read', 'campaigns:write', 'templates:write');
  const [backendKey, writeKey] = await Promise.all([keyFor('inbox:tokens'), keyFor('events:write')]);
  const ask = async (method: string, path: string, body?: unknown) => {
    const answer = await api.call(method, path, { key, ...(body !== undefined && { body }) });
    assert.ok(answer.status < 300, answer.text);
    return answer.body;
  };
  const inboxOf = async (name: string) => {
    const { body } = await api.call('POST', '/v1/inbox/tokens', { key: backendKey, body: { user_id: name } });
    const token = String(body.token);
    const { items } = (await api.call('GET', '/v1/inbox', { key: token })).body as { items: { item: number; title: string }[] };
    return { token, items };
  };
  return {
    ask,
    titlesOf: async (name: string) => (await inboxOf(name)).items.map(({ title }) => title),
    /** Somebody does something with the newest item of their inbox. */
    async interact(name: string, what: 'read' | 'interacted' = 'interacted') {
      const { token, items } = await inboxOf(name);
      const answer = await api.call('POST', `/v1/inbox/${items[0]?.item}/${what}`, { key: token });
      assert.equal(answer.status, 200, answer.text);
    },
    /** Somebody buys, and the shop tells of it, at once or with others. */
    async buy(name: string, by: 'track' | 'batch') {
      const event = { type: 'track', userId: name, event: 'Order Completed', properties: { revenue: 10, currency: 'USD' } };
      const body = by === 'track' ? event : { batch: [event] };
      const answer = await api.call('POST', `/v1/${by}`, { body, headers: { Authorization: basicAuth(writeKey) } });
      assert.equal(answer.status, 200, answer.text);
    },
    /** Each person's story: their messages as far as they came, and how their journey ended. */
    async storiesOf(campaignId: string): Promise<Record<string, readonly string[]>> {
      const { items } = await ask('GET', `/v1/campaigns/${campaignId}/journeys?limit=100`);
      return Object.fromEntries(items.map(storyOf));
    },
  };
}

type JourneyShown = {
  readonly user_id: string;
  readonly left_because: string;
  readonly messages: readonly {
    readonly step_key: number;
    readonly channel: string;
    readonly status: string;
    readonly reason: string | null;
    readonly converted_at: string | null;
  }[];
};

const storyOf = ({ user_id, messages, left_because }: JourneyShown): [string, readonly string[]] => [
  user_id,
  [
    ...messages.map(({ step_key, channel, status, reason, converted_at }) =>
      [step_key, channel, status, reason, converted_at === null ? '' : 'converted'].filter(Boolean).join(' '),
    ),
    left_because,
  ],
];

async function itemsOf({ admin }: Place['database'], tenantId: TenantId): Promise<number> {
  const { rows } = await admin.query<{ n: number }>('select count(*)::int as n from inbox_items where tenant_id = $1', [tenantId]);
  return rows[0]?.n ?? 0;
}

/**
 * The day on which all enter who enter now, by its midnight, and the next ten o'clock, at which a person without habits of their own is written to.
 * The clock is moved away from both where it is near one.
 */
export async function entryDay(environment: TestWorkflowEnvironment): Promise<{ readonly midnightMs: number; readonly nextTenMs: number }> {
  const nowMs = await environment.currentTimeMs();
  const midnightMs = nowMs - (nowMs % (24 * HOUR_MS));
  const hour = (nowMs - midnightMs) / HOUR_MS;
  if ((hour > 9 && hour < 10) || hour > 23) {
    await environment.sleep('2 hours');
    return entryDay(environment);
  }
  return { midnightMs, nextTenMs: midnightMs + (hour < 10 ? 10 : 34) * HOUR_MS };
}

/** Lets time pass until so many hours after a moment. */
export async function sleepUntil(environment: TestWorkflowEnvironment, afterMs: number, hours: number): Promise<void> {
  const ms = Math.round(afterMs + hours * HOUR_MS - (await environment.currentTimeMs()));
  assert.ok(ms > 0, `the clock is ${-ms} ms past ${hours} hours after ${new Date(afterMs).toISOString()}`);
  await environment.sleep(ms);
}

/** The sequence as a draft of a campaign that can be launched. */
export async function draftSequence({ ask }: Pick<DocumentStage, 'ask'>) {
  await ask('PUT', '/v1/phone-sender', { whatsapp_number: SENDER });
  const variables = { 1: '{{ first_name }}', 2: 'https://shop.example/demo?for=you' };
  await ask('PUT', '/v1/whatsapp-templates/engagement_follow_up', { content_sid: FOLLOW_UP_SID, variables });
  return ask('POST', '/v1/campaigns', { segment: 'Potential Loyalists', goal: 'convert_to_paid', sequence: DOCUMENT_SEQUENCE });
}

/** Until the last journey is over, however long it waits. */
export async function endOf({ environment, tenantId }: DocumentStage, campaignId: string): Promise<CampaignSummary> {
  return (await environment.client.workflow.getHandle(campaignWorkflowId(tenantId, campaignId)).result()) as CampaignSummary;
}

/** What each provider took for a campaign's people is what the ledger says, message by message, and nobody got anything twice. */
export async function agreesWithJournals({ database, tenantId, sendgrid, twilio }: DocumentStage): Promise<void> {
  const { rows } = await database.admin.query<{ channel: string; n: number }>(
    `select channel, count(*)::int as n from messages where tenant_id = $1 and (status in ('sent', 'delivered', 'opened', 'clicked', 'replied')
       or status = 'failed' and reason = 'bounced') group by channel`,
    [tenantId],
  );
  const sent = Object.fromEntries(rows.map(({ channel, n }) => [channel, n]));
  const items = await itemsOf(database, tenantId);
  assert.deepEqual(sent, { email: sendgrid.journal.counts().tokens, whatsapp: twilio.journal.counts().tokens, in_app: items });
  for (const journal of [sendgrid.journal, twilio.journal]) assert.equal(journal.duplicates().size, 0);
  const held = await database.admin.query(
    "select 1 from messages where tenant_id = $1 and status in ('claimed', 'uncertain', 'deferred')",
    [tenantId],
  );
  assert.equal(held.rows.length, 0);
}
