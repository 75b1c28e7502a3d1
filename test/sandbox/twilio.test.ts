import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import twilio from 'twilio';
import { startSandboxTwilio, type SandboxTwilio } from '../../sandbox/twilio/twilio.js';
import { MARKETING_SID, quietPhoneHabits, realTwilio, SERVICE_SID, TWILIO_ACCOUNT, UTILITY_SID } from '../harness/twilio.js';

let sandbox: SandboxTwilio;
let nowMs: number;
beforeEach(async () => {
  nowMs = Date.parse('2026-11-25T10:00:00Z');
  const audience = (number: string) => quietPhoneHabits(number === SLOW ? { deliveryMs: 1e12 } : {});
  sandbox = await startSandboxTwilio({ account: TWILIO_ACCOUNT, audience, webhook: { flushMs: 5, retryMs: 5 }, now: () => nowMs });
});
afterEach(() => sandbox.close());

const JANE = '+33612345678';
/** Gets nothing while a test runs. */
const SLOW = '+33677777777';
const OURS = '+15005550006';
const PATH = `/2010-04-01/Accounts/${TWILIO_ACCOUNT.accountSid}/Messages`;
const basic = (name = TWILIO_ACCOUNT.accountSid, secret = TWILIO_ACCOUNT.authToken) => ({
  Authorization: `Basic ${Buffer.from(`${name}:${secret}`).toString('base64')}`,
});

/** Posts a form as it is, and tells the status and the code of the answer. */
async function post(fields: Readonly<Record<string, string>>, { path = `${PATH}.json`, headers = basic() } = {}) {
  const response = await fetch(sandbox.url + path, { method: 'POST', headers, body: new URLSearchParams(fields) });
  // oxlint-disable-next-line typescript/no-explicit-any -- a test looks into it and asserts what it finds
  return { status: response.status, body: (await response.json()) as any };
}
const sms = (changes: Readonly<Record<string, string>> = {}) => ({ To: JANE, From: OURS, Body: 'Hello', ...changes });
const whatsapp = (changes: Readonly<Record<string, string>> = {}) => ({ To: `whatsapp:${JANE}`, From: `whatsapp:${OURS}`, ...changes });

describe("the sandbox's Twilio, spoken to by the real library", () => {
  it('accepts a message, shows it, and writes it down', async () => {
    const statusCallback = 'http://127.0.0.1:1/x?ms_token=t1#rc=5&rp=all';
    const sent = await realTwilio(sandbox.url).messages.create({ to: JANE, from: OURS, body: 'Hello é', statusCallback });
    assert.match(sent.sid, /^SM[0-9a-f]{32}$/);
    assert.deepEqual([sent.status, sent.direction, sent.numSegments, sent.to, sent.body], ['queued', 'outbound-api', '1', JANE, 'Hello é']);
    assert.equal(sent.dateCreated.getTime(), nowMs);
    assert.deepEqual(sandbox.journal.all(), [
      {
        at: '2026-11-25T10:00:00.000Z',
        sid: sent.sid,
        token: 't1',
        to: JANE,
        from: OURS,
        messaging_service_sid: null,
        body: 'Hello é',
        content_sid: null,
        content_variables: null,
        status_callback: statusCallback,
      },
    ]);
    await sandbox.webhook.drained();
    const now = await realTwilio(sandbox.url).messages(sent.sid).fetch();
    assert.deepEqual([now.status, now.dateSent.getTime(), now.errorCode], ['delivered', nowMs, null]);
    assert.ok(!JSON.stringify(now.toJSON()).includes('ms_token'), 'the address of the callback is never shown');
  });

  it('chooses a sender of the Messaging Service, for each channel', async () => {
    const api = realTwilio(sandbox.url);
    const bySms = await api.messages.create({ to: JANE, messagingServiceSid: SERVICE_SID, body: 'Hello' });
    assert.deepEqual(
      [bySms.status, bySms.from, bySms.messagingServiceSid, bySms.numSegments],
      ['accepted', '+15005550010', SERVICE_SID, '0'],
    );
    const contentVariables = '{"1":"A7"}';
    const rich = { to: `whatsapp:${JANE}`, messagingServiceSid: SERVICE_SID, contentSid: UTILITY_SID, contentVariables };
    assert.deepEqual(
      [(await api.messages.create(rich)).body, sandbox.journal.all()[1]?.from],
      ['Your order A7 is on its way.', 'whatsapp:+15005550011'],
    );
  });

  it('lists messages, the latest first and the unsent before them, in pages', async () => {
    const api = realTwilio(sandbox.url);
    for (let n = 0; n < 5; n += 1) {
      nowMs += 60_000;
      await api.messages.create({ to: JANE, from: n === 2 ? '+15005550010' : OURS, body: `text ${n}` });
      await api.messages.create({ to: '+33611111111', from: OURS, body: 'other' });
      await sandbox.webhook.drained();
    }
    const bodies = async (query: object) => (await api.messages.list(query)).map(({ body }) => body);
    assert.deepEqual(await bodies({ to: JANE, pageSize: 2 }), ['text 4', 'text 3', 'text 2', 'text 1', 'text 0']);
    assert.deepEqual(await bodies({ to: JANE, limit: 2 }), ['text 4', 'text 3']);
    assert.deepEqual(await bodies({ to: JANE, from: '+15005550010' }), ['text 2']);
    assert.deepEqual(await bodies({ to: JANE, dateSentAfter: new Date(nowMs - 60_000) }), ['text 4', 'text 3']);
    assert.equal((await bodies({ to: JANE, dateSent: new Date(nowMs) })).length, 5);
    assert.deepEqual(await bodies({ to: '+33699999999' }), []);
    const page = await api.messages.page({ to: JANE, pageSize: 2 });
    assert.deepEqual([page.instances.length, page.nextPageUrl?.startsWith(sandbox.url)], [2, true]);
    const waiting = await post(sms({ To: SLOW, Body: 'waiting' }));
    nowMs -= 60_000;
    assert.deepEqual([waiting.body.date_sent, await bodies({ limit: 1 })], [null, ['waiting']]);
  });

  it('takes the same message twice, and tells of it', async () => {
    for (let i = 0; i < 3; i += 1) await post(sms({ StatusCallback: 'http://127.0.0.1:1/?ms_token=t1' }));
    await post(sms());
    assert.deepEqual([...sandbox.journal.duplicates()], [['t1', 3]]);
    const over = async (path: string) => (await fetch(sandbox.url + path)).json();
    assert.deepEqual(await over('/sandbox/duplicates'), { t1: 3 });
    const counts = (await over('/sandbox/counts')) as Record<string, number>;
    const { messages, tokens, duplicates, requests, unanswered } = counts;
    assert.deepEqual(
      { messages, tokens, duplicates, requests, unanswered },
      { messages: 4, tokens: 1, duplicates: 1, requests: 4, unanswered: 0 },
    );
    assert.equal(((await over('/sandbox/messages?token=t1')) as unknown[]).length, 3);
  });

  it('refuses a key that it does not know, an account that is not its, and what is not there, as the real one does', async () => {
    await assert.rejects(realTwilio(sandbox.url, { secret: 'wrong' }).messages.create({ to: JANE, from: OURS, body: 'x' }), (error) => {
      assert.ok(error instanceof twilio.RestException);
      assert.deepEqual([error.status, error.code, error.message], [401, 20003, 'Authenticate']);
      return true;
    });
    assert.equal((await post(sms(), { headers: { Authorization: 'Bearer x' } })).status, 401);
    assert.equal((await post(sms(), { headers: basic(`SK${'5'.repeat(32)}`, 'a secret') })).status, 201);
    const elsewhere = await post(sms(), { path: `/2010-04-01/Accounts/AC${'9'.repeat(32)}/Messages.json` });
    assert.deepEqual([elsewhere.status, elsewhere.body.code], [404, 20404]);
    assert.equal((await fetch(`${sandbox.url}${PATH}/SM${'9'.repeat(32)}.json`, { headers: basic() })).status, 404);
    assert.equal((await fetch(`${sandbox.url}${PATH}.json`, { method: 'DELETE', headers: basic() })).status, 405);
  });
});

describe("the rules of the sandbox's Twilio", () => {
  const callback = { StatusCallback: 'http://127.0.0.1:1/x?ms_token=t' };
  const kept: readonly (readonly [string, Readonly<Record<string, string>>])[] = [
    ['a text of 1,600 characters', sms({ Body: 'x'.repeat(1_600) })],
    ['a template on WhatsApp', whatsapp({ ContentSid: UTILITY_SID, ContentVariables: '{"1":"A7"}' })],
    ['a template by SMS', sms({ Body: '', ContentSid: UTILITY_SID, ContentVariables: '{"1":"A7"}' })],
    ['a free text on WhatsApp, which may fail later', whatsapp({ Body: 'Hello' })],
    ['a callback on this machine', sms({ StatusCallback: 'http://127.0.0.1:3000/x#rc=5' })],
  ];
  for (const [rule, fields] of kept) {
    it(`allow ${rule}`, async () => {
      const { status, body } = await post(fields);
      assert.equal(status, 201, JSON.stringify(body));
      assert.equal(sandbox.journal.counts().messages, 1);
    });
  }

  const broken: readonly (readonly [string, Readonly<Record<string, string>>, number])[] = [
    ['nobody to send to', sms({ To: '' }), 21604],
    ['a number that is none', sms({ To: '0612345678' }), 21211],
    ['an invalid number', sms({ To: '+15005550001' }), 21211],
    ['a landline', sms({ To: '+15005550009' }), 21614],
    ['a region that is not enabled', sms({ To: '+15005550003' }), 21408],
    ['who is on its own list of those who opted out', sms({ To: '+15005550004' }), 21610],
    ['no sender', sms({ From: '' }), 21603],
    ['a sender that is no number', sms({ From: '+1-500' }), 21212],
    ['a sender that is not ours', sms({ From: '+15005550123' }), 21606],
    ['a sender whose queue is full', sms({ From: '+15005550008' }), 21611],
    ['a sender that is not on WhatsApp', whatsapp({ From: 'whatsapp:+15005550010', Body: 'x' }), 63007],
    ['two channels', sms({ To: `whatsapp:${JANE}` }), 21910],
    ['a Messaging Service that is not there', { To: JANE, MessagingServiceSid: `MG${'9'.repeat(32)}`, Body: 'x' }, 21701],
    ['a Messaging Service without a sender', { To: JANE, MessagingServiceSid: `MG${'2'.repeat(32)}`, Body: 'x' }, 21703],
    ['nothing to send', sms({ Body: '' }), 21619],
    ['a text and a template', sms({ ContentSid: UTILITY_SID }), 21619],
    ['a text of 1,601 characters', sms({ Body: 'x'.repeat(1_601) }), 21617],
    ['a template that is not there', whatsapp({ ContentSid: `HX${'9'.repeat(32)}` }), 21655],
    ['variables that are not JSON', whatsapp({ ContentSid: UTILITY_SID, ContentVariables: '{1:"A7"}' }), 21656],
    ['variables that are not texts', whatsapp({ ContentSid: UTILITY_SID, ContentVariables: '{"1":7}' }), 21656],
    ['variables that are a list', whatsapp({ ContentSid: UTILITY_SID, ContentVariables: '["A7"]' }), 21656],
    ['variables without a template', sms({ ContentVariables: '{}' }), 21656],
    ['a callback that is no address', sms({ StatusCallback: '/x' }), 21609],
    ['a callback whose host has an underscore', sms({ StatusCallback: 'https://my_host.example/' }), 21609],
    ['a parameter that it does not know', sms({ Boddy: 'x' }), 20001],
  ];
  for (const [rule, fields, code] of broken) {
    it(`refuse ${rule}`, async () => {
      const { status, body } = await post({ ...callback, ...fields });
      assert.deepEqual([status, body.code, body.status], [400, code, 400], JSON.stringify(body));
      assert.match(body.more_info, /twilio\.com/);
      assert.deepEqual(sandbox.journal.all(), []);
    });
  }
});

describe('who wants nothing more', () => {
  const errorCode = async (fields: Readonly<Record<string, string>>) => (await post(fields)).body.code as number | undefined;
  const says = (body: string, { to = OURS, from = JANE } = {}) => sandbox.receive({ from, to, body });

  it('is left alone after one of the keywords, and until one of the others', async () => {
    for (const [stop, start] of [
      ['STOP', 'START'],
      ['stop ', 'yes'],
      ['Unsubscribe', 'Unstop'],
      ['STOPALL', 'start'],
      ['cancel', 'START'],
      ['END', 'START'],
      ['quit', 'START'],
      ['REVOKE', 'START'],
      ['optout', 'START'],
    ] as const) {
      says(stop);
      assert.equal(await errorCode(sms()), 21610, stop);
      says(start);
      assert.equal(await errorCode(sms()), undefined, start);
    }
    for (const words of ['STOP PLEASE', 'please stop', 'HELP', 'stopp', 'arrêt']) says(words);
    assert.equal(await errorCode(sms()), undefined);
  });

  it('is left alone by that sender, or by all of the Messaging Service, and nobody else is', async () => {
    says('STOP');
    says('STOP', { to: '+15005550010', from: '+33611111111' });
    assert.equal(await errorCode(sms({ From: '+15005550010' })), undefined);
    assert.equal(await errorCode(sms({ To: '+33622222222' })), undefined);
    const byService = { To: '+33611111111', MessagingServiceSid: SERVICE_SID, Body: 'Hello' };
    assert.deepEqual([await errorCode(byService), await errorCode(sms({ To: '+33611111111', From: '+15005550010' }))], [21610, 21610]);
    assert.equal(await errorCode(sms({ To: '+33611111111' })), undefined);
  });

  it('is left alone on WhatsApp only where a Messaging Service looks for keywords', async () => {
    says('STOP', { to: `whatsapp:${OURS}`, from: `whatsapp:${JANE}` });
    assert.equal(await errorCode(whatsapp({ Body: 'Hello' })), undefined);
    says('STOP', { to: 'whatsapp:+15005550011', from: `whatsapp:${JANE}` });
    assert.equal(await errorCode({ To: `whatsapp:${JANE}`, MessagingServiceSid: SERVICE_SID, Body: 'Hello' }), 21610);
  });
});

describe('what is sent on WhatsApp', () => {
  /** Accepted, and then: its status and error. */
  async function fate(fields: Readonly<Record<string, string>>): Promise<readonly unknown[]> {
    const { status, body } = await post(fields);
    assert.equal(status, 201, JSON.stringify(body));
    await sandbox.webhook.drained();
    const then = await realTwilio(sandbox.url)
      .messages((body as { sid: string }).sid)
      .fetch();
    return [then.status, then.errorCode];
  }

  it('may be free for a day after somebody has written to us, and fails else', async () => {
    const free = whatsapp({ Body: 'Hello' });
    assert.deepEqual(await fate(free), ['failed', 63016]);
    sandbox.receive({ from: `whatsapp:${JANE}`, to: `whatsapp:${OURS}`, body: 'Hi' });
    assert.deepEqual(await fate(free), ['delivered', null]);
    assert.deepEqual(await fate({ ...free, From: 'whatsapp:+15005550011' }), ['failed', 63016], 'they wrote to another number of ours');
    nowMs += 24 * 3_600_000 - 1;
    assert.deepEqual(await fate(free), ['delivered', null]);
    nowMs += 1;
    assert.deepEqual(await fate(free), ['failed', 63016]);
    assert.deepEqual(await fate(whatsapp({ ContentSid: UTILITY_SID, ContentVariables: '{"1":"A7"}' })), ['delivered', null]);
  });

  it('fails where a variable is missing, and where Meta lets no marketing through', async () => {
    const variables = { ContentVariables: '{"1":"10 %","name":"Jane"}' };
    assert.deepEqual(await fate(whatsapp({ ContentSid: MARKETING_SID, ContentVariables: '{"1":"10 %"}' })), ['failed', 63028]);
    assert.deepEqual(await fate(whatsapp({ ContentSid: MARKETING_SID, ...variables })), ['delivered', null]);
    assert.deepEqual(await fate(whatsapp({ To: 'whatsapp:+14155550100', ContentSid: MARKETING_SID, ...variables })), ['failed', 63049]);
  });
});
