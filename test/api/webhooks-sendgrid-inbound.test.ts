import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { randomUUID } from 'node:crypto';
import { after, before, beforeEach, describe, it } from 'node:test';
import { createSendgridInbound } from '../../api/webhooks/sendgrid-inbound.js';
import type { TenantId } from '../../core/ids.js';
import { signReplyAddress } from '../../core/message/reply-address.js';
import { seededRandom } from '../../core/random.js';
import { createApiKey } from '../../db/queries/api-keys.js';
import { fieldsOf, formOf, type WrittenMail } from '../../sandbox/sendgrid/inbound.js';
import { startSandboxSendgrid } from '../../sandbox/sendgrid/sendgrid.js';
import { startTestApi, type TestApi } from '../harness/api.js';
import { ADDRESS_KEY } from '../harness/campaigns.js';
import { createTestDatabase, type TestDatabase } from '../harness/database.js';
import { AT, claimed, later, ledgerOf } from '../harness/ledger.js';
import { quietHabits, realMailer, SENDGRID_KEY } from '../harness/sendgrid.js';

const SECRET = 'a-secret-of-more-than-24-characters';
const PATH = `/v1/webhooks/sendgrid/inbound/${SECRET}`;
let database: TestDatabase;
let api: TestApi;
let tenantId: TenantId;
let messageId: number;
let key: string;
let clockMs = AT.getTime();
before(async () => {
  database = await createTestDatabase();
  const settings = { ledgerKey: ADDRESS_KEY, secret: SECRET, now: () => new Date((clockMs += 1)), bodyTimeoutMs: 1_000 };
  api = await startTestApi(database, { outside: (logger) => [createSendgridInbound({ database, ...settings, logger })] });
});
beforeEach(async () => {
  const ledger = ledgerOf(database);
  const { tenantId: id, step } = await ledger.prepared(1);
  const call = randomUUID();
  const claims = await ledger.claim(step, call);
  await ledger.begin(id, call, claims);
  await ledger.answerAll(id, call, claims);
  [tenantId, messageId] = [id, claimed(claims)[0]?.messageId ?? 0];
  ({ key } = await createApiKey(database, tenantId, { name: 'people', scopes: ['replies:read', 'consent:write'] }));
  clockMs = later(5).getTime();
});
after(async () => {
  await api.close();
  await database.drop();
});

const ours = () => signReplyAddress(ADDRESS_KEY, { tenantId, messageId }, 'reply.example.com');
const mail = (changes: Partial<WrittenMail> = {}) => fieldsOf({ from: 'u1@example.test', to: ours(), text: 'Nice!', ...changes });
async function post(fields: Readonly<Record<string, string>>, path = PATH): Promise<number> {
  return (await fetch(api.url + path, { method: 'POST', ...formOf(fields) })).status;
}
const write = (changes: Partial<WrittenMail> = {}) => post(mail(changes));
const replies = async (query = '') => (await api.call('GET', `/v1/replies?limit=50${query}`, { key })).body.items;
const status = async () => (await ledgerOf(database).messagesOf(tenantId))[0]?.status;
const suppressed = async () => {
  const { rows } = await database.admin.query<{ reason: string }>('select reason from suppressions where tenant_id = $1', [tenantId]);
  return rows.map(({ reason }) => reason);
};
const unusable = () => api.log.filter((line) => line.includes('a mail cannot be used')).length;

describe('what people write back by mail', () => {
  it('is a reply to the message whose address it went to, once, with its own words sealed', async () => {
    const fields = mail({ text: 'Nice, how much?\n\nOn Mon, 2 Mar 2026, Shop <news@shop.example> wrote:\n> unsubscribe here' });
    for (let copy = 0; copy < 5; copy += 1) assert.equal(await post(fields), 200);
    assert.equal(await status(), 'replied');
    const [reply, ...others] = await replies();
    assert.deepEqual(others, []);
    assert.deepEqual(
      [reply.text, reply.channel, reply.user_id, reply.asks, reply.is_trusted, reply.is_automatic, reply.answers.step_key],
      ['Nice, how much?', 'email', 'u1', null, true, false, 1],
    );
    assert.ok(!api.log.join('').includes('how much'));
    assert.equal((await replies('&to_answer=true')).length, 1);
  });

  it('is obeyed where it asks to stop, and waits for somebody where it may', async () => {
    await write({ text: 'Please take me off your list' });
    assert.deepEqual(await suppressed(), ['unsubscribed']);
    const { rows } = await database.admin.query('select action, topic, source from consent_events where tenant_id = $1', [tenantId]);
    assert.deepEqual(rows, [{ action: 'withdrawn', topic: '*', source: 'inbound mail' }]);
  });

  it('silences the address that may want no more, until somebody has judged it', async () => {
    await write({ text: 'not interested' });
    assert.deepEqual([await status(), await suppressed()], ['replied', ['awaiting review']]);
    const [{ reply_id: id }] = await replies('&to_review=true');
    await api.call('PUT', `/v1/replies/${id}/verdict`, { key, body: { verdict: 'none' } });
    assert.deepEqual([await suppressed(), await replies('&to_review=true')], [[], []]);
  });

  it('changes nothing where somebody else has written it, and waits for a person', async () => {
    for (const changes of [
      { from: 'stranger@example.org', text: 'STOP' },
      { fields: { SPF: 'fail', dkim: 'none' }, text: 'STOP' },
      { from: 'stranger@example.org', text: 'Hello' },
    ]) {
      assert.equal(await write(changes), 200);
    }
    assert.deepEqual([await status(), await suppressed()], ['sent', []]);
    const waiting = await replies('&to_review=true');
    assert.deepEqual(waiting.map(({ is_trusted, asks }: Record<string, unknown>) => [is_trusted, asks]), [[false, null], [false, 'stop'], [false, 'stop']]); // prettier-ignore
    const path = `/v1/replies/${waiting[1].reply_id}/verdict`;
    assert.equal((await api.call('PUT', path, { key, body: { verdict: 'stop' } })).status, 200);
    assert.deepEqual(await suppressed(), ['unsubscribed']);
  });

  it('is no engagement where a program has written it', async () => {
    await write({ head: { 'Auto-Submitted': 'auto-replied' }, text: 'I am away. Do not mail me any more until Monday, unsubscribe' });
    assert.deepEqual([await status(), await suppressed()], ['sent', []]);
    assert.deepEqual((await replies()).map(({ is_automatic }: Record<string, unknown>) => is_automatic), [true]); // prettier-ignore
    assert.deepEqual([await replies('&to_answer=true'), await replies('&to_review=true')], [[], []]);
  });

  it('is read in the encoding in which it was written, and with whatever is attached', async () => {
    const body = new FormData();
    for (const [name, value] of Object.entries(mail())) if (name !== 'text') body.set(name, value);
    body.set('charsets', JSON.stringify({ text: 'windows-1252' }));
    const { headers, body: form } = formOf({ ...mail(), charsets: JSON.stringify({ text: 'windows-1252' }), text: 'Gr\u00fc\u00dfe' });
    assert.equal((await fetch(api.url + PATH, { method: 'POST', headers, body: Buffer.from(form, 'latin1') })).status, 200);
    assert.equal((await replies())[0].text, 'Grüße');
    body.set('text', 'With a picture');
    body.set('charsets', '{}');
    body.set('headers', 'Message-ID: <other@example.test>\n');
    body.set('attachment1', new Blob([Buffer.alloc(5_000_000)]), 'picture.png');
    assert.equal((await fetch(api.url + PATH, { method: 'POST', body })).status, 200);
    assert.equal((await replies())[0].text, 'With a picture');
  });

  it('is kept of nobody who was deleted', async () => {
    await database.admin.query("select delete_user($1, 'u1')", [tenantId]);
    assert.equal(await write(), 200);
    assert.deepEqual(await replies(), []);
  });
});

describe('what cannot be used', () => {
  it('is answered 200, so that nobody is told that it was dropped, and the log says why', async () => {
    const before = unusable();
    const other = { method: 'POST', body: 'a=b' };
    for (const headers of [{ 'Content-Type': 'text/plain' }, { 'Content-Type': 'multipart/form-data' }, {}] as const) {
      assert.equal((await fetch(api.url + PATH, { ...other, headers })).status, 200);
    }
    const broken = { 'Content-Type': 'multipart/form-data; boundary=x' };
    assert.equal((await fetch(api.url + PATH, { method: 'POST', headers: broken, body: '--x\r\nnonsense' })).status, 200);
    for (const fields of [{}, { email: 'From: x' }, mail({ to: 'r+nonsense@reply.example.com' }), mail({ from: 'nobody' })]) {
      assert.equal(await post(fields), 200);
    }
    assert.equal(unusable() - before, 8);
    assert.equal((await fetch(api.url + PATH, { method: 'POST', ...formOf({ ...mail(), html: 'x'.repeat(33_000_000) }) })).status, 200);
    assert.equal(await status(), 'sent');
  });

  it('is taken whatever is in it: no mutation of a mail is refused or breaks anything', async () => {
    const { headers, body } = formOf(mail());
    const random = seededRandom(20_261_125);
    for (let i = 0; i < 150; i += 1) {
      const bytes = Buffer.from(body);
      for (let n = 0; n < 1 + (i % 10); n += 1) bytes[Math.floor(random() * bytes.length)] = Math.floor(random() * 256);
      const { status: answer } = await fetch(api.url + PATH, {
        method: 'POST',
        headers,
        body: i % 3 ? bytes : bytes.subarray(0, bytes.length / 2),
      });
      assert.equal(answer, 200);
    }
  });

  it('is to be posted again where it was not stored: a wrong secret, half a mail, a database that is away', async () => {
    assert.equal(await post(mail(), '/v1/webhooks/sendgrid/inbound/another'), 503);
    const { headers, body } = formOf(mail());
    const answer = await new Promise<string>((resolve, reject) => {
      const socket = connect(api.port, '127.0.0.1');
      let text = '';
      socket
        .on('data', (chunk) => (text += String(chunk)))
        .on('close', () => resolve(text))
        .on('error', reject);
      socket.write(
        `POST ${PATH} HTTP/1.1\r\nHost: x\r\nContent-Type: ${headers['Content-Type']}\r\nContent-Length: ${body.length}\r\n\r\n`,
      );
      socket.write(body.slice(0, 100));
    });
    assert.match(answer, /^HTTP\/1\.1 503 /);
    await database.admin.query('alter function take_mail_reply rename to away');
    assert.equal(await write(), 503);
    await database.admin.query('alter function away rename to take_mail_reply');
    assert.equal(await write(), 200);
  });
});

describe("the sandbox's SendGrid", () => {
  it('lets people write back to where a mail asks for it, through every fault of the way', async () => {
    const inbound = {
      url: api.url + PATH,
      flushMs: 1,
      retryBaseMs: 20,
      chances: { seed: 3, faults: [{ probability: 1, fault: { kind: 'answer_lost' } }] },
    } as const;
    const habits = quietHabits({ opened: 1, replied: 1, replies: ['Lovely'] });
    const sendgrid = await startSandboxSendgrid({ keys: [SENDGRID_KEY], audience: () => habits, inbound });
    await realMailer(sendgrid.url).send({
      to: 'u1@example.test',
      from: { email: 'news@shop.example', name: 'Shop' },
      replyTo: ours(),
      subject: 'Hello',
      text: 'To unsubscribe, stop here',
      trackingSettings: { openTracking: { enable: true } },
    });
    await sendgrid.inbound.drained();
    await sendgrid.close();
    assert.deepEqual(sendgrid.inbound.deliveries().map(({ answer }) => answer), [200, 200]); // prettier-ignore
    assert.deepEqual((await replies()).map(({ text, asks }: Record<string, unknown>) => [text, asks]), [['Lovely', null]]); // prettier-ignore
    assert.equal(await status(), 'replied');
  });
});
