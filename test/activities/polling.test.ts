import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { createNotifyingActivities, type NotifyingActivities } from '../../activities/notifying/notifying.js';
import type { TenantId } from '../../core/ids.js';
import { openObjectStore } from '../../store/objects.js';
import { startSandboxEngarde, type SandboxEngarde } from '../../sandbox/engarde.js';
import { createTestDatabase, type TestDatabase } from '../harness/database.js';
import { temporaryFolder } from '../harness/folder.js';
import { newKey, seedWalk, WALK_DATE } from '../harness/notifying.js';

let database: TestDatabase;
let sandbox: SandboxEngarde;
let activities: NotifyingActivities;
const apiKey = newKey();

before(async () => {
  database = await createTestDatabase();
  sandbox = await startSandboxEngarde({ keys: [apiKey] });
  const objects = openObjectStore({ kind: 'directory', directory: temporaryFolder('polling') });
  const engarde = { apiUrl: sandbox.url, apiKey };
  activities = createNotifyingActivities({
    database,
    objects,
    engarde,
    engardeAppUrl: 'https://app.engarde.media',
    requestTimeoutMs: 1_500,
  });
});
after(async () => {
  await sandbox.close();
  await database.drop();
});

async function delivered(): Promise<{ readonly tenantId: TenantId; readonly ids: readonly string[] }> {
  const tenantId = await database.newTenant();
  await seedWalk(database, tenantId);
  await activities.writeSuggestions({ tenantId, walkDate: WALK_DATE });
  await activities.deliverSuggestions({ tenantId, walkDate: WALK_DATE });
  return { tenantId, ids: (await statuses(tenantId)).map(([id]) => id) };
}
const statuses = async (tenantId: TenantId): Promise<(readonly [string, string])[]> =>
  (await database.admin.query('select suggestion_id, status from suggestions where tenant_id = $1 order by 1', [tenantId])).rows.map(
    ({ suggestion_id, status }) => [suggestion_id, status] as const,
  );
const poll = (tenantId: TenantId) => activities.pollResponses({ tenantId });

describe('polling for answers', () => {
  it('takes each answer once, goes on from its cursor, and leaves other tenants alone', async () => {
    const [{ tenantId, ids }, other] = [await delivered(), await delivered()];
    const [first = '', second = ''] = ids;
    sandbox.respond({ suggestion_id: first, action: 'reject', channel: 'email' });
    sandbox.respond({ suggestion_id: second, action: 'pause', channel: 'whatsapp' });
    sandbox.respond({ suggestion_id: other.ids[0] ?? '', action: 'reject', channel: 'in_app' });
    assert.deepEqual(await poll(tenantId), { taken: 2, repeated: 0, refused: 0, unknown: 0 });
    assert.deepEqual(await statuses(tenantId), [
      [first, 'rejected'],
      [second, 'paused'],
    ]);
    assert.deepEqual(await poll(tenantId), { taken: 0, repeated: 0, refused: 0, unknown: 0 });
    sandbox.respond({ suggestion_id: second, action: 'details', channel: 'in_app' });
    assert.deepEqual(await poll(tenantId), { taken: 1, repeated: 0, refused: 0, unknown: 0 });
    assert.deepEqual(
      (await statuses(other.tenantId)).map(([, status]) => status),
      ['pending', 'pending'],
    );
  });

  it('takes nothing twice when its cursor was lost', async () => {
    const { tenantId, ids } = await delivered();
    for (const id of ids) sandbox.respond({ suggestion_id: id, action: 'execute', channel: 'in_app' });
    assert.deepEqual(await poll(tenantId), { taken: 2, repeated: 0, refused: 0, unknown: 0 });
    await database.admin.query('update tenants set responses_cursor = null where tenant_id = $1', [tenantId]);
    assert.deepEqual(await poll(tenantId), { taken: 0, repeated: 2, refused: 0, unknown: 0 });
    const { rows } = await database.admin.query('select count(*)::int as n from suggestion_responses where tenant_id = $1', [tenantId]);
    assert.deepEqual(rows, [{ n: 2 }]);
  });

  it('reads more than a page', async () => {
    const { tenantId, ids } = await delivered();
    for (let i = 0; i < 250; i += 1) sandbox.respond({ suggestion_id: ids[0] ?? '', action: 'details', channel: 'in_app' });
    assert.deepEqual(await poll(tenantId), { taken: 250, repeated: 0, refused: 0, unknown: 0 });
  });

  it('passes over an answer that cannot be taken, and takes the next one', async () => {
    const { tenantId, ids } = await delivered();
    const [first = '', second = ''] = ids;
    sandbox.misbehave('GET responses', {
      kind: 'answer',
      status: 200,
      body: {
        responses: [
          { id: 'a', suggestion_id: first, action: 'reject', channel: 'email' },
          { id: 'b', suggestion_id: first, action: 'pause', channel: 'email' },
          { id: 'c', suggestion_id: 'sg_aud_00000000000000000000', action: 'pause', channel: 'email' },
          { id: 'd', action: 'dance' },
          'nothing',
          { id: 'e', suggestion_id: second, action: 'pause', channel: 'email' },
        ],
        next_cursor: '0',
      },
    });
    assert.deepEqual(await poll(tenantId), { taken: 2, repeated: 0, refused: 1, unknown: 3 });
    assert.deepEqual(
      (await statuses(tenantId)).map(([, status]) => status),
      ['rejected', 'paused'],
    );
  });

  it('fails so that it can be tried again, or says that it cannot', async () => {
    const { tenantId, ids } = await delivered();
    sandbox.respond({ suggestion_id: ids[0] ?? '', action: 'reject', channel: 'email' });
    sandbox.misbehave(
      'GET responses',
      { kind: 'reset' },
      { kind: 'half_answer' },
      { kind: 'answer', status: 429, headers: { 'Retry-After': '1' } },
      { kind: 'answer', status: 404 },
      { kind: 'answer', status: 200, body: { unheard: 'of' } },
    );
    for (const code of ['unavailable', 'unavailable', 'rate_limited', 'not_available', 'not_available']) {
      await assert.rejects(poll(tenantId), { code });
    }
    assert.equal((await poll(tenantId)).taken, 1);
  });
});
