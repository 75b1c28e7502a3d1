import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import fc from 'fast-check';
import type { TenantId } from '../../core/ids.js';
import { triggerNames } from '../../core/journey/triggers.js';
import { createApiKey } from '../../db/queries/api-keys.js';
import { startTestApi, type ApiAnswer, type TestApi } from '../harness/api.js';
import { addSegment } from '../harness/campaigns.js';
import { createTestDatabase, type TestDatabase } from '../harness/database.js';

let database: TestDatabase;
let api: TestApi;
let tenantId: TenantId;
let key: string;
let segment: string;
let draft: string;

before(async () => {
  database = await createTestDatabase();
  api = await startTestApi(database);
  tenantId = await database.newTenant();
  segment = await addSegment(database, tenantId, ['ann', 'bob']);
  ({ key } = await createApiKey(database, tenantId, { name: 'test', scopes: ['read', 'campaigns:write'] }));
  draft = (await api.call('POST', '/v1/campaigns', { key, body: { segment, sequence: [email] } })).body.url;
});
after(async () => {
  await api.close();
  await database.drop();
});

const email = { day: 0, channel: 'email', template: 'welcome_series_1' };
const send = (method: string, path: string, body: unknown) =>
  api.call(method, path, { key, body: typeof body === 'string' ? body : JSON.stringify(body) });

function assertSound(answer: ApiAnswer, what: string): void {
  assert.ok(answer.status < 500, `${what.slice(0, 2_000)}: ${answer.status} ${answer.text}`);
  if (answer.status < 400) return;
  assert.match(answer.headers.get('content-type') ?? '', /^application\/problem\+json/);
  assert.ok(answer.body.detail.length > 0);
}

const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 30 }),
  fc.constantFrom(
    '',
    ' ',
    '\0',
    '\ud800',
    '__proto__',
    'constructor',
    'é'.repeat(300),
    '{{first_name}}',
    '10:00 AM user_timezone',
    'optimal',
  ),
);
const number = fc.oneof(fc.integer({ min: -2, max: 40 }), fc.double(), fc.constantFrom(1e308, -0, 2 ** 53, 0.5, 32_767, 32_768));
/** A field is mostly what it should be, so that the core gets to see it, and sometimes anything. */
const often = <T>(usual: fc.Arbitrary<T>) =>
  fc.oneof({ weight: 8, arbitrary: usual }, { weight: 1, arbitrary: fc.oneof(text, number, fc.jsonValue()) });

const step = fc.record(
  {
    day: often(fc.oneof(fc.nat(12), number)),
    channel: often(fc.constantFrom('email', 'email', 'email', 'whatsapp', 'sms', 'push')),
    template: often(fc.oneof(fc.constant('welcome_series_1'), text)),
    step_key: often(fc.oneof(fc.integer({ min: 1, max: 6 }), number)),
    subject: often(text),
    message: often(text),
    content: often(text),
    offer: often(
      fc.record({ type: often(text), value: often(number), unit: often(fc.constantFrom('percent', 'USD')), expiry_days: often(number) }),
    ),
    incentive: often(text),
    send_time: often(text),
    trigger: often(fc.constantFrom(...triggerNames)),
    trigger_step: often(fc.integer({ min: 0, max: 6 })),
    timeout_hours: often(number),
    next: often(fc.oneof(fc.nat(6), fc.constantFrom('leave', 'next'))),
    else: often(fc.oneof(fc.nat(6), fc.constantFrom('leave', 'next'))),
    extra: text,
  },
  { requiredKeys: ['day', 'channel', 'template'] },
);
const wild = fc.record({
  sequence: often(fc.array(step, { maxLength: 6 })),
  segment: often(text),
  goal: often(fc.constantFrom('convert_to_paid', 'constructor', 'fly')),
  name: often(text),
  campaign_id: often(fc.oneof(fc.stringMatching(/^[a-z]{1,3}$/), text)),
  entry: often(fc.oneof(fc.constantFrom('launch', 'segment'), fc.record({ event: text }))),
  frequency: often(fc.constantFrom('daily', 'hourly')),
  re_entry: often(fc.oneof(fc.constantFrom('never', 'after_leaving'), fc.record({ after_days: number }))),
  exit_on_goal: often(fc.boolean()),
  exit_on_segment_left: often(fc.boolean()),
  exit_on_pause: often(fc.boolean()),
  lifetime_days: often(number),
});
const mildStep = fc.record({ day: fc.nat(12), trigger: fc.constantFrom('segment_entry', 'not_clicked', 'email_opened', undefined) });
const mild = fc.array(mildStep, { minLength: 1, maxLength: 5 }).map((steps) => ({
  segment,
  sequence: steps
    .toSorted((a, b) => a.day - b.day)
    .map(({ day, trigger }, i) => ({ ...email, day, ...(i > 0 && trigger !== undefined && { trigger }) })),
}));
/** A campaign that is fine, with some fields of a wild one. */
const campaign = fc
  .record({
    base: mild,
    other: wild,
    fields: fc.subarray(['goal', 'name', 'campaign_id', 'entry', 'exit_on_goal', 'lifetime_days', 'sequence'] as const),
  })
  .map(({ base, other, fields }) => ({ ...base, ...Object.fromEntries(fields.map((field) => [field, other[field]])) }));

describe('whatever campaign is written', () => {
  it('it becomes a draft or a problem in words, and what became a draft can be shown and launched', async () => {
    let [written, launches] = [0, 0];
    await fc.assert(
      fc.asyncProperty(fc.oneof(campaign, mild, wild), fc.boolean(), async (body, asEdit) => {
        const answer = await (asEdit ? send('PUT', draft, body) : send('POST', '/v1/campaigns', body));
        assertSound(answer, JSON.stringify(body));
        if (answer.status >= 400) return;
        written += 1;
        for (const path of ['', '/preflight', '/journeys'])
          assert.equal((await api.call('GET', answer.body.url + path, { key })).status, 200);
        if (asEdit) return;
        const launched = await send('POST', `${answer.body.url}/launch`, {});
        assert.equal(launched.status, answer.body.preflight.can_launch ? 200 : 409, launched.text);
        launches += answer.body.preflight.can_launch ? 1 : 0;
      }),
      { numRuns: 300 },
    );
    assert.ok(written >= 30 && launches >= 10, `only ${written} of 300 were fine, and ${launches} launched: this says little`);
  });

  const huge: readonly (readonly [string, () => unknown, number])[] = [
    ['a thousand steps', () => ({ segment, sequence: Array.from({ length: 1_000 }, () => email) }), 400],
    ['more steps than a list may have', () => ({ segment, sequence: Array.from({ length: 1_001 }, () => email) }), 400],
    ['a subject that is too long', () => ({ segment, sequence: [{ ...email, subject: 'x'.repeat(501) }] }), 400],
    ['a body that is too large', () => ({ segment, sequence: [{ ...email, content: 'x'.repeat(200_000) }] }), 413],
    ['nothing', () => ({}), 400],
    ['a list', () => [email], 400],
    ['JSON that goes very deep', () => `{"segment":"x","sequence":${'['.repeat(20_000)}${']'.repeat(20_000)}}`, 400],
    ['what is not JSON', () => '{"segment"', 400],
    ['a key that every object has', () => `{"__proto__":{"segment":"${segment}"},"sequence":[]}`, 400],
    ['numbers that are none', () => `{"segment":"${segment}","sequence":[{"day":1e999,"channel":"email","template":"x"}]}`, 400],
  ];
  for (const [what, body, status] of huge) {
    it(`${what} is refused in words`, async () => {
      const answer = await send('POST', '/v1/campaigns', body());
      assertSound(answer, what);
      assert.equal(answer.status, status, answer.text.slice(0, 500));
      assert.ok(answer.text.length < 20_000, 'the answer is as huge as the question');
    });
  }

  it('the longest that is allowed is taken', async () => {
    const sequence = Array.from({ length: 30 }, (_, i) => ({
      ...email,
      day: i * 12,
      subject: 'ü'.repeat(500),
      content: 'x'.repeat(3_000),
    }));
    const answer = await send('POST', '/v1/campaigns', { segment, name: 'n'.repeat(500), sequence });
    assert.equal(answer.status, 201, answer.text.slice(0, 500));
    assert.equal(answer.body.sequence.length, 30);
  });
});
