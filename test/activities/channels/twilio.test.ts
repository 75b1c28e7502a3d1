import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:http';
import { createServer as createTcpServer, type AddressInfo } from 'node:net';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import { createTwilioClient, type TwilioOptions } from '../../../activities/channels/twilio-client.js';
import { sendTexts } from '../../../activities/channels/twilio.js';
import type { PhoneBatch, PhoneMessage } from '../../../core/message/phone-message.js';
import type { SendFault } from '../../../sandbox/provider/faults.js';
import { freePort } from '../../../sandbox/processes.js';
import { startSandboxTwilio, type SandboxTwilio } from '../../../sandbox/twilio/twilio.js';
import { quietPhoneHabits, SERVICE_SID, TWILIO_ACCOUNT, UTILITY_SID } from '../../harness/twilio.js';

const statusUrl = 'http://127.0.0.1:1/status';
const message = (n: number, changes: Partial<PhoneMessage> = {}): PhoneMessage => ({
  token: `t${n}`,
  channel: 'sms',
  to: `+336${String(10_000_000 + n)}`,
  content: { kind: 'text', text: `Hello ${n} 👍` },
  ...changes,
});
const many = (count: number, changes: (n: number) => Partial<PhoneMessage> = () => ({})) =>
  Array.from({ length: count }, (_, n) => message(n, changes(n)));
const batchOf = (messages: readonly PhoneMessage[], changes: Partial<PhoneBatch> = {}): PhoneBatch => ({
  sender: { kind: 'number', number: '+15005550006' },
  statusUrl,
  messages,
  ...changes,
});
const clientAt = (baseUrl: string, options: Partial<TwilioOptions> = {}) =>
  createTwilioClient({ accountSid: TWILIO_ACCOUNT.accountSid, secret: TWILIO_ACCOUNT.authToken, baseUrl, timeoutMs: 5_000, ...options });

describe('sending texts by Twilio', () => {
  let sandbox: SandboxTwilio;
  beforeEach(async () => void (sandbox = await startSandboxTwilio({ account: TWILIO_ACCOUNT, audience: () => quietPhoneHabits() })));
  afterEach(() => sandbox.close());
  const send = (messages: readonly PhoneMessage[], options: Partial<TwilioOptions> = {}, changes: Partial<PhoneBatch> = {}) =>
    sendTexts(clientAt(sandbox.url, options), batchOf(messages, changes));

  it('gives each of three hundred people their own text, and tells of each, in their order', async () => {
    const outcomes = await send(many(300));
    assert.equal(outcomes.length, 300);
    assert.equal(sandbox.journal.duplicates().size, 0);
    for (const [n, outcome] of outcomes.entries()) {
      const [got, second] = sandbox.journal.byToken(`t${n}`);
      assert.ok(got && !second && outcome.kind === 'accepted', JSON.stringify(outcome));
      assert.deepEqual([outcome.messageId, got.to, got.body], [got.sid, message(n).to, `Hello ${n} 👍`]);
    }
  });

  it('gives Twilio no id but the token, in an address that it keeps to itself', async () => {
    await send([message(0)]);
    const [{ status_callback, ...rest } = { status_callback: null }] = sandbox.journal.all();
    assert.equal(status_callback, `${statusUrl}?ms_token=t0#rc=5&rp=all`);
    assert.equal('token' in rest && rest.token, 't0');
  });

  it('sends templates on WhatsApp, by a Messaging Service', async () => {
    const content = { kind: 'template', contentSid: UTILITY_SID, variables: { '1': 'A "7"' } } as const;
    const [outcome] = await send(
      [message(0, { channel: 'whatsapp', content })],
      {},
      { sender: { kind: 'service', serviceSid: SERVICE_SID } },
    );
    assert.equal(outcome?.kind, 'accepted');
    const [got] = sandbox.journal.all();
    assert.deepEqual(
      [got?.to, got?.from, got?.body],
      ['whatsapp:+33610000000', 'whatsapp:+15005550011', 'Your order A "7" is on its way.'],
    );
  });

  it('has so many requests under way at once, and no more', async () => {
    sandbox.misbehave(...Array.from({ length: 12 }, () => ({ kind: 'slow', delayMs: 30 }) as const));
    let under: number[] = [];
    const watch = setInterval(() => under.push(sandbox.journal.counts().messages - sandbox.requests().length), 1);
    await send(many(12), { atOnce: 3 });
    clearInterval(watch);
    under = under.filter((count) => count > 0);
    assert.equal(Math.max(...under), 3);
  });

  it('refuses a message that cannot be sent, and sends the others', async () => {
    const outcomes = await send([
      message(0),
      message(1, { to: 'nobody' }),
      message(2, { content: { kind: 'text', text: '' } }),
      message(3),
    ]);
    assert.deepEqual(
      outcomes.map((outcome) => (outcome.kind === 'refused' ? outcome.because : outcome.kind)),
      ['accepted', 'its number is not one in E.164 (+14155550100)', 'its text is empty', 'accepted'],
    );
    assert.equal(sandbox.requests().length, 2);
  });

  it('sends nothing when there is nothing', async () => assert.deepEqual(await send([]), []));

  it('tells of a number that is none, and of who has opted out, and sends to the others', async () => {
    sandbox.receive({ from: message(2).to, to: '+15005550006', body: 'STOP' });
    const [landline, fine, out] = await send([message(0, { to: '+15005550009' }), message(1), message(2)]);
    assert.ok(landline?.kind === 'refused' && landline.concerns === 'request' && landline.addressFault === 'unreachable');
    assert.doesNotMatch(landline.because, /5005550009/);
    assert.equal(fine?.kind, 'accepted');
    assert.ok(out?.kind === 'refused' && out.addressFault === 'opted_out');
  });

  it('says that the account is refused when the key is, without saying the key, and asks no more often than it must', async () => {
    const outcomes = await send(many(100), { secret: 'wrong-secret', atOnce: 4 });
    assert.ok(outcomes.every((outcome) => outcome.kind === 'refused' && outcome.concerns === 'account' && outcome.status === 401));
    assert.doesNotMatch(JSON.stringify(outcomes), /wrong-secret/);
    assert.equal(sandbox.requests().length, 4);
  });

  it('takes an API key as well', async () => {
    const [outcome] = await send([message(0)], { apiKeySid: `SK${'5'.repeat(32)}`, secret: 'a secret' });
    assert.equal(outcome?.kind, 'accepted');
  });

  it('keeps the keys of two accounts apart when they send at once', async () => {
    const other = await startSandboxTwilio({ account: { ...TWILIO_ACCOUNT, authToken: 'other' } });
    const outcomes = await Promise.all([
      sendTexts(clientAt(sandbox.url), batchOf(many(20))),
      sendTexts(clientAt(other.url, { secret: 'other' }), batchOf(many(20))),
    ]);
    assert.ok(outcomes.flat().every(({ kind }) => kind === 'accepted'));
    assert.deepEqual([sandbox.journal.counts().messages, other.journal.counts().messages], [20, 20]);
    await other.close();
  });

  it('sends where it is told, whatever the environment says of regions', async () => {
    const before = { ...process.env };
    Object.assign(process.env, {
      TWILIO_REGION: 'ie1',
      TWILIO_EDGE: 'dublin',
      TWILIO_ACCOUNT_SID: 'ACx',
      TWILIO_AUTH_TOKEN: 'x',
      TWILIO_LOG_LEVEL: 'debug',
    });
    try {
      const localhost = sandbox.url.replace('127.0.0.1', 'localhost');
      const [outcome] = await sendTexts(clientAt(localhost), batchOf([message(0)]));
      assert.equal(outcome?.kind, 'accepted', JSON.stringify(outcome));
    } finally {
      process.env = before;
    }
  });

  const faults: readonly (readonly [SendFault, string, number])[] = [
    [{ kind: 'rate_limited', resetAfterS: 7 }, 'not_accepted', 0],
    [{ kind: 'error', status: 500, accepts: true }, 'ambiguous', 1],
    [{ kind: 'error', status: 503, accepts: false }, 'ambiguous', 0],
    [{ kind: 'error', status: 408, accepts: false }, 'ambiguous', 0],
    [{ kind: 'error', status: 404, accepts: false }, 'refused', 0],
    [{ kind: 'error', status: 307, accepts: true }, 'ambiguous', 1],
    [{ kind: 'error', status: 200, accepts: true }, 'ambiguous', 1],
    [{ kind: 'error', status: 201, accepts: true }, 'ambiguous', 1],
    [{ kind: 'reset', accepts: false }, 'ambiguous', 0],
    [{ kind: 'reset', accepts: true }, 'ambiguous', 1],
    [{ kind: 'half_open', accepts: true }, 'ambiguous', 1],
    [{ kind: 'slow', delayMs: 60_000 }, 'ambiguous', 1],
    [{ kind: 'slow', delayMs: 20 }, 'accepted', 1],
  ];
  for (const [fault, kind, accepted] of faults) {
    it(`is ${kind} after ${JSON.stringify(fault)}, and tried once`, async () => {
      sandbox.misbehave(fault);
      const [outcome] = await send([message(0)], { timeoutMs: 400 });
      assert.equal(outcome?.kind, kind, JSON.stringify(outcome));
      assert.equal(sandbox.journal.counts().messages, accepted);
      assert.equal(sandbox.requests().length, fault.kind === 'slow' && fault.delayMs > 400 ? 0 : 1);
    });
  }

  it('waits for as long as the rate limit says, and spares the rest the question', async () => {
    sandbox.misbehave(undefined, { kind: 'rate_limited', resetAfterS: 40 });
    const beforeMs = Date.now();
    const [first, ...rest] = await send(many(50), { atOnce: 1 });
    assert.equal(first?.kind, 'accepted');
    for (const outcome of rest) {
      assert.ok(outcome.kind === 'not_accepted');
      const waitS = (outcome.retryAtMs - beforeMs) / 1_000;
      assert.ok(waitS > 38 && waitS < 43, `${waitS} s`);
    }
    assert.equal(sandbox.requests().length, 2);
  });

  it('keeps the rest back when as many in a row as are under way at once get no answer', async () => {
    sandbox.misbehave(...Array.from({ length: 100 }, () => ({ kind: 'half_open', accepts: true }) as const));
    const outcomes = await send(many(60), { atOnce: 4, timeoutMs: 200 });
    const count = (kind: string) => outcomes.filter((outcome) => outcome.kind === kind).length;
    assert.ok(count('ambiguous') >= 4 && count('ambiguous') <= 8, `${count('ambiguous')} uncertain`);
    assert.equal(count('ambiguous') + count('not_accepted'), 60);
    assert.equal(sandbox.journal.counts().messages, count('ambiguous'));
  });

  it('does not keep the rest back for a failure now and then', async () => {
    sandbox.misbehave(...Array.from({ length: 60 }, (_, n) => (n % 3 === 0 ? ({ kind: 'reset', accepts: false } as const) : undefined)));
    const outcomes = await send(many(60), { atOnce: 1 });
    assert.ok(outcomes.some(({ kind }) => kind === 'ambiguous'));
    assert.deepEqual(new Set(outcomes.slice(0, 1).map(({ kind }) => kind)), new Set(['ambiguous']));
  });

  it('is ambiguous when it is called off after it was written, and not accepted before', async () => {
    sandbox.misbehave({ kind: 'half_open', accepts: true });
    const caller = new AbortController();
    const sent = sendTexts(clientAt(sandbox.url, { atOnce: 1 }), batchOf(many(3)), { signal: caller.signal });
    while (sandbox.requests().length === 0) await new Promise((resolve) => setImmediate(resolve));
    caller.abort();
    const abortedMs = performance.now();
    assert.deepEqual(
      (await sent).map(({ kind }) => kind),
      ['ambiguous', 'not_accepted', 'not_accepted'],
    );
    assert.equal(sandbox.requests().length, 1);
    assert.ok(performance.now() - abortedMs < 2_000, 'it does not wait for the answer any more');
  });
});

describe('sending texts by a Twilio that cannot be reached', () => {
  const send = async (baseUrl: string, timeoutMs = 2_000) => (await sendTexts(clientAt(baseUrl, { timeoutMs }), batchOf(many(2))))[0];

  it('is not accepted where nobody listens, or no such name is known', async () => {
    const port = await freePort();
    for (const baseUrl of [
      `http://127.0.0.1:${port}`,
      `http://localhost:${port}`,
      `https://127.0.0.1:${port}`,
      'http://no.such.name.invalid',
      // An address to which no way leads, for which the library's error has a code that says nothing of the connection.
      'http://255.255.255.255',
    ]) {
      const beforeMs = Date.now();
      const outcome = await send(baseUrl);
      assert.ok(outcome?.kind === 'not_accepted', `${baseUrl}: ${JSON.stringify(outcome)}`);
      assert.ok(outcome.retryAtMs > beforeMs);
    }
  });

  it('is not accepted by a server with which no TLS connection comes about', async () => {
    const plain = createTcpServer((socket) => socket.on('error', () => {}).end('HTTP/1.1 400 no TLS here\r\n\r\n'));
    await new Promise<void>((resolve) => plain.listen(0, '127.0.0.1', resolve));
    assert.equal((await send(`https://127.0.0.1:${(plain.address() as AddressInfo).port}`))?.kind, 'not_accepted');
    plain.close();
  });

  it('is ambiguous where somebody listens and then says nothing, or breaks off', async () => {
    const mute = createTcpServer((socket) => socket.on('error', () => {}).resume());
    const rude = createTcpServer((socket) => socket.on('error', () => {}).once('data', () => socket.destroy()));
    for (const server of [mute, rude]) {
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      assert.equal((await send(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, 300))?.kind, 'ambiguous');
      server.close();
    }
  });
});

describe('an answer by Twilio that drips in', () => {
  it('is not waited for any longer than was said', async () => {
    const drips = createServer((request, response) => {
      response.writeHead(201, { 'Content-Type': 'application/json' });
      const drip = setInterval(() => response.write(' '), 20);
      request.socket.once('close', () => clearInterval(drip));
    });
    await new Promise<void>((resolve) => drips.listen(0, '127.0.0.1', resolve));
    const startedMs = performance.now();
    const client = clientAt(`http://127.0.0.1:${(drips.address() as AddressInfo).port}`, { timeoutMs: 200 });
    assert.equal((await sendTexts(client, batchOf(many(1))))[0]?.kind, 'ambiguous');
    assert.ok(performance.now() - startedMs < 2_000);
    drips.close();
  });
});

describe('a redirect by Twilio', () => {
  let elsewhere: Server;
  let visits = 0;
  before(async () => {
    elsewhere = createServer((_, response) => {
      visits += 1;
      response.writeHead(visits === 1 ? 307 : 201, { Location: '/elsewhere' }).end();
    });
    await new Promise<void>((resolve) => elsewhere.listen(0, '127.0.0.1', resolve));
  });
  after(() => elsewhere.close());

  it('is not followed with key and text', async () => {
    const baseUrl = `http://127.0.0.1:${(elsewhere.address() as AddressInfo).port}`;
    const [outcome] = await sendTexts(clientAt(baseUrl), batchOf(many(1)));
    assert.deepEqual([outcome?.kind, visits], ['ambiguous', 1]);
  });
});
