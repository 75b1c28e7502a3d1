import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { TenantId } from '../../core/ids.js';
import { SCOPES } from '../../core/scopes.js';
import { createApiKey } from '../../db/queries/api-keys.js';
import { createExecutors } from '../../db/queries/executors.js';
import { startTestApi, type TestApi } from '../harness/api.js';
import { addSegment } from '../harness/campaigns.js';
import { createTestDatabase, type TestDatabase } from '../harness/database.js';

const NOW = new Date('2026-03-02T12:20:00Z');
let database: TestDatabase;
let api: TestApi;
let tenantId: TenantId;
let key: string;
let segment: string;

before(async () => {
  database = await createTestDatabase();
  api = await startTestApi(database, { now: () => NOW, executors: createExecutors(() => NOW) });
  tenantId = await database.newTenant();
  segment = await addSegment(database, tenantId, ['ann', 'bob', 'cat']);
  ({ key } = await createApiKey(database, tenantId, { name: 'test', scopes: SCOPES.filter((scope) => scope !== 'events:write') }));
});
after(async () => {
  await api.close();
  await database.drop();
});

const email = { day: 0, channel: 'email', template: 'welcome_series_1' };
const emails = (...days: readonly number[]) => days.map((day) => ({ ...email, day }));
const post = (path: string, body?: object, headers: Readonly<Record<string, string>> = {}) =>
  api.call('POST', path, { key, body, headers });
const get = (path: string) => api.call('GET', path, { key });
async function created(changes: object = {}) {
  const answer = await post('/v1/campaigns', { segment, sequence: emails(0, 2), ...changes });
  assert.equal(answer.status, 201, answer.text);
  return answer.body;
}

describe('the life of a campaign over the API', () => {
  it('is launched, paused, resumed and cancelled, and refuses in words what cannot be', async () => {
    const { url } = await created();
    const ask = (change: string) => post(`${url}/${change}`);
    assert.equal((await ask('pause')).body.detail, 'only a running campaign can be paused (it is a draft)');
    const launched = await ask('launch');
    assert.deepEqual([launched.status, launched.body.status], [200, 'running'], launched.text);
    assert.equal((await ask('launch')).body.status, 'running');
    assert.equal((await ask('pause')).body.status, 'paused');
    assert.equal((await ask('resume')).body.status, 'running');
    assert.equal((await ask('cancel')).body.status, 'cancelled');
    const again = await ask('launch');
    assert.deepEqual([again.status, again.body.detail], [409, 'a campaign is launched once, and this one is over (it is cancelled)']);
  });

  it('is not launched where its preflight finds something in the way, and can be when that is gone', async () => {
    const empty = await database.admin.query<{ id: number }>(
      `insert into audience_segments (tenant_id, segment_key, segment_name, segment_type, criteria) values ($1, 'seg_empty', 'Empty', 'rule', '{}')
       returning id::int`,
      [tenantId],
    );
    const { url, preflight } = await created({ segment: 'Empty' });
    assert.deepEqual(preflight.blockers, ['the segment Empty has no members']);
    const refused = await post(`${url}/launch`);
    assert.deepEqual([refused.status, refused.body.detail], [409, 'it cannot be launched: the segment Empty has no members']);
    assert.equal((await get(url)).body.status, 'draft');
    await database.admin.query(`insert into segment_membership (tenant_id, segment_id, user_id) values ($1, $2, 'ann')`, [
      tenantId,
      empty.rows[0]?.id,
    ]);
    assert.equal((await post(`${url}/launch`)).status, 200);
  });

  it('is not launched where no mail can be made, by a sender that is missing or a template', async () => {
    const nameless = await database.newTenant();
    const theirs = await addSegment(database, nameless, ['gil']);
    await database.admin.query('delete from email_senders where tenant_id = $1', [nameless]);
    const { key: theirKey } = await createApiKey(database, nameless, { name: 'test', scopes: ['read', 'campaigns:write'] });
    const sequence = [
      { ...email, template: 'welcome' },
      { ...email, day: 1, subject: '{{ shoe_size }}' },
    ];
    const made = await api.call('POST', '/v1/campaigns', { key: theirKey, body: { segment: theirs, sequence } });
    const [sender, ...mails] = made.body.preflight.blockers;
    assert.equal(sender, 'the tenant has no sender of mail (PUT /v1/email-sender sets one)');
    assert.equal(mails[0], 'step 1: there is no template welcome in force');
    assert.match(mails[1], /^step 2, subject: there is no variable shoe_size/);
    const refused = await api.call('POST', `${made.body.url}/launch`, { key: theirKey });
    assert.equal(refused.status, 409);
    assert.match(refused.body.detail, /^it cannot be launched: the tenant has no sender of mail/);
  });

  it('is not launched where nothing can be sent', async () => {
    const off = 'no provider is configured';
    const dumb = await startTestApi(database, {
      sending: { email: off, in_app: off, sms: off, whatsapp: off, social: off, push: off, ledgerKey: null },
    });
    try {
      const { url } = await created();
      const refused = await dumb.call('POST', `${url}/launch`, { key });
      assert.deepEqual(
        [refused.status, refused.body.detail],
        [409, 'it cannot be launched: no email can be sent, because no provider is configured'],
      );
    } finally {
      await dumb.close();
    }
  });

  it('needs its own scope to be changed, and reading to be seen', async () => {
    const { url } = await created();
    const { key: reader } = await createApiKey(database, tenantId, { name: 'reader', scopes: ['read'] });
    assert.equal((await api.call('GET', url, { key: reader })).status, 200);
    for (const change of ['launch', 'pause', 'resume', 'cancel']) {
      assert.equal((await api.call('POST', `${url}/${change}`, { key: reader })).status, 403);
    }
    assert.equal((await api.call('PUT', url, { key: reader, body: { sequence: [] } })).status, 403);
  });
});

describe('GET /v1/campaigns', () => {
  it('lists the latest first, by pages and by status', async () => {
    const other = await database.newTenant();
    const [theirSegment, { key: theirKey }] = await Promise.all([
      addSegment(database, other, ['dan']),
      createApiKey(database, other, { name: 'test', scopes: ['read', 'campaigns:write'] }),
    ]);
    const call = (method: string, path: string, body?: object) => api.call(method, path, { key: theirKey, body });
    for (const n of [1, 2, 3]) await call('POST', '/v1/campaigns', { campaign_id: `c${n}`, segment: theirSegment, sequence: [email] });
    await call('POST', '/v1/campaigns/c2/launch');
    const idsOf = ({ body }: { body: { items: { campaign_id: string }[] } }) => body.items.map(({ campaign_id }) => campaign_id);
    const first = await call('GET', '/v1/campaigns?limit=2');
    assert.deepEqual(idsOf(first), ['c3', 'c2']);
    assert.deepEqual(idsOf(await call('GET', `/v1/campaigns?limit=2&cursor=${first.body.next_cursor}`)), ['c1']);
    assert.deepEqual(idsOf(await call('GET', '/v1/campaigns?status=running')), ['c2']);
    assert.equal(first.body.items[0].segment.segment_id, theirSegment);
    assert.equal((await call('GET', '/v1/campaigns?cursor=x')).status, 400);
  });
});

describe('an accepted suggestion', () => {
  it('is a draft that the same API shows, checks and launches', async () => {
    await database.admin.query(
      `insert into walks (tenant_id, walk_date, as_of, status, requested_by) values ($1, '2026-03-02', $2, 'succeeded', 'test')`,
      [tenantId, NOW],
    );
    const action = {
      action_type: 'create_campaign',
      channel: 'email',
      campaign_name: 'Deep Dive',
      template: 'feature_highlight',
      sequence_length: 3,
    };
    await database.admin.query(
      `insert into suggestions (tenant_id, suggestion_id, walk_date, type, priority, payload)
       values ($1, 'sg_aud_x', '2026-03-02', 'segment_opportunity', 'high', $2)`,
      [tenantId, JSON.stringify({ recommended_actions: [action], segment: { segment_id: segment } })],
    );
    const taken = await post('/v1/suggestions/sg_aud_x/responses', { action: 'execute' });
    assert.equal(taken.body.outcome.kind, 'executed', taken.text);
    const url = `/v1/campaigns/${taken.body.outcome.actions[0].reference}`;
    assert.deepEqual((await get(url)).body.name, 'Deep Dive');
    assert.equal((await get(`${url}/preflight`)).body.can_launch, true);
    assert.equal((await post(`${url}/launch`)).body.status, 'running');
  });
});
