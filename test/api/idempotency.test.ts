import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import type { WalkRequest } from '../../api/temporal.js';
import { DomainError } from '../../core/errors.js';
import type { TenantId } from '../../core/ids.js';
import { createApiKey } from '../../db/queries/api-keys.js';
import { startTestApi, type TestApi } from '../harness/api.js';
import { createGate } from '../harness/gate.js';
import { createTestDatabase, type TestDatabase } from '../harness/database.js';

let database: TestDatabase;
let api: TestApi;
let tenantId: TenantId;
let key: string;
const starts: WalkRequest[] = [];
let whenStarting: () => Promise<void> = async () => undefined;

before(async () => {
  database = await createTestDatabase();
  api = await startTestApi(database, {
    walker: {
      startWalk: async (request) => {
        starts.push(request);
        await whenStarting();
        return { workflowId: `start number ${starts.length}` };
      },
    },
  });
  tenantId = await database.newTenant();
  ({ key } = await createApiKey(database, tenantId, { name: 'test', scopes: ['walks:write'] }));
});
after(async () => {
  await api.close();
  await database.drop();
});

const start = (idempotencyKey: string, body: unknown = { walk_date: '2026-01-05' }) =>
  api.call('POST', '/v1/walks', { key, body, headers: { 'Idempotency-Key': idempotencyKey } });

describe('a POST with an Idempotency-Key', () => {
  it('is answered again as it was, and starts nothing new', async () => {
    const name = randomUUID();
    const first = await start(name);
    const startsThen = starts.length;
    const second = await start(name, { refresh: false, walk_date: '2026-01-05' }); // the same request, written otherwise
    assert.equal(first.status, 202, first.text);
    assert.equal(second.status, 202);
    assert.deepEqual(second.body, first.body);
    assert.equal(second.headers.get('location'), first.headers.get('location'));
    assert.equal(second.headers.get('idempotency-replayed'), 'true');
    assert.equal(first.headers.get('idempotency-replayed'), null);
    assert.equal(starts.length, startsThen);
  });

  it('is refused when the key came with another request', async () => {
    const name = randomUUID();
    await start(name);
    const other = await start(name, { walk_date: '2026-01-06' });
    assert.equal(other.status, 422);
    assert.equal(other.body.code, 'idempotency_mismatch');
  });

  it('is done once when twenty come at the same time', async () => {
    const name = randomUUID();
    const startsThen = starts.length;
    const hold = createGate();
    let refused = 0;
    whenStarting = () => hold.opened;
    const answers = Array.from({ length: 20 }, async () => {
      const answer = await start(name);
      if (answer.status === 409) refused += 1;
      if (refused === 19) hold.open(); // all others have been turned away while the first was at work
      return answer;
    });
    const statuses = (await Promise.all(answers)).map(({ status }) => status).sort((a, b) => a - b);
    whenStarting = async () => undefined;
    assert.deepEqual(statuses, [202, ...Array.from({ length: 19 }, () => 409)]);
    assert.equal(starts.length, startsThen + 1);
    assert.equal((await start(name)).headers.get('idempotency-replayed'), 'true');
  });

  it('can be tried again at once when it failed', async () => {
    const name = randomUUID();
    whenStarting = () => Promise.reject(new DomainError('unavailable', 'Temporal cannot be reached'));
    const failed = await start(name);
    whenStarting = async () => undefined;
    assert.equal(failed.status, 503);
    assert.equal(failed.body.code, 'unavailable');
    const again = await start(name);
    assert.equal(again.status, 202);
    assert.equal(again.headers.get('idempotency-replayed'), null);
  });

  it('falls to its repetition a minute after the process of the first has died', async () => {
    const name = randomUUID();
    const crashed = await start(name);
    assert.equal(crashed.status, 202);
    const claimedAgo = (seconds: number) =>
      database.admin.query(
        `update idempotency_keys set status = null, response = null, created_at = now() - make_interval(secs => $2) where idempotency_key = $1`,
        [name, seconds],
      );
    await claimedAgo(10);
    const early = await start(name);
    assert.equal(early.status, 409);
    assert.equal(early.headers.get('retry-after'), '1');
    await claimedAgo(61);
    const late = await start(name);
    assert.equal(late.status, 202, late.text);
    assert.deepEqual((await start(name)).body, late.body);
  });

  it("is forgotten after a day, and never met by another tenant's", async () => {
    const name = randomUUID();
    const startsThen = starts.length;
    await start(name);
    await database.admin.query(`update idempotency_keys set created_at = now() - interval '25 hours' where idempotency_key = $1`, [name]);
    assert.equal((await start(name)).headers.get('idempotency-replayed'), null);
    const otherTenant = await database.newTenant();
    const other = await createApiKey(database, otherTenant, { name: 'test', scopes: ['walks:write'] });
    const answer = await api.call('POST', '/v1/walks', { key: other.key, body: {}, headers: { 'Idempotency-Key': name } });
    assert.equal(answer.status, 202);
    assert.equal(starts.length, startsThen + 3);
    assert.equal(starts.at(-1)?.tenantId, otherTenant);
  });

  it('is refused when the key is no visible text', async () => {
    for (const name of ['', 'x'.repeat(256), 'two words']) {
      const answer = await start(name);
      assert.equal(answer.status, 400, name);
      assert.equal(answer.body.errors[0].path, 'Idempotency-Key');
    }
  });
});

describe('starting a walk', () => {
  it("takes today in the tenant's zone, carries the request id along, and does not walk into the future", async () => {
    const inKiritimati = await database.newTenant({ timeZone: 'Pacific/Kiritimati' }); // 14 hours ahead
    const { key: itsKey, keyId } = await createApiKey(database, inKiritimati, { name: 'test', scopes: ['walks:write'] });
    const at = await startTestApi(database, { now: () => new Date('2026-03-01T12:00:00Z') });
    try {
      const headers = { 'X-Request-Id': 'from-the-caller-1' };
      const answer = await at.call('POST', '/v1/walks', { key: itsKey, headers });
      assert.equal(answer.status, 202, answer.text);
      assert.equal(answer.body.walk_date, '2026-03-02');
      assert.equal(answer.headers.get('location'), '/v1/walks/2026-03-02');
      assert.equal(answer.headers.get('x-request-id'), 'from-the-caller-1');
      assert.deepEqual(at.started, [
        { tenantId: inKiritimati, walkDate: '2026-03-02', refresh: false, requestedBy: keyId, requestId: 'from-the-caller-1' },
      ]);
      const future = await at.call('POST', '/v1/walks', { key: itsKey, body: { walk_date: '2026-03-03' } });
      assert.equal(future.status, 400);
      assert.match(future.body.detail, /cannot be walked yet/);
    } finally {
      await at.close();
    }
  });
});
