import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { waitUntil } from '../../sandbox/processes.js';
import { startSandboxSendgrid, type SandboxSendgrid } from '../../sandbox/sendgrid/sendgrid.js';
import type { RunningWorker } from '../../workers/main.js';
import { campaignWorkflowId, entrantsWaitSignalName } from '../../workflows/campaign/contract.js';
import { addSegment, askCampaign, draftCampaign } from '../harness/campaigns.js';
import { entriesOf, storeEvents } from '../harness/entries.js';
import { sendingTo } from '../harness/sending.js';
import { quietHabits, SENDGRID_KEY } from '../harness/sendgrid.js';
import { openTestWalker, type TestWalker } from '../harness/walker.js';

/** More events than a history may have before the server suggests a new run. */
const SIGNALS = 4_200;
const AT_ONCE = 20;

let walker: TestWalker;
let sendgrid: SandboxSendgrid;
let worker: RunningWorker;
before(async () => {
  walker = await openTestWalker('long-campaign');
  sendgrid = await startSandboxSendgrid({ keys: [SENDGRID_KEY], audience: () => quietHabits({}) });
  worker = await walker.startWorker({ sending: sendingTo(sendgrid) });
});
after(async () => {
  await worker.close();
  await sendgrid.close();
  await walker.close();
});

describe('a campaign that goes on for years', () => {
  it('goes on in a new run when its history is long, and people enter it as before', async () => {
    const { database, temporal } = walker;
    const tenantId = await database.newTenant();
    await addSegment(database, tenantId, ['ann', 'bob']);
    const campaignId = await draftCampaign(database, tenantId, {
      entry: { event: 'signed_up' },
      sequence: [{ day: 0, channel: 'email', template: 'welcome_series_1' }],
    });
    await askCampaign(temporal.client, tenantId, campaignId, 'launch');
    const handle = temporal.client.workflow.getHandle(campaignWorkflowId(tenantId, campaignId));
    const { runId } = await handle.describe();
    const enters = async (person: string) => {
      await storeEvents(database, tenantId, [[person, person, 'signed_up', Date.now()]]);
      const isIn = async () => (await entriesOf(database, tenantId)).includes(`${person} 1 completed`);
      assert.ok(await waitUntil(isIn, 60_000, 100), `${person} enters`);
    };
    await enters('ann');
    const signal = async () => {
      for (let i = 0; i < SIGNALS / AT_ONCE; i += 1) await handle.signal(entrantsWaitSignalName);
    };
    await Promise.all(Array.from({ length: AT_ONCE }, signal));
    const isNew = async () => (await handle.describe()).runId !== runId;
    assert.ok(await waitUntil(isNew, 60_000, 200), 'a new run');
    assert.ok((await handle.describe()).historyLength < 4_000);
    await enters('bob');
    await askCampaign(temporal.client, tenantId, campaignId, 'cancel');
    assert.deepEqual(await entriesOf(database, tenantId), ['ann 1 completed', 'bob 1 completed']);
  });
});
