import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { notifyingKeys } from '../../activities/notifying/keys.js';
import { outreachKey } from '../../activities/outreach/keys.js';
import type { LocalDate, TenantId } from '../../core/ids.js';
import { localDateAt } from '../../core/local-date.js';
import type { OutreachArtifact } from '../../core/outreach/artifact.js';
import type { OutreachChannel } from '../../core/outreach/channels.js';
import { daysAfter, daysLeftInWeek } from '../../core/outreach/weeks.js';
import { listCampaigns } from '../../db/queries/campaigns.js';
import { plansOfWalk } from '../../db/queries/outreach-plans.js';
import { putSendingPolicy } from '../../db/queries/sending-policy.js';
import { waitUntil } from '../../sandbox/processes.js';
import { startSandboxSendgrid, type SandboxSendgrid } from '../../sandbox/sendgrid/sendgrid.js';
import { openObjectStore, type ObjectStore } from '../../store/objects.js';
import type { RunningWorker } from '../../workers/main.js';
import { addSender } from '../harness/campaigns.js';
import { sendingTo } from '../harness/sending.js';
import { quietHabits, SENDGRID_KEY } from '../harness/sendgrid.js';
import { openTestWalker, type TestWalker } from '../harness/walker.js';

let walker: TestWalker;
let worker: RunningWorker;
let sendgrid: SandboxSendgrid;
let objects: ObjectStore;
before(async () => {
  walker = await openTestWalker('outreach-phase');
  sendgrid = await startSandboxSendgrid({ keys: [SENDGRID_KEY], audience: () => quietHabits({}) });
  worker = await walker.startWorker({ sending: sendingTo(sendgrid) });
  objects = openObjectStore(walker.config.objects);
});
after(async () => {
  await worker.close();
  await sendgrid.close();
  await walker.close();
});

const DAY_MS = 86_400_000;
const EACH = 70;

/** People of three kinds, who all have an address; half of the newcomers have begun a checkout. Events end two days ago. */
async function newAudience(): Promise<{ readonly tenantId: TenantId; readonly today: LocalDate }> {
  const tenantId = await walker.database.newTenant();
  await addSender(walker.database, tenantId);
  const now = Date.now();
  const deeds = Array.from({ length: EACH }, (_, i) => [
    ...Array.from({ length: 12 }, (_unused, n) => ({
      user: `often-${i}`,
      daysAgo: 3 + 20 * n + (i % 7),
      event: 'purchase',
      minor: 5_000 + 10 * i,
    })),
    { user: `once-${i}`, daysAgo: 300 + (i % 50), event: 'purchase', minor: 1_000 + i },
    ...[3, 9, 20].map((day) => ({ user: `new-${i}`, daysAgo: day + (i % 5), event: 'purchase', minor: 2_000 + i })),
    { user: `new-${i}`, daysAgo: 2, event: 'checkout_started', minor: null },
  ]).flat();
  const times = deeds.map(({ daysAgo }) => new Date(now - daysAgo * DAY_MS));
  const { admin } = walker.database;
  for (const month of new Set(times.map((time) => `${time.toISOString().slice(0, 7)}-01`)))
    await admin.query('select ensure_event_month($1)', [month]);
  await admin.query(
    `insert into events (tenant_id, occurred_at, message_id, user_id, event, revenue_minor, currency)
     select $1, t, 'm' || n, u, e, r, case when r is not null then 'USD' end
     from unnest($2::timestamptz[], $3::text[], $4::text[], $5::bigint[]) with ordinality x(t, u, e, r, n)`,
    [tenantId, times, deeds.map(({ user }) => user), deeds.map(({ event }) => event), deeds.map(({ minor }) => minor)],
  );
  await admin.query(
    `with people as (
       insert into users (tenant_id, user_id, first_seen, last_seen)
       select $1, user_id, min(occurred_at), max(occurred_at) from events where tenant_id = $1 group by user_id returning user_id)
     insert into contacts (tenant_id, user_id, channel, address) select $1, user_id, 'email', user_id || '.' || $1::text || '@example.test' from people`,
    [tenantId],
  );
  return { tenantId, today: localDateAt(new Date(now), 'UTC') };
}

const textAt = async (key: string): Promise<string | undefined> => (await objects.get(key))?.toString('utf8');
const briefOf = async (tenantId: TenantId, date: LocalDate) =>
  (await textAt(notifyingKeys(tenantId, date).brief))?.replace(/\s+/g, ' ') ?? '';
async function artifactOf(tenantId: TenantId, date: LocalDate, channel: OutreachChannel): Promise<OutreachArtifact> {
  const text = await textAt(outreachKey(tenantId, date, channel));
  assert.ok(text, `the plans on ${channel}`);
  return JSON.parse(text) as OutreachArtifact;
}
const campaignsOf = (tenantId: TenantId) =>
  walker.database.withTenant(tenantId, (tx) => listCampaigns(tx, tenantId, { before: undefined, limit: 100 }));
const plansOf = (tenantId: TenantId, date: LocalDate) => walker.database.withTenant(tenantId, (tx) => plansOfWalk(tx, tenantId, date));

describe('the outreach phase of a walk', () => {
  it('plans campaigns for each segment on the channels that there are, and leaves a draft of each', async () => {
    const { tenantId, today } = await newAudience();
    const { counts } = await walker.walk(tenantId, today);
    const email = await artifactOf(tenantId, today, 'email');
    const inApp = await artifactOf(tenantId, today, 'in_app');
    assert.equal(await textAt(outreachKey(tenantId, today, 'sms')), undefined, 'nothing sends SMS here');
    const segments = counts.segments ?? 0;
    assert.ok(segments >= 2);
    assert.equal(email.campaigns.length + email.not_planned.length, segments);
    assert.equal(inApp.campaigns.length + inApp.not_planned.length, 2 * segments + 1);
    assert.ok(
      inApp.campaigns.some(({ kind, campaign }) => kind === 'trigger' && JSON.stringify(campaign.entry) === '{"event":"checkout_started"}'),
    );
    const planned = [...email.campaigns, ...inApp.campaigns];
    const [first] = email.campaigns;
    assert.ok(first?.segment && first.figures.reachable === first.segment.size && first.basis.most_messages !== undefined);

    const drafts = await campaignsOf(tenantId);
    assert.deepEqual(drafts.map(({ campaignName }) => campaignName).sort(), planned.map(({ campaign_name: name }) => name).sort());
    assert.ok(drafts.every(({ status, createdBy }) => status === 'draft' && createdBy === `walk/${today}`));
    assert.deepEqual(
      [counts['campaigns planned'], counts['drafts written'], counts['campaigns launched']],
      [planned.length, planned.length, undefined],
    );
    assert.match(
      await briefOf(tenantId, today),
      new RegExp(`📝 ${planned.length} campaigns planned \\(.*: ${planned.length} drafts written\\.`),
    );

    const keys = [outreachKey(tenantId, today, 'email'), outreachKey(tenantId, today, 'in_app'), notifyingKeys(tenantId, today).brief];
    const bytes = await Promise.all(keys.map(textAt));
    const again = await walker.walk(tenantId, today);
    assert.deepEqual(await Promise.all(keys.map(textAt)), bytes, 'the same day gives the same bytes');
    assert.deepEqual(again.counts['drafts written'], planned.length);
    assert.deepEqual(
      (await campaignsOf(tenantId)).map(({ campaignKey }) => campaignKey),
      drafts.map(({ campaignKey }) => campaignKey),
    );
  });

  it('does not pile up drafts from day to day, and takes back those that hold no more', async () => {
    const { tenantId, today } = await newAudience();
    const yesterday = daysAfter(today, -1);
    await walker.walk(tenantId, yesterday);
    const before_ = await campaignsOf(tenantId);
    const emails = before_.filter(({ channel }) => channel === 'email');
    assert.ok(emails.length > 0 && emails.length < before_.length);
    await walker.database.admin.query(`delete from contacts where tenant_id = $1`, [tenantId]);
    const { counts } = await walker.walk(tenantId, today);
    assert.equal(counts['drafts withdrawn'], emails.length);
    const left = (await campaignsOf(tenantId)).filter(({ status }) => status === 'draft');
    const planned = new Set((await artifactOf(tenantId, today, 'in_app')).campaigns.map(({ campaign_name: name }) => name));
    assert.ok(left.length > 0 && left.every(({ channel, campaignName }) => channel === 'in_app' && planned.has(campaignName ?? '')));
    assert.equal(left.length, planned.size);
    assert.match((await artifactOf(tenantId, today, 'email')).not_planned[0]?.because ?? '', /^0 can be reached/);
    // An earlier day that is walked again writes its plans, and changes no draft any more.
    await walker.walk(tenantId, yesterday);
    assert.deepEqual(
      (await campaignsOf(tenantId)).filter(({ status }) => status === 'draft').map(({ campaignKey }) => campaignKey),
      left.map(({ campaignKey }) => campaignKey),
    );
  });

  it('launches what the policy allows, as far as the budget of the day goes, once', async () => {
    const { tenantId, today } = await newAudience();
    await walker.walk(tenantId, today);
    const ofSegments = async () => {
      const { campaigns } = await artifactOf(tenantId, today, 'in_app');
      return campaigns.filter(({ kind }) => kind === 'segment').map(({ plan_id: id, segment }) => ({ id, size: segment?.size ?? 0 }));
    };
    const [first, second] = await ofSegments();
    assert.ok(first && second && second.size > 0);
    const budget = first.size * daysLeftInWeek(today);
    await walker.database.withTenant(tenantId, (tx) =>
      putSendingPolicy(tx, tenantId, { quietHours: {}, caps: [], topics: [], launchBudgets: { in_app: budget } }),
    );
    const { counts } = await walker.walk(tenantId, today);
    assert.equal(counts['campaigns launched'], 1);
    const running = (await campaignsOf(tenantId)).filter(({ status }) => status !== 'draft');
    assert.deepEqual(
      running.map(({ recipients, createdBy }) => [recipients, createdBy]),
      [[first.size, `walk/${today}`]],
    );
    const plans = await plansOf(tenantId, today);
    assert.ok(plans.find(({ planId }) => planId === first.id)?.launchedAt);
    assert.match(
      plans.find(({ planId }) => planId === second.id)?.waitsBecause ?? '',
      /^it needs [\d,]+ messages today, and the budget has room for 0$/,
    );
    assert.match(plans.find(({ planId }) => planId.includes('checkout_started'))?.waitsBecause ?? '', /again and again/);
    assert.match(
      await briefOf(tenantId, today),
      /Launched by itself, as the sending policy allows: ".*", [\d,]+ messages planned\. Allowed, and not launched:/,
    );

    const delivered = async () =>
      Number(
        (await walker.database.admin.query(`select count(*) from messages where tenant_id = $1 and status = 'delivered'`, [tenantId]))
          .rows[0]?.count,
      );
    assert.ok(
      await waitUntil(async () => (await delivered()) === first.size, 60_000, 100),
      `${await delivered()} of ${first.size} were delivered`,
    );
    const again = await walker.walk(tenantId, today);
    assert.equal(again.counts['campaigns launched'], 1);
    const { rows } = await walker.database.admin.query(
      `select count(distinct campaign_id)::int as campaigns, max(messages) as messages from launch_reservations where tenant_id = $1`,
      [tenantId],
    );
    assert.deepEqual(rows, [{ campaigns: 1, messages: first.size }]);
    assert.equal(await delivered(), first.size);
  });

  it('launches nothing for a day that is past', async () => {
    const { tenantId, today } = await newAudience();
    await walker.database.withTenant(tenantId, (tx) =>
      putSendingPolicy(tx, tenantId, { quietHours: {}, caps: [], topics: [], launchBudgets: { in_app: 1_000_000 } }),
    );
    const { counts } = await walker.walk(tenantId, daysAfter(today, -1));
    assert.ok((counts['drafts written'] ?? 0) > 0 && !('campaigns launched' in counts));
    assert.ok((await campaignsOf(tenantId)).every(({ status }) => status === 'draft'));
  });
});
