import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { readMetaEvents } from '../../core/message/meta-events.js';
import { appSecretProof, verifyMetaSignature } from '../../core/message/meta-signature.js';
import { SANDBOX_APP } from '../../sandbox/meta/accounts.js';
import { startSandboxMeta, type SandboxMeta } from '../../sandbox/meta/meta.js';
import { readBody } from '../../sandbox/provider/http.js';
import { newPerson, quietSocialHabits } from '../harness/social.js';

const [PAGE, INSTAGRAM] = SANDBOX_APP.accounts;
let meta: SandboxMeta;
let nowMs = Date.now();
beforeEach(async () => {
  nowMs = Date.now();
  meta = await startSandboxMeta({ now: () => nowMs, audience: () => quietSocialHabits({ read: 1, replied: 1, quoted: 1 }) });
});
afterEach(() => meta.close());

type Sent = { readonly token?: string; readonly node?: string; readonly proof?: string };
async function send(
  body: unknown,
  { token = PAGE?.accessToken ?? '', node = 'me', proof = appSecretProof(SANDBOX_APP.appSecret, token) }: Sent = {},
) {
  const response = await fetch(`${meta.url}/${node}/messages?appsecret_proof=${proof}`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', Authorization: `Bearer ${token}` },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
  const answer = (await response.json()) as { message_id?: string; error?: { code: number; error_subcode?: number } };
  return [response.status, answer.error?.code, answer.error?.error_subcode].filter((one) => one !== undefined);
}
const toPerson = (id: string, message: object = { text: 'Hi' }, more: object = {}) => ({
  recipient: { id },
  messaging_type: 'RESPONSE',
  message,
  ...more,
});

describe('the sandbox’s Meta', () => {
  it('takes what goes to whoever has written within a day, and nothing else', async () => {
    const person = newPerson();
    assert.deepEqual(await send(toPerson(person)), [400, 100, 2018001]);
    meta.write({ provider: 'messenger', from: person, text: 'Hello' });
    assert.deepEqual(await send(toPerson(person, { text: 'Hi', metadata: 't1' })), [200]);
    assert.deepEqual(await send(toPerson(person), { node: PAGE?.accountId ?? '' }), [200]);
    nowMs += 24 * 3_600_000;
    assert.deepEqual(await send(toPerson(person)), [403, 10, 2018278]);
    meta.block({ provider: 'messenger', from: person });
    assert.deepEqual(await send(toPerson(person)), [400, 551, 1545041]);
    assert.deepEqual(meta.journal.all().map(({ to, metadata, text }) => [to, metadata, text]), [[person, 't1', 'Hi'], [person, null, 'Hi']]); // prettier-ignore
  });

  it('refuses what its rules do not allow', async () => {
    const person = newPerson();
    meta.write({ provider: 'messenger', from: person, text: 'Hello' });
    meta.write({ provider: 'instagram', from: person, text: 'Hello' });
    const token = INSTAGRAM?.accessToken ?? '';
    const refused: readonly (readonly [unknown, Sent?])[] = [
      ['{'],
      [{}],
      [toPerson(person, {})],
      [toPerson(person, { text: '' })],
      [toPerson(person, { text: 'x'.repeat(2_001) })],
      [toPerson(person, { text: 'é'.repeat(501) }), { token }],
      [toPerson(person, { text: 'Hi', metadata: 't' }), { token }],
      [toPerson(person, { text: 'Hi', metadata: 'x'.repeat(1_001) })],
      [toPerson(person, { text: 'Hi', more: 1 })],
      [toPerson(person, { text: 'Hi' }, { messaging_type: 'MESSAGE_TAG', tag: 'ACCOUNT_UPDATE' })],
      [toPerson(person, { text: 'Hi' }, { messaging_type: undefined })],
      [toPerson('ana')],
      [toPerson(person), { proof: 'x' }],
    ];
    for (const [body, how] of refused) assert.deepEqual((await send(body, how)).slice(0, 2), [400, 100], JSON.stringify(body));
    assert.deepEqual(await send(toPerson(person), { token: 'EAAother' }), [401, 190]);
    assert.deepEqual(await send(toPerson(person), { node: '999' }), [401, 190]);
    assert.equal(meta.journal.counts().messages, 0);
  });

  it('lets a comment be answered once, within a week', async () => {
    const from = newPerson();
    const [first, second] = [1, 2].map(() => meta.comment({ provider: 'instagram', from, text: 'price?' }));
    const answer = (comment_id: string | undefined) =>
      send({ recipient: { comment_id }, message: { text: 'Hi' } }, { token: INSTAGRAM?.accessToken ?? '' });
    assert.deepEqual(await answer(first), [200]);
    assert.deepEqual(await answer(first), [400, 10900]);
    assert.deepEqual(await answer('17800'), [400, 100]);
    nowMs += 7 * 24 * 3_600_000;
    assert.deepEqual(await answer(second), [400, 10903]);
    assert.deepEqual(meta.journal.all().map(({ to, comment_id }) => [to, comment_id]), [[from, first]]); // prettier-ignore
  });

  it('fails as it is told to: with its messages taken or not, and with the time when there is room again', async () => {
    const person = newPerson();
    meta.write({ provider: 'messenger', from: person, text: 'Hello' });
    meta.misbehave(
      { kind: 'rate_limited', resetAfterS: 90 },
      { kind: 'error', status: 500, accepts: true },
      { kind: 'error', status: 500, accepts: false },
    );
    assert.deepEqual(await send(toPerson(person)), [400, 613]);
    assert.deepEqual(await send(toPerson(person)), [500, 2]);
    assert.deepEqual(await send(toPerson(person)), [500, 2]);
    meta.misbehave({ kind: 'reset', accepts: true });
    await assert.rejects(send(toPerson(person)));
    meta.setRateLimit({ requests: 0, windowMs: 1_000 });
    assert.deepEqual(await send(toPerson(person)), [400, 613]);
    assert.deepEqual(meta.requests().map(({ outcome, accepted }) => [outcome, accepted]), [[400, 0], [500, 1], [500, 0], ['reset', 1], [400, 0]]); // prettier-ignore
  });

  it('tells the app, signed and until it is answered well, of echoes, deliveries, readings, answers and comments', async (t) => {
    const bodies: Buffer[] = [];
    let refusals = 2;
    const app = createServer((request, response) => {
      void readBody(request, 100_000).then((body = Buffer.alloc(0)) => {
        const isGenuine = verifyMetaSignature(SANDBOX_APP.appSecret, request.headers['x-hub-signature-256'], body);
        if (isGenuine && refusals <= 0) bodies.push(body);
        response.writeHead(isGenuine && (refusals -= 1) < 0 ? 200 : 500).end();
      });
    });
    await new Promise<void>((resolve) => app.listen(0, '127.0.0.1', resolve));
    t.after(() => app.close());
    meta.webhook.setUrl(`http://127.0.0.1:${(app.address() as AddressInfo).port}/`);
    const person = newPerson();
    meta.webhook.misbehave({ kind: 'duplicate', copies: 2 });
    meta.write({ provider: 'messenger', from: person, text: 'Hello' });
    await send(toPerson(person, { text: 'Hi', metadata: 't1' }));
    meta.comment({ provider: 'instagram', from: person, text: 'price?' });
    await meta.webhook.drained();
    const events = bodies.flatMap((body) => readMetaEvents(JSON.parse(body.toString()), nowMs));
    const kinds = events.map((event) => ('because' in event ? event.because : event.kind)).toSorted();
    assert.deepEqual(kinds, ['comment', 'delivered', 'echo', 'message', 'message', 'message', 'read']);
    const answer = events.find((event) => 'kind' in event && event.kind === 'message' && event.quotes !== undefined);
    assert.ok(answer && 'quotes' in answer && answer.quotes === meta.journal.all()[0]?.mid);
  });
});
