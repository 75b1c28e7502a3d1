import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { TenantId } from '../../core/ids.js';
import { SCOPES } from '../../core/scopes.js';
import { createApiKey } from '../../db/queries/api-keys.js';
import { fourSteps } from '../core/journey/samples.js';
import { startTestApi, type TestApi } from '../harness/api.js';
import { addSegment } from '../harness/campaigns.js';
import { createTestDatabase, type TestDatabase } from '../harness/database.js';
import { storeEvents } from '../harness/entries.js';

const NOW = new Date('2026-03-02T12:20:00Z');
let database: TestDatabase;
let api: TestApi;
let tenantId: TenantId;
let key: string;
let segment: string;

before(async () => {
  database = await createTestDatabase();
  api = await startTestApi(database, { now: () => NOW });
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
const put = (path: string, body: object) => api.call('PUT', path, { key, body });
async function created(changes: object = {}) {
  const answer = await post('/v1/campaigns', { segment, sequence: emails(0, 2), ...changes });
  assert.equal(answer.status, 201, answer.text);
  return answer.body;
}
const faultsOf = ({ body }: { readonly body: { readonly errors?: readonly { readonly path: string; readonly message: string }[] } }) =>
  (body.errors ?? []).map(({ path, message }) => `${path}: ${message}`);

describe('POST /v1/campaigns', () => {
  it('answers with the draft, its plan in words and its preflight', async () => {
    const { status, body, headers } = await post('/v1/campaigns', {
      campaign_id: 'camp_first',
      name: 'First',
      segment,
      goal: 'convert_to_paid',
      sequence: [email, { ...email, day: 3, template: 'limited_offer', trigger: 'not_opened', send_time: '10:00 AM user_timezone' }],
    });
    assert.equal(status, 201);
    assert.deepEqual([body.campaign_id, body.name, body.status, body.goal], ['camp_first', 'First', 'draft', 'convert_to_paid']);
    assert.equal(headers.get('location'), body.url);
    assert.deepEqual(
      body.sequence.map(({ step_key, in_words }: { step_key: number; in_words: string }) => [step_key, in_words]),
      [
        [1, 'On the day of entry: email welcome_series_1'],
        [
          2,
          "From day 3 on, at 10:00 of each one's clock: email limited_offer, to those who did not open step 1 within 12 hours; others are at the end",
        ],
      ],
    );
    const { preflight } = body;
    assert.deepEqual([preflight.can_launch, preflight.recipients, preflight.blockers], [true, 3, []]);
    assert.deepEqual(preflight.channels, [
      {
        channel: 'email',
        reachable: 3,
        no_address: 0,
        no_consent: 0,
        unconfirmed: 0,
        suppressed: 0,
        same_address: 0,
        over_cap: 0,
        window_closed: null,
      },
    ]);
    assert.deepEqual(preflight.forecast, {
      hours: [{ from: '2026-03-02T12:00:00.000Z', local_time: '2026-03-02 12:00', messages: 3 }],
      later: 0,
      held: 0,
      slowed: 0,
      never: 0,
    });
    assert.deepEqual(preflight, (await get(`${body.url}/preflight`)).body);
  });

  it('tells everything that is wrong at once, and where', async () => {
    const { status, body } = await post('/v1/campaigns', {
      ...fourSteps,
      segment: 'Nobodies',
      goal: 'fly',
      sequence: [...fourSteps.sequence, { ...email, day: 3, channel: 'pigeon', trigger: 'email_seen' }],
    });
    assert.equal(status, 400);
    const faults = faultsOf({ body });
    assert.match(faults[0] ?? '', new RegExp(`^segment: there is no such segment; there are ${segment} \\(${segment}\\)$`));
    assert.equal(faults[1], 'goal: the tenant has no such goal; it has convert_to_paid');
    assert.equal(faults[2], 'sequence[4].channel: one of email, sms, whatsapp, social, push, in_app is expected, not "pigeon"');
    assert.match(faults[3] ?? '', /^sequence\[4\]\.day: 3 comes after 4/);
    assert.match(faults[4] ?? '', /^sequence\[4\]\.trigger: "email_seen" is none of segment_entry, /);
    assert.match(body.detail, /sequence\[4\]\.channel: one of email/);
  });

  it('may be entered by the calendar, by an event, or by whoever comes into the segment', async () => {
    const weekly = await post('/v1/campaigns', { segment, frequency: 'weekly', sequence: [email] });
    assert.deepEqual([weekly.status, weekly.body.preflight.recipients, weekly.body.preflight.entered_lately], [201, 3, null], weekly.text);
    assert.deepEqual((await get(weekly.body.url)).body.entering, {
      in_words: 'The segment enters every week, at the hour of the launch; whoever is still under way stays out.',
      waiting: 0,
      next_at: null,
      latest: [],
    });
    const atMs = NOW.getTime() - 86_400_000;
    await storeEvents(database, tenantId, [['a', 'ann', 'signed_up', atMs], ['b', 'ann', 'signed_up', atMs], ['c', 'zoe', 'signed_up', atMs], ['d', 'bob', 'signed_up', atMs - 60 * 86_400_000]]); // prettier-ignore
    const event = await post('/v1/campaigns', { entry: { event: 'signed_up' }, re_entry: { after_days: 30 }, sequence: [email] });
    assert.deepEqual([event.status, event.body.name, event.body.segment], [201, 'signed_up', null], event.text);
    const { can_launch, recipients, entered_lately, channels } = event.body.preflight;
    assert.deepEqual([can_launch, recipients, entered_lately, channels[0].reachable], [true, 0, { days: 30, users: 2 }, 0]);
    const whole = (await get(event.body.url)).body.entering;
    assert.equal(whole.in_words, 'Whoever does signed_up enters, again 30 days after the entry before.');
    const among = await post('/v1/campaigns', { segment, entry: { event: 'signed_up' }, sequence: [email] });
    assert.deepEqual([among.body.preflight.recipients, among.body.preflight.entered_lately.users], [0, 1]);
    const coming = await post('/v1/campaigns', { segment, entry: 'segment', sequence: [email] });
    assert.equal(coming.body.preflight.recipients, 3);
    assert.equal((await post(`${coming.body.url}/launch`)).body.status, 'running');
  });

  it('takes a segment by its name, in whatever case, and asks back where several have it', async () => {
    const rename = (name: string, active = true) =>
      database.admin.query(
        `insert into audience_segments (tenant_id, segment_key, segment_name, segment_type, criteria, is_active)
         values ($1, 'seg_' || gen_random_uuid(), $2, 'rule', '{}', $3)`,
        [tenantId, name, active],
      );
    await rename('Rising Stars');
    await rename('Rising Stars', false);
    assert.equal((await created({ segment: 'Rising Stars' })).segment.name, 'Rising Stars');
    assert.equal((await created({ segment: ' rising stars' })).segment.name, 'Rising Stars');
    await rename('Rising Stars');
    const refused = await post('/v1/campaigns', { segment: 'Rising Stars', sequence: [email] });
    assert.match(
      faultsOf(refused)[0] ?? '',
      /^segment: 2 segments are called so; name one by its id: Rising Stars \(seg_.+\), Rising Stars \(seg_/,
    );
  });

  it('takes no goal that only JavaScript knows', async () => {
    for (const goal of ['constructor', '__proto__', 'toString']) {
      assert.match(
        faultsOf(await post('/v1/campaigns', { segment, goal, sequence: [email] }))[0] ?? '',
        /^goal: the tenant has no such goal/,
      );
    }
  });

  it('keeps an id for one campaign, and one campaign for an Idempotency-Key', async () => {
    await created({ campaign_id: 'camp_taken' });
    const second = await post('/v1/campaigns', { campaign_id: 'camp_taken', segment, sequence: [email] });
    assert.equal(second.status, 409);
    assert.equal((await post('/v1/campaigns', { campaign_id: 'camp/x/batch/0', segment, sequence: [email] })).status, 400);
    const body = { segment, sequence: [email] };
    const once = await post('/v1/campaigns', body, { 'Idempotency-Key': 'a-campaign' });
    assert.deepEqual((await post('/v1/campaigns', body, { 'Idempotency-Key': 'a-campaign' })).body, once.body);
  });
});

describe('PUT /v1/campaigns/{campaign_id}', () => {
  it('gives a draft its next version: known steps keep their keys, new ones get new keys, and a key never comes back', async () => {
    const { url, sequence } = await created();
    const [first, second] = sequence.map(({ step }: { step: object }) => step);
    const edited = await put(url, { segment, sequence: [second, { ...email, day: 5 }].map((step, i) => ({ ...step, day: i })) });
    assert.equal(edited.status, 200, edited.text);
    assert.equal(edited.body.plan_version, 2);
    assert.deepEqual(
      edited.body.sequence.map(({ step_key }: { step_key: number }) => step_key),
      [2, 3],
    );
    const gone = await put(url, { segment, sequence: [first] });
    assert.match(faultsOf(gone)[0] ?? '', /^sequence\[0\]\.step_key: 1 was a step's that is gone/);
    assert.equal((await get(url)).body.plan_version, 2);
  });

  it('changes nothing when the same is put again', async () => {
    const { url } = await created();
    const body = { segment, name: 'Other', sequence: emails(0, 1) };
    assert.equal((await put(url, body)).body.plan_version, 2);
    assert.equal((await put(url, body)).body.plan_version, 2);
    assert.equal((await put(url, { ...body, name: 'Another' })).body.plan_version, 3);
  });

  it('is one version after the other, also when many edit at once', async () => {
    const { url } = await created();
    const answers = await Promise.all([1, 2, 3, 4].map((day) => put(url, { segment, sequence: emails(0, day) })));
    assert.deepEqual(
      answers.map(({ status, body }) => (status === 200 ? body.plan_version : status)).toSorted((a, b) => a - b),
      [2, 3, 4, 5],
    );
  });

  it('is refused for a launched campaign, for another id, and for one that is not there', async () => {
    const { url } = await created();
    assert.equal((await put(url, { campaign_id: 'camp_other', segment, sequence: [email] })).status, 400);
    assert.equal((await put('/v1/campaigns/camp_none', { segment, sequence: [email] })).status, 404);
    await post(`${url}/launch`);
    const late = await put(url, { segment, sequence: [email] });
    assert.deepEqual([late.status, late.body.detail], [409, 'only a draft can be changed, and this campaign is running']);
  });
});
