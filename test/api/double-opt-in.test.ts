import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, beforeEach, describe, it } from 'node:test';
import { createConfirmPages } from '../../api/confirm.js';
import type { TenantId } from '../../core/ids.js';
import { signToken } from '../../core/message/token.js';
import { SCOPES } from '../../core/scopes.js';
import { beginAnswer, claimAnswers } from '../../db/queries/answers.js';
import { createApiKey } from '../../db/queries/api-keys.js';
import { takeProviderEvents } from '../../db/queries/send-ledger.js';
import { startSandboxSendgrid, type SandboxSendgrid } from '../../sandbox/sendgrid/sendgrid.js';
import { mailAnswers, PUBLIC_URL } from '../harness/answers.js';
import { startTestApi, type TestApi } from '../harness/api.js';
import { ADDRESS_KEY, addReachableUsers, addSender } from '../harness/campaigns.js';
import { createTestDatabase, type TestDatabase } from '../harness/database.js';
import { quietHabits, SENDGRID_KEY } from '../harness/sendgrid.js';

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
/** Ahead of the clock by which SendGrid says when to come again. */
let clockMs = Date.now();
const now = () => new Date((clockMs += 1));
let database: TestDatabase;
let sendgrid: SandboxSendgrid;
let api: TestApi;
let tenantId: TenantId;
let key: string;
let send: () => Promise<number>;
before(async () => {
  database = await createTestDatabase();
  sendgrid = await startSandboxSendgrid({ keys: [SENDGRID_KEY], audience: () => quietHabits() });
  send = mailAnswers(database, sendgrid.url, now);
  api = await startTestApi(database, { now, outside: () => [createConfirmPages({ database, ledgerKey: ADDRESS_KEY, now })] });
});
beforeEach(async () => {
  // What a test leaves behind is nobody's matter in the next.
  await database.admin.query('update answers set next_at = null, sealed_to = null');
  tenantId = await database.newTenant();
  ({ key } = await createApiKey(database, tenantId, { name: 'test', scopes: SCOPES.filter((scope) => scope !== 'events:write') }));
  await addSender(database, tenantId);
  await call('PUT', '/v1/sending-policy', { topics: [{ topic: 'news', double_opt_in: true }] });
});
after(async () => {
  await Promise.all([api.close(), sendgrid.close()]);
  await database.drop();
});

const call = (method: string, path: string, body?: object) => api.call(method, path, { key, body });

let addresses = 0;
const newAddress = () => `reader${(addresses += 1)}@example.test`;
const yes = (address: string, changes: object = {}) => ({
  channel: 'email',
  address,
  topic: 'news',
  action: 'granted',
  basis: 'consent',
  text_version: 'v3',
  source: 'form',
  double_opt_in: true,
  ...changes,
});
/** What became of one word. */
async function say(word: object) {
  const { status, body, text } = await call('POST', '/v1/consent', { words: [word] });
  assert.equal(status, 200, text);
  return body.items[0];
}
const mailsTo = (address: string) => sendgrid.journal.all().filter(({ to }) => to[0]?.email === address);
const linkIn = (address: string): string =>
  /https:[^\s"]*\/v1\/confirm\/[\w-]+/.exec(mailsTo(address).at(-1)?.content['text/plain'] ?? '')?.[0] ?? '';
/** The page behind the link of the last mail, or its button. */
async function visit(address: string, method: 'GET' | 'POST' = 'GET') {
  const response = await fetch(linkIn(address).replace(PUBLIC_URL, api.url), { method });
  return { status: response.status, page: await response.text() };
}
async function eventsOf(address: string) {
  const { body } = await call('POST', '/v1/consent/status', { channel: 'email', address });
  return body.events;
}
const rowsOf = async (id: TenantId) =>
  (await database.admin.query('select status, reason from messages where tenant_id = $1 order by message_id', [id])).rows;
const claim = (calls: readonly string[]) => claimAnswers(database, tenantId, { calls, addressKey: ADDRESS_KEY, at: now() });

describe('a double opt-in', () => {
  it('asks by one mail, and keeps what shows that the button was pressed', async () => {
    const address = newAddress();
    assert.deepEqual(await say(yes(` ${address.toUpperCase()}`)), {
      channel: 'email',
      topic: 'news',
      state: 'pending',
      basis: 'consent',
      confirmation: 'asked',
    });
    assert.equal(await send(), 1);
    assert.equal(await send(), 0);
    const [mail, ...others] = mailsTo(address);
    assert.deepEqual(others, []);
    assert.equal(mail?.subject, 'Please confirm your address');
    assert.equal(mail.headers['List-Unsubscribe'], undefined);
    assert.match(mail.content['text/html'] ?? '', /clicktracking="off" href="https:/);

    const before = await visit(address);
    assert.equal(before.status, 200);
    assert.match(before.page, /<form method="post">.*<button>Confirm<\/button>/);
    assert.equal((await eventsOf(address)).length, 1, 'to look at the page changes nothing');
    for (let i = 0; i < 3; i += 1) {
      const { status, page } = await visit(address, 'POST');
      assert.equal(status, 200);
      assert.match(page, /Your address is confirmed/);
    }
    const [granted, confirmed, ...more] = await eventsOf(address);
    assert.deepEqual(more, []);
    assert.equal(granted.text_version, 'v3');
    const { ip_hash, message, asked_at, sent_at, clicked_at, ...rest } = confirmed.evidence;
    assert.deepEqual([confirmed.action, confirmed.source, rest], ['confirmed', 'confirmation mail', { text_version: 'v3' }]);
    assert.match(ip_hash, /^[0-9a-f]{64}$/);
    assert.ok(Date.parse(asked_at) < Date.parse(sent_at) && Date.parse(sent_at) < Date.parse(clicked_at) && message > 0);
    assert.equal((await say(yes(address))).confirmation, 'confirmed');
    assert.match((await visit(address)).page, /Your address is confirmed/);
    assert.deepEqual(await rowsOf(tenantId), [{ status: 'clicked', reason: null }]);
    const { rows } = await database.admin.query('select sealed_to, next_at from answers where tenant_id = $1', [tenantId]);
    assert.deepEqual(rows, [{ sealed_to: null, next_at: null }], 'nobody can be found by what is left');
  });

  it('asks an address once in ten minutes, three times a day and ten times a month', async () => {
    const address = newAddress();
    const asked: string[] = [];
    const ask = async (afterMs: number) => {
      clockMs += afterMs;
      asked.push((await say(yes(address))).confirmation);
      await send();
    };
    await ask(0);
    await ask(5 * MINUTE_MS);
    for (let i = 0; i < 3; i += 1) await ask(11 * MINUTE_MS);
    assert.deepEqual(asked, ['asked', 'asked lately', 'asked', 'asked', 'asked too often']);
    for (let i = 0; i < 9; i += 1) await ask(DAY_MS / 2);
    assert.equal(mailsTo(address).length, 10);
    assert.equal(asked.at(-1), 'asked too often');
    await Promise.all(Array.from({ length: 8 }, () => say(yes('crowd@example.test'))));
    await send();
    assert.equal(mailsTo('crowd@example.test').length, 1);
  });

  it('confirms nothing by a link that has expired, that a no has overtaken, or that is another', async () => {
    const [late, left] = [newAddress(), newAddress()];
    for (const address of [late, left]) await say(yes(address));
    await send();
    await say(yes(left, { action: 'withdrawn', basis: undefined, text_version: undefined, double_opt_in: undefined }));
    for (const method of ['GET', 'POST'] as const) {
      const { status, page } = await visit(left, method);
      assert.equal(status, 410);
      assert.match(page, /does not count any more/);
    }
    clockMs += 7 * DAY_MS + MINUTE_MS;
    for (const method of ['GET', 'POST'] as const) {
      const { status, page } = await visit(late, method);
      assert.equal(status, 410);
      assert.match(page, /expired/);
    }
    assert.equal((await eventsOf(late)).length, 1);
    assert.equal((await say(yes(late))).confirmation, 'asked', 'who asks again gets a new link');
    await send();
    assert.match((await visit(late, 'POST')).page, /is confirmed/);
    const { rows } = await database.admin.query('select message_id::float8 as id from answers where tenant_id = $1', [tenantId]);
    const ofMessage = signToken(ADDRESS_KEY, { tenantId, messageId: rows[0].id });
    const ofNone = signToken(ADDRESS_KEY, { tenantId, messageId: 1_000_000 }, 'confirmation');
    for (const token of [
      ofMessage,
      ofNone,
      'nonsense',
      linkIn(late)
        .split('/')
        .pop()
        ?.replace(/^./, (letter) => (letter === 'A' ? 'B' : 'A')),
    ]) {
      for (const method of ['GET', 'POST']) assert.equal((await fetch(`${api.url}/v1/confirm/${token}`, { method })).status, 404);
    }
  });

  it('reaches who had unsubscribed and comes back, and nobody whose address bounced', async () => {
    const [back, gone] = [newAddress(), newAddress()];
    for (const address of [back, gone]) await say(yes(address));
    await send();
    const { rows } = await database.admin.query('select message_id::float8 as id from answers where tenant_id = $1 order by 1', [tenantId]);
    for (const [i, kind] of (['unsubscribed', 'bounced'] as const).entries()) {
      await takeProviderEvents(database, tenantId, 'sendgrid', [
        { eventId: kind, messageId: rows[i].id, kind, at: now(), byMachine: false },
      ]);
    }
    clockMs += DAY_MS;
    assert.equal((await say(yes(back))).confirmation, 'asked');
    assert.equal((await say(yes(gone))).confirmation, 'suppressed');
    await send();
    assert.equal(mailsTo(back).length, 2);
    assert.match((await visit(back, 'POST')).page, /is confirmed/);
    const { body } = await call('POST', '/v1/consent/status', { channel: 'email', address: back });
    assert.equal(body.suppressed, null);
  });

  it('sends no mail twice and loses none, whoever dies at which moment', async () => {
    const [unbegun, begun] = [newAddress(), newAddress()];
    await say(yes(unbegun));
    assert.equal((await claim([randomUUID()])).length, 1);
    assert.equal(await send(), 0, 'a claim is kept for two minutes');
    clockMs += 3 * MINUTE_MS;
    await Promise.all([send(), send(), send()]);
    assert.equal(mailsTo(unbegun).length, 1);

    await say(yes(begun));
    const callId = randomUUID();
    const [{ messageId } = { messageId: 0 }] = await claim([callId]);
    await beginAnswer(database, tenantId, { callId, messageId, addressKey: ADDRESS_KEY, at: now(), said: null });
    clockMs += 3 * MINUTE_MS;
    assert.equal(await send(), 0);
    assert.deepEqual((await rowsOf(tenantId))[1], { status: 'uncertain', reason: null });
    assert.equal(mailsTo(begun).length, 0);

    sendgrid.misbehave({ kind: 'rate_limited', resetAfterS: 60 });
    const refused = newAddress();
    await say(yes(refused));
    await send();
    assert.equal((await rowsOf(tenantId))[2].status, 'deferred');
    clockMs += 5 * MINUTE_MS;
    await send();
    assert.equal(mailsTo(refused).length, 1);
  });

  it('sends nothing to who was deleted or has said no meanwhile, nor a day late', async () => {
    await addReachableUsers(database, tenantId, 1);
    const [left, late] = [newAddress(), newAddress()];
    await say(yes('u1@example.test', { user_id: 'u1' }));
    await say(yes(left));
    await say(yes(left, { action: 'withdrawn', basis: undefined, text_version: undefined, double_opt_in: undefined }));
    await database.admin.query("select delete_user($1, 'u1')", [tenantId]);
    await say(yes(late));
    assert.equal((await claim([randomUUID(), randomUUID()])).length, 0);
    clockMs += 2 * DAY_MS;
    assert.equal(await send(), 0);
    assert.deepEqual(await rowsOf(tenantId), [
      { status: 'suppressed', reason: 'deleted' },
      { status: 'suppressed', reason: 'no consent' },
      { status: 'failed', reason: 'too late' },
    ]);
  });

  it('is refused, and nothing recorded, where no mail could ask', async () => {
    const address = newAddress();
    for (const [word, why] of [
      [yes(address, { topic: 'offers' }), /the topic offers asks for no confirmation/],
      [yes('+14155550100', { channel: 'sms' }), /only a yes by `email`/],
      [yes(address, { topic: '*' }), /only a yes by `email`/],
      [yes(address, { action: 'denied', basis: undefined, text_version: undefined }), /only a yes by `email`/],
    ] as const) {
      const { status, text } = await call('POST', '/v1/consent', { words: [word] });
      assert.equal(status, 400, text);
      assert.match(text, why);
    }
    await database.admin.query('delete from email_senders where tenant_id = $1', [tenantId]);
    assert.equal((await call('POST', '/v1/consent', { words: [yes(address)] })).status, 409);
    assert.deepEqual(await eventsOf(address), []);
  });

  it('has words that a tenant may change, and that hold nothing else', async () => {
    const path = '/v1/templates/confirm_subscription';
    const mjml = (text: string) =>
      `<mjml><mj-body><mj-section><mj-column><mj-text>${text}</mj-text></mj-column></mj-section></mj-body></mjml>`;
    const good = { subject: 'Ja?', mjml: mjml('<a href="{{ confirm_url }}">Ja</a> {{ postal_address }}') };
    for (const [text, why] of [
      ['{{ postal_address }}', /no link to confirm/],
      ['<a href="{{ confirm_url }}">Ja</a> {{ postal_address }} {{ first_name }}', /there is no variable first_name/],
      ['<a href="{{ confirm_url }}">Ja</a> {{ postal_address }} {{ content }}', /there is no variable content/],
    ] as const) {
      const refused = await call('POST', `${path}/versions`, { subject: 'x', mjml: mjml(text) });
      assert.equal(refused.status, 400, refused.text);
      assert.match(refused.text, why);
    }
    assert.match((await call('POST', '/v1/templates/win_back/versions', good)).text, /there is no variable confirm_url/);
    assert.equal((await call('POST', `${path}/versions`, good)).status, 201);
    assert.equal((await call('POST', `${path}/publish`, { version: 1 })).status, 200);
    assert.equal((await call('POST', `${path}/preview`, {})).body.subject, 'Ja?');
    const address = newAddress();
    await say(yes(address));
    await send();
    assert.equal(mailsTo(address)[0]?.subject, 'Ja?');
  });
});
