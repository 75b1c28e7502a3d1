import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { Context } from '@temporalio/activity';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { allowedFrom } from '../../core/consent/quiet-hours.js';
import { parseOwnHours } from '../../core/consent/own-hours.js';
import type { TenantId } from '../../core/ids.js';
import type { StepRequest } from '../../core/journey/campaign-request.js';
import { putSendingPolicy, type SendingPolicy } from '../../db/queries/sending-policy.js';
import { startSandboxSendgrid, type SandboxSendgrid } from '../../sandbox/sendgrid/sendgrid.js';
import { campaignWorkflowId, type CampaignSummary } from '../../workflows/campaign/contract.js';
import { addSegment, askCampaign, draftCampaign } from '../harness/campaigns.js';
import { createTestDatabase, type TestDatabase } from '../harness/database.js';
import { skipWithout } from '../harness/needs.js';
import { startCampaignWorker, type SendingWorker } from '../harness/sending.js';
import { quietHabits, SENDGRID_KEY } from '../harness/sendgrid.js';
import { findTimeSkippingServer, startTimeSkipping, TIME_SKIPPING_NEEDS } from '../harness/time-skipping.js';

const executable = await findTimeSkippingServer();
const skip = skipWithout(executable, TIME_SKIPPING_NEEDS);

let database: TestDatabase;
let environment: TestWorkflowEnvironment;
let sendgrid: SandboxSendgrid;
let worker: SendingWorker;
before(async () => {
  if (!executable) return;
  database = await createTestDatabase();
  environment = await startTimeSkipping(executable);
  sendgrid = await startSandboxSendgrid({ keys: [SENDGRID_KEY], audience: () => quietHabits() });
  worker = await startCampaignWorker({
    database,
    client: environment.client,
    address: environment.address,
    namespace: 'default',
    sendgridUrl: sendgrid.url,
    // Activities go by the clock that jumps.
    now: () => new Date(Context.current().info.currentAttemptScheduledTimestampMs),
  });
});
after(async () => {
  await worker?.close();
  await sendgrid?.close();
  await environment?.teardown();
  await database?.drop();
});

const HOUR_MS = 3_600_000;
const email = (step: Partial<StepRequest> = {}): StepRequest => ({ day: 0, channel: 'email', template: 'welcome_series_1', ...step });

async function tenantWith(policy: Partial<SendingPolicy>, zones: Readonly<Record<string, string>>) {
  const tenantId = await database.newTenant({ timeZone: 'UTC' });
  await database.withTenant(tenantId, (tx) => putSendingPolicy(tx, tenantId, { quietHours: {}, caps: [], topics: [], ...policy }));
  const segment = await addSegment(database, tenantId, Object.keys(zones));
  for (const [person, zone] of Object.entries(zones))
    await database.admin.query('update users set time_zone = $3 where tenant_id = $1 and user_id = $2', [tenantId, person, zone]);
  return { tenantId, segment };
}

/** Launches campaigns one after the other, and lets time pass until they are over. */
async function run(tenantId: TenantId, segment: string, campaigns: readonly (readonly StepRequest[])[]): Promise<void> {
  const ends: (() => Promise<CampaignSummary>)[] = [];
  for (const sequence of campaigns) {
    const campaignId = await draftCampaign(database, tenantId, { segment, sequence });
    await askCampaign(environment.client, tenantId, campaignId, 'launch');
    const handle = environment.client.workflow.getHandle(campaignWorkflowId(tenantId, campaignId));
    ends.push(async () => (await handle.result()) as CampaignSummary);
  }
  for (const end of ends) assert.equal((await end()).status, 'finished');
}

type Sent = { readonly user_id: string; readonly sent_at: Date; readonly first_asked: Date };
/** What was sent and when, by the clock that jumps, the first message first. */
async function sent(tenantId: TenantId): Promise<Sent[]> {
  const { rows } = await database.admin.query<Sent>(
    `select m.user_id, m.sent_at, c.launched_at as first_asked from messages m
     join outreach_campaigns c on c.tenant_id = m.tenant_id and c.id = m.campaign_id
     where m.tenant_id = $1 and m.status = 'sent' order by m.sent_at, m.user_id`,
    [tenantId],
  );
  return rows;
}

/** Everybody was sent as many messages as the ledger says, and none of them twice. */
function onlyOnce(tenantId: TenantId, messages: number): void {
  const ours = sendgrid.journal.all().filter(({ to }) => to[0]?.email.includes(tenantId));
  assert.equal(ours.length, messages);
  assert.equal(sendgrid.journal.duplicates().size, 0);
}

const soonAfter = (at: Date, expectedMs: number | null, what: string) =>
  assert.ok(
    expectedMs !== null && at.getTime() >= expectedMs && at.getTime() < expectedMs + 5_000,
    `${what} at ${at.toISOString()}, not at ${new Date(expectedMs ?? 0).toISOString()}`,
  );

describe('a message that is held', () => {
  it('by quiet hours goes at the first moment that they allow where each person is, and once', { skip }, async () => {
    const hours = { email: 'Mon-Sat 09:30-10:00' };
    const zones = { ann: 'UTC', bob: 'Asia/Kolkata', cat: 'America/New_York' };
    const { tenantId, segment } = await tenantWith({ quietHours: hours }, zones);
    await run(tenantId, segment, [[email()]]);
    const all = await sent(tenantId);
    assert.deepEqual(all.map(({ user_id }) => user_id).sort(), ['ann', 'bob', 'cat']);
    const rules = { tenantTimeZone: 'UTC', ownHours: parseOwnHours(hours) };
    for (const { user_id, sent_at, first_asked } of all) {
      const timeZone = zones[user_id as keyof typeof zones];
      const place = { channel: 'email', timeZone, phone: null, country: null, postalCode: null } as const;
      soonAfter(sent_at, allowedFrom(first_asked.getTime(), place, rules), `${user_id} was sent to`);
    }
    onlyOnce(tenantId, 3);
  });

  it('by a cap goes when the span is over, of whichever campaign it is, and once', { skip }, async () => {
    const caps = [{ capKey: 'day', channel: 'all', most: 1, spanMinutes: 24 * 60, priority: 0 }] as const;
    const { tenantId, segment } = await tenantWith({ caps }, { ann: 'UTC', bob: 'UTC' });
    await run(tenantId, segment, [[email()], [email()], [email()]]);
    for (const person of ['ann', 'bob']) {
      const times = (await sent(tenantId)).filter(({ user_id }) => user_id === person).map(({ sent_at }) => sent_at);
      assert.equal(times.length, 3);
      for (const [i, at] of times.slice(1).entries()) {
        const gapMs = at.getTime() - (times[i]?.getTime() ?? 0);
        assert.ok(gapMs > 24 * HOUR_MS - 1_000 && gapMs < 24 * HOUR_MS + 10_000, `${person} was sent to after ${gapMs} ms`);
      }
    }
    onlyOnce(tenantId, 6);
  });

  it('by a cap until some hour of the night goes in the morning', { skip }, async () => {
    const hours = { email: 'daily 09:00-18:00' };
    const caps = [{ capKey: 'ten', channel: 'email', most: 1, spanMinutes: 10 * 60, priority: 0 }] as const;
    const { tenantId, segment } = await tenantWith({ quietHours: hours, caps }, { ann: 'UTC' });
    await run(tenantId, segment, [[email()], [email()]]);
    const [first, second] = await sent(tenantId);
    assert.ok(first && second);
    const rules = { tenantTimeZone: 'UTC', ownHours: parseOwnHours(hours) };
    const place = { channel: 'email', timeZone: 'UTC', phone: null, country: null, postalCode: null } as const;
    soonAfter(second.sent_at, allowedFrom(first.sent_at.getTime() + 10 * HOUR_MS, place, rules), 'the second');
    onlyOnce(tenantId, 2);
  });
});
