import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, beforeEach, describe, it } from 'node:test';
import { createTwilioWebhooks, TWILIO_INBOUND_ROUTE } from '../../api/webhooks/twilio.js';
import type { TenantId } from '../../core/ids.js';
import { SCOPES } from '../../core/scopes.js';
import { beginAnswer, claimAnswers } from '../../db/queries/answers.js';
import { createApiKey } from '../../db/queries/api-keys.js';
import { signWebhook } from '../../sandbox/twilio/signing.js';
import { startSandboxTwilio, type SandboxTwilio } from '../../sandbox/twilio/twilio.js';
import { PUBLIC_URL, textAnswers } from '../harness/answers.js';
import { startTestApi, type TestApi } from '../harness/api.js';
import { addSender, ADDRESS_KEY } from '../harness/campaigns.js';
import { createTestDatabase, type TestDatabase } from '../harness/database.js';
import { newNumber, newSid, sentText } from '../harness/texts.js';
import { quietPhoneHabits, TWILIO_ACCOUNT, UTILITY_SID } from '../harness/twilio.js';

const MINUTE_MS = 60_000;
const OURS = '+15005550006';
/** Ahead of the clock by which Twilio says when to come again. */
let clockMs = Date.now();
const now = () => new Date((clockMs += 1));
let database: TestDatabase;
let twilio: SandboxTwilio;
let api: TestApi;
let send: () => Promise<number>;
let tenantId: TenantId;
let address: string;
let key: string;
before(async () => {
  database = await createTestDatabase();
  twilio = await startSandboxTwilio({ account: TWILIO_ACCOUNT, audience: () => quietPhoneHabits({ deliveryMs: 1e12 }) });
  send = textAnswers(database, twilio.url, now);
  const { authToken } = TWILIO_ACCOUNT;
  const settings = { database, ledgerKey: ADDRESS_KEY, publicUrl: PUBLIC_URL, authToken, now };
  api = await startTestApi(database, { now, outside: (logger) => [createTwilioWebhooks({ ...settings, logger })] });
});
beforeEach(async () => {
  // What a test leaves behind is nobody's matter in the next.
  await database.admin.query('update answers set next_at = null, sealed_to = null');
  await database.admin.query('delete from phone_senders');
  ({ tenantId, address } = await sentText(database, 'sms'));
  await database.admin.query(`update users set traits = '{"first_name": "Zoë"}' where tenant_id = $1`, [tenantId]);
  await addSender(database, tenantId);
  ({ key } = await createApiKey(database, tenantId, { name: 'test', scopes: SCOPES.filter((scope) => scope !== 'events:write') }));
  await call('PUT', '/v1/phone-sender', { sms_number: OURS, whatsapp_number: OURS });
  clockMs += 60 * MINUTE_MS;
});
after(async () => {
  await Promise.all([api.close(), twilio.close()]);
  await database.drop();
});

const call = (method: string, path: string, body?: object) => api.call(method, path, { key, body });
async function addRule(rule: object): Promise<string> {
  const { status, body, text } = await call('POST', '/v1/reply-rules', { name: 'a rule', ...rule });
  assert.equal(status, 201, text);
  return body.rule_id;
}
const HOURS = { name: 'hours', keywords: ['opening hours', 'open'], message: 'Hi {{ first_name | default: "there" }}, 9 to 5.' };

/** Somebody writes, so often as Twilio delivers it. */
async function write(body: string, { from = address, prefix = '', sid = newSid(), copies = 1, more = {} } = {}): Promise<void> {
  if (prefix !== '') twilio.receive({ from: prefix + from, to: prefix + OURS, body });
  const fields = { MessageSid: sid, SmsStatus: 'received', From: prefix + from, To: prefix + OURS, Body: body, ...more };
  const post = () =>
    fetch(api.url + TWILIO_INBOUND_ROUTE, {
      method: 'POST',
      headers: {
        'Content-Type': 'application/x-www-form-urlencoded',
        'X-Twilio-Signature': signWebhook(TWILIO_ACCOUNT.authToken, PUBLIC_URL + TWILIO_INBOUND_ROUTE, fields),
      },
      body: new URLSearchParams(fields),
    });
  for (const { status } of await Promise.all(Array.from({ length: copies }, post))) assert.equal(status, 204);
}
/** Writes, lets what waits be sent, and gives what was answered. */
async function ask(body: string, options: Parameters<typeof write>[1] = {}): Promise<readonly (string | null)[]> {
  const before = twilio.journal.all().length;
  await write(body, options);
  await send();
  clockMs += MINUTE_MS;
  return twilio.journal
    .all()
    .slice(before)
    .map(({ body: said, content_sid }) => content_sid ?? said);
}
const latest = async () => (await call('GET', '/v1/replies?limit=1')).body.items[0];

describe('a reply that a rule fits', () => {
  it('is answered once, however often it is delivered, and shows what was done', async () => {
    const rule = await addRule(HOURS);
    assert.deepEqual(await ask('When are you OPEN on Sundays?', { copies: 46 }), ['Hi Zoë, 9 to 5.']);
    assert.equal(twilio.journal.all().at(-1)?.to, address);
    const reply = await latest();
    assert.deepEqual([reply.rule_id, reply.answer, reply.held_because], [rule, { status: 'sent', reason: null }, null]);
    assert.deepEqual((await call('GET', '/v1/replies?to_answer=true')).body.items, []);
    assert.deepEqual(await ask('We reopened ours yesterday'), [], 'words are words');
    const { body } = await call('GET', '/v1/replies?to_answer=true');
    assert.deepEqual(body.items.map(({ text }: { text: string }) => text), ['We reopened ours yesterday']); // prettier-ignore
    const { rows } = await database.admin.query('select sealed_to, next_at from answers where tenant_id = $1', [tenantId]);
    assert.deepEqual(rows, [{ sealed_to: null, next_at: null }]);
  });

  it('is answered by the rule that goes first, on its channel, of its campaign, as it is now', async () => {
    await addRule({ ...HOURS, message: 'low' });
    const high = await addRule({ ...HOURS, priority: 5, channel: 'sms', message: 'high' });
    const rows = await database.admin.query('select campaign_key as key from outreach_campaigns where tenant_id = $1', [tenantId]);
    await addRule({ ...HOURS, priority: 9, campaign_id: rows.rows[0].key, message: 'of the campaign' });
    assert.deepEqual(await ask('open?'), ['of the campaign']);
    assert.deepEqual(await ask('still open?'), ['of the campaign'], 'though it answers our answer');
    assert.deepEqual(await ask('open?', { from: newNumber() }), ['high'], 'a stranger answers no campaign');
    assert.deepEqual(await ask('open?', { prefix: 'whatsapp:', from: newNumber() }), ['low']);
    const { body } = await call('GET', `/v1/reply-rules/${high}`);
    const { rule_id: _, updated_by: __, updated_at: ___, ...values } = body;
    assert.equal((await call('PUT', `/v1/reply-rules/${high}`, { ...values, active: false })).body.active, false);
    assert.deepEqual(await ask('open?', { from: newNumber() }), ['low']);
    assert.equal((await call('GET', '/v1/reply-rules')).body.items.length, 3);
  });

  it('may be answered by an approved template, and by what helps whoever asks for help in whatever language', async () => {
    await call('PUT', '/v1/whatsapp-templates/order', { content_sid: UTILITY_SID, variables: { 1: '12' } });
    await addRule({ keywords: ['order'], channel: 'whatsapp', template: 'order' });
    await addRule({ answers_help: true, message: 'Northwind. Reply STOP to end this.' });
    assert.deepEqual(await ask('where is my order', { prefix: 'whatsapp:' }), [UTILITY_SID]);
    assert.deepEqual(await ask('AYUDA'), ['Northwind. Reply STOP to end this.']);
    assert.deepEqual(await ask('HELP', { more: { OptOutType: 'HELP' } }), [], 'Twilio has answered by itself');
  });

  it('is not answered to who has left or may leave, nor to what may be a robot', async () => {
    await addRule({ ...HOURS, most_per_day: 4 });
    assert.equal((await ask('open today?')).length, 1);
    assert.deepEqual(await ask('open today?'), []);
    assert.equal((await latest()).held_because, 'repeated');
    await write('open on Monday?');
    await send();
    assert.deepEqual(await ask('open now, this is a robot'), []);
    assert.equal((await latest()).held_because, 'too quick');
    for (const day of ['Tuesday', 'Friday']) assert.equal((await ask(`open on ${day}?`)).length, 1, day);
    assert.deepEqual(await ask('open on Sunday?'), []);
    assert.equal((await latest()).held_because, 'capped');
    clockMs += 24 * 60 * MINUTE_MS;
    assert.equal((await ask('open on Sunday?')).length, 1, 'another day');
    for (const words of ['wrong number, not open', 'STOP', 'open again?']) assert.deepEqual(await ask(words), [], words);
    assert.equal((await latest()).held_because, 'opted out');
    assert.equal((await call('GET', '/v1/replies?to_answer=true')).body.items[0].held_because, 'opted out');
  });

  it('ends a conversation of two robots, whatever they say', async () => {
    await addRule({ ...HOURS, most_per_day: 10 });
    let answers = 0;
    for (let turn = 0; turn < 40; turn += 1) answers += (await ask(`open ${turn}`)).length;
    assert.ok(answers <= 10, `${answers} answers`);
  });

  it('is answered once and not lost, whoever dies at which moment, and not late', async () => {
    await addRule(HOURS);
    const claim = (callId: string) => claimAnswers(database, tenantId, { calls: [callId], addressKey: ADDRESS_KEY, at: now() });
    await write('open 1?');
    assert.equal((await claim(randomUUID())).length, 1);
    clockMs += 3 * MINUTE_MS;
    const before = twilio.journal.all().length;
    await Promise.all([send(), send(), send()]);
    assert.equal(twilio.journal.all().length, before + 1);
    clockMs += MINUTE_MS;
    await write('open 2?');
    const callId = randomUUID();
    const [{ messageId } = { messageId: 0 }] = await claim(callId);
    await beginAnswer(database, tenantId, { callId, messageId, addressKey: ADDRESS_KEY, at: now(), said: Buffer.alloc(32) });
    clockMs += 3 * MINUTE_MS;
    await send();
    assert.equal((await latest()).answer.status, 'uncertain');
    await write('open 3?');
    clockMs += 16 * MINUTE_MS;
    await send();
    assert.equal(twilio.journal.all().length, before + 1);
    assert.deepEqual((await latest()).answer, { status: 'failed', reason: 'too late' });
    const { body } = await call('GET', '/v1/replies?to_answer=true');
    assert.deepEqual(body.items.map(({ text }: { text: string }) => text), ['open 3?'], 'it is for people now'); // prettier-ignore
  });

  it('is of a tenant’s own: nobody else sees its rules or is answered by them', async () => {
    const rule = await addRule(HOURS);
    const other = await createApiKey(database, await database.newTenant(), { name: 'other', scopes: ['read', 'campaigns:write'] });
    const as = (method: string, path: string, body?: object) => api.call(method, path, { key: other.key, body });
    assert.deepEqual((await as('GET', '/v1/reply-rules')).body.items, []);
    assert.equal((await as('GET', `/v1/reply-rules/${rule}`)).status, 404);
    assert.equal((await as('PUT', `/v1/reply-rules/${rule}`, HOURS)).status, 404);
    const { key: reader } = await createApiKey(database, tenantId, { name: 'reader', scopes: ['read'] });
    assert.equal((await api.call('POST', '/v1/reply-rules', { key: reader, body: HOURS })).status, 403);
  });
});

describe('a rule that makes no sense', () => {
  it('is refused, with what was expected', async () => {
    for (const [rule, why] of [
      [{ ...HOURS, keywords: [] }, /either keywords or answers_help/],
      [{ ...HOURS, answers_help: true }, /either keywords or answers_help/],
      [{ ...HOURS, message: null }, /either a message or a template/],
      [{ ...HOURS, template: 'order' }, /either a message or a template/],
      [{ ...HOURS, message: null, template: 'order' }, /a template is for the channel whatsapp/],
      [{ ...HOURS, keywords: ['Stop'] }, /may want to leave/],
      [{ ...HOURS, keywords: ['info'] }, /asks for help/],
      [{ ...HOURS, keywords: ['?!'] }, /a word is expected/],
      [{ ...HOURS, message: '{{ nonsense }}' }, /there is no variable nonsense/],
      [{ ...HOURS, most_per_day: 11 }, /most_per_day/],
    ] as const) {
      const { status, text } = await call('POST', '/v1/reply-rules', rule);
      assert.equal(status, 400, JSON.stringify(rule));
      assert.match(text, why);
    }
    assert.equal((await call('POST', '/v1/reply-rules', { ...HOURS, campaign_id: 'camp_none' })).status, 404);
    assert.equal((await call('POST', '/v1/reply-rules', { ...HOURS, message: null, channel: 'whatsapp', template: 'none' })).status, 409);
    assert.equal((await call('GET', '/v1/reply-rules/x')).status, 400);
  });
});
