import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import { gzipSync } from 'node:zlib';
import { EventWebhook } from '@sendgrid/eventwebhook';
import fc from 'fast-check';
import { createSendgridWebhook } from '../../api/webhooks/sendgrid.js';
import { signToken } from '../../core/message/token.js';
import { openDatabase } from '../../db/client.js';
import type { TenantId } from '../../core/ids.js';
import { createSigner } from '../../sandbox/sendgrid/signing.js';
import { startTestApi, type TestApi } from '../harness/api.js';
import { ADDRESS_KEY } from '../harness/campaigns.js';
import { createTestDatabase, type TestDatabase } from '../harness/database.js';
import { claimed, countsOf, idsOf, ledgerOf } from '../harness/ledger.js';

const PATH = '/v1/webhooks/sendgrid';
const NOW_MS = Date.parse('2026-03-02T12:00:00Z');
const signer = createSigner();
let database: TestDatabase;
let api: TestApi;
let tenantId: TenantId;
let tokens: readonly string[];

before(async () => {
  database = await createTestDatabase();
  api = await startTestApi(database, {
    outside: (logger) => [createSendgridWebhook({ database, ledgerKey: ADDRESS_KEY, publicKey: signer.publicKey, logger })],
  });
});
beforeEach(async () => {
  const ledger = ledgerOf(database);
  const prepared = await ledger.prepared(4);
  ({ tenantId } = prepared);
  tokens = idsOf(claimed(await ledger.claim(prepared.step))).map((messageId) => signToken(ADDRESS_KEY, { tenantId, messageId }));
});
after(async () => {
  await api.close();
  await database.drop();
});

let serial = 0;
const event = (token: string | undefined, kind: string, changes: Readonly<Record<string, unknown>> = {}) => ({
  email: 'jane@example.com',
  timestamp: NOW_MS / 1_000,
  event: kind,
  sg_event_id: `event-${(serial += 1)}`,
  ms_token: token,
  ...changes,
});
const post = (body: string | Uint8Array<ArrayBuffer>, headers: Readonly<Record<string, string>>) =>
  fetch(api.url + PATH, { method: 'POST', body, headers: { 'Content-Type': 'application/json', ...headers } });
async function tell(events: unknown): Promise<number> {
  const body = typeof events === 'string' ? events : JSON.stringify(events);
  return (await post(body, signer.headers(body, NOW_MS))).status;
}
const statuses = async () => (await ledgerOf(database).messagesOf(tenantId)).map(({ status }) => status);

describe('the events of SendGrid, by its webhook', () => {
  it('are taken when the official library finds them signed, and not when anything is changed', async () => {
    const body = JSON.stringify([event(tokens[0], 'delivered')]);
    const headers = signer.headers(body, NOW_MS);
    const [signature = '', timestamp = ''] = Object.values(headers);
    const official = new EventWebhook();
    assert.ok(official.verifySignature(official.convertPublicKeyToECDSA(signer.publicKey), body, signature, timestamp));
    const mutants = fc.tuple(fc.constantFrom('body', 'signature', 'timestamp'), fc.nat(), fc.constantFrom('x', '0', ' '));
    await fc.assert(
      fc.asyncProperty(mutants, async ([part, place, letter]) => {
        const change = (name: string, text: string) => {
          const at = place % text.length;
          return name === part ? text.slice(0, at) + letter + text.slice(at + 1) : text;
        };
        const mutant = [change('body', body), change('signature', signature), change('timestamp', timestamp)] as const;
        fc.pre(mutant[0] !== body || mutant[1] !== signature || mutant[2] !== timestamp);
        const names = Object.keys(headers);
        const answer = await post(mutant[0], { [names[0] ?? '']: mutant[1], [names[1] ?? '']: mutant[2] });
        assert.equal(answer.status, 401);
      }),
      { numRuns: 150 },
    );
    assert.equal((await post(body, {})).status, 401);
    assert.equal((await post(body, createSigner().headers(body, NOW_MS))).status, 401);
    assert.deepEqual(await statuses(), ['claimed', 'claimed', 'claimed', 'claimed']);
    assert.equal((await post(body, headers)).status, 204);
    assert.deepEqual(await statuses(), ['delivered', 'claimed', 'claimed', 'claimed']);
  });

  it('move messages, suppress addresses and count, each once, though 46 copies come side by side', async () => {
    const events = [
      event(tokens[0], 'click', { url: 'https://shop.example/' }),
      event(tokens[1], 'bounce', { type: 'bounce' }),
      event(tokens[2], 'bounce', { type: 'blocked' }),
      event(tokens[3], 'deferred'),
    ];
    const answers = await Promise.all(Array.from({ length: 46 }, () => tell(events)));
    assert.ok(answers.every((status) => status === 204));
    assert.deepEqual(await statuses(), ['clicked', 'failed', 'failed', 'sent']);
    const { kept, recounted } = await countsOf(database, tenantId);
    assert.deepEqual(kept, [{ sent: 4, delivered: 1, opened: 1, clicked: 1 }]);
    assert.deepEqual(kept, recounted);
    const { rows } = await database.admin.query<{ reason: string }>('select reason from suppressions where tenant_id = $1', [tenantId]);
    assert.deepEqual(rows, [{ reason: 'bounced' }], 'a mailbox that refuses us for now is written to again');
  });

  it('say what became of a message in whatever order they come', async () => {
    for (const kind of ['click', 'delivered', 'processed']) assert.equal(await tell([event(tokens[0], kind)]), 204);
    assert.deepEqual(await statuses(), ['clicked', 'claimed', 'claimed', 'claimed']);
  });

  it('of messages of several tenants go to each', async () => {
    const [ourTenant, ours] = [tenantId, tokens[0]];
    const other = await ledgerOf(database).prepared(1);
    const [message = 0] = idsOf(claimed(await ledgerOf(database).claim(other.step)));
    const theirs = signToken(ADDRESS_KEY, { tenantId: other.tenantId, messageId: message });
    assert.equal(await tell([event(ours, 'open'), event(theirs, 'delivered')]), 204);
    assert.equal((await ledgerOf(database).messagesOf(ourTenant))[0]?.status, 'opened');
    assert.equal((await ledgerOf(database).messagesOf(other.tenantId))[0]?.status, 'delivered');
  });

  it('are taken though what stands beside them can never be used, which the log counts without naming anybody', async () => {
    const other = await database.newTenant();
    const strange = [
      event(signToken(ADDRESS_KEY, { tenantId, messageId: 987_654_321 }), 'open'),
      event(signToken(ADDRESS_KEY, { tenantId: other, messageId: 1 }), 'open'),
      event(signToken(Buffer.from('another key that is of 32 bytes!'), { tenantId, messageId: 1 }), 'open'),
      event('token-of-somebody', 'open'),
      event(undefined, 'open'),
      event(tokens[0], 'group_resubscribe'),
      event(tokens[0], 'open', { timestamp: 'soon' }),
      event(tokens[0], 'open', { timestamp: 1e300 }),
      null,
      [],
      'text',
      { a: [[[[{}]]]] },
    ];
    const before = api.log.length;
    assert.equal(await tell([...strange, event(tokens[1], 'delivered', { sg_event_id: '\u0000'.repeat(300) })]), 204);
    assert.deepEqual(await statuses(), ['claimed', 'delivered', 'claimed', 'claimed']);
    const said = api.log.slice(before).find((line) => line.includes('cannot be used')) ?? '';
    const { reasons } = JSON.parse(said) as { reasons: Readonly<Record<string, number>> };
    assert.deepEqual(reasons, {
      'the token is not ours': 2,
      'the event carries no token of ours': 1,
      'the event is of an unknown kind': 2,
      'the event has no time': 2,
      'the event is not an object': 3,
    });
    assert.doesNotMatch(api.log.slice(before).join(), /jane|example\.com|token-of-somebody/);
  });

  it('are never answered with 5xx, whatever is in the body', async () => {
    const depth = 100_000;
    const bodies = [
      '',
      '{}',
      'null',
      '[',
      '[{]',
      '\u0000',
      '"\ud800"',
      `[${'['.repeat(depth)}${']'.repeat(depth)}]`,
      '[1e400]',
      'x'.repeat(1_000_000),
    ];
    for (const body of bodies) assert.equal(await tell(body), 204, body.slice(0, 20));
    await fc.assert(
      fc.asyncProperty(fc.array(fc.oneof(fc.json(), fc.string()), { maxLength: 3 }), async (texts) => {
        assert.equal(await tell(`[${texts.join()}]`), 204);
      }),
      { numRuns: 100 },
    );
  });

  it('may come compressed, and many at once; what is too large, or a bomb, is refused in words', async () => {
    const many = Array.from({ length: 5_000 }, (_, n) => event(tokens[n % 4], n < 4 ? 'open' : 'delivered'));
    const body = JSON.stringify(many);
    assert.equal((await post(new Uint8Array(gzipSync(body)), { 'Content-Encoding': 'gzip', ...signer.headers(body, NOW_MS) })).status, 204);
    assert.deepEqual(await statuses(), ['opened', 'opened', 'opened', 'opened']);
    const bomb = new Uint8Array(gzipSync(Buffer.alloc(20_000_000)));
    for (const [huge, headers] of [
      [new Uint8Array(6_000_000), {}],
      [bomb, { 'Content-Encoding': 'gzip' }],
    ] as const) {
      const answer = await post(huge, headers);
      assert.equal(answer.status, 413);
      assert.match(await answer.text(), /larger than/);
    }
  });

  it('are answered 503 while the database is away, so that they come again', async () => {
    const away = await startAway();
    const body = JSON.stringify([event(tokens[0], 'delivered')]);
    const answer = await fetch(away.url + PATH, { method: 'POST', body, headers: signer.headers(body, NOW_MS) });
    assert.equal(answer.status, 503);
    await away.close();
    assert.equal((await post(body, signer.headers(body, NOW_MS))).status, 204);
    assert.deepEqual((await statuses())[0], 'delivered');
  });
});

/** The same API over a database that nobody serves. */
function startAway(): Promise<TestApi> {
  const nowhere = openDatabase('postgres://postgres@127.0.0.1:1/none', { applicationName: 'test' });
  return startTestApi(nowhere, {
    outside: (logger) => [createSendgridWebhook({ database: nowhere, ledgerKey: ADDRESS_KEY, publicKey: signer.publicKey, logger })],
  });
}
