import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { Context } from '@temporalio/activity';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { createEmailRenderer } from '../../activities/sending/rendering.js';
import { changeCampaign } from '../../api/campaign-control.js';
import { createApiKey } from '../../db/queries/api-keys.js';
import { countArms } from '../../db/queries/test-counting.js';
import { armOf } from '../../db/queries/test-exposures.js';
import { gatherOutcomes } from '../../db/queries/test-looks.js';
import { startSandboxSendgrid, type SandboxSendgrid } from '../../sandbox/sendgrid/sendgrid.js';
import { campaignWorkflowId, type CampaignSummary } from '../../workflows/campaign/contract.js';
import { startTestApi, type TestApi } from '../harness/api.js';
import { ADDRESS_KEY, addSegment } from '../harness/campaigns.js';
import { createTestDatabase, type TestDatabase } from '../harness/database.js';
import { skipWithout } from '../harness/needs.js';
import { startCampaignWorker, startWebhookReceiver, untilAllTold, type SendingWorker } from '../harness/sending.js';
import { quietHabits, SENDGRID_KEY } from '../harness/sendgrid.js';
import { DAY_MS, startedTest } from '../harness/tests.js';
import { findTimeSkippingServer, startTimeSkipping, TIME_SKIPPING_NEEDS } from '../harness/time-skipping.js';

const executable = await findTimeSkippingServer();
const skip = skipWithout(executable, TIME_SKIPPING_NEEDS);
const PUBLIC_URL = 'https://m.example.test';

let database: TestDatabase;
let environment: TestWorkflowEnvironment;
let sendgrid: SandboxSendgrid;
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
  webhooks = await startWebhookReceiver(database, sendgrid.webhook.publicKey);
  sendgrid.webhook.setUrl(webhooks.url);
  api = await startTestApi(database, { campaigns: { changeCampaign: (change) => changeCampaign(client, change) } });
  worker = await startCampaignWorker({
    database,
    client,
    address,
    namespace: 'default',
    sendgridUrl: sendgrid.url,
    render: createEmailRenderer({ database, ledgerKey: ADDRESS_KEY, publicUrl: PUBLIC_URL }),
    // Activities go by the clock that jumps.
    now: () => new Date(Context.current().info.currentAttemptScheduledTimestampMs),
  });
});
after(async () => {
  await worker?.close();
  await api?.close();
  await webhooks?.close();
  await sendgrid?.close();
  await environment?.teardown();
  await database?.drop();
});

const PEOPLE = Array.from({ length: 24 }, (_, i) => `p${i}${i % 3 === 0 ? '-opens' : ''}`);
const SUBJECTS = { control: 'Welcome', personal: 'Ann, your dashboard is ready' } as const;

describe('a campaign with a test', () => {
  it(
    'shows each person their arm, counts whoever gets nothing in theirs, and tells the test what became of its messages',
    { skip },
    async () => {
      const tenantId = await database.newTenant();
      const segment = await addSegment(database, tenantId, PEOPLE);
      await database.admin.query(`update users set traits = '{"first_name": "Ann"}' where tenant_id = $1`, [tenantId]);
      await database.admin.query(`update contacts set consent = 'denied' where tenant_id = $1 and user_id in ('p1', 'p2')`, [tenantId]);
      const startMs = (await environment.currentTimeMs()) - 3_600_000;
      const test = await startedTest(database, tenantId, new Date(startMs));
      const { key } = await createApiKey(database, tenantId, { name: 'test', scopes: ['read', 'campaigns:write'] });
      const ask = async (method: string, path: string, body?: unknown) => {
        const answer = await api.call(method, path, { key, ...(body !== undefined && { body }) });
        assert.ok(answer.status < 300, answer.text);
        return answer.body;
      };
      const sequence = [
        { day: 0, channel: 'email', template: 'welcome_series_1', subject: 'Not in the test', test: test.testKey },
        { day: 2, channel: 'email', template: 'feature_highlight' },
      ];
      const draft = await ask('POST', '/v1/campaigns', { segment, sequence });
      assert.deepEqual([draft.preflight.blockers, draft.preflight.warnings], [[], []]);
      await ask('POST', `${draft.url}/launch`);
      const handle = environment.client.workflow.getHandle(campaignWorkflowId(tenantId, draft.campaign_id));
      assert.equal(((await handle.result()) as CampaignSummary).status, 'finished');
      await sendgrid.webhook.drained();
      await untilAllTold(database);

      const { rows } = await database.admin.query<{ user_id: string; variation_id: string }>(
        'select user_id, variation_id from ab_test_exposures where test_id = $1 order by user_id',
        [test.id],
      );
      assert.deepEqual(rows.map(({ user_id }) => user_id), [...PEOPLE].sort(), 'also those who were suppressed'); // prettier-ignore
      const at = new Date(startMs + 1);
      for (const { user_id: userId, variation_id: arm } of rows) {
        assert.equal(arm, armOf(test, { userId, at, exposedTo: null }));
        const mails = sendgrid.journal.all().filter(({ to }) => to[0]?.email === `${userId}.${tenantId}@example.test`);
        const isHushed = userId === 'p1' || userId === 'p2';
        assert.equal(mails.length, isHushed ? 0 : 2, userId);
        if (!isHushed) assert.ok(mails.some(({ subject }) => subject === SUBJECTS[arm as keyof typeof SUBJECTS]), `${userId} is in ${arm}`); // prettier-ignore
      }
      assert.equal(new Set(rows.map(({ variation_id }) => variation_id)).size, 2);

      const later = new Date((await environment.currentTimeMs()) + 2 * DAY_MS);
      await gatherOutcomes(database, test, later);
      await gatherOutcomes(database, test, later);
      const { arms } = await database.withTenant(tenantId, (tx) => countArms(tx, test, later));
      const all = (count: (arm: (typeof arms)[number]) => number) => arms.reduce((sum, arm) => sum + count(arm), 0);
      assert.deepEqual([all((arm) => arm.exposed), all((arm) => arm.notDelivered)], [24, 2]);
      const results = await database.admin.query<{ event_type: string; n: number }>(
        'select event_type, count(*)::int as n from ab_test_results where test_id = $1 group by 1 order by 1',
        [test.id],
      );
      assert.deepEqual(results.rows.find(({ event_type }) => event_type === 'sent')?.n, 22);
    },
  );
});
