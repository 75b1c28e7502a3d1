import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { createMailsTogether } from '../../activities/channels/mails-together.js';
import { createSendgridClient, prepareEmails } from '../../activities/channels/sendgrid.js';
import { withinRates } from '../../activities/sending/within-rates.js';
import { createPostgresLimiter } from '../../db/queries/rate-buckets.js';
import { waitUntil } from '../../sandbox/processes.js';
import { startSandboxSendgrid, type SandboxSendgrid } from '../../sandbox/sendgrid/sendgrid.js';
import { campaignWorkflowId, type CampaignSummary } from '../../workflows/campaign/contract.js';
import { createBuckets } from '../../workers/rates.js';
import { addSegment, askCampaign, draftCampaign } from '../harness/campaigns.js';
import { createTestDatabase, type TestDatabase } from '../harness/database.js';
import { countsOf } from '../harness/ledger.js';
import { skipWithout } from '../harness/needs.js';
import { plainRender, sendingTo, startCampaignWorker, type SendingWorker } from '../harness/sending.js';
import { quietHabits, SENDGRID_KEY } from '../harness/sendgrid.js';
import { findTimeSkippingServer, startTimeSkipping, TIME_SKIPPING_NEEDS } from '../harness/time-skipping.js';

const executable = await findTimeSkippingServer();
const skip = skipWithout(executable, TIME_SKIPPING_NEEDS);
const RECIPIENTS = 300;
const PER_SECOND = 60;

let database: TestDatabase;
let environment: TestWorkflowEnvironment;
let sendgrid: SandboxSendgrid;
let worker: SendingWorker;
before(async () => {
  if (!executable) return;
  database = await createTestDatabase();
  environment = await startTimeSkipping(executable);
  sendgrid = await startSandboxSendgrid({ keys: [SENDGRID_KEY], audience: () => quietHabits() });
  const account = createSendgridClient({ apiKey: SENDGRID_KEY, baseUrl: sendgrid.url, timeoutMs: 5_000 });
  const mails = withinRates(createMailsTogether({ render: plainRender, prepareEmails: (batch) => prepareEmails(account, batch) }), {
    limiter: createPostgresLimiter(database),
    bucketsOf: createBuckets(database, { ...sendingTo(sendgrid), rates: { email: PER_SECOND } }, 1),
    clockSpeed: 1,
  });
  const { client, address } = environment;
  worker = await startCampaignWorker({ database, client, address, namespace: 'default', mails });
});
after(async () => {
  await worker?.close();
  await sendgrid?.close();
  await environment?.teardown();
  await database?.drop();
});

describe('a campaign to more people than may be written to in a second', () => {
  it('reaches everybody once, no faster than that, and ends', { skip }, async () => {
    const tenantId = await database.newTenant();
    const people = Array.from({ length: RECIPIENTS }, (_, n) => `u${n}`);
    const segment = await addSegment(database, tenantId, people);
    const sequence = [{ day: 0, channel: 'email' as const, template: 'welcome_series_1' }];
    const campaignId = await draftCampaign(database, tenantId, { segment, sequence });
    await askCampaign(environment.client, tenantId, campaignId, 'launch');
    // By the clock that the buckets know: nothing is skipped until the end is waited for.
    const isSent = () => Promise.resolve(sendgrid.journal.counts().tokens === RECIPIENTS);
    assert.ok(await waitUntil(isSent, 30_000, 50), `${sendgrid.journal.counts().tokens} of ${RECIPIENTS} were sent`);
    const handle = environment.client.workflow.getHandle(campaignWorkflowId(tenantId, campaignId));
    assert.equal(((await handle.result()) as CampaignSummary).status, 'finished');

    assert.equal(sendgrid.journal.duplicates().size, 0);
    const times = sendgrid.journal.all().map(({ at }) => Date.parse(at));
    const tookMs = Math.max(...times) - Math.min(...times);
    assert.ok(tookMs > ((RECIPIENTS - PER_SECOND) / PER_SECOND) * 1_000 - 500, `it took ${tookMs} ms`);
    const { kept, recounted } = await countsOf(database, tenantId);
    assert.deepEqual(kept, recounted);
    assert.equal(kept[0]?.sent, RECIPIENTS);
  });
});
