import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import { createMailsTogether } from '../../activities/channels/mails-together.js';
import { createSendgridClient, prepareEmails } from '../../activities/channels/sendgrid.js';
import type { RenderMails } from '../../activities/sending/claimed-mails.js';
import { sendStep, type SendingDependencies, type StepSent } from '../../activities/sending/send-step.js';
import { CLAIM_LASTS_MS } from '../../core/consent/claim-hours.js';
import { startSandboxSendgrid, type SandboxSendgrid } from '../../sandbox/sendgrid/sendgrid.js';
import { freePort } from '../../sandbox/processes.js';
import { ADDRESS_KEY } from '../harness/campaigns.js';
import { createTestDatabase, type TestDatabase } from '../harness/database.js';
import { ledgerOf } from '../harness/ledger.js';
import { quietHabits, SENDGRID_KEY } from '../harness/sendgrid.js';
import { plainRender } from '../harness/sending.js';

let database: TestDatabase;
let sendgrid: SandboxSendgrid;
before(async () => void (database = await createTestDatabase()));
after(() => database.drop());
beforeEach(async (t) => {
  sendgrid = await startSandboxSendgrid({ keys: [SENDGRID_KEY], audience: () => quietHabits() });
  if ('after' in t) t.after(() => sendgrid.close());
});

function dependencies(
  changes: Partial<SendingDependencies> & { readonly apiKey?: string; readonly url?: string; readonly render?: RenderMails } = {},
): SendingDependencies {
  const { apiKey = SENDGRID_KEY, url = sendgrid.url, render = plainRender, ...more } = changes;
  const client = createSendgridClient({ apiKey, baseUrl: url, timeoutMs: 2_000 });
  return {
    database,
    ledgerKey: ADDRESS_KEY,
    channels: { email: createMailsTogether({ render, prepareEmails: (batch) => prepareEmails(client, batch) }) },
    now: () => new Date(),
    ...more,
  };
}

const prepared = (members: number) => ledgerOf(database).prepared(members);
const outcomes = (sent: StepSent) => sent.map(([, outcome]) => outcome);
const statuses = async (tenantId: Awaited<ReturnType<typeof prepared>>['tenantId']) =>
  (await ledgerOf(database).messagesOf(tenantId)).map(({ status }) => status);

describe('sending a step', () => {
  it('sends each member the message once, however often it is asked for', async () => {
    const { tenantId, step } = await prepared(3);
    for (let i = 0; i < 3; i += 1) assert.deepEqual(outcomes(await sendStep(dependencies(), step)), ['sent', 'sent', 'sent']);
    assert.deepEqual(await statuses(tenantId), ['sent', 'sent', 'sent']);
    assert.deepEqual(sendgrid.journal.counts(), { messages: 3, tokens: 3 });
  });

  it('sends nobody the same when two do it side by side', async () => {
    const { step } = await prepared(200);
    const tries = await Promise.allSettled(Array.from({ length: 6 }, () => sendStep(dependencies(), step)));
    assert.ok(tries.some(({ status }) => status === 'fulfilled'));
    assert.deepEqual(outcomes(await sendStep(dependencies(), step)), step.members.map(() => 'sent')); // prettier-ignore
    assert.equal(sendgrid.journal.duplicates().size, 0);
    assert.equal(sendgrid.journal.counts().tokens, 200);
  });

  it('waits as long as SendGrid asks it to, and for a key that it does not know', async () => {
    const { tenantId, step } = await prepared(2);
    sendgrid.misbehave({ kind: 'rate_limited', resetAfterS: 30 });
    const [[, outcome, dueAtMs] = []] = await sendStep(dependencies(), step);
    assert.equal(outcome, 'waiting');
    assert.ok(Math.abs((dueAtMs ?? 0) - Date.now() - 30_000) < 5_000);
    assert.deepEqual(await statuses(tenantId), ['deferred', 'deferred']);
    const later = () => new Date(Date.now() + 60_000);
    const [[, refused, triedAtMs] = []] = await sendStep(dependencies({ apiKey: 'SG.wrong', now: later }), step);
    assert.equal(refused, 'waiting');
    assert.ok((triedAtMs ?? 0) > Date.now() + 10 * 60_000);
    assert.equal(sendgrid.journal.counts().messages, 0);
  });

  it('asks everything anew where so much time has passed since the claim that its hours may be over', async (t) => {
    const { tenantId, step } = await prepared(2);
    const real = Date.now.bind(Date);
    let sleptMs = 0;
    t.mock.method(Date, 'now', () => real() + sleptMs);
    const sleepy: RenderMails = (of, users, at) => {
      sleptMs = CLAIM_LASTS_MS + 1;
      return plainRender(of, users, at);
    };
    await assert.rejects(sendStep(dependencies({ render: sleepy }), step), /asked anew/);
    assert.equal(sendgrid.journal.counts().messages, 0);
    assert.deepEqual(await statuses(tenantId), ['claimed', 'claimed']);
    assert.deepEqual(outcomes(await sendStep(dependencies(), step)), ['sent', 'sent']);
    assert.deepEqual(sendgrid.journal.counts(), { messages: 2, tokens: 2 });
  });

  it('waits where nobody listens', async () => {
    const { step } = await prepared(1);
    const url = `http://127.0.0.1:${await freePort()}`;
    assert.deepEqual(outcomes(await sendStep(dependencies({ url }), step)), ['waiting']);
  });

  for (const fault of [
    { kind: 'error', status: 500, accepts: true },
    { kind: 'error', status: 503, accepts: false },
    { kind: 'reset', accepts: true },
    { kind: 'reset', accepts: false },
    { kind: 'half_open', accepts: true },
  ] as const) {
    it(`says that nobody can know after ${JSON.stringify(fault)}, and does not send again`, async () => {
      const { tenantId, step } = await prepared(2);
      sendgrid.misbehave(fault);
      assert.deepEqual(outcomes(await sendStep(dependencies(), step)), ['uncertain', 'uncertain']);
      assert.deepEqual(outcomes(await sendStep(dependencies(), step)), ['uncertain', 'uncertain']);
      assert.deepEqual(await statuses(tenantId), ['uncertain', 'uncertain']);
      assert.equal(sendgrid.journal.counts().messages, fault.accepts ? 2 : 0);
    });
  }

  it('fails for good what SendGrid refuses for good', async () => {
    const { tenantId, step } = await prepared(1);
    sendgrid.misbehave({ kind: 'error', status: 400, accepts: false });
    assert.deepEqual(outcomes(await sendStep(dependencies(), step)), ['failed']);
    assert.deepEqual(await statuses(tenantId), ['failed']);
  });

  it('leaves nothing behind that cannot be taken over when the mails cannot be written', async () => {
    const { step } = await prepared(2);
    const render = () => Promise.reject(new Error('the template is broken'));
    await assert.rejects(sendStep(dependencies({ render }), step), /the template is broken/);
    assert.deepEqual(outcomes(await sendStep(dependencies(), step)), ['sent', 'sent']);
  });

  it('fails one whose mail cannot be written, and sends the others', async () => {
    const { step } = await prepared(3);
    const render: RenderMails = async (asked, users, at) => {
      const { envelope, mails } = await plainRender(asked, users, at);
      return { envelope, mails: mails.map((mail, i) => (i === 1 ? { because: 'its html: it is too long' } : mail)) };
    };
    assert.deepEqual(outcomes(await sendStep(dependencies({ render }), step)), ['sent', 'failed', 'sent']);
    assert.equal(sendgrid.journal.counts().messages, 2);
  });

  it('puts into requests of their own what is too large to travel with others', async () => {
    const { step } = await prepared(3);
    const render: RenderMails = async (asked, users, at) => {
      const { envelope, mails } = await plainRender(asked, users, at);
      return {
        envelope,
        mails: mails.map((mail, i) => ('html' in mail && i === 1 ? { ...mail, html: `<p>${'x'.repeat(60_000)}</p>` } : mail)),
      };
    };
    assert.deepEqual(outcomes(await sendStep(dependencies({ render }), step)), ['sent', 'sent', 'sent']);
    assert.deepEqual(
      sendgrid.requests().map(({ accepted }) => accepted),
      [2, 1],
    );
    assert.equal(sendgrid.journal.duplicates().size, 0);
  });
});
