import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import type { TenantId } from '../../core/ids.js';
import { ADMIN_KEY, startTestApi, type TestApi } from '../harness/api.js';
import { createTestDatabase, type TestDatabase } from '../harness/database.js';

let database: TestDatabase;
let api: TestApi;
let tenantId: TenantId;

before(async () => {
  database = await createTestDatabase();
  api = await startTestApi(database);
  tenantId = await database.newTenant();
});
after(async () => {
  await api.close();
  await database.drop();
});

async function createKey(...scopes: string[]) {
  const answer = await api.call('POST', `/v1/tenants/${tenantId}/keys`, { key: ADMIN_KEY, body: { name: 'test', scopes } });
  assert.equal(answer.status, 201, answer.text);
  return answer.body;
}

describe('a key', () => {
  it('is shown once, and kept only as its hash', async () => {
    const created = await createKey('read');
    assert.match(created.key, /^ms_[\w-]{43}$/);
    const list = await api.call('GET', `/v1/tenants/${tenantId}/keys`, { key: ADMIN_KEY });
    assert.ok(list.body.items.some(({ key_id: id }: { key_id: string }) => id === created.key_id));
    assert.ok(!list.text.includes(created.key));
    const { rows } = await database.admin.query('select to_jsonb(k)::text as row from api_keys k');
    assert.ok(rows.length > 0 && rows.every(({ row }) => !row.includes(created.key.slice(3))));
    assert.ok(!api.log.join('').includes(created.key.slice(3)), 'the log shows no key');
  });

  it('may do what its scopes say and nothing else', async () => {
    const { key } = await createKey('read');
    assert.equal((await api.call('GET', '/v1/walks', { key })).status, 200);
    const refused = await api.call('POST', '/v1/walks', { key, body: {} });
    assert.equal(refused.status, 403);
    assert.equal(refused.body.code, 'forbidden');
    assert.match(refused.body.detail, /walks:write/);
    const { key: starter } = await createKey('walks:write');
    assert.equal((await api.call('POST', '/v1/walks', { key: starter, body: {} })).status, 202);
    assert.equal((await api.call('GET', '/v1/walks', { key: starter })).status, 403);
  });

  it('is worth nothing from the moment in which it is revoked, and revoking twice is no error', async () => {
    const { key, key_id: keyId } = await createKey('read');
    assert.equal((await api.call('GET', '/v1/walks', { key })).status, 200);
    const revoked = await api.call('DELETE', `/v1/tenants/${tenantId}/keys/${keyId}`, { key: ADMIN_KEY });
    assert.equal(revoked.status, 200);
    assert.ok(revoked.body.revoked_at);
    const refused = await api.call('GET', '/v1/walks', { key });
    assert.equal(refused.status, 401);
    assert.equal(refused.headers.get('www-authenticate'), 'Bearer realm="madansara"');
    const again = await api.call('DELETE', `/v1/tenants/${tenantId}/keys/${keyId}`, { key: ADMIN_KEY });
    assert.equal(again.body.revoked_at, revoked.body.revoked_at);
  });

  it('of a page or app sends events and does nothing else', async () => {
    const { key } = await createKey('events:write');
    assert.match(key, /^msw_/);
    for (const route of api.routes.filter(({ scope }) => scope !== 'public')) {
      const path = route.path.replace(/\{\w+\}/g, 'x');
      const { status } = await api.call(route.method.toUpperCase(), path, { key });
      assert.ok(status === 401 || status === 403, `${route.method} ${route.path} answered ${status}`);
    }
    const mixed = await api.call('POST', `/v1/tenants/${tenantId}/keys`, {
      key: ADMIN_KEY,
      body: { name: 'both', scopes: ['events:write', 'read'] },
    });
    assert.equal(mixed.status, 400);
    assert.match(mixed.body.detail, /write key/);
  });

  for (const [what, headers] of Object.entries({
    'no key': {},
    'an empty header': { Authorization: '' },
    'a key that never was': { Authorization: `Bearer ms_${'A'.repeat(43)}` },
    'a key cut short': { Authorization: 'Bearer ms_short' },
    'a name and password': { Authorization: `Basic ${Buffer.from('ms_x:').toString('base64')}` },
    "the operator's key": { Authorization: `Bearer ${ADMIN_KEY}` },
  })) {
    it(`is needed: ${what} is answered with 401`, async () => {
      const answer = await api.call('GET', '/v1/segments', { headers });
      assert.equal(answer.status, 401);
      assert.equal(answer.body.code, 'unauthorized');
    });
  }
});

describe("the operator's key", () => {
  it('creates a tenant and its Schedule, changes it, and refuses what Intl does not know', async () => {
    const id = randomUUID();
    const body = { tenant_id: id.toUpperCase(), name: 'Berlin GmbH', time_zone: 'Europe/Berlin', currency: 'EUR', pinned_k: 5 };
    const created = await api.call('POST', '/v1/tenants', { key: ADMIN_KEY, body });
    assert.equal(created.status, 201, created.text);
    assert.equal(created.headers.get('location'), `/v1/tenants/${id}`);
    assert.equal(created.body.schedule, 'applied');
    assert.deepEqual(api.scheduled.at(-1), { tenantId: id, timeZone: 'Europe/Berlin' });
    assert.deepEqual(created.body.goals, { convert_to_paid: { event: 'purchase', filters: {}, window_days: 30 } });
    assert.equal((await api.call('POST', '/v1/tenants', { key: ADMIN_KEY, body })).status, 409);

    const goals = { trial: { event: 'Signed Up', filters: { plan: 'trial' }, window_days: 14 } };
    const changed = await api.call('PATCH', `/v1/tenants/${id}`, {
      key: ADMIN_KEY,
      body: { time_zone: 'America/New_York', pinned_k: null, always_on_share: 0.25, goals },
    });
    assert.equal(changed.status, 200, changed.text);
    assert.deepEqual(api.scheduled.at(-1), { tenantId: id, timeZone: 'America/New_York' });
    const shown = await api.call('GET', `/v1/tenants/${id}`, { key: ADMIN_KEY });
    assert.equal(shown.body.name, 'Berlin GmbH');
    assert.deepEqual([shown.body.pinned_k, shown.body.always_on_share], [null, 0.25]);
    assert.deepEqual(shown.body.goals, goals);

    for (const timeZone of ['Mars/Olympus', 'europe/berlin', '+02:00', '', 'UTC\u0000']) {
      const refused = await api.call('PATCH', `/v1/tenants/${id}`, { key: ADMIN_KEY, body: { time_zone: timeZone } });
      assert.equal(refused.status, 400, JSON.stringify(timeZone));
      assert.equal(refused.body.errors[0].path, 'time_zone');
    }
    assert.equal((await api.call('PATCH', `/v1/tenants/${id}`, { key: ADMIN_KEY, body: { currency: 'ZZZ' } })).status, 400);
    assert.equal((await api.call('PATCH', `/v1/tenants/${id}`, { key: ADMIN_KEY, body: {} })).status, 400);
  });

  it('lists all tenants page by page, each once', async () => {
    for (let made = 0; made < 5; made++) await database.newTenant();
    const { rows } = await database.admin.query<{ id: string }>('select tenant_id as id from tenants order by 1');
    const seen: string[] = [];
    let cursor: string | null = null;
    do {
      const query: string = cursor === null ? '' : `&cursor=${cursor}`;
      const page = await api.call('GET', `/v1/tenants?limit=2${query}`, { key: ADMIN_KEY });
      assert.equal(page.status, 200, page.text);
      seen.push(...page.body.items.map((item: { tenant_id: string }) => item.tenant_id));
      cursor = page.body.next_cursor;
    } while (cursor !== null);
    assert.deepEqual(
      seen,
      rows.map(({ id }) => id),
    );
  });

  it('is asked for where it is configured, and switched off where it is not', async () => {
    const wrong = await api.call('GET', '/v1/tenants', { key: `${ADMIN_KEY}x` });
    assert.equal(wrong.status, 401);
    const without = await startTestApi(database, { adminKey: null });
    try {
      const answer = await without.call('GET', '/v1/tenants', { key: ADMIN_KEY });
      assert.equal(answer.status, 501);
      assert.equal(answer.body.code, 'not_available');
      assert.match(answer.body.detail, /ADMIN_API_KEY/);
    } finally {
      await without.close();
    }
  });
});
