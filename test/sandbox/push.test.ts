import assert from 'node:assert/strict';
import { Agent, request } from 'node:https';
import { after, before, beforeEach, describe, it } from 'node:test';
import webPush, { type RequestOptions, WebPushError } from 'web-push';
import { startSandboxPush, type SandboxPush } from '../../sandbox/push/push.js';

const KEYS = webPush.generateVAPIDKeys();
const vapidDetails = { ...KEYS, subject: 'mailto:push@shop.example' };

describe('the sandbox’s push service', () => {
  let sandbox: SandboxPush;
  let agent: Agent;
  before(async () => void (sandbox = await startSandboxPush()));
  after(() => sandbox.close());
  beforeEach(() => void (agent = new Agent({ ca: sandbox.certificate })));

  const send = (subscription: webPush.PushSubscription, payload: string | Buffer = 'Hello', options: RequestOptions = {}) =>
    webPush.sendNotification(subscription, payload, { vapidDetails, agent, ...options });
  const statusOf = (sending: Promise<unknown>): Promise<number> =>
    sending.then(
      () => 201,
      (error: unknown) => (error instanceof WebPushError ? error.statusCode : Promise.reject(error as Error)),
    );

  it('takes what the official client sends, unchanged, and opens it as the device would', async () => {
    const subscription = sandbox.subscribe(KEYS.publicKey);
    const { statusCode } = await send(subscription, 'Grüße 👍', { TTL: 60, urgency: 'high', topic: 'spring' });
    assert.equal(statusCode, 201);
    const [{ at: _, ...got } = { at: '' }] = sandbox.journal.byToken('spring');
    assert.deepEqual(got, {
      endpoint: subscription.endpoint,
      topic: 'spring',
      ttl_seconds: 60,
      urgency: 'high',
      payload: 'Grüße 👍',
      sender: KEYS.publicKey,
    });
  });

  it('takes the longest message, and none that is longer', async () => {
    const subscription = sandbox.subscribe();
    assert.equal(await statusOf(send(subscription, 'x'.repeat(3_993))), 201);
    assert.equal(await statusOf(send(subscription, 'x'.repeat(3_994))), 413);
  });

  it('is trusted by nobody who was not given its certificate', async () => {
    await assert.rejects(send(sandbox.subscribe(), 'x', { agent: new Agent() }), /self-signed/);
  });

  it('refuses who does not prove who they are, or is not who the browser has subscribed with', async () => {
    const subscription = sandbox.subscribe(webPush.generateVAPIDKeys().publicKey);
    assert.equal(await statusOf(send(subscription)), 403);
    const anybody = sandbox.subscribe();
    const { headers, body } = webPush.generateRequestDetails(anybody, 'x', { vapidDetails });
    const authorization = String(headers['Authorization']);
    const other = webPush.generateVAPIDKeys().publicKey;
    for (const [forged, status] of [
      [undefined, 401],
      ['vapid t=x, k=y', 401],
      [authorization.replace(/k=.*/, `k=${other}`), 403],
      [authorization.replace(/t=([^.]+)\.([^.]+)\./, `t=$1.${Buffer.from('{"aud":"x"}').toString('base64url')}.`), 403],
    ] as const) {
      const sent = { ...headers, ...(forged === undefined ? { Authorization: '' } : { Authorization: forged }) };
      assert.equal(await post(anybody.endpoint, sent, body), status, forged);
    }
    const elsewhere = webPush.generateRequestDetails({ ...anybody, endpoint: 'https://push.example/x' }, 'x', { vapidDetails });
    assert.equal(await post(anybody.endpoint, elsewhere.headers, elsewhere.body), 403);
  });

  it('refuses what was sealed for another device, or not at all', async () => {
    const [one, other] = [sandbox.subscribe(), sandbox.subscribe()];
    assert.equal(await statusOf(send({ ...one, keys: other.keys })), 400);
    const { headers, body } = webPush.generateRequestDetails(one, 'x', { vapidDetails });
    for (const bad of [Buffer.alloc(0), Buffer.alloc(120), body?.subarray(0, -1) ?? null])
      assert.equal(await post(one.endpoint, headers, bad), 400);
    assert.equal(await post(one.endpoint, { ...headers, 'Content-Encoding': 'aesgcm' }, body), 415);
    assert.equal(await post(one.endpoint, { ...headers, TTL: 'x' }, body), 400);
    assert.equal(await post(one.endpoint, { ...headers, Topic: 'x'.repeat(33) }, body), 400);
  });

  it('says which devices are gone, and which never were', async () => {
    const subscription = sandbox.subscribe();
    sandbox.leave(subscription.endpoint);
    assert.equal(await statusOf(send(subscription)), 410);
    assert.equal(await statusOf(send({ ...subscription, endpoint: `${sandbox.url}/push/nobody` })), 404);
  });

  it('fails as it is told', async () => {
    const subscription = sandbox.subscribe();
    sandbox.misbehave(
      { kind: 'rate_limited', resetAfterS: 7 },
      { kind: 'error', status: 500, accepts: true },
      { kind: 'reset', accepts: true },
    );
    const limited: unknown = await send(subscription).catch((error: unknown) => error);
    assert.ok(limited instanceof WebPushError);
    assert.deepEqual([limited.statusCode, limited.headers['retry-after']], [429, '7']);
    assert.equal(await statusOf(send(subscription, 'x', { topic: 'five' })), 500);
    await assert.rejects(send(subscription, 'x', { topic: 'five' }), /socket hang up|ECONNRESET/);
    assert.deepEqual([...sandbox.journal.duplicates()], [['five', 2]]);
  });

  it('is subscribed to by a call, as a page would let a browser do it', async () => {
    const { status, body } = await call('/sandbox/subscriptions', { applicationServerKey: KEYS.publicKey });
    assert.equal(status, 201);
    assert.equal(await statusOf(send(body as webPush.PushSubscription)), 201);
  });

  function call(path: string, body: unknown): Promise<{ readonly status: number; readonly body: unknown }> {
    return new Promise((resolve, reject) => {
      const sent = request(`${sandbox.url}${path}`, { method: 'POST', agent }, (response) => {
        let text = '';
        response.on('data', (chunk) => (text += String(chunk)));
        response.on('end', () => resolve({ status: response.statusCode ?? 0, body: JSON.parse(text) }));
      });
      sent.once('error', reject).end(JSON.stringify(body));
    });
  }

  function post(url: string, headers: webPush.Headers, body: Buffer | null): Promise<number> {
    const { 'Content-Length': _, ...others } = headers;
    return new Promise((resolve, reject) => {
      const sent = request(url, { method: 'POST', agent, headers: { ...others } as Record<string, string> }, (response) => {
        response.resume();
        response.once('end', () => resolve(response.statusCode ?? 0));
      });
      sent.once('error', reject).end(body);
    });
  }
});
