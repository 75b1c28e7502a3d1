import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { TenantId } from '../../core/ids.js';
import { parseLocalDate } from '../../core/ids.js';
import { suggest } from '../../core/suggestion/suggest.js';
import { createApiKey } from '../../db/queries/api-keys.js';
import { replaceSuggestions } from '../../db/queries/suggestions.js';
import { startTestApi, type TestApi } from '../harness/api.js';
import { createTestDatabase, type TestDatabase } from '../harness/database.js';
import { seedWalk } from '../harness/notifying.js';
import { CONTEXT, threeSegments } from '../harness/segments.js';

let database: TestDatabase;
let api: TestApi;
let tenantId: TenantId;
let reader: string;
let responder: string;

before(async () => {
  database = await createTestDatabase();
  api = await startTestApi(database);
  tenantId = await database.newTenant();
  ({ key: reader } = await createApiKey(database, tenantId, { name: 'reader', scopes: ['read'] }));
  ({ key: responder } = await createApiKey(database, tenantId, { name: 'responder', scopes: ['suggestions:respond'] }));
  for (const day of ['2025-12-26', '2025-12-27', '2025-12-28']) {
    const walkDate = parseLocalDate(day);
    await seedWalk(database, tenantId, { walkDate, mostMembers: 1 });
    const { suggestions } = suggest(threeSegments, { ...CONTEXT, tenantId, walkDate });
    await database.withTenant(tenantId, (tx) => replaceSuggestions(tx, tenantId, walkDate, suggestions));
  }
});
after(async () => {
  await api.close();
  await database.drop();
});

const get = (path: string) => api.call('GET', path, { key: reader });
const answer = (suggestionId: string, body: unknown, key = responder) =>
  api.call('POST', `/v1/suggestions/${suggestionId}/responses`, { key, body });
const idsOf = async (query: string): Promise<string[]> =>
  (await get(`/v1/suggestions?${query}`)).body.items.map(({ suggestion_id }: { suggestion_id: string }) => suggestion_id);

describe('GET /v1/suggestions', () => {
  it('leafs through all of them, the latest walk first', async () => {
    const all = (await get('/v1/suggestions')).body;
    assert.equal(all.items.length, 6);
    assert.equal(all.next_cursor, null);
    assert.deepEqual(
      all.items.map(({ walk_date }: { walk_date: string }) => walk_date),
      ['2025-12-28', '2025-12-28', '2025-12-27', '2025-12-27', '2025-12-26', '2025-12-26'],
    );
    const seen: string[] = [];
    let cursor: string | null = '';
    while (cursor !== null) {
      const page: { items: { suggestion_id: string }[]; next_cursor: string | null } = (
        await get(`/v1/suggestions?limit=1${cursor && `&cursor=${cursor}`}`)
      ).body;
      seen.push(...page.items.map(({ suggestion_id }) => suggestion_id));
      cursor = page.next_cursor;
    }
    assert.deepEqual(
      seen,
      all.items.map(({ suggestion_id }: { suggestion_id: string }) => suggestion_id),
    );
  });

  it('shows the payload as En Garde receives it', async () => {
    const [item] = (await get('/v1/suggestions?walk_date=2025-12-28&limit=1')).body.items;
    assert.equal(item.payload.id, item.suggestion_id);
    assert.equal(item.payload.metadata.walk_date, '2025-12-28');
    assert.ok(item.payload.impact.basis.potential_revenue.formula);
    assert.deepEqual([item.status, item.delivered_at, item.url], ['pending', null, `/v1/suggestions/${item.suggestion_id}`]);
  });

  it('filters by status, priority, type and day', async () => {
    assert.equal((await idsOf('walk_date=2025-12-27')).length, 2);
    assert.equal((await idsOf('priority=high&type=segment_opportunity&status=pending')).length, 6);
    for (const query of ['status=accepted', 'priority=low', 'type=churn_prevention', 'walk_date=2025-01-01']) {
      assert.deepEqual(await idsOf(query), [], query);
    }
    for (const query of ['status=done', 'walk_date=today', 'limit=0', 'cursor=abc', 'colour=blue']) {
      assert.equal((await get(`/v1/suggestions?${query}`)).status, 400, query);
    }
  });
});

describe('POST /v1/suggestions/{suggestion_id}/responses', () => {
  it('takes an answer, shows it with the suggestion, and takes it once', async () => {
    const [id = ''] = await idsOf('walk_date=2025-12-26');
    const first = await answer(id, { action: 'pause', channel: 'whatsapp' });
    assert.equal(first.status, 200, first.text);
    assert.deepEqual([first.body.outcome, first.body.suggestion.status, first.body.repeated], [{ kind: 'paused' }, 'paused', false]);
    const again = await answer(id, { action: 'pause', channel: 'whatsapp', suggestion_id: id });
    assert.deepEqual([again.body.response_id, again.body.repeated], [first.body.response_id, true]);
    const shown = (await get(`/v1/suggestions/${id}`)).body;
    assert.equal(shown.status, 'paused');
    assert.deepEqual(
      shown.responses.map(({ response_id, action, channel, outcome }: Record<string, unknown>) => [response_id, action, channel, outcome]),
      [[first.body.response_id, 'pause', 'whatsapp', { kind: 'paused' }]],
    );
    assert.deepEqual(await idsOf('status=paused'), [id]);
  });

  it('says plainly that an action is not available', async () => {
    const [, id = ''] = await idsOf('walk_date=2025-12-26');
    const { status, body } = await answer(id, { action: 'execute' });
    assert.equal(status, 200);
    assert.equal(body.outcome.kind, 'not_executed');
    assert.equal(body.outcome.actions[0].reason, 'this installation cannot execute create_campaign');
    assert.equal(body.suggestion.status, 'pending');
  });

  it('refuses what contradicts a decision, what means nothing, and who may not', async () => {
    const [id = '', other = ''] = await idsOf('walk_date=2025-12-27');
    assert.equal((await answer(id, { action: 'reject' })).status, 200);
    const late = await answer(id, { action: 'execute' });
    assert.deepEqual([late.status, late.body.code], [409, 'conflict']);
    assert.match(late.body.detail, /the suggestion was rejected: execute comes too late/);
    for (const body of [{}, { action: 'dance' }, { action: 'pause', channel: 'pigeon' }, { action: 'pause', suggestion_id: other }, 'x']) {
      assert.equal((await answer(id, body)).status, 400, JSON.stringify(body));
    }
    assert.equal((await answer('sg_aud_00000000000000000000', { action: 'pause' })).status, 404);
    assert.equal((await get('/v1/suggestions/sg_aud_00000000000000000000')).status, 404);
    assert.equal((await answer(other, { action: 'pause' }, reader)).status, 403);
  });
});
