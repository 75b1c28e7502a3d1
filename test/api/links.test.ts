import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { createLinkPages } from '../../api/links.js';
import type { TenantId } from '../../core/ids.js';
import { signLink } from '../../core/message/link-token.js';
import { signToken } from '../../core/message/token.js';
import { seededRandom } from '../../core/random.js';
import { openDatabase } from '../../db/client.js';
import { followLink, keepLinks } from '../../db/queries/links.js';
import { startTestApi, type TestApi } from '../harness/api.js';
import { ADDRESS_KEY } from '../harness/campaigns.js';
import { createTestDatabase, type TestDatabase } from '../harness/database.js';
import { AT, claimed, ledgerOf } from '../harness/ledger.js';

const PHONE = 'Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Mobile Safari/537.36';
const TARGET = 'https://shop.example/new?from=text&x=%C3%A9';
const OWN_TARGET = 'https://shop.example/basket/u1';

let database: TestDatabase;
let api: TestApi;
before(async () => {
  database = await createTestDatabase();
  const rateLimits = { perKey: 1, perAddress: 100_000 };
  api = await startTestApi(database, { outside: () => [createLinkPages({ database, ledgerKey: ADDRESS_KEY, now: () => AT, rateLimits })] });
});
after(async () => {
  await api.close();
  await database.drop();
});

/** A message that was sent to `u1`, with a link that everybody has and one of their own. */
async function sent() {
  const ledger = ledgerOf(database);
  const { tenantId, step } = await ledger.prepared(2);
  const call = randomUUID();
  const claims = await ledger.claim({ ...step, members: [0] }, call);
  await ledger.begin(tenantId, call, claims);
  await ledger.answerAll(tenantId, call, claims);
  const [{ messageId } = { messageId: 0 }] = claimed(claims);
  const kept = await database.withTenant(tenantId, (tx) =>
    keepLinks(tx, step, [
      { messageId: null, target: TARGET },
      { messageId, target: OWN_TARGET },
    ]),
  );
  const tokenOf = (target: string) =>
    signLink(ADDRESS_KEY, { messageId, linkId: kept.find((link) => link.target === target)?.linkId ?? 0 });
  return { tenantId, step, messageId, token: tokenOf(TARGET), ownToken: tokenOf(OWN_TARGET) };
}

const visit = (token: string, { url = api.url, headers = {}, method = 'GET' } = {}) =>
  fetch(`${url}/l/${token}`, { method, redirect: 'manual', headers: { 'User-Agent': PHONE, ...headers } });

const clicksOf = async (tenantId: TenantId): Promise<string[]> => {
  const { rows } = await database.admin.query<{ told: string }>(
    `select concat_ws(' ', provider, kind, occurred_at = $2) as told from provider_events where tenant_id = $1 and kind like '%click%'`,
    [tenantId, AT],
  );
  return rows.map(({ told }) => told);
};

describe('a link of ours', () => {
  it('leads on to what the message said, and the first time is a click', async () => {
    const { tenantId, messageId, token } = await sent();
    for (let time = 0; time < 3; time += 1) {
      const response = await visit(token);
      assert.deepEqual([response.status, response.headers.get('location'), await response.text()], [302, TARGET, '']);
      assert.equal(response.headers.get('cache-control'), 'no-store');
      assert.equal(response.headers.get('referrer-policy'), 'no-referrer');
    }
    assert.deepEqual(await clicksOf(tenantId), ['madansara clicked t']);
    const { rows } = await database.admin.query(
      `select m.status, m.clicked_at as "clickedAt", m.opened_at as "openedAt", c.clicked_count::int as clicked, c.opened_count::int as opened
       from messages m join outreach_campaigns c on c.tenant_id = m.tenant_id and c.id = m.campaign_id where m.message_id = $1`,
      [messageId],
    );
    assert.deepEqual(rows, [{ status: 'clicked', clickedAt: AT, openedAt: AT, clicked: 1, opened: 1 }]);
  });

  it('is a click each where a message has several, and twenty at once are one', async () => {
    const { tenantId, token, ownToken } = await sent();
    const answers = await Promise.all(Array.from({ length: 20 }, () => visit(token)));
    assert.ok(answers.every(({ status }) => status === 302));
    assert.equal((await visit(ownToken)).headers.get('location'), OWN_TARGET);
    assert.equal((await clicksOf(tenantId)).length, 2);
  });

  it('leads robots, those who ask for the head alone, and browsers that fetch in advance on too, and notes nothing', async () => {
    const { tenantId, token } = await sent();
    for (const asked of [
      { method: 'HEAD' },
      { headers: { 'User-Agent': 'WhatsApp/2.23.18.78 i' } },
      { headers: { 'User-Agent': 'facebookexternalhit/1.1' } },
      { headers: { 'Sec-Purpose': 'prefetch;prerender' } },
      { headers: { Purpose: 'prefetch' } },
    ]) {
      const response = await visit(token, asked);
      assert.deepEqual([response.status, response.headers.get('location')], [302, TARGET]);
    }
    assert.deepEqual(await clicksOf(tenantId), []);
    await visit(token);
    assert.equal((await clicksOf(tenantId)).length, 1);
  });

  it('leads nowhere where a character of it is another: 1,000 of them', async () => {
    const { tenantId, token, messageId } = await sent();
    const random = seededRandom(22);
    const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
    for (let i = 0; i < 1_000; i += 1) {
      const at = Math.floor(random() * token.length);
      const other = letters[Math.floor(random() * letters.length)] ?? 'A';
      const mutant = i % 10 === 0 ? token.slice(0, -1) : `${token.slice(0, at)}${other}${token.slice(at + 1)}`;
      if (mutant === token) continue;
      const response = await visit(mutant);
      assert.deepEqual([response.status, response.headers.get('location')], [404, null]);
      await response.body?.cancel();
    }
    for (const odd of [
      'nonsense',
      '%00',
      '%2e%2e',
      '..%2fv1',
      '%ff',
      'x'.repeat(10_000),
      signToken(ADDRESS_KEY, { tenantId, messageId }),
    ]) {
      assert.ok([400, 404].includes((await visit(odd)).status), odd);
    }
    const page = await visit('nonsense');
    assert.match(page.headers.get('content-type') ?? '', /html/);
    assert.match(await page.text(), /This link leads nowhere/);
    assert.equal((await visit(signLink(ADDRESS_KEY, { linkId: 999_999, messageId }))).status, 404);
    assert.deepEqual(await clicksOf(tenantId), []);
  });

  it('still leads a deleted person on to what everybody has, notes nothing, and forgets what was theirs alone', async () => {
    const { tenantId, step, messageId, token, ownToken } = await sent();
    await database.admin.query("select delete_user($1, 'u1')", [tenantId]);
    assert.equal((await visit(token)).headers.get('location'), TARGET);
    assert.equal((await visit(ownToken)).status, 404);
    assert.deepEqual(await clicksOf(tenantId), []);
    // Their message may be being written just now.
    const written = await database.withTenant(tenantId, (tx) => keepLinks(tx, step, [{ messageId, target: OWN_TARGET }]));
    assert.deepEqual(written, []);
    const { rows } = await database.admin.query('select target from links where tenant_id = $1', [tenantId]);
    assert.deepEqual(rows, [{ target: TARGET }]);
  });

  it('works when the campaign is long over', async () => {
    const { tenantId, token } = await sent();
    await database.admin.query(
      "update outreach_campaigns set status = 'finished', ended_at = now() - interval '3 years' where tenant_id = $1",
      [tenantId],
    );
    assert.equal((await visit(token)).status, 302);
    assert.equal((await clicksOf(tenantId)).length, 1);
  });

  it('asks for a moment of patience while the database is away', async () => {
    const { token } = await sent();
    const away = openDatabase('postgres://nobody@127.0.0.1:1/nothing', { applicationName: 'test' });
    const lame = await startTestApi(database, {
      outside: () => [createLinkPages({ database: away, ledgerKey: ADDRESS_KEY, now: () => AT })],
    });
    try {
      const response = await visit(token, { url: lame.url });
      assert.deepEqual([response.status, response.headers.get('retry-after')], [503, '5']);
      assert.match(await response.text(), /try again/);
    } finally {
      await lame.close();
      await away.close();
    }
  });

  it('is limited by itself, and those who guess by where they ask from', async () => {
    const { token, ownToken } = await sent();
    const pages = createLinkPages({ database, ledgerKey: ADDRESS_KEY, now: () => AT, rateLimits: { perKey: 1, perAddress: 3 } });
    const strict = await startTestApi(database, { outside: () => [pages] });
    try {
      const asked = async (one: string) => (await visit(one, { url: strict.url })).status;
      const statuses = [];
      for (const one of ['a', 'b', 'c', 'd', token, token, token, token, ownToken]) statuses.push(await asked(one));
      assert.deepEqual(statuses, [404, 404, 404, 429, 302, 302, 302, 429, 302]);
    } finally {
      await strict.close();
    }
  });
});

describe('the rows of links', () => {
  it('are made once for a step, whoever asks at the same time, and again for another step, message or tenant', async () => {
    const { tenantId, step, messageId } = await sent();
    const shared = { messageId: null, target: 'https://shop.example/shared' };
    const own = { messageId, target: 'https://shop.example/shared' };
    const keep = (stepKey = 1) => database.withTenant(tenantId, (tx) => keepLinks(tx, { ...step, stepKey }, [shared, own, shared]));
    const all = await Promise.all(Array.from({ length: 12 }, () => keep()));
    const numbers = (kept: Awaited<ReturnType<typeof keep>>) => new Set(kept.map(({ linkId }) => linkId));
    assert.equal(new Set(all.flatMap((kept) => [...numbers(kept)])).size, 2);
    assert.equal(numbers([...(await keep(2)), ...(await keep())]).size, 4);
    const theirs = await sent();
    const [kept] = await database.withTenant(theirs.tenantId, (tx) =>
      keepLinks(tx, { ...theirs.step, campaignId: step.campaignId }, [shared]),
    );
    assert.equal(numbers(all.flat()).has(kept?.linkId ?? 0), false);
  });

  it('are invisible to other tenants, and a click on a message of another is nothing', async () => {
    const ours = await sent();
    const theirs = await sent();
    const { rows } = await database.withTenant(ours.tenantId, (tx) => tx.execute<{ n: number }>('select count(*)::int as n from links'));
    assert.equal(rows[0]?.n, 2);
    await followLink(database, ours.tenantId, { linkId: 1, messageId: theirs.messageId, clickedAt: AT });
    assert.deepEqual(await clicksOf(theirs.tenantId), []);
  });
});
