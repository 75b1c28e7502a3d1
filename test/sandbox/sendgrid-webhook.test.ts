import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { EventWebhook, EventWebhookHeader } from '@sendgrid/eventwebhook';
import { parseSendgridEvents, type SendgridEngagement } from '../../core/message/sendgrid-events.js';
import { verifySendgridSignature } from '../../core/message/sendgrid-signature.js';
import { audienceOf, ORDINARY_HABITS, reactionsTo, type Habits } from '../../sandbox/sendgrid/audience.js';
import { startSandboxSendgrid, type SandboxSendgrid, type SendgridOptions } from '../../sandbox/sendgrid/sendgrid.js';
import { mailBody, postMail, quietHabits, SENDGRID_KEY } from '../harness/sendgrid.js';

type Post = { readonly body: Buffer; readonly signature: string; readonly timestamp: string };
let receiver: Server;
let posts: Post[];
/** What the receiver answers, by the number of the post; 204 where nothing stands. */
let answers: number[];
let sandbox: SandboxSendgrid | undefined;

beforeEach(async () => {
  [posts, answers] = [[], []];
  receiver = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const header = (name: string) => String(request.headers[name.toLowerCase()]);
      posts.push({
        body: Buffer.concat(chunks),
        signature: header(EventWebhookHeader.SIGNATURE()),
        timestamp: header(EventWebhookHeader.TIMESTAMP()),
      });
      response.writeHead(answers[posts.length - 1] ?? 204).end();
    });
  });
  await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve));
});
afterEach(async () => {
  await sandbox?.close();
  receiver.close();
  receiver.closeAllConnections();
});

async function start(habits: Partial<Habits>, { webhook = {}, ...options }: Partial<SendgridOptions> = {}): Promise<SandboxSendgrid> {
  const url = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/events`;
  sandbox = await startSandboxSendgrid({
    keys: [SENDGRID_KEY],
    audience: () => quietHabits(habits),
    webhook: { url, flushMs: 5, retryBaseMs: 10, ...webhook },
    ...options,
  });
  return sandbox;
}

/** Sends to so many people and waits until all that they did was posted. */
async function sendTo(count: number, changes: Readonly<Record<string, unknown>> = {}): Promise<void> {
  assert.ok(sandbox);
  const personalizations = Array.from({ length: count }, (_, n) => ({
    to: [{ email: `u${n}@example.com` }],
    custom_args: { ms_token: `t${n}` },
  }));
  const content = [{ type: 'text/html', value: '<a href="https://shop.example/spring">Spring</a>' }];
  assert.equal((await postMail(sandbox, mailBody({ personalizations, content, ...changes }))).status, 202);
  await sandbox.webhook.drained();
}

const genuine = ({ signature, timestamp, body }: Post) =>
  verifySendgridSignature(sandbox?.webhook.publicKey ?? '', signature, timestamp, body);
const engagements = (): SendgridEngagement[] => posts.filter(genuine).flatMap(({ body }) => parseSendgridEvents(body).engagements);
const kindsOf = (token: string) => engagements().flatMap((each) => (each.token === token ? [each.kind] : []));

describe("the webhook of the sandbox's SendGrid", () => {
  it('posts what became of a mail, in the form and with the signature of the real one', async () => {
    const { webhook, url } = await start({ opened: 1, clicked: 1 });
    await sendTo(1);
    assert.deepEqual(kindsOf('t0'), ['accepted', 'delivered', 'opened', 'clicked']);
    assert.equal(engagements().at(-1)?.detail, 'https://shop.example/spring');
    const [post] = posts;
    assert.ok(post);
    const oracle = new EventWebhook();
    const key = oracle.convertPublicKeyToECDSA(webhook.publicKey);
    for (const { body, signature, timestamp } of posts) assert.ok(oracle.verifySignature(key, body, signature, timestamp));
    assert.ok(!oracle.verifySignature(key, Buffer.concat([post.body, Buffer.from(' ')]), post.signature, post.timestamp));
    const [event] = JSON.parse(String(post.body)) as Record<string, unknown>[];
    assert.deepEqual(Object.keys(event ?? {}).toSorted(), [
      'email',
      'event',
      'ms_token',
      'sg_event_id',
      'sg_message_id',
      'smtp-id',
      'timestamp',
    ]);
    assert.ok(sandbox && String(event?.['sg_message_id']).startsWith(sandbox.journal.all()[0]?.message_id ?? '?'));
    const settings = await fetch(`${url}/v3/user/webhooks/event/settings/signed`, { headers: { Authorization: `Bearer ${SENDGRID_KEY}` } });
    assert.deepEqual(await settings.json(), { public_key: webhook.publicKey });
  });

  it('hears of nothing that the request has switched off', async () => {
    await start({ opened: 1, clicked: 1 });
    await sendTo(1, { tracking_settings: { open_tracking: { enable: true }, click_tracking: { enable: false } } });
    assert.deepEqual(kindsOf('t0'), ['accepted', 'delivered', 'opened']);
    await sendTo(2, { tracking_settings: { open_tracking: { enable: false } } });
    assert.deepEqual(kindsOf('t1'), ['accepted', 'delivered', 'clicked']);
  });

  it('tells of every end that a mail can come to', async () => {
    const ends: readonly (readonly [Partial<Habits>, readonly string[]])[] = [
      [{ dropped: 1 }, ['dropped']],
      [{ bounced: 1 }, ['accepted', 'bounced']],
      [{ deferred: 1 }, ['accepted', 'deferred', 'delivered']],
      [{ complained: 1 }, ['accepted', 'delivered', 'complained']],
      [{ opened: 1, unsubscribed: 1 }, ['accepted', 'delivered', 'opened', 'unsubscribed']],
      [{ machineOpened: 1 }, ['accepted', 'delivered', 'opened']],
    ];
    for (const [habits, kinds] of ends) {
      posts = [];
      await sandbox?.close();
      await start(habits);
      await sendTo(1);
      assert.deepEqual(kindsOf('t0'), kinds);
    }
    assert.equal(engagements().at(-1)?.byMachine, true);
  });

  it('posts up to 128 events at a time, each of them once', async () => {
    await start({});
    await sendTo(500);
    const sizes = posts.map(({ body }) => parseSendgridEvents(body).engagements.length);
    assert.ok(Math.max(...sizes) === 128 && Math.min(...sizes) >= 1, sizes.join());
    assert.equal(new Set(engagements().map(({ providerEventId }) => providerEventId)).size, 1_000);
    assert.equal(engagements().length, 1_000);
  });

  it('tries again, later each time, until it is answered with 2xx', async () => {
    const { webhook } = await start({ dropped: 1 });
    answers = [500, 302, 404, 200];
    await sendTo(1);
    assert.deepEqual(
      webhook.deliveries().map(({ attempt, answer }) => [attempt, answer]),
      [
        [1, 500],
        [2, 302],
        [3, 404],
        [4, 200],
      ],
    );
    assert.equal(new Set(engagements().map(({ providerEventId }) => providerEventId)).size, 1);
  });

  it('tries again where nobody listens', async () => {
    const { webhook } = await start({ dropped: 1 }, { webhook: { url: 'http://127.0.0.1:1/' } });
    assert.ok(sandbox);
    await postMail(sandbox, mailBody());
    while (webhook.deliveries().length < 2) await new Promise((resolve) => setTimeout(resolve, 5));
    webhook.setUrl(`http://127.0.0.1:${(receiver.address() as AddressInfo).port}/`);
    await webhook.drained();
    assert.deepEqual(kindsOf('token-1'), ['dropped']);
  });
});

describe('the faults of that webhook', () => {
  it('are copies of a batch', async () => {
    const { webhook } = await start({ dropped: 1 });
    webhook.misbehave({ kind: 'duplicate', copies: 46 });
    await sendTo(1);
    assert.equal(posts.length, 46);
    assert.equal(new Set(engagements().map(({ providerEventId }) => providerEventId)).size, 1);
  });

  it('are batches that come late', async () => {
    const { webhook } = await start({}, { webhook: { maxBatch: 1 } });
    webhook.misbehave({ kind: 'late', delayMs: 100 });
    await sendTo(1);
    assert.deepEqual(kindsOf('t0'), ['delivered', 'accepted']);
  });

  it('are batches in the wrong order, and events in the wrong order in them', async () => {
    const { webhook } = await start({}, { webhook: { maxBatch: 50 } });
    webhook.misbehave({ kind: 'reordered' });
    await sendTo(50);
    const inOrder = Array.from({ length: 50 }, (_, n) => [`accepted t${n}`, `delivered t${n}`]).flat();
    const batches = posts.map(({ body }) => parseSendgridEvents(body).engagements.map(({ kind, token }) => `${kind} ${token}`));
    assert.deepEqual(batches.flat().toSorted(), inOrder.toSorted());
    const disturbed = batches.find((batch) => batch.includes('accepted t0')) ?? [];
    assert.notEqual(batches[0], disturbed, 'the next batch overtook it');
    const itsOrder = disturbed.map((each) => inOrder.indexOf(each));
    assert.notDeepEqual(
      itsOrder,
      itsOrder.toSorted((a, b) => a - b),
    );
  });

  it('are the last batch in the wrong order, which still comes', async () => {
    const { webhook } = await start({ dropped: 1 });
    webhook.misbehave({ kind: 'reordered' });
    await sendTo(5);
    assert.equal(engagements().length, 5);
  });

  it('are posts of a forger, whose signature ours and the official verifier refuse', async () => {
    const { webhook } = await start({ dropped: 1 });
    webhook.misbehave({ kind: 'forged' });
    await sendTo(3);
    const forged = posts.filter((post) => !genuine(post));
    assert.equal(forged.length, 1);
    assert.ok(parseSendgridEvents(forged[0]?.body ?? Buffer.of()).engagements.every(({ kind }) => kind === 'complained'));
    const oracle = new EventWebhook();
    const { body, signature, timestamp } = forged[0] ?? { body: '', signature: '', timestamp: '' };
    assert.ok(!oracle.verifySignature(oracle.convertPublicKeyToECDSA(webhook.publicKey), body, signature, timestamp));
    assert.deepEqual(kindsOf('t2'), ['dropped']);
    const [ours, others] = [false, true].map((isForged) => webhook.deliveries().filter((delivery) => delivery.isForged === isForged));
    assert.deepEqual([ours?.length, others?.length], [1, 1]);
  });

  it('are answers that get lost, so that it posts again', async () => {
    const { webhook } = await start({ dropped: 1 });
    webhook.misbehave({ kind: 'answer_lost' });
    await sendTo(1);
    assert.deepEqual(kindsOf('t0'), ['dropped', 'dropped']);
  });

  it('lose no event, whatever comes by chance', async () => {
    const fault = (probability: number, kind: 'duplicate' | 'late' | 'reordered' | 'forged' | 'answer_lost') =>
      ({ probability, fault: kind === 'duplicate' ? { kind, copies: 3 } : kind === 'late' ? { kind, delayMs: 20 } : { kind } }) as const;
    const faults = (['duplicate', 'late', 'reordered', 'forged', 'answer_lost'] as const).map((kind) => fault(0.18, kind));
    await start({ opened: 0.5, deliveryMs: 50 }, { webhook: { maxBatch: 10, chances: { seed: 3, faults } } });
    answers = Array.from({ length: 40 }, (_, n) => (n % 3 === 0 ? 503 : 200));
    await sendTo(200);
    const ids = engagements().map(({ providerEventId }) => providerEventId);
    const opened = engagements()
      .filter(({ kind }) => kind === 'opened')
      .map(({ token }) => token);
    assert.equal(new Set(ids).size, 400 + new Set(opened).size);
    assert.ok(ids.length > new Set(ids).size && posts.some((post) => !genuine(post)));
  });
});

describe('the simulated audience', () => {
  const all = (seed: number) => Array.from({ length: 2_000 }, (_, n) => reactionsTo(seed, ORDINARY_HABITS, `u${n}@example.com`, `t${n}`));

  it('does the same for the same seed, address and mail', () => {
    assert.deepEqual(all(1), all(1));
    assert.notDeepEqual(all(1), all(2));
  });

  it('does things about as often as its habits say', () => {
    const reactions = all(1);
    const share = (event: string, byMachine?: boolean) =>
      reactions.filter((each) => each.some((one) => one.event === event && one.byMachine === byMachine)).length / reactions.length;
    const near = (actual: number, expected: number) => assert.ok(Math.abs(actual - expected) < 0.035, `${actual} for ${expected}`);
    near(share('delivered'), 0.985);
    near(share('open', true), 0.15);
    near(share('open'), 0.295);
    near(share('click'), 0.06);
    assert.ok(share('bounce') > 0 && share('dropped') > 0);
  });

  it('never opens before it has got the mail, nor after it has bounced', () => {
    for (const reactions of all(3)) {
      const events = reactions.map(({ event }) => event);
      assert.ok(['processed', 'dropped'].includes(events[0] ?? ''));
      if (events.includes('bounce')) assert.equal(events.at(-1), 'bounce');
      if (events.includes('open')) assert.ok(events.indexOf('open') > events.indexOf('delivered'));
      assert.deepEqual(
        reactions,
        reactions.toSorted((a, b) => a.afterMs - b.afterMs),
      );
    }
  });

  it('can be told by rules, of which the first that fits counts', () => {
    const audience = audienceOf([
      { addressHas: '+vip', opened: 1 },
      { addressHas: '@example', opened: 0 },
    ]);
    assert.deepEqual(
      ['a+vip@example.com', 'a@example.com', 'a@other.org'].map((address) => audience(address).opened),
      [1, 0, ORDINARY_HABITS.opened],
    );
  });
});
