import assert from 'node:assert/strict';
import { createECDH, randomBytes } from 'node:crypto';
import { createServer as createHttpsServer } from 'node:https';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { createPushClient, preparePush, type PushOptions } from '../../../activities/channels/push-client.js';
import { isPublic, lookupPublic } from '../../../activities/channels/public-lookup.js';
import { sendPushes, type PushMessage } from '../../../activities/channels/web-push.js';
import type { PushAnswer } from '../../../core/message/push-outcome.js';
import { makeCertificate } from '../../../sandbox/push/certificate.js';
import { startSandboxPush, type SandboxPush } from '../../../sandbox/push/push.js';
import { pushClientFor, VAPID } from '../../harness/push.js';

const carriage = { ttlSeconds: 60, urgency: 'normal' } as const;
const pair = createECDH('prime256v1');
pair.generateKeys();
const keys = { p256dh: pair.getPublicKey().toString('base64url'), auth: randomBytes(16).toString('base64url') };
const postTo = (endpoint: string, options: Partial<PushOptions> = {}): Promise<PushAnswer> =>
  preparePush(createPushClient({ vapid: VAPID, timeoutMs: 500, ...options }), {
    ...carriage,
    subscription: { endpoint, ...keys },
    payload: 'x',
    topic: 't',
  })();

describe('an address that is not public', () => {
  for (const address of [
    '127.0.0.1',
    '10.1.2.3',
    '172.16.0.1',
    '192.168.1.1',
    '169.254.169.254',
    '100.64.0.1',
    '0.0.0.0',
    '224.0.0.1',
    '255.255.255.255',
    '::1',
    '::',
    'fe80::1',
    'fd00::1',
    '::ffff:127.0.0.1',
    '::ffff:a00:1',
    '64:ff9b::a00:1',
    '2002:7f00:1::',
    '2001:db8::1',
  ]) {
    it(`is ${address}`, () => assert.equal(isPublic(address), false));
  }
  for (const address of ['142.250.1.1', '34.107.243.93', '2a00:1450:4001:80b::200a'])
    it(`is not ${address}`, () => assert.ok(isPublic(address)));

  it('is given to nobody who looks a name up', async () => {
    const found = (all: boolean) =>
      new Promise((resolve) => lookupPublic('localhost', { all }, (error, address) => resolve([error?.code, address])));
    for (const all of [true, false]) assert.deepEqual(await found(all), ['EPRIVATE', []]);
  });
});

describe('a request to a push service that somebody names', () => {
  const servers: Server[] = [];
  const tls = makeCertificate();
  let asked = 0;
  after(() => servers.forEach((server) => server.close()));

  /** An https server of theirs, trusted as if it were the one of a rehearsal. */
  async function theirs(answer: Parameters<typeof createHttpsServer>[1]) {
    const server = createHttpsServer({ key: tls.key, cert: tls.certificate }, (request, response) => {
      asked += 1;
      request.resume();
      answer?.(request, response);
    });
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const origin = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
    return { origin, post: () => postTo(`${origin}/x`, { service: { origin, certificate: tls.certificate } }) };
  }

  it('is never made to a private network, whatever its name', async () => {
    const { origin } = await theirs((_, response) => response.writeHead(201).end());
    asked = 0;
    for (const endpoint of [`${origin}/x`, 'https://localhost/x', 'https://localhost.localdomain/x']) {
      assert.equal((await postTo(endpoint)).kind, 'forbidden', endpoint);
    }
    assert.equal(asked, 0);
  });

  it('follows nobody', async () => {
    const { post } = await theirs((_, response) => response.writeHead(307, { Location: 'http://169.254.169.254/' }).end());
    const answer = await post();
    assert.ok(answer.kind === 'answered' && answer.status === 307);
  });

  it('reads nothing of an answer but its head, however long it is', async () => {
    let written = 0;
    const { post } = await theirs((_, response) => {
      response.writeHead(201);
      const pour = () => {
        while (!response.destroyed && written < 200_000_000 && response.write(Buffer.alloc(65_536))) written += 65_536;
      };
      response.on('drain', pour).on('error', () => undefined);
      pour();
    });
    const answer = await post();
    assert.ok(answer.kind === 'answered' && answer.status === 201);
    assert.ok(written < 50_000_000, String(written));
  });

  it('ends in time where the answer drips', async () => {
    const { post } = await theirs((request) => {
      const drip = setInterval(() => request.socket.write('H'), 20).unref();
      request.socket.once('close', () => clearInterval(drip));
    });
    const startedMs = performance.now();
    const answer = await post();
    assert.ok(performance.now() - startedMs < 3_000);
    assert.equal(answer.kind, 'broken');
    assert.ok(answer.kind === 'broken' && answer.written === true);
  });

  it('is known not to have been made where nobody listens, or speaks no TLS, or is not who they say', async () => {
    const deaf = createServer((socket) => socket.on('error', () => undefined).end('no'));
    servers.push(deaf);
    await new Promise<void>((resolve) => deaf.listen(0, '127.0.0.1', resolve));
    const origins = [
      `https://127.0.0.1:${(deaf.address() as AddressInfo).port}`,
      'https://127.0.0.1:1',
      (await theirs(() => undefined)).origin,
    ];
    for (const origin of origins) {
      const answer = await postTo(`${origin}/x`, { service: { origin, certificate: makeCertificate().certificate } });
      assert.ok(answer.kind === 'broken' && answer.written === false, `${origin} ${JSON.stringify(answer)}`);
    }
  });
});

describe('push messages to several services at once', () => {
  let sandbox: SandboxPush;
  before(async () => void (sandbox = await startSandboxPush()));
  after(() => sandbox.close());

  it('are sent to one while nobody answers at another', async () => {
    const client = pushClientFor(sandbox, { timeoutMs: 700 });
    const messages = Array.from({ length: 60 }, (_, n): PushMessage => {
      const own = sandbox.subscribe(VAPID.publicKey);
      // Half of them name a service of their own, which this installation does not send to.
      const endpoint = n % 2 === 0 ? own.endpoint : `https://service${n % 10}.example/x`;
      const device = { endpoint, ...own.keys, deviceId: n, silentForMs: undefined };
      return { token: `t${n}`, topic: `topic${n}`, device, content: { title: `${n}`, body: '', reportUrl: 'https://a.example' } };
    });
    const outcomes = await sendPushes(client, messages, { carriage, nowMs: Date.now });
    for (const [n, { token }] of messages.entries()) assert.equal(outcomes.get(token)?.kind, n % 2 === 0 ? 'accepted' : 'not_accepted');
    assert.equal(sandbox.journal.counts().messages, 30);
  });

  it('are refused where they are too long, and nothing is asked', async () => {
    const own = sandbox.subscribe();
    const device = { endpoint: own.endpoint, ...own.keys, deviceId: 1, silentForMs: undefined };
    const content = { title: 'Hi', body: 'x'.repeat(4_000), reportUrl: 'https://a.example' };
    const before = sandbox.requests().length;
    const outcomes = await sendPushes(pushClientFor(sandbox), [{ token: 't', topic: 'long', device, content }], {
      carriage,
      nowMs: Date.now,
    });
    const outcome = outcomes.get('t');
    assert.ok(outcome?.kind === 'refused' && /3993 at most/.test(outcome.because));
    assert.equal(sandbox.requests().length, before);
  });
});
