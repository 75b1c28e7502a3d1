import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { createUnsubscribePages } from '../../api/unsubscribe.js';
import type { TenantId } from '../../core/ids.js';
import { seededRandom } from '../../core/random.js';
import { signToken } from '../../core/message/token.js';
import { recordConsent } from '../../db/queries/consent.js';
import { startTestApi, type TestApi } from '../harness/api.js';
import { ADDRESS_KEY } from '../harness/campaigns.js';
import { createTestDatabase, type TestDatabase } from '../harness/database.js';
import { AT, claimed, later, ledgerOf, reasons } from '../harness/ledger.js';

let database: TestDatabase;
let api: TestApi;
let clock = AT;
before(async () => {
  database = await createTestDatabase();
  api = await startTestApi(database, { outside: () => [createUnsubscribePages({ database, ledgerKey: ADDRESS_KEY, now: () => clock })] });
});
after(async () => {
  await api.close();
  await database.drop();
});

/** A mail that was sent to `u1`, and the link in it. */
async function sent() {
  const ledger = ledgerOf(database);
  const { tenantId, step } = await ledger.prepared(2);
  const call = randomUUID();
  const claims = await ledger.claim({ ...step, members: [0] }, call);
  await ledger.begin(tenantId, call, claims);
  await ledger.answerAll(tenantId, call, claims);
  const [{ messageId } = { messageId: 0 }] = claimed(claims);
  return { ledger, tenantId, step, token: signToken(ADDRESS_KEY, { tenantId, messageId }) };
}

const visit = (token: string, init: RequestInit = {}) => fetch(`${api.url}/v1/unsubscribe/${token}`, init);
const form = new URLSearchParams({ 'List-Unsubscribe': 'One-Click' });

const suppressedOf = async (tenantId: TenantId): Promise<string[]> => {
  const { rows } = await database.admin.query<{ reason: string }>('select reason from suppressions where tenant_id = $1', [tenantId]);
  return rows.map(({ reason }) => reason);
};

describe('the unsubscribe link', () => {
  it('shows a page with a button, and changes nothing by that', async () => {
    const { tenantId, token } = await sent();
    const response = await visit(token);
    assert.equal(response.status, 200);
    assert.match(response.headers.get('content-security-policy') ?? '', /form-action 'self'/);
    assert.match(await response.text(), /<form method="post">.*<button>Unsubscribe<\/button>/);
    assert.deepEqual(await suppressedOf(tenantId), []);
  });

  it('unsubscribes by the button and by a mail program, in both forms, once', async () => {
    const { ledger, tenantId, step, token } = await sent();
    const multipart = new FormData();
    multipart.set('List-Unsubscribe', 'One-Click');
    for (const body of [form, multipart, form]) {
      const response = await visit(token, { method: 'POST', body });
      assert.equal(response.status, 200);
      assert.match(await response.text(), /You are unsubscribed/);
    }
    assert.deepEqual(await suppressedOf(tenantId), ['unsubscribed']);
    const { rows } = await database.admin.query('select kind from provider_events where tenant_id = $1', [tenantId]);
    assert.deepEqual(rows, [{ kind: 'unsubscribed' }]);
    assert.deepEqual(reasons(await ledger.claim({ ...step, stepKey: 2 })), ['unsubscribed', 'claimed']);
  });

  it('keeps the word as a proof, and works again for who came back', async () => {
    const { ledger, tenantId, step, token } = await sent();
    const words = async () => {
      const { rows } = await database.admin.query(
        `select topic, action, source, user_id, evidence ->> 'kind' as kind from consent_events where tenant_id = $1 order by at, event_id`,
        [tenantId],
      );
      return rows;
    };
    const withdrawn = { topic: '*', action: 'withdrawn', source: 'unsubscribe link', user_id: 'u1', kind: 'unsubscribed' };
    const leave = () => visit(token, { method: 'POST', body: form });
    await leave();
    await leave();
    assert.deepEqual(await words(), [withdrawn]);
    const yes = { channel: 'email', address: 'u1@example.test', action: 'granted', basis: 'consent', source: 'form' } as const;
    await recordConsent(database, tenantId, [{ ...yes, at: later(1) }], { addressKey: ADDRESS_KEY, at: later(1) });
    assert.deepEqual(await suppressedOf(tenantId), []);
    clock = later(2);
    await leave();
    assert.deepEqual(await suppressedOf(tenantId), ['unsubscribed']);
    assert.deepEqual(
      (await words()).map(({ action }) => action),
      ['withdrawn', 'granted', 'withdrawn'],
    );
    assert.deepEqual(reasons(await ledger.claim({ ...step, stepKey: 2 })), ['unsubscribed', 'claimed']);
  });

  it('is nothing where a character of it is another, or missing', async () => {
    const { tenantId, token } = await sent();
    const random = seededRandom(20_261_125);
    const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
    for (let i = 0; i < 200; i += 1) {
      const at = Math.floor(random() * token.length);
      const other = letters[Math.floor(random() * letters.length)] ?? 'A';
      const mutant = i % 10 === 0 ? token.slice(0, -1) : `${token.slice(0, at)}${other}${token.slice(at + 1)}`;
      if (mutant === token) continue;
      assert.equal((await visit(mutant, { method: 'POST', body: form })).status, 404);
    }
    assert.match(await (await visit('nonsense')).text(), /This link is not complete/);
    assert.deepEqual(await suppressedOf(tenantId), []);
  });

  it('does not mind a body of any kind, and takes no large one', async () => {
    const { tenantId, token } = await sent();
    assert.equal((await visit(token, { method: 'POST', body: 'x'.repeat(20_000) })).status, 413);
    assert.deepEqual(await suppressedOf(tenantId), []);
    assert.equal((await visit(token, { method: 'POST' })).status, 200);
    assert.deepEqual(await suppressedOf(tenantId), ['unsubscribed']);
  });
});
