import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { createMailsTogether } from '../../activities/channels/mails-together.js';
import { createSmtpChannel } from '../../activities/channels/smtp.js';
import { createSendgridClient, prepareEmails } from '../../activities/channels/sendgrid.js';
import { sendStep, type ChannelSender, type StepSent } from '../../activities/sending/send-step.js';
import { withinRates } from '../../activities/sending/within-rates.js';
import type { RateLimiter, Rates } from '../../core/message/rates.js';
import { createPostgresLimiter } from '../../db/queries/rate-buckets.js';
import { putSendingPolicy } from '../../db/queries/sending-policy.js';
import { startSandboxSendgrid, type SandboxSendgrid } from '../../sandbox/sendgrid/sendgrid.js';
import { startSandboxSmtp } from '../../sandbox/smtp/smtp.js';
import { createBuckets } from '../../workers/rates.js';
import { ADDRESS_KEY } from '../harness/campaigns.js';
import { createTestDatabase, type TestDatabase } from '../harness/database.js';
import { countsOf, ledgerOf } from '../harness/ledger.js';
import { quietHabits, SENDGRID_KEY } from '../harness/sendgrid.js';
import { smtpClientAt } from '../harness/smtp.js';
import { plainRender, sendingTo } from '../harness/sending.js';

let database: TestDatabase;
let sendgrid: SandboxSendgrid;
before(async () => {
  database = await createTestDatabase();
  sendgrid = await startSandboxSendgrid({ keys: [SENDGRID_KEY], audience: () => quietHabits() });
});
after(async () => {
  await sendgrid.close();
  await database.drop();
});

type Setting = {
  readonly now: () => Date;
  readonly clockSpeed: number;
  readonly limiter: RateLimiter;
  readonly send: ChannelSender;
};

/** The workers of an installation with an account of its own. */
function workerOf(rates: Rates, changes: Partial<Setting> = {}) {
  const { now = () => new Date(), clockSpeed = 1, limiter = createPostgresLimiter(database), send = bySendgrid() } = changes;
  const mail = { kind: 'sendgrid', apiKey: `SG.${randomUUID()}`, apiUrl: sendgrid.url, webhookKey: '' } as const;
  const bucketsOf = createBuckets(database, { ...sendingTo(sendgrid), rates, mail }, clockSpeed);
  return { database, ledgerKey: ADDRESS_KEY, channels: { email: withinRates(send, { limiter, bucketsOf, clockSpeed }) }, now };
}

function bySendgrid(): ChannelSender {
  const client = createSendgridClient({ apiKey: SENDGRID_KEY, baseUrl: sendgrid.url, timeoutMs: 2_000 });
  return createMailsTogether({ render: plainRender, prepareEmails: (batch) => prepareEmails(client, batch) });
}

/** Shows that it is never asked. */
const asksNothing: RateLimiter = {
  take: () => Promise.reject(new Error('tokens were asked for')),
  promise: () => Promise.reject(new Error('places were asked for')),
};

const prepared = (members: number) => ledgerOf(database).prepared(members);
const count = (sent: StepSent, wanted: string) => sent.filter(([, outcome]) => outcome === wanted).length;
const setRates = (tenantId: Awaited<ReturnType<typeof prepared>>['tenantId'], rates: Rates) =>
  database.withTenant(tenantId, (tx) => putSendingPolicy(tx, tenantId, { quietHours: {}, caps: [], topics: [], rates }));
const reasonsOf = async (tenantId: Awaited<ReturnType<typeof prepared>>['tenantId']) =>
  new Set((await ledgerOf(database).messagesOf(tenantId)).filter(({ status }) => status === 'deferred').map(({ reason }) => reason));

describe('sending no faster than a provider takes it', () => {
  it('sends a bucketful, and lets the rest come again one bucketful after the other, until all have gone once', async () => {
    const { tenantId, step } = await prepared(35);
    const sent = await sendStep(workerOf({ email: 10 }), step);
    assert.deepEqual([count(sent, 'sent'), count(sent, 'waiting')], [10, 25]);
    assert.deepEqual([...(await reasonsOf(tenantId))], ['provider rate']);
    const due = sent.flatMap(([, , dueAtMs]) => (dueAtMs === undefined ? [] : [dueAtMs - Date.now()]));
    const moments = [...new Set(due)].sort((a, b) => a - b);
    assert.deepEqual(
      moments.map((moment) => due.filter((one) => one === moment).length),
      [10, 10, 5],
    );
    assert.ok(
      moments.every((moment, i) => moment <= (i + 1) * 1_000 + 100),
      `${moments.join(', ')} ms`,
    );
    const later = workerOf({}, { now: () => new Date(Date.now() + 60_000) });
    assert.equal(count(await sendStep(later, step), 'sent'), 35);
    assert.equal(sendgrid.journal.duplicates().size, 0);
  });

  it('lets buckets run as fast as the clocks of campaigns', async () => {
    const { step } = await prepared(130);
    const sent = await sendStep(workerOf({ email: 1 }, { clockSpeed: 60 }), step);
    assert.equal(count(sent, 'sent'), 60);
    const due = sent.flatMap(([, , dueAtMs]) => (dueAtMs === undefined ? [] : [dueAtMs - Date.now()]));
    assert.ok(Math.max(...due) > 59_000 && Math.max(...due) < 75_000, `${Math.max(...due)} ms`);
  });

  it('holds mails back that have a call each as it does those that share one', async () => {
    const server = await startSandboxSmtp();
    const client = smtpClientAt(server.port);
    const { tenantId, step } = await prepared(12);
    const smtp = (rates: Rates, now = () => new Date()) =>
      workerOf(rates, { now, send: createSmtpChannel({ client, render: plainRender }) });
    const sent = await sendStep(smtp({ email: 5 }), step);
    assert.deepEqual([count(sent, 'sent'), count(sent, 'waiting')], [5, 7]);
    assert.equal(
      count(
        await sendStep(
          smtp({}, () => new Date(Date.now() + 60_000)),
          step,
        ),
        'sent',
      ),
      12,
    );
    assert.deepEqual(server.journal.counts(), { messages: 12, tokens: 12 });
    const { kept, recounted } = await countsOf(database, tenantId);
    assert.deepEqual(kept, recounted);
    client.close();
    await server.close();
  });

  it('waits itself for what will be there in a moment', async () => {
    const [{ step: first }, { step: second }] = [await prepared(4), await prepared(4)];
    const worker = workerOf({ email: 2 });
    assert.equal(count(await sendStep(worker, first), 'sent'), 2);
    const startedMs = performance.now();
    assert.equal(count(await sendStep(worker, second), 'sent'), 1);
    assert.ok(performance.now() - startedMs < 2_000);
  });

  it('never sends more than it may however many batches and workers try, while those who wait come when they are due', async () => {
    const worker = workerOf({ email: 40 });
    const batches = await Promise.all(Array.from({ length: 4 }, () => prepared(40)));
    const before = sendgrid.journal.all().length;
    const startedMs = Date.now();
    await Promise.all(
      batches.map(async ({ step }) => {
        for (let isOver = false; !isOver;) {
          const sent = await sendStep(worker, step);
          const due = sent.flatMap(([, outcome, dueAtMs = 0]) => (outcome === 'waiting' ? [dueAtMs] : []));
          isOver = due.length === 0;
          const nextMs = Math.min(...due) - Date.now();
          if (!isOver) await new Promise((resolve) => setTimeout(resolve, Math.max(1, nextMs)));
        }
      }),
    );
    const times = sendgrid.journal
      .all()
      .slice(before)
      .map(({ at }) => Date.parse(at) - startedMs);
    assert.equal(times.length, 160);
    // A bucketful at the beginning, and what it fills since; a clock that is read twice is not quite one.
    times.sort((a, b) => a - b).forEach((ms, i) => assert.ok(i + 1 <= 40 + (40 * (ms + 150)) / 1_000, `${i + 1} mails after ${ms} ms`));
    assert.ok(Math.max(...times) < 15_000, `the last went after ${Math.max(...times)} ms`);
  });
});

describe('sending no faster than a tenant wants it', () => {
  it('says that it is the tenant’s rate that holds, and gives back the places under caps', async () => {
    const { tenantId, step } = await prepared(30);
    await setRates(tenantId, { email: 0.1 });
    const sent = await sendStep(workerOf({ email: 1_000 }), step);
    assert.deepEqual([count(sent, 'sent'), count(sent, 'waiting')], [1, 29]);
    assert.deepEqual([...(await reasonsOf(tenantId))], ['tenant rate']);
    const { rows } = await database.admin.query('select from messages where tenant_id = $1 and spent_at is not null', [tenantId]);
    assert.ok(rows.length <= 1);
    const dueInMs = Math.max(...sent.map(([, , dueAtMs = 0]) => dueAtMs)) - Date.now();
    assert.ok(dueInMs > 270_000 && dueInMs < 300_000, `${dueInMs} ms`);
  });

  it('asks no bucket where nobody limits anything', async () => {
    const { tenantId, step } = await prepared(3);
    await setRates(tenantId, { sms: 1 });
    assert.equal(count(await sendStep(workerOf({ sms: 1 }, { limiter: asksNothing }), step), 'sent'), 3);
  });
});
