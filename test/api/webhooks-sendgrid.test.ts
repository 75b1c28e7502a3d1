import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { createSendgridWebhook } from '../../api/webhooks/sendgrid.js';
import { seededRandom } from '../../core/random.js';
import { SENDGRID_TOKEN_ARG } from '../../core/message/sendgrid-mail.js';
import { signToken } from '../../core/message/token.js';
import { createSigner } from '../../sandbox/sendgrid/signing.js';
import { startTestApi, type TestApi } from '../harness/api.js';
import { ADDRESS_KEY } from '../harness/campaigns.js';
import { createTestDatabase, type TestDatabase } from '../harness/database.js';
import { AT, claimed, ledgerOf } from '../harness/ledger.js';

const signer = createSigner();
let database: TestDatabase;
let api: TestApi;
before(async () => {
  database = await createTestDatabase();
  api = await startTestApi(database, {
    outside: [createSendgridWebhook({ database, ledgerKey: ADDRESS_KEY, publicKey: signer.publicKey })],
  });
});
after(async () => {
  await api.close();
  await database.drop();
});

/** A mail that SendGrid has taken. */
async function sent() {
  const ledger = ledgerOf(database);
  const { tenantId, step } = await ledger.prepared(1);
  const call = randomUUID();
  const claims = await ledger.claim(step, call);
  await ledger.begin(tenantId, call, claims);
  await ledger.answerAll(tenantId, call, claims);
  const [{ messageId } = { messageId: 0 }] = claimed(claims);
  return { ledger, tenantId, messageId, token: signToken(ADDRESS_KEY, { tenantId, messageId }) };
}

const eventOf = (token: string, event: string, more: object = {}) => ({
  email: 'u1@example.test',
  timestamp: Math.floor(AT.getTime() / 1_000) + 60,
  event,
  sg_event_id: `${event}-${token.slice(0, 20)}`,
  sg_message_id: 'filter.1',
  [SENDGRID_TOKEN_ARG]: token,
  ...more,
});

function post(body: string, headers = signer.headers(body, Date.now())): Promise<Response> {
  return fetch(`${api.url}/v1/webhooks/sendgrid`, { method: 'POST', headers: { 'Content-Type': 'application/json', ...headers }, body });
}

const statusOf = async ({ ledger, tenantId }: Awaited<ReturnType<typeof sent>>) => (await ledger.messagesOf(tenantId))[0]?.status;

describe("SendGrid's event webhook", () => {
  it('takes what became of a message, in whatever order it comes', async () => {
    const mail = await sent();
    for (const event of ['click', 'delivered', 'processed']) {
      assert.equal((await post(JSON.stringify([eventOf(mail.token, event)]))).status, 204);
    }
    assert.equal(await statusOf(mail), 'clicked');
  });

  it('takes 46 copies of an event, side by side, for one', async () => {
    const mail = await sent();
    const body = JSON.stringify([eventOf(mail.token, 'open'), eventOf(mail.token, 'open')]);
    const answers = await Promise.all(Array.from({ length: 46 }, () => post(body)));
    assert.ok(answers.every(({ status }) => status === 204));
    const { rows } = await database.admin.query('select kind from provider_events where tenant_id = $1', [mail.tenantId]);
    assert.deepEqual(rows, [{ kind: 'opened' }]);
    const counts = await database.admin.query('select opened_count from outreach_campaigns where tenant_id = $1', [mail.tenantId]);
    assert.deepEqual(counts.rows, [{ opened_count: 1 }]);
  });

  it('believes nobody but SendGrid', async () => {
    const mail = await sent();
    const body = JSON.stringify([eventOf(mail.token, 'spamreport')]);
    const headers = signer.headers(body, Date.now());
    assert.equal((await post(body, {})).status, 401);
    assert.equal((await post(body, createSigner().headers(body, Date.now()))).status, 401);
    const random = seededRandom(20_261_125);
    for (let i = 0; i < 300; i += 1) {
      const at = Math.floor(random() * body.length);
      const mutant = `${body.slice(0, at)}${String.fromCharCode(33 + Math.floor(random() * 90))}${body.slice(at + 1)}`;
      if (mutant === body) continue;
      assert.equal((await post(mutant, headers)).status, 401);
    }
    assert.equal(await statusOf(mail), 'sent');
  });

  it('lets go of what is about no message of ours, and takes the rest of the batch', async () => {
    const mail = await sent();
    const gone = signToken(ADDRESS_KEY, { tenantId: mail.tenantId, messageId: 999_999 });
    const strangers = [eventOf(gone, 'open'), eventOf('somebody-elses-token', 'open'), { event: 'open' }, 'nonsense', null, 7];
    assert.equal((await post(JSON.stringify([...strangers, eventOf(mail.token, 'delivered')]))).status, 204);
    assert.equal(await statusOf(mail), 'delivered');
  });

  it('never fails on our side, whatever SendGrid signs', async () => {
    for (const body of ['', '{', '[]', '{}', '[[[]]]', '"\\u0000"', `[${'{},'.repeat(5_000)}{}]`, '[{"ms_token":{}}]', '\ufffe']) {
      const { status } = await post(body);
      assert.ok(status < 500, `${status} for ${body.slice(0, 40)}`);
    }
    assert.equal((await post(`["${'x'.repeat(5_000_000)}"]`)).status, 413);
  });
});
