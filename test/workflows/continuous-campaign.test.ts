import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import type { CampaignChange } from '../../core/campaign/lifecycle.js';
import type { TenantId } from '../../core/ids.js';
import type { CampaignRequest } from '../../core/journey/campaign-request.js';
import { waitUntil } from '../../sandbox/processes.js';
import { startSandboxSendgrid, type SandboxSendgrid } from '../../sandbox/sendgrid/sendgrid.js';
import { addSegment, askCampaign, draftCampaign } from '../harness/campaigns.js';
import { createTestDatabase, type TestDatabase } from '../harness/database.js';
import { entriesOf, openMonthOf, putMembers, removeMembers, storeEvents } from '../harness/entries.js';
import { skipWithout } from '../harness/needs.js';
import { startCampaignWorker, type SendingWorker } from '../harness/sending.js';
import { quietHabits, SENDGRID_KEY } from '../harness/sendgrid.js';
import { findTimeSkippingServer, startTimeSkipping, TIME_SKIPPING_NEEDS } from '../harness/time-skipping.js';

const executable = await findTimeSkippingServer();
const skip = skipWithout(executable, TIME_SKIPPING_NEEDS);
const DAY_MS = 86_400_000;

let database: TestDatabase;
let environment: TestWorkflowEnvironment;
let sendgrid: SandboxSendgrid;
let worker: SendingWorker;
before(async () => {
  if (!executable) return;
  database = await createTestDatabase();
  environment = await startTimeSkipping(executable);
  sendgrid = await startSandboxSendgrid({ keys: [SENDGRID_KEY], audience: () => quietHabits({}) });
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
  await sendgrid?.close();
  await environment?.teardown();
  await database?.drop();
});

async function draft(people: readonly string[], more: Partial<CampaignRequest>) {
  const tenantId = await database.newTenant();
  const segment = await addSegment(database, tenantId, people);
  const sequence = [0, 1].map((day) => ({ day, channel: 'email', template: 'welcome_series_1' }));
  const campaignId = await draftCampaign(database, tenantId, { sequence, ...(more.entry === 'segment' && { segment }), ...more });
  const ask = (change: CampaignChange) => askCampaign(environment.client, tenantId, campaignId, change);
  await ask('launch');
  await until('the launch', async () => {
    const { rows } = await database.admin.query('select 1 from outreach_campaigns where tenant_id = $1 and recipients is not null', [
      tenantId,
    ]);
    return rows.length > 0;
  });
  return { tenantId, segment, ask };
}

async function until(what: string, isSo: () => Promise<boolean>): Promise<void> {
  assert.ok(await waitUntil(isSo, 30_000, 50), what);
}

const sentTo = (tenantId: TenantId, person: string): string =>
  sendgrid.journal
    .all()
    .filter(({ to }) => to[0]?.email === `${person}.${tenantId}@example.test`)
    .map(({ subject }) => subject.replace('Step ', ''))
    .join('');

/** So many messages went out, and nobody waits to enter. */
const untilSent = (tenantId: TenantId, messages: number) =>
  until(`${messages} messages`, async () => {
    const { rows } = await database.admin.query('select 1 from campaign_entrants where tenant_id = $1', [tenantId]);
    return rows.length === 0 && sendgrid.journal.all().filter(({ to }) => to[0]?.email.includes(tenantId)).length >= messages;
  });

describe('a campaign that an event lets people enter', () => {
  it('is entered once by each, however often the event comes, and again after its days', { skip, timeout: 120_000 }, async () => {
    const { tenantId, ask } = await draft(['ann', 'bob', 'cat'], { entry: { event: 'signed_up' }, re_entry: { after_days: 3 } });
    const launchedMs = await environment.currentTimeMs();
    const at = (days: number) => launchedMs + days * DAY_MS;
    const signUp = (person: string, days: number, id = `${person} ${days}`) =>
      storeEvents(database, tenantId, [[id, person, 'signed_up', at(days)]]);
    for (const days of [0, 9]) await openMonthOf(database, at(days));
    const startedMs = performance.now();
    await signUp('ann', 0);
    for (let copy = 0; copy < 3; copy += 1) await signUp('ann', 0);
    await signUp('ann', 0.001, 'another of ann');
    await storeEvents(database, tenantId, [['b', 'bob', 'signed_up', at(0)], ['c', 'cat', 'left', at(0)], ['old', 'cat', 'signed_up', at(-1)]]); // prettier-ignore
    await untilSent(tenantId, 2);
    assert.ok(performance.now() - startedMs < 15_000, 'the first message goes within seconds');
    await environment.sleep('2 days');
    await untilSent(tenantId, 4);
    assert.deepEqual(await entriesOf(database, tenantId), ['ann 1 completed', 'bob 1 completed']);

    // Soon again, and of yesterday but heard of late: too soon.
    await signUp('ann', 2);
    await signUp('bob', 1);
    await untilSent(tenantId, 4);
    await environment.sleep('2 days');
    await signUp('ann', 4);
    await untilSent(tenantId, 5);
    await ask('pause');
    await signUp('cat', 4);
    await environment.sleep('1 day');
    assert.equal(sentTo(tenantId, 'cat'), '');
    await ask('resume');
    await untilSent(tenantId, 6);
    await environment.sleep('3 days');
    await untilSent(tenantId, 8);
    assert.deepEqual([sentTo(tenantId, 'ann'), sentTo(tenantId, 'bob'), sentTo(tenantId, 'cat')], ['1212', '12', '12']);
    assert.deepEqual(await entriesOf(database, tenantId), ['ann 1 completed', 'ann 2 completed', 'bob 1 completed', 'cat 1 completed']);
    await ask('cancel');
    await signUp('bob', 9);
    assert.equal((await database.admin.query('select 1 from campaign_entrants where tenant_id = $1', [tenantId])).rows.length, 0);
  });
});

describe('a campaign for whoever comes into a segment', () => {
  it(
    'is entered at the launch, at each walk by those who are new, and again by those who come back',
    { skip, timeout: 120_000 },
    async () => {
      const { tenantId, segment } = await draft(['ann', 'bob'], { entry: 'segment', re_entry: 'after_leaving' });
      await untilSent(tenantId, 2);
      await addSegment(database, tenantId, ['cat', 'dan']);
      await putMembers(database, tenantId, segment, ['bob', 'cat']);
      await untilSent(tenantId, 3);
      // Bob is under way: to leave and come back changes nothing.
      await removeMembers(database, tenantId, segment, ['bob']);
      await putMembers(database, tenantId, segment, ['bob']);
      await untilSent(tenantId, 3);
      await environment.sleep('3 days');
      await untilSent(tenantId, 6);
      await removeMembers(database, tenantId, segment, ['bob', 'ann']);
      await putMembers(database, tenantId, segment, ['bob', 'dan']);
      await untilSent(tenantId, 8);
      await environment.sleep('3 days');
      await untilSent(tenantId, 10);
      assert.deepEqual(await entriesOf(database, tenantId), [
        'ann 1 completed',
        'bob 1 completed',
        'bob 2 completed',
        'cat 1 completed',
        'dan 1 completed',
      ]);
      assert.deepEqual(sendgrid.journal.duplicates().size, 0);
    },
  );
});
