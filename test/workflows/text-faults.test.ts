import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { after, before, describe, it } from 'node:test';
import { createTwilioClient } from '../../activities/channels/twilio-client.js';
import { settleTexts } from '../../activities/sending/settle-texts.js';
import type { TenantId } from '../../core/ids.js';
import { readToken } from '../../core/message/token.js';
import { seededRandom } from '../../core/random.js';
import { putPhoneSenders } from '../../db/queries/phone-senders.js';
import { startSandboxTwilio, type SandboxTwilio } from '../../sandbox/twilio/twilio.js';
import { campaignWorkflowId, type CampaignSummary } from '../../workflows/campaign/contract.js';
import { ADDRESS_KEY, addSegment, askCampaign, draftCampaign } from '../harness/campaigns.js';
import { startWebhookReceiver } from '../harness/sending.js';
import { SENDGRID_KEY } from '../harness/sendgrid.js';
import { quietPhoneHabits, TWILIO_ACCOUNT } from '../harness/twilio.js';
import { openTestWalker, type TestWalker } from '../harness/walker.js';
import { WorkerProcesses } from '../harness/worker-processes.js';

/** A day passes in ten seconds: a message that waits for the hours of the day is not always too late for them. */
const SPEED = 8_640;
const RECIPIENTS = 500;
const KILLS = 5;
const PUBLIC_URL = 'https://audience.example.test';
const OURS = '+15005550006';

let walker: TestWalker;
let twilio: SandboxTwilio;
let webhook: Awaited<ReturnType<typeof startWebhookReceiver>>;
const workers = new WorkerProcesses(() => ({
  ...walker.variables,
  PUBLIC_URL,
  LEDGER_KEY: ADDRESS_KEY.toString('base64'),
  SENDGRID_API_KEY: SENDGRID_KEY,
  SENDGRID_API_URL: 'http://127.0.0.1:1',
  SENDGRID_WEBHOOK_KEY: 'TUZrd0V3WUg=',
  TWILIO_ACCOUNT_SID: TWILIO_ACCOUNT.accountSid,
  TWILIO_AUTH_TOKEN: TWILIO_ACCOUNT.authToken,
  TWILIO_API_URL: twilio.url,
  CLOCK_SPEED: String(SPEED),
}));
before(async () => {
  walker = await openTestWalker('text-faults');
  twilio = await startSandboxTwilio({
    account: TWILIO_ACCOUNT,
    audience: () => quietPhoneHabits({ replied: 0.4, stopped: 0.05 }),
    chances: {
      seed: 11,
      faults: [
        { probability: 0.01, fault: { kind: 'rate_limited', resetAfterS: 1 } },
        { probability: 0.04, fault: { kind: 'error', status: 500, accepts: true } },
        { probability: 0.04, fault: { kind: 'error', status: 500, accepts: false } },
        { probability: 0.04, fault: { kind: 'reset', accepts: false } },
        { probability: 0.2, fault: { kind: 'slow', delayMs: 200 } },
      ],
    },
    webhook: {
      inboundUrl: `${PUBLIC_URL}/v1/webhooks/twilio/inbound`,
      chances: {
        seed: 12,
        faults: [
          { probability: 0.2, fault: { kind: 'duplicate', copies: 3 } },
          { probability: 0.05, fault: { kind: 'forged' } },
        ],
      },
    },
  });
  webhook = await startWebhookReceiver(walker.database, 'TUZrd0V3WUg=', PUBLIC_URL);
  twilio.webhook.setProxy({ from: PUBLIC_URL, to: webhook.origin });
});
after(async () => {
  await workers.killAll();
  await webhook.close();
  await twilio.close();
  await walker.close();
});

type Row = { readonly id: string; readonly user_id: string; readonly step_key: number; readonly status: string };
const rowsOf = async (tenantId: TenantId): Promise<readonly Row[]> => {
  const { rows } = await walker.database.admin.query<Row>(
    'select message_id as id, user_id, step_key, status from messages where tenant_id = $1',
    [tenantId],
  );
  return rows;
};

async function drafted() {
  const { database } = walker;
  const tenantId = await database.newTenant();
  const people = Array.from({ length: RECIPIENTS }, (_, i) => `p${i}`);
  const segment = await addSegment(database, tenantId, people);
  await database.admin.query(
    `insert into contacts (tenant_id, user_id, channel, address, consent, consent_at)
     select $1, user_id, 'sms', '+1415' || lpad(substr(user_id, 2), 7, '0'), 'granted', '2026-01-01' from users where tenant_id = $1`,
    [tenantId],
  );
  const senders = { smsNumber: OURS, smsService: null, whatsappNumber: null };
  await database.withTenant(tenantId, (tx) => putPhoneSenders(tx, tenantId, senders, new Date()));
  const campaignId = await draftCampaign(database, tenantId, {
    segment,
    lifetime_days: 365,
    sequence: [
      { day: 0, channel: 'sms', template: 'first', message: 'Shall we go on?' },
      { day: 1, channel: 'sms', template: 'second', message: 'So we go on.', trigger: 'sms_replied' },
    ],
  });
  return { tenantId, campaignId };
}

describe('a campaign of texts whose worker is killed again and again', () => {
  it('sends nobody the same twice and loses nobody, and every reply is reacted to', async () => {
    const { database, temporal } = walker;
    const { tenantId, campaignId } = await drafted();
    let worker = workers.start();
    await askCampaign(temporal.client, tenantId, campaignId, 'launch');
    const handle = temporal.client.workflow.getHandle(campaignWorkflowId(tenantId, campaignId));
    let isOver = false;
    const ended = handle.result().then((summary) => {
      isOver = true;
      return summary as CampaignSummary;
    });
    const random = seededRandom(20_261_126);
    for (let kills = 0; kills < KILLS && !isOver; kills += 1) {
      await sleep(1_500 + 2_500 * random());
      await workers.kill(worker);
      worker = workers.start();
    }
    assert.equal((await ended).status, 'finished');
    await workers.kill(worker);
    await twilio.webhook.drained();

    assert.equal(twilio.journal.duplicates().size, 0);
    const accepted = new Set(twilio.journal.all().map(({ token }) => String(readToken(ADDRESS_KEY, token)?.messageId)));
    const rows = await rowsOf(tenantId);
    assert.equal(rows.filter(({ step_key }) => step_key === 1).length, RECIPIENTS);
    const isHeld = ({ status }: Row) => ['uncertain', 'failed', 'suppressed'].includes(status);
    assert.deepEqual(rows.filter((row) => !accepted.has(row.id) && !isHeld(row)), []); // prettier-ignore
    // Each status of one that was accepted has come, so that none of these is uncertain any more.
    assert.deepEqual(rows.filter((row) => accepted.has(row.id) && (isHeld(row) || row.status === 'claimed')), []); // prettier-ignore
    const replied = rows.filter(({ step_key, status }) => step_key === 1 && status === 'replied').map(({ user_id }) => user_id);
    const seconds = new Set(rows.filter(({ step_key }) => step_key === 2).map(({ user_id }) => user_id));
    assert.ok(replied.length > RECIPIENTS / 5, `${replied.length} replied`);
    assert.deepEqual(replied.filter((person) => !seconds.has(person)), []); // prettier-ignore

    const uncertain = rows.filter(({ status }) => status === 'uncertain');
    assert.ok(uncertain.length > 0);
    const client = createTwilioClient({
      accountSid: TWILIO_ACCOUNT.accountSid,
      secret: TWILIO_ACCOUNT.authToken,
      baseUrl: twilio.url,
      timeoutMs: 5_000,
    });
    await database.admin.query("update texts set begun_at = begun_at - interval '10 minutes' where tenant_id = $1", [tenantId]);
    await database.admin.query(
      "update messages set updated_at = updated_at - interval '10 minutes' where tenant_id = $1 and held = 'uncertain'",
      [tenantId],
    );
    const settled = await settleTexts({ database, ledgerKey: ADDRESS_KEY, client, nowMs: Date.now });
    assert.deepEqual(settled, { found: 0, absent: uncertain.length, unclear: 0 });
  });
});
