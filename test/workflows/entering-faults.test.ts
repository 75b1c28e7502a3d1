import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { after, before, describe, it } from 'node:test';
import { waitUntil } from '../../sandbox/processes.js';
import { startSandboxSendgrid, type SandboxSendgrid } from '../../sandbox/sendgrid/sendgrid.js';
import { ADDRESS_KEY, addSegment, addSender, askCampaign, draftCampaign } from '../harness/campaigns.js';
import { storeEvents } from '../harness/entries.js';
import { quietHabits, SENDGRID_KEY } from '../harness/sendgrid.js';
import { openTestWalker, type TestWalker } from '../harness/walker.js';
import { WorkerProcesses } from '../harness/worker-processes.js';

const PEOPLE = 800;
const KILLS = 3;

let walker: TestWalker;
let sendgrid: SandboxSendgrid;
const workers = new WorkerProcesses(() => ({
  ...walker.variables,
  PUBLIC_URL: 'https://audience.example.test',
  LEDGER_KEY: ADDRESS_KEY.toString('base64'),
  SENDGRID_API_KEY: SENDGRID_KEY,
  SENDGRID_API_URL: sendgrid.url,
  SENDGRID_WEBHOOK_KEY: sendgrid.webhook.publicKey,
}));
before(async () => {
  walker = await openTestWalker('entering-faults');
  sendgrid = await startSandboxSendgrid({ keys: [SENDGRID_KEY], audience: () => quietHabits({}) });
});
after(async () => {
  await workers.killAll();
  await sendgrid.close();
  await walker.close();
});

describe('entering while the worker is killed again and again', () => {
  it('happens once for everybody who does the event, however often it comes', async () => {
    const { database, temporal } = walker;
    const tenantId = await database.newTenant();
    await addSender(database, tenantId);
    const people = Array.from({ length: PEOPLE }, (_, i) => `p${i}`);
    await addSegment(database, tenantId, people);
    const campaignId = await draftCampaign(database, tenantId, {
      entry: { event: 'signed_up' },
      sequence: [{ day: 0, channel: 'email', template: 'welcome_series_1' }],
    });
    let worker = workers.start();
    await askCampaign(temporal.client, tenantId, campaignId, 'launch');
    let done = false;
    const signingUp = (async () => {
      for (let i = 0; i < people.length; i += 20) {
        const events = people.slice(i, i + 20).map((person) => [`${person} 1`, person, 'signed_up', Date.now()] as const);
        // Each event in three copies and once more under another id.
        for (let copy = 0; copy < 3; copy += 1) await storeEvents(database, tenantId, events);
        await storeEvents(database, tenantId, events.map(([, person, event, at]) => [`${person} 2`, person, event, at])); // prettier-ignore
        await sleep(200);
      }
      done = true;
    })();
    for (let kills = 0; kills < KILLS || !done; kills += 1) {
      await sleep(3_000);
      await workers.kill(worker);
      worker = workers.start();
    }
    await signingUp;
    const rowsOf = async (table: string) =>
      (await database.admin.query<{ user_id: string }>(`select user_id from ${table} where tenant_id = $1`, [tenantId])).rows.map(
        ({ user_id }) => user_id,
      );
    const isOver = async () => {
      const { rows } = await database.admin.query(
        `select 1 from campaign_entrants where tenant_id = $1
         union all select 1 from campaign_batches where tenant_id = $1 and done_at is null limit 1`,
        [tenantId],
      );
      return rows.length === 0 && (await rowsOf('journeys')).length >= PEOPLE;
    };
    assert.ok(await waitUntil(isOver, 120_000, 200), 'everybody has entered and left');
    assert.deepEqual((await rowsOf('journeys')).sort(), [...people].sort());
    assert.deepEqual((await rowsOf('messages')).sort(), [...people].sort());
    assert.equal(sendgrid.journal.duplicates().size, 0);
    await askCampaign(temporal.client, tenantId, campaignId, 'cancel');
  });
});
