import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { createTwilioWebhooks, TWILIO_INBOUND_ROUTE, TWILIO_STATUS_ROUTE } from '../../api/webhooks/twilio.js';
import { openText } from '../../core/message/sealed-text.js';
import { seededRandom } from '../../core/random.js';
import { createApiKey } from '../../db/queries/api-keys.js';
import { putPhoneSenders } from '../../db/queries/phone-senders.js';
import { signWebhook } from '../../sandbox/twilio/signing.js';
import { startTestApi, type TestApi } from '../harness/api.js';
import { ADDRESS_KEY } from '../harness/campaigns.js';
import { createTestDatabase, type TestDatabase } from '../harness/database.js';
import { ledgerOf } from '../harness/ledger.js';
import { newNumber, newSid, sentText } from '../harness/texts.js';

const PUBLIC_URL = 'https://audience.example.test/madansara';
const AUTH_TOKEN = 'token-of-the-account';
const NOW = new Date('2026-03-02T13:00:00Z');
let database: TestDatabase;
let api: TestApi;
/** Each is said a moment after the one before. */
let words = 0;
before(async () => {
  database = await createTestDatabase();
  const settings = {
    database,
    ledgerKey: ADDRESS_KEY,
    publicUrl: PUBLIC_URL,
    authToken: AUTH_TOKEN,
    now: () => new Date(NOW.getTime() + (words += 1)),
  };
  api = await startTestApi(database, { outside: (logger) => [createTwilioWebhooks({ ...settings, logger })] });
});
after(async () => {
  await api.close();
  await database.drop();
});

type Fields = Readonly<Record<string, string>>;

function post(path: string, fields: Fields, { token = AUTH_TOKEN, body = String(new URLSearchParams(fields)) } = {}): Promise<Response> {
  return fetch(api.url + path, {
    method: 'POST',
    headers: { 'Content-Type': 'application/x-www-form-urlencoded', 'X-Twilio-Signature': signWebhook(token, PUBLIC_URL + path, fields) },
    body,
  });
}

const statusAt = (token: string) => `${TWILIO_STATUS_ROUTE}?ms_token=${token}`;
const statusOf = (messageSid: string, status: string, more: Fields = {}) => ({
  AccountSid: 'AC1',
  MessageSid: messageSid,
  MessageStatus: status,
  ...more,
});
const unusable = () => api.log.filter((line) => line.includes('Twilio told what cannot be used'));
const rowOf = async (tenantId: Parameters<ReturnType<typeof ledgerOf>['messagesOf']>[0]) =>
  (await ledgerOf(database).messagesOf(tenantId))[0];
const campaignOf = async (tenantId: string): Promise<string> => {
  const { rows } = await database.admin.query<{ key: string }>('select campaign_key as key from outreach_campaigns where tenant_id = $1', [
    tenantId,
  ]);
  return rows[0]?.key ?? '';
};
const suppressed = async (tenantId: string) =>
  (await database.admin.query('select channel, reason from suppressions where tenant_id = $1', [tenantId])).rows;

describe('what Twilio tells of a message', () => {
  it('goes forward alone, in whatever order and however often it comes', async () => {
    const text = await sentText(database, 'whatsapp');
    for (const status of ['read', 'delivered', 'sent', 'read', 'queued']) {
      assert.equal((await post(statusAt(text.token), statusOf(text.messageSid, status))).status, 204);
    }
    assert.equal((await rowOf(text.tenantId))?.status, 'opened');
    const { rows } = await database.admin.query('select kind from provider_events where tenant_id = $1 order by kind', [text.tenantId]);
    assert.deepEqual(rows.map(({ kind }) => String(kind)), ['delivered', 'opened', 'sent', 'sent']); // prettier-ignore
  });

  it('suppresses a number that is nobody’s or wants no more, and not one whose telephone is off', async () => {
    const [off, gone, out] = [await sentText(database), await sentText(database), await sentText(database)];
    await post(statusAt(off.token), statusOf(off.messageSid, 'undelivered', { ErrorCode: '30003' }));
    await post(statusAt(gone.token), statusOf(gone.messageSid, 'undelivered', { ErrorCode: '30005' }));
    await post(statusAt(out.token), statusOf(out.messageSid, 'failed', { ErrorCode: '21610' }));
    for (const { tenantId } of [off, gone, out]) assert.equal((await rowOf(tenantId))?.status, 'failed');
    assert.deepEqual(await suppressed(off.tenantId), []);
    assert.deepEqual(await suppressed(gone.tenantId), [{ channel: 'sms', reason: 'bounced' }]);
    assert.deepEqual(await suppressed(out.tenantId), [{ channel: 'sms', reason: 'unsubscribed' }]);
  });

  it('is believed from nobody but Twilio, with the address that it was given', async () => {
    const text = await sentText(database);
    const fields = statusOf(text.messageSid, 'delivered');
    const other = await sentText(database);
    assert.equal((await post(statusAt(text.token), fields, { token: 'another' })).status, 401);
    assert.equal((await fetch(api.url + statusAt(text.token), { method: 'POST', body: 'a=b' })).status, 401);
    const headers = {
      'Content-Type': 'application/x-www-form-urlencoded',
      'X-Twilio-Signature': signWebhook(AUTH_TOKEN, PUBLIC_URL + statusAt(text.token), fields),
    };
    const body = String(new URLSearchParams(fields));
    assert.equal((await fetch(api.url + statusAt(other.token), { method: 'POST', headers, body })).status, 401);
    const random = seededRandom(20_261_125);
    for (let i = 0; i < 200; i += 1) {
      const at = Math.floor(random() * body.length);
      const mutant = `${body.slice(0, at)}${String.fromCharCode(65 + Math.floor(random() * 26))}${body.slice(at + 1)}`;
      if (mutant !== body)
        assert.equal((await fetch(api.url + statusAt(text.token), { method: 'POST', headers, body: mutant })).status, 401);
    }
    assert.equal((await rowOf(text.tenantId))?.status, 'sent');
  });

  it('is answered well where it is signed and of no use, and said why', async () => {
    for (const [path, fields] of [
      [statusAt('x'), { MessageSid: 'nonsense', MessageStatus: 'delivered' }],
      [statusAt('x'), statusOf(newSid(), 'dancing')],
      [TWILIO_STATUS_ROUTE, statusOf(newSid(), 'sent')],
      [TWILIO_INBOUND_ROUTE, { MessageSid: newSid(), From: 'nobody', To: '+15005550006', Body: 'x' }],
      [TWILIO_INBOUND_ROUTE, { MessageSid: newSid(), From: newNumber(), To: '+15005559999', Body: 'x' }],
    ] as const) {
      assert.equal((await post(path, fields)).status, 204);
    }
    assert.equal((await post(statusAt('a-strangers-token'), statusOf(newSid(), 'sent'))).status, 204);
    assert.equal(unusable().length, 6);
    assert.ok(unusable().every((line) => !line.includes('nonsense') && !line.includes('+1500555')));
  });
});

describe('what people write', () => {
  /** A tenant with senders, and a message of it that was sent. */
  async function conversation(channel: 'sms' | 'whatsapp') {
    const text = await sentText(database, channel);
    const ours = newNumber();
    const senders = { smsNumber: ours, smsService: null, whatsappNumber: ours };
    await database.withTenant(text.tenantId, (tx) => putPhoneSenders(tx, text.tenantId, senders, NOW));
    const prefix = channel === 'whatsapp' ? 'whatsapp:' : '';
    const write = (body: string, more: Fields = {}, from = text.address) =>
      post(TWILIO_INBOUND_ROUTE, {
        MessageSid: newSid(),
        SmsStatus: 'received',
        From: prefix + from,
        To: prefix + ours,
        Body: body,
        ...more,
      });
    return { ...text, write };
  }
  const wordsOf = async (tenantId: string): Promise<string[]> => {
    const { rows } = await database.admin.query<{ word: string }>(
      "select action || ' ' || topic || ' ' || source as word from consent_events where tenant_id = $1 order by event_id",
      [tenantId],
    );
    return rows.map(({ word }) => word);
  };
  const repliesTo = async (tenantId: string) => {
    const { rows } = await database.admin.query<{ provider_id: string; user_id: string; message_id: string; asks: string; sealed: Buffer }>(
      'select provider_id, user_id, message_id, asks, sealed from replies where tenant_id = $1 order by reply_id',
      [tenantId],
    );
    return rows;
  };

  it('is a reply to the last message that went to them, and kept so that nobody can read it without the key', async () => {
    const { tenantId, messageId, write } = await conversation('whatsapp');
    const sid = newSid();
    for (let copy = 0; copy < 5; copy += 1) assert.equal((await write('Yes, tomorrow — 10 o’clock', { MessageSid: sid })).status, 204);
    assert.equal((await rowOf(tenantId))?.status, 'replied');
    const [reply, ...more] = await repliesTo(tenantId);
    assert.deepEqual([reply?.user_id, reply?.message_id, reply?.asks, more.length], ['u1', String(messageId), null, 0]);
    const sealed = reply?.sealed ?? Buffer.alloc(0);
    assert.ok(!sealed.includes('tomorrow'));
    assert.equal(openText(ADDRESS_KEY, { tenantId, providerId: sid }, sealed), 'Yes, tomorrow — 10 o’clock');
    assert.equal(openText(ADDRESS_KEY, { tenantId, providerId: newSid() }, sealed), undefined);
    assert.equal(openText(Buffer.alloc(32, 1), { tenantId, providerId: sid }, sealed), undefined);
    assert.ok(!api.log.join('').includes('tomorrow'));
    const { key } = await createApiKey(database, tenantId, { name: 'people', scopes: ['replies:read'] });
    const { body } = await api.call('GET', '/v1/replies?user_id=u1', { key });
    assert.deepEqual(
      body.items.map(({ text, user_id, asks, answers }: Record<string, unknown>) => [text, user_id, asks, answers]),
      [['Yes, tomorrow — 10 o’clock', 'u1', null, { campaign_id: await campaignOf(tenantId), step_key: 1 }]],
    );
    const { key: other } = await createApiKey(database, tenantId, { name: 'other', scopes: ['read'] });
    assert.equal((await api.call('GET', '/v1/replies', { key: other })).status, 403);
  });

  it('is no reply to a message that Twilio is not known to have: nothing says that it arrived', async () => {
    const { tenantId, write } = await conversation('sms');
    await database.admin.query("update messages set status = 'uncertain', sent_at = null where tenant_id = $1", [tenantId]);
    await database.admin.query('update texts set message_sid = null where tenant_id = $1', [tenantId]);
    await write('Tomorrow');
    await write('STOP');
    assert.equal((await rowOf(tenantId))?.status, 'uncertain');
    assert.deepEqual((await repliesTo(tenantId)).map(({ user_id, message_id }) => [user_id, message_id]), [['u1', null], ['u1', null]]); // prettier-ignore
    assert.deepEqual(await suppressed(tenantId), [{ channel: 'sms', reason: 'unsubscribed' }]);
  });

  it('suppresses the number of whoever says stop, and nobody else’s; and a start undoes it', async () => {
    const { tenantId, write } = await conversation('sms');
    await write('Stop.');
    assert.deepEqual(await suppressed(tenantId), [{ channel: 'sms', reason: 'unsubscribed' }]);
    const { rows } = await database.admin.query('select kind from provider_events where tenant_id = $1', [tenantId]);
    assert.deepEqual(rows, [{ kind: 'unsubscribed' }]);
    await write('START', {}, newNumber());
    assert.equal((await suppressed(tenantId)).length, 1);
    await write('START');
    assert.deepEqual(await suppressed(tenantId), []);
    assert.deepEqual((await repliesTo(tenantId)).map(({ asks }) => asks), ['stop', 'start', 'start']); // prettier-ignore
  });

  it('keeps a number silent after what may be a stop, until somebody has judged it', async () => {
    const { tenantId, write } = await conversation('sms');
    const { key } = await createApiKey(database, tenantId, { name: 'people', scopes: ['replies:read', 'consent:write'] });
    const waiting = async (): Promise<string[]> =>
      (await api.call('GET', '/v1/replies?to_review=true', { key })).body.items.map(({ reply_id: id }: { reply_id: string }) => id);
    const judge = (id: string | undefined, verdict: string) => api.call('PUT', `/v1/replies/${id}/verdict`, { key, body: { verdict } });
    await write('wrong number');
    await write('who is this? wrong number!');
    assert.deepEqual(await suppressed(tenantId), [{ channel: 'sms', reason: 'awaiting review' }]);
    const [second, first] = await waiting();
    assert.equal((await judge(first, 'none')).status, 200);
    assert.equal((await suppressed(tenantId)).length, 1, 'another one waits');
    assert.equal((await judge(second, 'none')).status, 200);
    assert.deepEqual([await suppressed(tenantId), await waiting()], [[], []]);

    await write('wrong number');
    const [third] = await waiting();
    assert.deepEqual((await judge(third, 'stop')).body, { verdict: 'stop' });
    assert.deepEqual((await judge(third, 'none')).body, { verdict: 'stop' }, 'the first verdict counts');
    assert.deepEqual(await suppressed(tenantId), [{ channel: 'sms', reason: 'unsubscribed' }]);
    assert.deepEqual(await wordsOf(tenantId), ['withdrawn * review of a reply']);
    await write('hello');
    assert.equal((await judge('999999', 'stop')).status, 404);
    const { key: reader } = await createApiKey(database, tenantId, { name: 'reader', scopes: ['replies:read'] });
    assert.equal((await api.call('PUT', `/v1/replies/${third}/verdict`, { key: reader, body: { verdict: 'none' } })).status, 403);
  });

  it('signs nobody up who says yes without having left', async () => {
    const { tenantId, write } = await conversation('sms');
    await write('Yes please');
    assert.equal((await rowOf(tenantId))?.status, 'replied');
    assert.deepEqual(await wordsOf(tenantId), []);
  });

  it('keeps a stop and a start as words of consent', async () => {
    const { tenantId, write } = await conversation('sms');
    await write('STOP');
    await write('START');
    await write('stop please', {}, newNumber());
    assert.deepEqual(await wordsOf(tenantId), ['withdrawn * twilio', 'granted * twilio reply', 'withdrawn * twilio reply']);
  });

  it('suppresses a stranger who says stop too', async () => {
    const { tenantId, write } = await conversation('sms');
    await write('STOP', {}, newNumber());
    assert.deepEqual(await suppressed(tenantId), [{ channel: 'sms', reason: 'unsubscribed' }]);
    assert.equal((await rowOf(tenantId))?.status, 'sent');
  });

  it('goes with the person, and to whom they are merged into', async () => {
    const { tenantId, write } = await conversation('sms');
    await write('Who is this?');
    await database.admin.query("insert into users (tenant_id, user_id) values ($1, 'known')", [tenantId]);
    await database.admin.query("select merge_users($1, 'u1', 'known')", [tenantId]);
    assert.deepEqual((await repliesTo(tenantId)).map(({ user_id }) => user_id), ['known']); // prettier-ignore
    await database.admin.query("select delete_user($1, 'known')", [tenantId]);
    assert.deepEqual(await repliesTo(tenantId), []);
  });

  it('is for the tenant whose Messaging Service it is', async () => {
    const { tenantId, address } = await conversation('sms');
    const serviceSid = `MG${newSid().slice(2)}`;
    const senders = { smsNumber: null, smsService: serviceSid, whatsappNumber: null };
    await database.withTenant(tenantId, (tx) => putPhoneSenders(tx, tenantId, senders, NOW));
    await post(TWILIO_INBOUND_ROUTE, { MessageSid: newSid(), From: address, To: newNumber(), Body: 'Hi', MessagingServiceSid: serviceSid });
    assert.equal((await repliesTo(tenantId)).length, 1);
  });
});
