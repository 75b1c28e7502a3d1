import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { after, before, describe, it } from 'node:test';
import { readToken } from '../../core/message/token.js';
import { seededRandom } from '../../core/random.js';
import { SENDGRID_TOKEN_ARG } from '../../core/message/sendgrid-mail.js';
import { startSandboxSendgrid, type SandboxSendgrid } from '../../sandbox/sendgrid/sendgrid.js';
import { campaignWorkflowId, type CampaignSummary } from '../../workflows/campaign/contract.js';
import { ADDRESS_KEY, addSegment, addSender, askCampaign, draftCampaign } from '../harness/campaigns.js';
import { startWebhookReceiver } from '../harness/sending.js';
import { quietHabits, SENDGRID_KEY } from '../harness/sendgrid.js';
import { openTestWalker, type TestWalker } from '../harness/walker.js';
import { WorkerProcesses } from '../harness/worker-processes.js';

/** A day passes in two seconds. */
const SPEED = 43_200;
const RECIPIENTS = 1_200;
const KILLS = 5;

let walker: TestWalker;
let sendgrid: SandboxSendgrid;
let webhook: Awaited<ReturnType<typeof startWebhookReceiver>>;
const workers = new WorkerProcesses(() => ({
  ...walker.variables,
  PUBLIC_URL: 'https://audience.example.test',
  LEDGER_KEY: ADDRESS_KEY.toString('base64'),
  SENDGRID_API_KEY: SENDGRID_KEY,
  SENDGRID_API_URL: sendgrid.url,
  SENDGRID_WEBHOOK_KEY: sendgrid.webhook.publicKey,
  CLOCK_SPEED: String(SPEED),
}));
before(async () => {
  walker = await openTestWalker('campaign-faults');
  sendgrid = await startSandboxSendgrid({
    keys: [SENDGRID_KEY],
    audience: () => quietHabits({ opened: 0.7 }),
    chances: {
      seed: 7,
      faults: [
        { probability: 0.1, fault: { kind: 'rate_limited', resetAfterS: 1 } },
        { probability: 0.1, fault: { kind: 'error', status: 500, accepts: true } },
        { probability: 0.1, fault: { kind: 'reset', accepts: false } },
        { probability: 0.2, fault: { kind: 'slow', delayMs: 300 } },
      ],
    },
    webhook: { chances: { seed: 8, faults: [{ probability: 0.3, fault: { kind: 'duplicate', copies: 3 } }] } },
  });
  webhook = await startWebhookReceiver(walker.database, sendgrid.webhook.publicKey);
  sendgrid.webhook.setUrl(webhook.url);
});
after(async () => {
  await workers.killAll();
  await webhook.close();
  await sendgrid.close();
  await walker.close();
});

describe('a campaign whose worker is killed again and again', () => {
  it('sends nobody the same twice and loses nobody, and every reaction is reacted to', async () => {
    const { database, temporal } = walker;
    const tenantId = await database.newTenant();
    await addSender(database, tenantId);
    const people = Array.from({ length: RECIPIENTS }, (_, i) => `p${i}`);
    const segment = await addSegment(database, tenantId, people);
    const campaignId = await draftCampaign(database, tenantId, {
      segment,
      sequence: [
        { day: 0, channel: 'email', template: 'welcome_series_1' },
        // Two weeks are 28 seconds: longer than a busy machine is without a worker while each is killed before it has begun.
        { day: 1, channel: 'email', template: 'feature_highlight', trigger: 'email_opened', timeout_hours: 14 * 24 },
      ],
    });
    let worker = workers.start();
    await askCampaign(temporal.client, tenantId, campaignId, 'launch');
    const handle = temporal.client.workflow.getHandle(campaignWorkflowId(tenantId, campaignId));
    let isOver = false;
    const ended = handle.result().then((summary) => {
      isOver = true;
      return summary as CampaignSummary;
    });
    const random = seededRandom(20_261_125);
    for (let kills = 0; kills < KILLS && !isOver; kills += 1) {
      await sleep(1_500 + 2_500 * random());
      await workers.kill(worker);
      worker = workers.start();
    }
    assert.equal((await ended).status, 'finished');
    await sendgrid.webhook.drained();

    const { rows } = await database.admin.query<{ id: string; user_id: string; step_key: number; status: string }>(
      'select message_id as id, user_id, step_key, status from messages where tenant_id = $1',
      [tenantId],
    );
    assert.equal(sendgrid.journal.duplicates().size, 0);
    const accepted = new Set(
      sendgrid.journal.all().map(({ custom_args }) => String(readToken(ADDRESS_KEY, custom_args[SENDGRID_TOKEN_ARG])?.messageId)),
    );
    const lost = rows.filter(({ id, status }) => !accepted.has(id) && !['uncertain', 'failed', 'suppressed'].includes(status));
    assert.deepEqual(lost, []);
    const contradicted = rows.filter(
      ({ id, status }) => accepted.has(id) && ['claimed', 'deferred', 'suppressed', 'uncertain'].includes(status),
    );
    assert.deepEqual(contradicted, []);
    assert.equal(rows.filter(({ step_key }) => step_key === 1).length, RECIPIENTS);
    assert.equal(rows.length, accepted.size + rows.filter(({ status }) => status === 'uncertain').length);
    const seconds = new Set(rows.filter(({ step_key }) => step_key === 2).map(({ user_id }) => user_id));
    const opened = rows.filter(({ step_key, status }) => step_key === 1 && status === 'opened').map(({ user_id }) => user_id);
    // A request of 500 that never arrived is nobody's opening.
    assert.ok(opened.length > RECIPIENTS / 10, `${opened.length} opened`);
    assert.deepEqual(
      opened.filter((person) => !seconds.has(person)),
      [],
    );
  });
});
