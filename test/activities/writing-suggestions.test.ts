import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { createNotifyingActivities, type NotifyingActivities } from '../../activities/notifying/notifying.js';
import type { TenantId } from '../../core/ids.js';
import { respondToSuggestion } from '../../db/queries/suggestion-responses.js';
import { openObjectStore, type ObjectStore } from '../../store/objects.js';
import { createTestDatabase, type TestDatabase } from '../harness/database.js';
import { temporaryFolder } from '../harness/folder.js';
import { seedWalk, WALK_DATE } from '../harness/notifying.js';
import { segment, threeSegments } from '../harness/segments.js';

let database: TestDatabase;
let objects: ObjectStore;
let activities: NotifyingActivities;
before(async () => {
  database = await createTestDatabase();
  objects = openObjectStore({ kind: 'directory', directory: temporaryFolder('suggestions') });
  const engarde = { apiUrl: 'http://127.0.0.1:9', apiKey: 'wa_test' };
  activities = createNotifyingActivities({ database, objects, engarde, engardeAppUrl: 'https://app.engarde.media' });
});
after(() => database.drop());

type Row = {
  suggestion_id: string;
  status: string;
  priority: string;
  payload: { segment: { name: string; size: number } };
  updated_at: Date;
};

const rowsOf = async (tenantId: TenantId): Promise<Row[]> =>
  (await database.admin.query<Row>('select * from suggestions where tenant_id = $1 order by suggestion_id', [tenantId])).rows;
const outboxOf = async (tenantId: TenantId) =>
  (await database.admin.query('select kind, subject, payload, attempts, refused_because from outbox where tenant_id = $1', [tenantId]))
    .rows;
const write = (tenantId: TenantId) => activities.writeSuggestions({ tenantId, walkDate: WALK_DATE });
const named = (rows: readonly Row[], name: string): Row => {
  const row = rows.find(({ payload }) => payload.segment.name === name);
  assert.ok(row, name);
  return row;
};

/** What another suggestion would be made of: the loyal customers are more, and the champions are too few. */
const changed = [
  segment('champions', 'Champions', { ...threeSegments[0]?.statistics, users: 20 }),
  segment('loyal', 'Loyal Customers', { ...threeSegments[1]?.statistics, users: 2_500 }),
];

describe('writing the suggestions of a walk', () => {
  it('keeps rows, one outbox row and two artifacts, and the same again when it is done again', async () => {
    const tenantId = await database.newTenant({ name: 'Acme' });
    await seedWalk(database, tenantId);
    const written = await write(tenantId);
    assert.deepEqual(written, {
      suggestions: 2,
      segments: 3,
      briefKey: `${tenantId}/briefs/20251228/brief.txt`,
      suggestionsKey: `${tenantId}/suggestions/20251228/suggestions.json`,
    });
    const rows = await rowsOf(tenantId);
    const [outbox, brief, json] = [
      await outboxOf(tenantId),
      await objects.get(written.briefKey),
      await objects.get(written.suggestionsKey),
    ];
    assert.equal(rows.length, 2);
    assert.deepEqual(outbox.length, 1);
    assert.deepEqual(
      outbox[0].payload.suggestion_ids,
      rows.map(({ suggestion_id }) => suggestion_id),
    );
    assert.match(String(brief), /Champions \(800 users/);
    const payload = JSON.parse(String(json));
    assert.equal(payload.summary.total_suggestions, 2);
    assert.equal(payload.summary.total_estimated_impact.users_affected, 200, 'members are counted in the database');

    await Promise.all([write(tenantId), write(tenantId), write(tenantId)]);
    assert.deepEqual(await rowsOf(tenantId), rows, 'unchanged rows are not written');
    assert.deepEqual(await outboxOf(tenantId), outbox);
    assert.deepEqual(await objects.get(written.briefKey), brief);
    assert.deepEqual(await objects.get(written.suggestionsKey), json);
  });

  it('brings pending ones up to date and removes those that no longer hold', async () => {
    const tenantId = await database.newTenant();
    await seedWalk(database, tenantId);
    await write(tenantId);
    const before = await rowsOf(tenantId);
    await seedWalk(database, tenantId, { segments: changed });
    await write(tenantId);
    const after = await rowsOf(tenantId);
    assert.equal(after.length, 1);
    assert.equal(named(after, 'Loyal Customers').suggestion_id, named(before, 'Loyal Customers').suggestion_id);
    assert.equal(named(after, 'Loyal Customers').payload.segment.size, 2_500);
    const [outbox] = await outboxOf(tenantId);
    assert.deepEqual(outbox.payload.suggestion_ids, [after[0]?.suggestion_id]);
  });

  it('never touches one that somebody has answered, if only by asking for details', async () => {
    for (const action of ['pause', 'reject', 'details'] as const) {
      const tenantId = await database.newTenant();
      await seedWalk(database, tenantId);
      await write(tenantId);
      const rows = await rowsOf(tenantId);
      for (const { suggestion_id: suggestionId } of rows) {
        await respondToSuggestion(database, {}, { tenantId, suggestionId, action, channel: 'in_app' });
      }
      const answered = await rowsOf(tenantId);
      await seedWalk(database, tenantId, { segments: changed });
      await write(tenantId);
      assert.deepEqual(await rowsOf(tenantId), answered, action);
    }
  });

  it('keeps one that En Garde may have, since somebody may still answer it there', async () => {
    const tenantId = await database.newTenant();
    await seedWalk(database, tenantId);
    await write(tenantId);
    const rows = await rowsOf(tenantId);
    await database.admin.query('update outbox set attempts = 1 where tenant_id = $1', [tenantId]);
    await seedWalk(database, tenantId, { segments: changed });
    await write(tenantId);
    assert.deepEqual(
      (await rowsOf(tenantId)).map(({ suggestion_id }) => suggestion_id),
      rows.map(({ suggestion_id }) => suggestion_id),
    );
    await database.admin.query('delete from outbox where tenant_id = $1', [tenantId]);
    await database.admin.query('update suggestions set delivered_at = now() where tenant_id = $1', [tenantId]);
    await write(tenantId);
    assert.equal((await rowsOf(tenantId)).length, 2);
    assert.deepEqual(await outboxOf(tenantId), [], 'what En Garde has is not put up again');
  });

  it('puts nothing up for delivery where En Garde is not configured, and says so in the record', async () => {
    const tenantId = await database.newTenant();
    await seedWalk(database, tenantId);
    const alone = createNotifyingActivities({ database, objects, engardeAppUrl: 'https://app.engarde.media' });
    await alone.writeSuggestions({ tenantId, walkDate: WALK_DATE });
    assert.equal((await rowsOf(tenantId)).length, 2);
    assert.deepEqual(await outboxOf(tenantId), []);
    assert.deepEqual(await alone.deliverSuggestions({ tenantId, walkDate: WALK_DATE }), { kind: 'not_configured' });
    assert.deepEqual(await alone.pollResponses({ tenantId }), { taken: 0, repeated: 0, refused: 0, unknown: 0 });
    const { rows } = await database.admin.query('select record from walks where tenant_id = $1', [tenantId]);
    assert.deepEqual(rows[0].record, { delivery: { kind: 'not_configured' } });
  });

  it('writes a brief even when there is nobody to speak of', async () => {
    for (const segments of [[], [segment('one', 'Champions', { users: 1 })]]) {
      const tenantId = await database.newTenant();
      await seedWalk(database, tenantId, { segments });
      const { briefKey, suggestionsKey, suggestions } = await write(tenantId);
      assert.equal(suggestions, 0);
      assert.match(String(await objects.get(briefKey)), segments.length === 0 ? /Nobody to group yet/ : /1 user is too few/);
      assert.deepEqual(JSON.parse(String(await objects.get(suggestionsKey))).suggestions, []);
      assert.deepEqual(await outboxOf(tenantId), []);
    }
  });

  it('counts users of overlapping segments once', async () => {
    const tenantId = await database.newTenant();
    await seedWalk(database, tenantId);
    await database.admin.query(
      `insert into segment_membership (tenant_id, segment_id, user_id)
       select $1, (select id from audience_segments where tenant_id = $1 and segment_key = 'seg_loyal'), 'seg_champions-' || i
       from generate_series(1, 40) i`,
      [tenantId],
    );
    const { suggestionsKey } = await write(tenantId);
    const { summary } = JSON.parse(String(await objects.get(suggestionsKey)));
    assert.equal(summary.total_estimated_impact.users_affected, 200, '100 champions, 40 of them loyal too, and 100 others');
    assert.equal(summary.total_estimated_impact.revenue_opportunity, 5_000, '100 x 40.00 + 100 x 10.00');
  });

  it('says which walk is missing', async () => {
    const tenantId = await database.newTenant();
    await assert.rejects(write(tenantId), /there is no walk of 2025-12-28/);
  });
});
