import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import type { CampaignChange } from '../../core/campaign/lifecycle.js';
import type { TenantId } from '../../core/ids.js';
import { campaignText } from '../../cli/campaigns.js';
import { zoneOffsets } from '../../core/journey/zone-offsets.js';
import { waitUntil } from '../../sandbox/processes.js';
import { startSandboxSendgrid, type SandboxSendgrid } from '../../sandbox/sendgrid/sendgrid.js';
import { startCampaignClocks } from '../../workers/campaign-clocks.js';
import { campaignWorkflowId } from '../../workflows/campaign/contract.js';
import { addSegment, askCampaign, draftCampaign } from '../harness/campaigns.js';
import { createTestDatabase, type TestDatabase } from '../harness/database.js';
import { skipWithout } from '../harness/needs.js';
import { startCampaignWorker, startWebhookReceiver, untilAllTold, type SendingWorker } from '../harness/sending.js';
import { quietHabits, SENDGRID_KEY } from '../harness/sendgrid.js';
import { findTimeSkippingServer, startTimeSkipping, TIME_SKIPPING_NEEDS } from '../harness/time-skipping.js';

const executable = await findTimeSkippingServer();
const skip = skipWithout(executable, TIME_SKIPPING_NEEDS);
const DAY_MS = 86_400_000;
const BERLIN = 'Europe/Berlin';

let database: TestDatabase;
let environment: TestWorkflowEnvironment;
let sendgrid: SandboxSendgrid;
let webhook: Awaited<ReturnType<typeof startWebhookReceiver>>;
let worker: SendingWorker;
before(async () => {
  if (!executable) return;
  database = await createTestDatabase();
  environment = await startTimeSkipping(executable);
  const audience = (address: string) => quietHabits({ opened: Number(/clicks/.test(address)), clicked: Number(/clicks/.test(address)) });
  sendgrid = await startSandboxSendgrid({ keys: [SENDGRID_KEY], audience });
  webhook = await startWebhookReceiver(database, sendgrid.webhook.publicKey);
  sendgrid.webhook.setUrl(webhook.url);
  worker = await startCampaignWorker({
    database,
    client: environment.client,
    address: environment.address,
    namespace: 'default',
    sendgridUrl: sendgrid.url,
  });
});
after(async () => {
  await worker?.close();
  await webhook?.close();
  await sendgrid?.close();
  await environment?.teardown();
  await database?.drop();
});

const sentTo = (tenantId: TenantId, person: string): string[] =>
  sendgrid.journal
    .all()
    .filter(({ to }) => to[0]?.email === `${person}.${tenantId}@example.test`)
    .map(({ subject }) => subject);

async function until(what: string, isSo: () => Promise<boolean>): Promise<void> {
  assert.ok(await waitUntil(isSo, 30_000, 50), what);
}

type Occurrence = { occurrence: number; local: string; recipients: number; still_in: number };

async function occurrences(tenantId: TenantId): Promise<Occurrence[]> {
  const { rows } = await database.admin.query<Occurrence>(
    `select occurrence, to_char(due_at at time zone $2, 'HH24:MI') as local, recipients, still_in from campaign_occurrences
     where tenant_id = $1 order by occurrence`,
    [tenantId, BERLIN],
  );
  return rows;
}

/** The occurrence was entered, and its first messages are out. */
const untilEntered = (tenantId: TenantId, times: number) =>
  until(`${times} entries`, async () => {
    const entered = await occurrences(tenantId);
    const people = entered.reduce((sum, { recipients }) => sum + recipients, 0);
    const { rows } = await database.admin.query('select 1 from messages where tenant_id = $1 and step_key = 1 and sent_at is not null', [
      tenantId,
    ]);
    return entered.length >= times && rows.length === people;
  });

/** Ten days before a change of Berlin's clocks: the second occurrence comes before it, the third after. */
async function sleepUntilClocksChange(): Promise<void> {
  const nowMs = await environment.currentTimeMs();
  const changes = zoneOffsets(BERLIN, { fromMs: nowMs, toMs: nowMs + 400 * DAY_MS }).slice(1);
  const changeMs = changes.find(([atMs]) => atMs > nowMs + 11 * DAY_MS)?.[0] ?? 0;
  await environment.sleep(changeMs - 10 * DAY_MS - nowMs);
}

describe('a weekly campaign', () => {
  it(
    'enters its segment as it is each week, through a change of the clocks, an outage and a pause',
    { skip, timeout: 180_000 },
    async () => {
      const tenantId = await database.newTenant({ timeZone: BERLIN });
      const others = Array.from({ length: 201 }, (_, i) => `p${i}`);
      const segment = await addSegment(database, tenantId, ['ann-clicks', 'bob', ...others]);
      const campaignId = await draftCampaign(database, tenantId, {
        segment,
        frequency: 'weekly',
        sequence: [
          { day: 0, channel: 'email', template: 'welcome_series_1' },
          { day: 1, channel: 'email', template: 'welcome_series_1', trigger: 'email_clicked', timeout_hours: 1 },
          { day: 9, channel: 'email', template: 'welcome_series_1' },
        ],
      });
      const ask = (change: CampaignChange) => askCampaign(environment.client, tenantId, campaignId, change);
      await sleepUntilClocksChange();
      await ask('launch');
      await untilEntered(tenantId, 1);
      await sendgrid.webhook.drained();
      await untilAllTold(database);
      // Of one batch all but one leave on the second day: it is known of them before the batch is over.
      await environment.sleep('6 days');
      await database.admin.query(`delete from segment_membership where tenant_id = $1 and user_id = 'p0'`, [tenantId]);
      await environment.sleep('1 day');
      await untilEntered(tenantId, 2);
      await environment.sleep('7 days');
      await untilEntered(tenantId, 3);
      const local = (await occurrences(tenantId))[0]?.local;
      assert.deepEqual(await occurrences(tenantId), [
        { occurrence: 1, local, recipients: 203, still_in: 0 },
        { occurrence: 2, local, recipients: 201, still_in: 1 },
        { occurrence: 3, local, recipients: 202, still_in: 0 },
      ]);
      assert.deepEqual(sentTo(tenantId, 'bob'), ['Step 1', 'Step 1', 'Step 1']);
      assert.deepEqual(sentTo(tenantId, 'p0'), ['Step 1']);
      assert.deepEqual(sentTo(tenantId, 'ann-clicks').slice(0, 3), ['Step 1', 'Step 2', 'Step 3']);

      // Nobody is there when the fourth and the fifth fall due: one entry, when somebody is.
      await environment.client.workflow.getHandle(campaignWorkflowId(tenantId, campaignId)).terminate();
      await environment.sleep('15 days');
      assert.ok((await startCampaignClocks(database, environment.client)) >= 1);
      await untilEntered(tenantId, 4);
      assert.deepEqual(
        (await occurrences(tenantId)).map(({ occurrence }) => occurrence),
        [1, 2, 3, 5],
      );

      // What falls due in a pause is left out.
      await ask('pause');
      await environment.sleep('10 days');
      await ask('resume');
      assert.equal((await occurrences(tenantId)).length, 4);
      await environment.sleep('6 days');
      await untilEntered(tenantId, 5);
      const numbers = (await occurrences(tenantId)).map(({ occurrence }) => occurrence);
      assert.deepEqual([numbers.length, numbers.slice(0, 4), (numbers[4] ?? 0) >= 7], [5, [1, 2, 3, 5], true]);
      assert.equal(
        (await occurrences(tenantId)).every((one) => one.local === local),
        true,
      );

      const shown = (await campaignText(database, tenantId, campaignId)).join('\n');
      assert.match(shown, /^ {2}The segment enters every week, at the hour of the launch; whoever is still under way stays out\.$/m);
      assert.match(shown, /^2 +\d{4}-\d\d-\d\d \d\d:\d\d +201 +0 +1 +201 +0 +0 +0$/m);
      await ask('cancel');
      await environment.sleep('20 days');
      assert.equal((await occurrences(tenantId)).length, 5);
      assert.deepEqual(sendgrid.journal.duplicates().size, 0);
    },
  );
});
