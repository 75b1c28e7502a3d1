import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { after, before, describe, it } from 'node:test';
import type { TenantId } from '../../core/ids.js';
import { readToken } from '../../core/message/token.js';
import { seededRandom } from '../../core/random.js';
import { SANDBOX_APP } from '../../sandbox/meta/accounts.js';
import { startSandboxMeta, type SandboxMeta } from '../../sandbox/meta/meta.js';
import { campaignWorkflowId, type CampaignSummary } from '../../workflows/campaign/contract.js';
import { ADDRESS_KEY, addSegment, askCampaign, draftCampaign } from '../harness/campaigns.js';
import { countsOf } from '../harness/ledger.js';
import { startWebhookReceiver, untilAllTold } from '../harness/sending.js';
import { SENDGRID_KEY } from '../harness/sendgrid.js';
import { addAccount, newPerson, quietSocialHabits } from '../harness/social.js';
import { openTestWalker, type TestWalker } from '../harness/walker.js';
import { WorkerProcesses } from '../harness/worker-processes.js';

/** A day passes in ten seconds. */
const SPEED = 8_640;
const RECIPIENTS = 300;
const KILLS = 4;
const PUBLIC_URL = 'https://audience.example.test';

let walker: TestWalker;
let meta: SandboxMeta;
let webhook: Awaited<ReturnType<typeof startWebhookReceiver>>;
const workers = new WorkerProcesses(() => ({
  ...walker.variables,
  PUBLIC_URL,
  LEDGER_KEY: ADDRESS_KEY.toString('base64'),
  SENDGRID_API_KEY: SENDGRID_KEY,
  SENDGRID_API_URL: 'http://127.0.0.1:1',
  SENDGRID_WEBHOOK_KEY: 'TUZrd0V3WUg=',
  META_APP_SECRET: SANDBOX_APP.appSecret,
  META_VERIFY_TOKEN: SANDBOX_APP.verifyToken,
  META_API_URL: meta.url,
  CLOCK_SPEED: String(SPEED),
}));
before(async () => {
  walker = await openTestWalker('social-faults');
  const ambiguous = ([true, false] as const).map((accepts) => ({ kind: 'error', status: 500, accepts }) as const);
  meta = await startSandboxMeta({
    audience: () => quietSocialHabits({ read: 1, replied: 0.4, stopped: 0.05 }),
    chances: {
      seed: 11,
      faults: [
        ...ambiguous.map((fault) => ({ probability: 0.04, fault })),
        { probability: 0.04, fault: { kind: 'reset', accepts: true } },
        { probability: 0.2, fault: { kind: 'slow', delayMs: 200 } },
      ],
    },
    webhook: {
      chances: {
        seed: 12,
        faults: [
          { probability: 0.2, fault: { kind: 'duplicate', copies: 3 } },
          { probability: 0.1, fault: { kind: 'late', delayMs: 700 } },
          { probability: 0.05, fault: { kind: 'forged' } },
        ],
      },
    },
  });
  webhook = await startWebhookReceiver(walker.database, 'TUZrd0V3WUg=', PUBLIC_URL);
  meta.webhook.setUrl(`${webhook.origin}/v1/webhooks/meta`);
});
after(async () => {
  await workers.killAll();
  await webhook.close();
  await meta.close();
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
  const addresses = people.map(newPerson);
  await database.admin.query(
    `insert into contacts (tenant_id, user_id, channel, provider, address, heard_at)
     select $1, p, 'social', 'messenger', a, now() from unnest($2::text[], $3::text[]) x(p, a)`,
    [tenantId, people, addresses],
  );
  await addAccount(database, tenantId, 'messenger', { isSandbox: true });
  for (const from of addresses) meta.write({ provider: 'messenger', from, text: 'Hello' });
  await meta.webhook.drained();
  const campaignId = await draftCampaign(database, tenantId, {
    segment,
    lifetime_days: 365,
    sequence: [
      { day: 0, channel: 'social', template: 'first', message: 'Shall we go on?' },
      { day: 1, channel: 'social', template: 'second', message: 'So we go on.', trigger: 'social_replied', timeout_hours: 120 },
    ],
  });
  return { tenantId, campaignId };
}

describe('a campaign over a social network whose worker is killed again and again', () => {
  it('sends nobody the same twice and loses nobody, and every reply is reacted to', { timeout: 240_000 }, async () => {
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
    const random = seededRandom(20_261_127);
    for (let kills = 0; kills < KILLS && !isOver; kills += 1) {
      await sleep(1_500 + 2_500 * random());
      await workers.kill(worker);
      worker = workers.start();
    }
    assert.equal((await ended).status, 'finished');
    await meta.webhook.drained();
    await untilAllTold(database);
    await workers.kill(worker);

    assert.equal(meta.journal.duplicates().size, 0);
    const accepted = new Set(meta.journal.all().map(({ metadata }) => String(readToken(ADDRESS_KEY, metadata)?.messageId)));
    const rows = await rowsOf(tenantId);
    assert.equal(rows.filter(({ step_key }) => step_key === 1).length, RECIPIENTS);
    const isHeld = ({ status }: Row) => ['uncertain', 'failed', 'suppressed'].includes(status);
    assert.deepEqual(rows.filter((row) => !accepted.has(row.id) && !isHeld(row)), []); // prettier-ignore
    // The echo of each that was accepted has come, so that none of these is uncertain any more.
    assert.deepEqual(rows.filter((row) => accepted.has(row.id) && (isHeld(row) || row.status === 'claimed')), []); // prettier-ignore
    assert.ok(rows.some(({ status }) => status === 'uncertain'));
    const replied = rows.filter(({ step_key, status }) => step_key === 1 && status === 'replied').map(({ user_id }) => user_id);
    const seconds = new Set(rows.filter(({ step_key }) => step_key === 2).map(({ user_id }) => user_id));
    assert.ok(replied.length > RECIPIENTS / 5, `${replied.length} replied`);
    assert.deepEqual(replied.filter((person) => !seconds.has(person)), []); // prettier-ignore
    const { kept, recounted } = await countsOf(database, tenantId);
    assert.deepEqual(kept, recounted);
  });
});
