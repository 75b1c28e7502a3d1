import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, it } from 'node:test';
import twilio from 'twilio';
import { fieldOf, readTwilioForm } from '../../core/message/twilio-form.js';
import { readTwilioInbound, type InboundText } from '../../core/message/twilio-inbound.js';
import { verifyTwilioSignature } from '../../core/message/twilio-signature.js';
import { readTwilioStatus, type TwilioEngagement } from '../../core/message/twilio-status.js';
import type { PhoneHabits } from '../../sandbox/twilio/audience.js';
import { startSandboxTwilio, type SandboxTwilio, type SandboxTwilioOptions } from '../../sandbox/twilio/twilio.js';
import { quietPhoneHabits, realTwilio, SERVICE_SID, TWILIO_ACCOUNT, UTILITY_SID } from '../harness/twilio.js';

const OURS = '+15005550006';
type Post = { readonly path: string; readonly body: string; readonly signature: string; readonly idempotency: string };
let receiver: Server;
let receiverUrl: string;
let posts: Post[];
/** What the receiver answers, by the number of the post; 204 where nothing stands. */
let answers: number[];
let sandbox: SandboxTwilio | undefined;

beforeEach(async () => {
  [posts, answers] = [[], []];
  receiver = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const { 'x-twilio-signature': signature, 'i-twilio-idempotency-token': idempotency } = request.headers;
      posts.push({
        path: request.url ?? '',
        body: String(Buffer.concat(chunks)),
        signature: String(signature),
        idempotency: String(idempotency),
      });
      response.writeHead(answers[posts.length - 1] ?? 204).end();
    });
  });
  await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve));
  receiverUrl = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}`;
});
afterEach(async () => {
  await sandbox?.close();
  receiver.close();
  receiver.closeAllConnections();
});

async function start(habits: Partial<PhoneHabits>, { webhook = {}, ...options }: SandboxTwilioOptions = {}): Promise<SandboxTwilio> {
  sandbox = await startSandboxTwilio({
    account: TWILIO_ACCOUNT,
    audience: () => quietPhoneHabits(habits),
    webhook: { inboundUrl: `${receiverUrl}/inbound`, flushMs: 5, retryMs: 10, ...webhook },
    ...options,
  });
  return sandbox;
}

type Kind = 'sms' | 'sms by service' | 'template';

/** Sends to so many people and waits until all that they did was posted. */
async function sendTo(
  count: number,
  { kind = 'sms', overrides = '#rc=5&rp=all' }: { kind?: Kind; overrides?: string } = {},
): Promise<void> {
  assert.ok(sandbox);
  const api = realTwilio(sandbox.url);
  for (let n = 0; n < count; n += 1) {
    const to = `+3361234${String(5_000 + n)}`;
    const statusCallback = `${receiverUrl}/status?ms_token=t${n}${overrides}`;
    const what = {
      sms: { to, from: OURS, body: 'Hello' },
      'sms by service': { to, messagingServiceSid: SERVICE_SID, body: 'Hello' },
      template: { to: `whatsapp:${to}`, from: `whatsapp:${OURS}`, contentSid: UTILITY_SID, contentVariables: '{"1":"A7"}' },
    }[kind];
    await api.messages.create({ ...what, statusCallback });
  }
  await sandbox.webhook.drained();
}

function genuine({ path, body, signature }: Post): boolean {
  const form = readTwilioForm(Buffer.from(body));
  const fields = Object.fromEntries(new URLSearchParams(body));
  const isOurs = form !== undefined && verifyTwilioSignature(TWILIO_ACCOUNT.authToken, signature, receiverUrl + path, form);
  assert.equal(
    isOurs,
    twilio.validateRequest(TWILIO_ACCOUNT.authToken, signature, receiverUrl + path, fields),
    'the official verifier agrees',
  );
  return isOurs;
}
const formOf = ({ body }: Post) => readTwilioForm(Buffer.from(body)) ?? new Map<string, string[]>();
function statuses(): TwilioEngagement[] {
  const told = posts.filter(({ path }) => path.startsWith('/status')).filter(genuine);
  return told.map((post) => {
    const token = new URL(post.path, receiverUrl).searchParams.get('ms_token');
    const engagement = readTwilioStatus(formOf(post), token, 0);
    assert.ok('kind' in engagement, JSON.stringify(engagement));
    return engagement;
  });
}
function written(): InboundText[] {
  const told = posts.filter(({ path }) => path === '/inbound').filter(genuine);
  return told.map((post) => {
    const text = readTwilioInbound(formOf(post));
    assert.ok('channel' in text, JSON.stringify(text));
    return text;
  });
}
/** Callbacks are posted side by side: their order says nothing. */
const kinds = () =>
  statuses()
    .map(({ kind, addressFault, detail }) => [kind, addressFault ?? detail].filter(Boolean).join(' '))
    .toSorted();

describe("the callbacks of the sandbox's Twilio", () => {
  it('tell what became of a message, in the form and with the signature of the real one', async () => {
    await start({});
    await sendTo(1);
    assert.deepEqual(kinds(), ['accepted', 'delivered']);
    assert.deepEqual([...new Set(statuses().map(({ token }) => token))], ['t0']);
    const sid = sandbox?.journal.all()[0]?.sid;
    assert.ok(statuses().every(({ messageSid }) => messageSid === sid));
    assert.deepEqual(Object.keys(Object.fromEntries(formOf(posts[0] as Post))).toSorted(), [
      'AccountSid',
      'ApiVersion',
      'From',
      'MessageSid',
      'MessageStatus',
      'SmsSid',
      'SmsStatus',
      'To',
    ]);
    assert.ok(
      posts.every(({ path }) => !path.includes('#') && !path.includes('rc=')),
      'the overrides are not requested',
    );
    const [post] = posts;
    assert.ok(post && !genuine({ ...post, body: `${post.body}0` }));
  });

  it('tell of every end that a message can come to', async () => {
    const ends: readonly (readonly [Partial<PhoneHabits>, Kind, readonly string[]])[] = [
      [{ failed: 1 }, 'sms', ['dropped 30007']],
      [{ unreachable: 1 }, 'sms', ['accepted', 'bounced unreachable']],
      [{ undelivered: 1 }, 'sms', ['accepted', 'bounced 30003']],
      [{}, 'sms by service', ['accepted', 'accepted', 'delivered']],
      [{ read: 1 }, 'sms', ['accepted', 'delivered']],
      [{ read: 1 }, 'template', ['accepted', 'delivered', 'opened']],
      [{ unreachable: 1 }, 'template', ['accepted', 'bounced unreachable']],
    ];
    for (const [habits, kind, expected] of ends) {
      posts = [];
      await sandbox?.close();
      await start(habits);
      await sendTo(1, { kind });
      assert.deepEqual(kinds(), expected, kind);
    }
  });

  it('are none where nobody asked to be told, though the message changes', async () => {
    const { url, webhook } = await start({});
    const { sid } = await realTwilio(url).messages.create({ to: '+33612345678', from: OURS, body: 'Hello' });
    await webhook.drained();
    assert.deepEqual([posts.length, (await realTwilio(url).messages(sid).fetch()).status], [0, 'delivered']);
  });

  it('are tried again as their address says, up to five times', async () => {
    const { webhook } = await start({ failed: 1 });
    answers = [500, 404, 503, 200];
    await sendTo(1);
    assert.deepEqual(
      webhook.deliveries().map(({ attempt, answer }) => [attempt, answer]),
      [
        [1, 500],
        [2, 404],
        [3, 503],
        [4, 200],
      ],
    );
    assert.equal(new Set(posts.map(({ idempotency }) => idempotency)).size, 1);
    posts = [];
    answers = Array.from({ length: 20 }, () => 500);
    await sendTo(1);
    assert.equal(posts.length, 6);
  });

  it('get lost for good where their address says nothing of it', async () => {
    await start({ failed: 1 });
    answers = [500];
    await sendTo(1, { overrides: '' });
    assert.equal(posts.length, 1);
    posts = [];
    answers = [500, 404];
    await sendTo(1, { overrides: '#rc=3&rp=5xx' });
    assert.equal(posts.length, 2, 'not after 404');
  });

  it('are tried again where nobody listens', async () => {
    const { webhook, url } = await start({ failed: 1 });
    const statusCallback = 'http://127.0.0.1:1/?ms_token=t#rc=2';
    await realTwilio(url).messages.create({ to: '+33612345678', from: OURS, body: 'x', statusCallback });
    await webhook.drained();
    assert.deepEqual(
      webhook.deliveries().map(({ answer }) => answer),
      ['TypeError', 'TypeError', 'TypeError'],
    );
  });
});

describe('the people of the sandbox', () => {
  it('write back to the number that wrote to them', async () => {
    await start({ replied: 1 });
    await sendTo(3);
    assert.deepEqual(
      written()
        .map(({ channel, from, to, repliedTo }) => [channel, from, to, repliedTo].join())
        .toSorted(),
      [0, 1, 2].map((n) => `sms,+3361234${5_000 + n},${OURS},`),
    );
    assert.ok(written().every(({ text }) => text !== ''));
  });

  it('quote on WhatsApp what they answer, and open the window by it', async () => {
    const { journal, url } = await start({ read: 1, replied: 1, quoted: 1 });
    await sendTo(1, { kind: 'template' });
    const [text] = written();
    assert.deepEqual([text?.channel, text?.repliedTo], ['whatsapp', journal.all()[0]?.sid]);
    const free = { to: 'whatsapp:+33612345000', from: `whatsapp:${OURS}`, body: 'And now freely' };
    const { sid } = await realTwilio(url).messages.create(free);
    await sandbox?.webhook.drained();
    assert.notEqual((await realTwilio(url).messages(sid).fetch()).status, 'failed');
  });

  it('say STOP, and are let alone by Twilio itself, which says so where a Messaging Service listens', async () => {
    const { url } = await start({ stopped: 1 });
    await sendTo(1);
    assert.match(written()[0]?.text ?? '', /^(stop|unsubscribe)$/i);
    assert.equal(written()[0]?.optOut, undefined);
    const again = realTwilio(url).messages.create({ to: '+33612345000', from: OURS, body: 'x' });
    await assert.rejects(again, { code: 21610 });
    posts = [];
    await sendTo(1, { kind: 'sms by service' });
    assert.equal(written()[0]?.optOut, 'stop');
  });

  it('protest in words that Twilio does not know, and are not let alone', async () => {
    const { url } = await start({ protested: 1 });
    await sendTo(1);
    assert.ok((written()[0]?.text ?? '').length > 4);
    assert.ok(await realTwilio(url).messages.create({ to: '+33612345000', from: OURS, body: 'x' }));
  });

  it('write unasked, also over HTTP, and to nobody where there is no address', async () => {
    const { url, webhook, receive } = await start({});
    receive({ from: '+33612345678', to: OURS, body: 'Hello?' });
    const inbound = { from: 'whatsapp:+33612345678', to: `whatsapp:${OURS}`, body: '👋' };
    assert.equal((await fetch(`${url}/sandbox/inbound`, { method: 'POST', body: JSON.stringify(inbound) })).status, 202);
    await webhook.drained();
    assert.deepEqual(
      written()
        .map(({ text }) => text)
        .toSorted(),
      ['Hello?', '👋'].toSorted(),
    );
    await sandbox?.close();
    const silent = await startSandboxTwilio({ account: TWILIO_ACCOUNT, webhook: { flushMs: 5 } });
    silent.receive({ from: '+33612345678', to: OURS, body: 'Hello?' });
    await silent.webhook.drained();
    assert.deepEqual(silent.webhook.deliveries(), []);
    await silent.close();
  });
});

describe('the faults of those callbacks', () => {
  it('are copies', async () => {
    const { webhook } = await start({ failed: 1 });
    webhook.misbehave({ kind: 'duplicate', copies: 46 });
    await sendTo(1);
    assert.equal(posts.length, 46);
    assert.equal(new Set(statuses().map(({ providerEventId }) => providerEventId)).size, 1);
  });

  it('are late ones', async () => {
    const { webhook } = await start({});
    webhook.misbehave({ kind: 'late', delayMs: 100 });
    await sendTo(1);
    assert.deepEqual(
      statuses().map(({ kind }) => kind),
      ['delivered', 'accepted'],
    );
  });

  it('are ones in the wrong order, the last of which still comes', async () => {
    const { webhook } = await start({});
    webhook.misbehave({ kind: 'reordered' });
    await sendTo(1);
    assert.deepEqual(
      statuses().map(({ kind }) => kind),
      ['delivered', 'accepted'],
    );
    posts = [];
    webhook.misbehave(undefined, { kind: 'reordered' });
    await sendTo(1);
    assert.deepEqual(kinds(), ['accepted', 'delivered']);
  });

  it('are posts of a forger, whose signature ours and the official verifier refuse', async () => {
    const { webhook } = await start({ replied: 1 });
    webhook.misbehave({ kind: 'forged' }, { kind: 'forged' }, { kind: 'forged' });
    await sendTo(1);
    const forged = posts.filter((post) => !genuine(post));
    assert.equal(forged.length, 3);
    const lies = forged.map((post) => fieldOf(formOf(post), 'ErrorCode') ?? fieldOf(formOf(post), 'Body') ?? '');
    assert.deepEqual(lies.toSorted(), ['21610', '21610', 'STOP']);
    assert.deepEqual(kinds(), ['accepted', 'delivered']);
    assert.equal(webhook.deliveries().filter(({ isForged }) => isForged).length, 3);
  });

  it('are answers that get lost, so that it posts again, if it was told to', async () => {
    const { webhook } = await start({ failed: 1 });
    webhook.misbehave({ kind: 'answer_lost' }, { kind: 'answer_lost' });
    await sendTo(1);
    assert.deepEqual([posts.length, new Set(statuses().map(({ providerEventId }) => providerEventId)).size], [2, 1]);
    await sendTo(1, { overrides: '' });
    assert.equal(posts.length, 3);
  });

  it('lose nothing, whatever comes by chance, where it is tried again', async () => {
    const fault = (probability: number, kind: 'duplicate' | 'late' | 'reordered' | 'forged' | 'answer_lost') =>
      ({ probability, fault: kind === 'duplicate' ? { kind, copies: 3 } : kind === 'late' ? { kind, delayMs: 20 } : { kind } }) as const;
    const faults = (['duplicate', 'late', 'reordered', 'forged', 'answer_lost'] as const).map((kind) => fault(0.18, kind));
    await start({ deliveryMs: 20, replied: 0.5 }, { webhook: { chances: { seed: 3, faults } } });
    answers = Array.from({ length: 60 }, (_, n) => (n % 3 === 0 ? 503 : 200));
    await sendTo(60);
    const ids = statuses().map(({ providerEventId }) => providerEventId);
    assert.equal(new Set(ids).size, 120);
    assert.ok(ids.length > 120 && posts.some((post) => !genuine(post)));
  });
});

describe('a link in a text', () => {
  const visits = () => posts.filter(({ path }) => path.startsWith('/l/')).map(({ path, body }) => [path, body]);

  it('is followed by whoever clicks, over HTTP and through the proxy, and no other is: nobody leaves this machine', async () => {
    await start({ clicked: 1 });
    sandbox?.webhook.setProxy({ from: 'https://shop.example', to: receiverUrl });
    const api = realTwilio(sandbox?.url ?? '');
    const say = (body: string) => api.messages.create({ to: '+33612345678', from: OURS, body });
    await say('Hello https://elsewhere.invalid/l/1 https://shop.example/l/2, https://shop.example/l/3');
    await say('Hello https://elsewhere.invalid/l/4');
    await say(`Hello ${receiverUrl}/l/5`);
    await say('Hello');
    await sandbox?.webhook.drained();
    assert.deepEqual(visits(), [
      ['/l/2', ''],
      ['/l/5', ''],
    ]);
  });

  it('is followed by nobody who does not, and never again where it leads nowhere', async () => {
    answers = [404];
    await start({ clicked: 1 });
    const api = realTwilio(sandbox?.url ?? '');
    await api.messages.create({ to: '+33612345678', from: OURS, body: `Hello ${receiverUrl}/l/1` });
    await sandbox?.webhook.drained();
    assert.equal(visits().length, 1);
    await sandbox?.close();
    await start({ clicked: 0 });
    await realTwilio(sandbox?.url ?? '').messages.create({ to: '+33612345678', from: OURS, body: `Hello ${receiverUrl}/l/2` });
    await sandbox?.webhook.drained();
    assert.equal(visits().length, 1);
  });
});
