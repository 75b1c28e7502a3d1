import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { createMetaWebhook, META_ROUTE } from '../../api/webhooks/meta.js';
import type { TenantId } from '../../core/ids.js';
import { hashText, openText } from '../../core/message/sealed-text.js';
import type { SocialProvider } from '../../core/message/social-message.js';
import { signToken } from '../../core/message/token.js';
import { seededRandom } from '../../core/random.js';
import { createApiKey } from '../../db/queries/api-keys.js';
import { claimMessages } from '../../db/queries/claiming.js';
import { answerOwnCalls, partClaims } from '../../db/queries/own-calls.js';
import { beginSocials } from '../../db/queries/social.js';
import { bodyOf, signBody, type Told } from '../../sandbox/meta/webhook.js';
import { startTestApi, type TestApi } from '../harness/api.js';
import { ADDRESS_KEY } from '../harness/campaigns.js';
import { createTestDatabase, type TestDatabase } from '../harness/database.js';
import { claimed, ledgerOf } from '../harness/ledger.js';
import { addAccount, newPerson, socialStep } from '../harness/social.js';

const APP = { appSecret: 'secret-of-the-app', verifyToken: 'token-of-the-subscription' };
let database: TestDatabase;
let api: TestApi;
before(async () => {
  database = await createTestDatabase();
  api = await startTestApi(database, {
    outside: (logger) => [createMetaWebhook({ database, ledgerKey: ADDRESS_KEY, ...APP, now: () => new Date(), logger })],
  });
});
after(async () => {
  await api.close();
  await database.drop();
});

const send = (body: string, signature: string | undefined = signBody(APP.appSecret, body)) =>
  fetch(api.url + META_ROUTE, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', ...(signature !== undefined && { 'X-Hub-Signature-256': signature }) },
    body,
  });
const unusable = () => api.log.filter((line) => line.includes('Meta told what cannot be used'));

type Account = { readonly provider: SocialProvider; readonly accountId: string };
/** Tells one thing of an account, which has to be taken. */
async function tell({ provider, accountId }: Account, what: Record<string, unknown>, atMs = Date.now()): Promise<void> {
  const account = { provider, accountId, accessToken: '' };
  const told: Told = 'field' in what ? { account, atMs, change: what } : { account, atMs, messaging: { timestamp: atMs, ...what } };
  assert.equal((await send(bodyOf(told))).status, 200);
}

let mids = 0;
const newMid = () => `m_${(mids += 1)}`;
const written = (account: Account, from: string, text: string, more: object = {}) => ({
  sender: { id: from },
  recipient: { id: account.accountId },
  message: { mid: newMid(), text, ...more },
});
const echoed = (account: Account, to: string, message: object) => ({
  sender: { id: account.accountId },
  recipient: { id: to },
  message: { is_echo: true, ...message },
});

/** A message that was answered with an id of Meta's, or of which nobody knows whether Meta has it. */
async function sentOver(provider: SocialProvider, ends: 'sent' | 'uncertain' = 'sent', text = 'Hello') {
  const { tenantId, step, addresses } = await socialStep(database, provider, 1);
  const account = { provider, accountId: await addAccount(database, tenantId, provider) };
  const [callId, own, at] = [randomUUID(), randomUUID(), new Date()];
  const [{ messageId } = { messageId: 0 }] = claimed(await claimMessages(database, step, { callId, addressKey: ADDRESS_KEY, at }));
  await partClaims(database, tenantId, { from: callId, calls: [{ callId: own, messageId }] });
  const said = hashText(ADDRESS_KEY, text);
  const begun = { provider, calls: [{ callId: own, messageId, said, commentId: null }] };
  await beginSocials(database, tenantId, begun, { addressKey: ADDRESS_KEY, at });
  const mid = newMid();
  const answer =
    ends === 'sent' ? ({ messageId, status: 'sent' } as const) : ({ messageId, status: 'uncertain', reason: 'no answer' } as const);
  await answerOwnCalls(database, tenantId, [{ callId: own, answer, messageSid: ends === 'sent' ? mid : undefined, hush: undefined, at }]);
  return { tenantId, account, messageId, mid, from: addresses[0] ?? '', token: signToken(ADDRESS_KEY, { tenantId, messageId }) };
}
const statusOf = async (tenantId: TenantId) => (await ledgerOf(database).messagesOf(tenantId))[0]?.status;
const rowsOf = async (sql: string, ...values: unknown[]) => (await database.admin.query<Record<string, unknown>>(sql, values)).rows;

describe('Meta’s webhook', () => {
  it('is set up by whoever knows our token', async () => {
    const ask = (query: Record<string, string>) => fetch(`${api.url}${META_ROUTE}?${new URLSearchParams(query).toString()}`);
    const query = { 'hub.mode': 'subscribe', 'hub.verify_token': APP.verifyToken, 'hub.challenge': '1158201444' };
    const answer = await ask(query);
    assert.deepEqual([answer.status, await answer.text()], [200, '1158201444']);
    assert.equal((await ask({ ...query, 'hub.verify_token': 'another' })).status, 403);
    assert.equal((await ask({ ...query, 'hub.mode': 'unsubscribe' })).status, 403);
    assert.equal((await ask({ ...query, 'hub.challenge': '<script>' })).status, 400);
    assert.equal((await fetch(api.url + META_ROUTE)).status, 403);
  });

  it('is believed where Meta has signed it, and nobody else', async () => {
    const { tenantId, account, mid, from } = await sentOver('messenger');
    const body = bodyOf({
      account: { ...account, accessToken: '' },
      atMs: 1,
      messaging: { sender: { id: from }, delivery: { mids: [mid] } },
    });
    const random = seededRandom(7);
    for (let i = 0; i < 60; i += 1) {
      const at = Math.floor(random() * body.length);
      const mutant = `${body.slice(0, at)}${String.fromCharCode(33 + Math.floor(random() * 90))}${body.slice(at + 1)}`;
      if (mutant !== body) assert.equal((await send(mutant, signBody(APP.appSecret, body))).status, 401);
    }
    assert.equal((await send(body, undefined)).status, 200);
    assert.equal((await fetch(api.url + META_ROUTE, { method: 'POST', body })).status, 401);
    assert.equal((await send(body, signBody('another', body))).status, 401);
    assert.equal(await statusOf(tenantId), 'delivered');
  });

  it('takes whatever is signed without an error, and tells the log what cannot be used, without a word of it', async () => {
    const { account, from } = await sentOver('messenger');
    const random = seededRandom(11);
    const wild = [
      null,
      5,
      'Zanzibar',
      {},
      [],
      { id: from },
      { mid: 'm\0' },
      { mid: newMid(), text: 'Zanzibar\ud800\0' },
      { mids: [from, {}] },
      { watermark: 9e15 },
    ];
    const any = () => wild[Math.floor(random() * wild.length)];
    const before = unusable().length;
    for (let i = 0; i < 150; i += 1) {
      const messaging = {
        sender: any(),
        recipient: any(),
        timestamp: any(),
        [['message', 'read', 'delivery', 'postback', 'x'][i % 5] ?? '']: any(),
      };
      const change = { field: ['feed', 'comments', any()][i % 3], value: any() };
      const entry = [any(), { id: account.accountId, time: any(), messaging: [messaging, any()], changes: [change, any()] }];
      const body = JSON.stringify({ object: ['page', 'instagram', any()][i % 3], entry: i % 7 === 0 ? any() : entry });
      assert.equal((await send(body)).status, 200, body);
    }
    for (const body of ['', '{', 'null', '[[[[', `{"object":"page","entry":${'['.repeat(5_000)}`])
      assert.equal((await send(body)).status, 200);
    assert.ok(unusable().length > before);
    assert.ok(!unusable().some((line) => line.includes('Zanzibar') || line.includes(from)));
    await tell({ provider: 'messenger', accountId: '999' }, written(account, from, 'Hi'));
    assert.ok(unusable().at(-1)?.includes('of an account of no tenant'));
  });
});

describe('what Meta tells of a message', () => {
  it('goes forward alone, in whatever order and however often it comes', async () => {
    const { tenantId, account, mid, from, token } = await sentOver('messenger');
    const read = { sender: { id: from }, read: { watermark: Date.now() + 1_000 } };
    const delivery = { sender: { id: from }, delivery: { mids: [mid, 'm_unknown'], watermark: 1 } };
    const echo = echoed(account, from, { mid, text: 'Hello', metadata: token });
    for (const what of [read, delivery, echo, read, delivery, echo]) await tell(account, what);
    assert.equal(await statusOf(tenantId), 'opened');
    const rows = await rowsOf('select kind from provider_events where tenant_id = $1 order by kind', tenantId);
    assert.deepEqual(rows.map(({ kind }) => kind), ['delivered', 'opened', 'sent']); // prettier-ignore
  });

  it('is of what was sent before it was read, and on Instagram of one message', async () => {
    const early = await sentOver('messenger');
    await tell(early.account, { sender: { id: early.from }, read: { watermark: Date.now() - 60_000 } });
    assert.equal(await statusOf(early.tenantId), 'sent');
    const { tenantId, account, mid, from } = await sentOver('instagram');
    await tell(account, { sender: { id: from }, read: { mid } });
    assert.equal(await statusOf(tenantId), 'opened');
  });

  it('settles a message of which nobody knew whether Meta has it: by our token, or by its words where there is none', async () => {
    for (const provider of ['messenger', 'instagram'] as const) {
      const { tenantId, account, from, token } = await sentOver(provider, 'uncertain', `Hello ${provider}`);
      const metadata = provider === 'messenger' ? { metadata: token } : {};
      await tell(account, echoed(account, from, { mid: newMid(), text: 'By hand' }));
      await tell(account, echoed(account, newPerson(), { mid: newMid(), text: `Hello ${provider}` }));
      assert.equal(await statusOf(tenantId), 'uncertain');
      const echo = echoed(account, from, { mid: newMid(), text: `Hello ${provider}`, ...metadata });
      await tell(account, echo);
      await tell(account, echo);
      assert.equal(await statusOf(tenantId), 'sent');
    }
  });

  it('settles nothing for another tenant, nor where two messages could be meant', async () => {
    const [one, other] = [await sentOver('messenger', 'uncertain'), await sentOver('messenger')];
    await tell(other.account, echoed(other.account, one.from, { mid: newMid(), text: 'Hello', metadata: one.token }));
    assert.equal(await statusOf(one.tenantId), 'uncertain');
    assert.ok(unusable().at(-1)?.includes('another tenant'));
    const twice = await sentOver('instagram', 'uncertain');
    await database.admin.query(
      `with another as (
         insert into messages (tenant_id, campaign_id, entry, step_key, user_id, channel, batch, idx, address_hash, status, call_id, claimed_at)
         select tenant_id, campaign_id, entry, 2, user_id, channel, batch, idx, address_hash, status, call_id, claimed_at
         from messages where tenant_id = $1 returning message_id)
       insert into texts (tenant_id, message_id, said, begun_at)
       select $1, a.message_id, t.said, t.begun_at from another a, texts t where t.tenant_id = $1`,
      [twice.tenantId],
    );
    await tell(twice.account, echoed(twice.account, twice.from, { mid: newMid(), text: 'Hello' }));
    assert.equal(await statusOf(twice.tenantId), 'uncertain');
  });
});

describe('what people write to an account', () => {
  it('is a reply to what was sent to them, kept encrypted, once', async () => {
    const { tenantId, account, from, messageId } = await sentOver('instagram');
    const reply = written(account, from, 'How much is it?');
    await tell(account, reply);
    await tell(account, reply);
    assert.equal(await statusOf(tenantId), 'replied');
    const rows = await rowsOf(
      'select message_id::int as id, channel, asks, sealed, provider_id from replies where tenant_id = $1',
      tenantId,
    );
    assert.deepEqual(rows.map(({ id, channel, asks }) => [id, channel, asks]), [[messageId, 'social', null]]); // prettier-ignore
    const [row] = rows;
    assert.equal(
      openText(ADDRESS_KEY, { tenantId, providerId: String(row?.['provider_id']) }, row?.['sealed'] as Buffer),
      'How much is it?',
    );
    const { key } = await createApiKey(database, tenantId, { name: 'test', scopes: ['replies:read'] });
    const listed = await api.call('GET', '/v1/replies', { key });
    assert.deepEqual([listed.body.items[0].text, listed.body.items[0].channel], ['How much is it?', 'social']);
  });

  it('makes whoever writes a user who may be answered from then on, by Meta’s clock', async () => {
    const { tenantId, account } = await sentOver('messenger');
    const stranger = newPerson();
    const dayAgo = Date.now() - 26 * 3_600_000;
    await tell(account, written(account, stranger, 'first'), dayAgo);
    await tell(account, written(account, stranger, 'later'), dayAgo + 60_000);
    await tell(account, written(account, stranger, 'late'), dayAgo - 60_000);
    const rows = await rowsOf(
      `select c.user_id, c.provider, extract(epoch from c.heard_at)::float8 * 1000 as heard from contacts c where c.tenant_id = $1 and c.address = $2`,
      tenantId,
      stranger,
    );
    assert.deepEqual(rows, [{ user_id: `messenger:${stranger}`, provider: 'messenger', heard: dayAgo + 60_000 }]);
    assert.equal((await rowsOf('select 1 as one from replies where tenant_id = $1', tenantId)).length, 3);
  });

  it('is of whoever they were merged into', async () => {
    const { tenantId, account } = await sentOver('messenger');
    const stranger = newPerson();
    await tell(account, written(account, stranger, 'Hi'));
    await database.pool.query('select merge_users($1, $2, $3)', [tenantId, `messenger:${stranger}`, 'u1']);
    await tell(account, written(account, stranger, 'Me again'));
    const rows = await rowsOf(
      'select user_id, heard_at is not null as heard from contacts where tenant_id = $1 and address = $2',
      tenantId,
      stranger,
    );
    assert.deepEqual(rows, [{ user_id: 'u1', heard: true }]);
    const replies = await rowsOf('select user_id from replies where tenant_id = $1', tenantId);
    assert.deepEqual(replies, [{ user_id: 'u1' }, { user_id: 'u1' }]);
    assert.deepEqual(await rowsOf('select user_id from users where tenant_id = $1', tenantId), [{ user_id: 'u1' }]);
  });

  it('stops, starts, and waits for somebody’s judgement, by what it says', async () => {
    const { tenantId, account, from } = await sentOver('messenger');
    const suppressed = () => rowsOf('select channel, reason from suppressions where tenant_id = $1', tenantId);
    await tell(account, written(account, from, 'Please stop writing to me'));
    assert.deepEqual(await suppressed(), [{ channel: 'social', reason: 'unsubscribed' }]);
    await tell(account, written(account, from, 'START'));
    assert.deepEqual(await suppressed(), []);
    await tell(account, written(account, from, 'wrong number'));
    assert.deepEqual(await suppressed(), [{ channel: 'social', reason: 'awaiting review' }]);
    const words = await rowsOf('select action, topic, channel from consent_events where tenant_id = $1 order by event_id', tenantId);
    assert.deepEqual(words.map(({ action, topic, channel }) => [action, topic, channel]), [['withdrawn', '*', 'social'], ['granted', '*', 'social']]); // prettier-ignore
  });
});

describe('what people comment', () => {
  const commentOn = ({ provider, accountId }: Account, id: string, from: string, text: string) =>
    provider === 'messenger'
      ? {
          field: 'feed',
          value: {
            item: 'comment',
            verb: 'add',
            comment_id: `${accountId}_${id}`,
            post_id: `${accountId}_1`,
            message: text,
            from: { id: from },
          },
        }
      : { field: 'comments', value: { id, text, from: { id: from, username: 'ana' }, media: { id: '179' } } };

  it('is an event where it holds a keyword, once, and can be answered', async () => {
    for (const provider of ['messenger', 'instagram'] as const) {
      const tenantId = await database.newTenant();
      const accountId = await addAccount(database, tenantId, provider, { keywords: [{ keyword: 'price', event: 'asked_price' }] });
      const [account, from] = [{ provider, accountId }, newPerson()];
      const asked = commentOn(account, '1001', from, 'What’s the PRICE?');
      for (let i = 0; i < 3; i += 1) await tell(account, asked);
      await tell(account, commentOn(account, '1002', from, 'Lovely'));
      await tell(account, commentOn(account, '1003', accountId, 'The price is in the shop'));
      const events = await rowsOf('select user_id, event, properties from events where tenant_id = $1', tenantId);
      const post = provider === 'messenger' ? `${accountId}_1` : '179';
      assert.deepEqual(events, [{ user_id: `${provider}:${from}`, event: 'asked_price', properties: { provider, post } }]);
      assert.equal((await rowsOf('select 1 as one from social_comments where tenant_id = $1', tenantId)).length, 1);
    }
  });

  it('goes with whoever is deleted', async () => {
    const tenantId = await database.newTenant();
    const accountId = await addAccount(database, tenantId, 'instagram', { keywords: [{ keyword: 'price', event: 'asked_price' }] });
    const [account, from] = [{ provider: 'instagram', accountId } as const, newPerson()];
    await tell(account, commentOn(account, '2001', from, 'price'));
    await tell(account, written(account, from, 'Hi'));
    await database.pool.query('select delete_user($1, $2)', [tenantId, `instagram:${from}`]);
    for (const table of ['social_comments', 'contacts', 'replies']) {
      assert.deepEqual(await rowsOf(`select 1 as one from ${table} where tenant_id = $1`, tenantId), [], table);
    }
  });
});
