import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { TenantId } from '../../core/ids.js';
import { SCOPES } from '../../core/scopes.js';
import { createApiKey } from '../../db/queries/api-keys.js';
import { startTestApi, type TestApi } from '../harness/api.js';
import { createTestDatabase, type TestDatabase } from '../harness/database.js';
import { addUsers } from '../harness/tests.js';

const NOW = new Date('2026-03-02T12:00:00Z');
let database: TestDatabase;
let api: TestApi;
let tenantId: TenantId;
let key: string;

before(async () => {
  database = await createTestDatabase();
  api = await startTestApi(database, { now: () => NOW });
  tenantId = await database.newTenant();
  await addUsers(database, tenantId, 5_000);
  ({ key } = await createApiKey(database, tenantId, { name: 'test', scopes: SCOPES.filter((scope) => scope !== 'events:write') }));
});
after(async () => {
  await api.close();
  await database.drop();
});

const design = {
  name: 'Welcome subject',
  channel: 'email',
  variations: [
    { id: 'control', name: 'Welcome', parts: { subject: 'Welcome' } },
    { id: 'personal', name: 'Personal', parts: { subject: '{{first_name}}, welcome' } },
  ],
  primary_metric: 'conversion_rate',
  goal: 'convert_to_paid',
  baseline: { rate: 0.2 },
  minimum_effect: 0.25,
  apply_to: 'welcome',
};
const post = (path: string, body?: object, headers: Readonly<Record<string, string>> = {}) =>
  api.call('POST', path, { key, body, headers });
const created = async (changes: object = {}): Promise<string> => {
  const answer = await post('/v1/tests', { ...design, ...changes });
  assert.equal(answer.status, 201, answer.text);
  return answer.body.test_id;
};

describe('POST /v1/tests', () => {
  it('answers with the plan before anything runs', async () => {
    const { status, body, headers } = await post('/v1/tests', design);
    assert.equal(status, 201);
    assert.equal(body.status, 'draft');
    assert.equal(body.plan.enough, true);
    // power.prop.test(p1 = 0.2, p2 = 0.25, power = 0.8) gives 1094 an arm; 14 daily looks cost 4.2 % more.
    assert.ok(Math.abs(body.plan.usersPerArm[0].users - 1_094 * 1.042) < 3, JSON.stringify(body.plan.usersPerArm));
    assert.equal(headers.get('location'), body.url);
    const shown = await api.call('GET', body.url, { key });
    assert.equal(shown.body.looks, 0);
    assert.deepEqual(
      shown.body.decisions.map(({ kind }: { kind: string }) => kind),
      ['created'],
    );
  });

  it('limits extreme values of a mean where that is asked for, and of nothing else', async () => {
    const revenue = { ...design, primary_metric: 'revenue_per_user', baseline: { mean: 20_00, deviation: 15_00 } };
    const { status, text } = await post('/v1/tests', { ...revenue, winsorise_above: 0.99 });
    assert.equal(status, 201, text);
    const refused = await post('/v1/tests', { ...design, winsorise_above: 0.99 });
    assert.equal(refused.status, 400, refused.text);
    assert.match(refused.text, /winsorise_above/);
  });

  it('makes one test for one Idempotency-Key', async () => {
    const once = await post('/v1/tests', design, { 'Idempotency-Key': 'a-test' });
    const again = await post('/v1/tests', design, { 'Idempotency-Key': 'a-test' });
    assert.deepEqual(again.body, once.body);
  });

  it('enumerates the cells of factors', async () => {
    const { variations: _, ...rest } = design;
    const factors = ['subject', 'cta'].map((part) => ({ part, levels: ['a', 'b'].map((id) => ({ id, value: `${part} ${id}` })) }));
    const { body } = await post('/v1/tests', { ...rest, factors });
    assert.deepEqual(
      body.variations.map(({ id }: { id: string }) => id),
      ['a.a', 'a.b', 'b.a', 'b.b'],
    );
  });

  it('gives tests of one exclusion group stretches apart, until there is none left', async () => {
    const exclusion = { group: 'welcome', share: 0.5 };
    const stretches = [await created({ exclusion }), await created({ exclusion })].map(
      async (id) => (await api.call('GET', `/v1/tests/${id}`, { key })).body.design.exclusion,
    );
    assert.deepEqual(await Promise.all(stretches), [
      { group: 'welcome', from: 0, to: 0.5 },
      { group: 'welcome', from: 0.5, to: 1 },
    ]);
    const third = await post('/v1/tests', { ...design, exclusion });
    assert.equal(third.status, 400);
    assert.match(third.body.detail, /has no such share left/);
  });

  const eleven = Array.from({ length: 11 }, (_, i) => ({ id: `v${i}`, parts: {} }));
  const refused: readonly (readonly [string, object, RegExp])[] = [
    ['eleven variations', { variations: eleven }, /variations: 11 are given, and 10 is the most/],
    ['one variation', { variations: eleven.slice(0, 1) }, /at least 2/],
    ['two variations of one id', { variations: [eleven[0], eleven[0]] }, /is there twice/],
    [
      'weights that do not add up',
      {
        variations: [
          { id: 'a', weight: 0.5, parts: {} },
          { id: 'b', weight: 0.6, parts: {} },
        ],
      },
      /add up to 1, and add up to 1\.1/,
    ],
    ['alpha 0', { alpha: 0 }, /alpha: must lie between/],
    ['alpha 1', { alpha: 1 }, /alpha: must lie between/],
    ['a baseline of 0', { baseline: { rate: 0 } }, /baseline/],
    ['a baseline of 1', { baseline: { rate: 1 } }, /baseline/],
    ['an effect that lifts the rate over 1', { baseline: { rate: 0.9 } }, /minimum_effect: raises the baseline/],
    [
      'a metric that nobody emits, without a baseline',
      { primary_metric: 'ctr', goal: undefined, baseline: undefined },
      /say what the control is expected to do/,
    ],
    ['a goal that the tenant has not', { goal: 'fly' }, /no goal "fly"/],
    ['a segment that is not there', { audience_segment: 'seg_none' }, /no such segment/],
    ['three days', { duration_days: 3 }, /duration_days: 7 to 180 whole days/],
  ];
  for (const [what, changes, message] of refused) {
    it(`refuses ${what}, and says what was expected`, async () => {
      const { status, body } = await post('/v1/tests', { ...design, ...changes });
      assert.equal(status, 400);
      assert.match(body.detail, message);
    });
  }

  it('refuses an empty segment', async () => {
    await database.admin.query(
      `insert into audience_segments (tenant_id, segment_key, segment_name, segment_type, criteria) values ($1, 'seg_empty', 'Empty', 'rule', '{}')`,
      [tenantId],
    );
    const { status, body } = await post('/v1/tests', { ...design, audience_segment: 'seg_empty' });
    assert.equal(status, 400);
    assert.match(body.detail, /has no users/);
  });

  it('tells what is too small, and starts it only when that is accepted', async () => {
    const tiny = { ...design, minimum_effect: 0.01 };
    const { body } = await post('/v1/tests', { ...tiny, start: true });
    assert.equal(body.status, 'draft');
    assert.match(body.plan.notes[0], /^Too small/);
    assert.equal((await post(`${body.url}/start`, {})).status, 409);
    const accepted = await post(`${body.url}/start`, { accept_too_small: true });
    assert.equal(accepted.status, 200);
    assert.equal(accepted.body.status, 'running');
  });
});

describe('a test over the API', () => {
  it('lives: started twice it is one, what is decided stays, and what is not allowed is a conflict', async () => {
    const url = `/v1/tests/${await created()}`;
    assert.equal((await post(`${url}/apply`, {})).status, 409);
    assert.equal((await post(`${url}/stop`)).status, 409);
    assert.equal((await post(`${url}/start`, {})).body.status, 'running');
    assert.equal((await post(`${url}/start`, {})).body.status, 'running');
    assert.equal((await post(`${url}/rollback`)).status, 409);
    assert.equal((await post(`${url}/stop`)).body.status, 'decided');
    assert.equal((await post(`${url}/extend`, { days: 0 })).status, 400);
    const extended = await post(`${url}/extend`, { days: 7 });
    assert.equal(extended.body.status, 'running');
    const { decisions } = (await api.call('GET', url, { key })).body;
    assert.deepEqual(
      decisions.map(({ kind }: { kind: string }) => kind),
      ['created', 'started', 'stopped', 'extended'],
    );
  });

  it('assigns who is exposed without a variation, always the same, and takes what they did', async () => {
    const url = `/v1/tests/${await created({ start: true })}`;
    const exposures = [{ user_id: 'u1' }, { user_id: 'u2' }, { user_id: 'nobody' }];
    const first = await post(`${url}/exposures`, { exposures });
    assert.equal(first.status, 200, first.text);
    assert.deepEqual(
      first.body.items.map(({ status }: { status: string }) => status),
      ['recorded', 'recorded', 'unknown_user'],
    );
    const again = await post(`${url}/exposures`, { exposures });
    assert.deepEqual(
      again.body.items.map(({ status, variation_id }: { status: string; variation_id: string }) => [status, variation_id]),
      [
        ['repeated', first.body.items[0].variation_id],
        ['repeated', first.body.items[1].variation_id],
        ['unknown_user', null],
      ],
    );
    const other = first.body.items[0].variation_id === 'control' ? 'personal' : 'control';
    const second = await post(`${url}/exposures`, { exposures: [{ user_id: 'u1', variation_id: other }] });
    assert.deepEqual(second.body.items[0], { user_id: 'u1', status: 'second_variation', variation_id: first.body.items[0].variation_id });

    const outcomes = [
      { outcome_id: 'o1', user_id: 'u2', kind: 'converted' },
      { outcome_id: 'o1', user_id: 'u2', kind: 'converted' },
      { outcome_id: 'o2', user_id: 'u2', kind: 'opened', at: '2026-03-02T11:00:00Z' },
      { outcome_id: 'o3', user_id: 'u3', kind: 'converted' },
    ];
    const told = await post(`${url}/outcomes`, { outcomes });
    assert.deepEqual(
      told.body.items.map(({ status }: { status: string }) => status),
      ['recorded', 'repeated', 'before_exposure', 'not_exposed'],
    );
  });

  it('takes money that went back as a refund below 0, and nothing else below 0', async () => {
    const url = `/v1/tests/${await created({ start: true })}/outcomes`;
    const tell = (kind: string, value: number) => post(url, { outcomes: [{ outcome_id: kind, user_id: 'u1', kind, value }] });
    const faultOf = async (kind: string, value: number) => {
      const { status, body } = await tell(kind, value);
      return [status, body.errors?.[0]?.path, body.errors?.[0]?.message];
    };
    assert.equal((await tell('refunded', -500)).status, 200);
    assert.deepEqual(await faultOf('engaged', -1), [400, 'outcomes.0.value', 'it cannot be below 0 with engaged']);
    assert.deepEqual(await faultOf('refunded', 1), [400, 'outcomes.0.value', 'what was refunded is told as a value below 0']);
  });

  it('refuses exposures of a draft, of a variation that it has not, from before its start and from the future', async () => {
    const draft = `/v1/tests/${await created()}`;
    assert.equal((await post(`${draft}/exposures`, { exposures: [{ user_id: 'u1' }] })).status, 409);
    const url = `/v1/tests/${await created({ start: true })}`;
    for (const [exposure, message] of [
      [{ variation_id: 'red' }, /one of control, personal is expected/],
      [{ exposed_at: '2026-03-01T00:00:00Z' }, /from before the test started/],
      [{ exposed_at: '2026-03-05T00:00:00Z' }, /lies in the future/],
    ] as const) {
      const { status, body } = await post(`${url}/exposures`, { exposures: [{ user_id: 'u1', ...exposure }] });
      assert.equal(status, 400);
      assert.match(body.detail, message);
    }
  });

  it('is drawn as a picture, also before its first look', async () => {
    const { status, headers, text } = await api.call('GET', `/v1/tests/${await created()}/chart`, { key });
    assert.equal(status, 200);
    assert.match(headers.get('content-type') ?? '', /^image\/svg\+xml/);
    assert.match(text, /^<svg /);
  });

  it('needs its own scope to be changed, and reading to be seen', async () => {
    const { key: reader } = await createApiKey(database, tenantId, { name: 'reader', scopes: ['read'] });
    const url = `/v1/tests/${await created()}`;
    assert.equal((await api.call('GET', url, { key: reader })).status, 200);
    assert.equal((await api.call('POST', `${url}/start`, { key: reader, body: {} })).status, 403);
  });
});
