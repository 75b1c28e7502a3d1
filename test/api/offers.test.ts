import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import type { TenantId } from '../../core/ids.js';
import { createApiKey } from '../../db/queries/api-keys.js';
import { startTestApi, type TestApi } from '../harness/api.js';
import { addSegment } from '../harness/campaigns.js';
import { createTestDatabase, type TestDatabase } from '../harness/database.js';

let database: TestDatabase;
let api: TestApi;
let tenantId: TenantId;
let key: string;
before(async () => {
  database = await createTestDatabase();
  api = await startTestApi(database, { now: () => new Date('2026-03-02T12:00:00Z') });
});
beforeEach(async () => {
  tenantId = await database.newTenant();
  ({ key } = await createApiKey(database, tenantId, { name: 'test', scopes: ['read', 'campaigns:write'] }));
});
after(async () => {
  await api.close();
  await database.drop();
});

const call = (method: string, path: string, body?: object) => api.call(method, path, { key, body });
const spring = { offer_id: 'spring', value: 20, unit: 'percent', expiry_days: 7, pattern: 'SPRING-########' };

/** Words of steps that say a code, on channels without templates. */
const SAYING = [
  { channel: 'sms', message: '{{ offer.code }}' },
  { channel: 'social', message: '{{ offer.code }}' },
  { channel: 'push', subject: 'For you', url: 'https://shop.example/?code={{ offer.code }}' },
];

describe('offers over HTTP', () => {
  it('are made once, shown and listed', async () => {
    const made = await call('POST', '/v1/offers', spring);
    assert.deepEqual([made.status, made.headers.get('location'), made.body.label], [201, '/v1/offers/spring', '20% off']);
    assert.deepEqual(made.body.counts, { codes: 0, free: 0, given: 0, redeemed: 0 });
    assert.deepEqual([(await call('POST', '/v1/offers', spring)).status, (await call('POST', '/v1/offers', { ...spring, value: 30 })).status], [200, 409]); // prettier-ignore
    assert.match((await call('POST', '/v1/offers', { type: 'free_shipping' })).body.offer_id, /^off_[0-9a-f]{20}$/);
    const first = (await call('GET', '/v1/offers?limit=1')).body;
    assert.equal(first.items[0].type, 'free_shipping');
    const second = (await call('GET', `/v1/offers?limit=1&cursor=${encodeURIComponent(first.next_cursor)}`)).body;
    assert.deepEqual([second.items[0].offer_id, second.next_cursor], ['spring', null]);
    assert.equal((await call('GET', '/v1/offers/none')).status, 404);
  });

  it('are refused with all that is wrong', async () => {
    const { status, body } = await call('POST', '/v1/offers', { value: 120, unit: 'percent', expiry_days: 0 });
    assert.deepEqual([status, body.errors.map(({ path }: { path: string }) => path)], [400, ['value', 'expiry_days']]);
    assert.match((await call('POST', '/v1/offers', { value: 5, unit: 'USD', pattern: 'X-####' })).text, /not a pattern of codes/);
    assert.equal((await call('POST', '/v1/offers', {})).status, 400);
  });

  it('take codes, also many, and name those that are left out', async () => {
    await call('POST', '/v1/offers', spring);
    const codes = Array.from({ length: 5_000 }, (_, i) => `shop-${i}`);
    assert.equal((await call('POST', '/v1/offers/spring/codes', { codes })).body.added, 5_000);
    const { body } = await call('POST', '/v1/offers/spring/codes', { codes: [' NEW ', 'two words', 'SHOP-7', 'new'] });
    assert.deepEqual([body.added, body.counts.free], [1, 5_001]);
    assert.deepEqual(body.left_out, [
      { code: 'two words', because: 'not_a_code' },
      { code: 'SHOP-7', because: 'known' },
      { code: 'new', because: 'twice' },
    ]);
    assert.equal((await call('POST', '/v1/offers/spring/codes', { codes: [...codes, 'x'] })).status, 400);
    const page = (await call('GET', '/v1/offers/spring/codes?state=free&limit=2')).body;
    assert.equal(page.items.length, 2);
    const next = (await call('GET', `/v1/offers/spring/codes?limit=500&cursor=${encodeURIComponent(page.next_cursor)}`)).body;
    assert.equal(new Set([...page.items, ...next.items].map(({ code }: { code: string }) => code)).size, 502);
  });

  it('make codes by their pattern, as many as cannot be guessed', async () => {
    await call('POST', '/v1/offers', spring);
    const make = (make_until: number, offer = 'spring') => call('POST', `/v1/offers/${offer}/codes`, { make_until });
    assert.deepEqual([(await make(300)).body.added, (await make(300)).body.added, (await make(301)).body.added], [300, 0, 1]);
    assert.match((await call('GET', '/v1/offers/spring/codes?limit=1')).body.items[0].code, /^SPRING-[A-Z2-9]{8}$/);
    assert.match((await make(2_000_000)).text, /1099511 is the most/);
    await call('POST', '/v1/offers', { offer_id: 'uploaded', type: 'gift' });
    assert.match((await make(1, 'uploaded')).text, /no pattern/);
  });

  it('are named by steps, which promise no more than the codes give', async () => {
    const segment = await addSegment(database, tenantId, ['ann']);
    await call('POST', '/v1/offers', spring);
    const draft = (offer: object, template = 'limited_offer') =>
      call('POST', '/v1/campaigns', { segment, sequence: [{ day: 0, channel: 'email', template, offer }] });
    const faults = async (offer: object) => (await draft(offer)).body.errors.map(({ path }: { path: string }) => path);
    assert.deepEqual(await faults({ offer_id: 'none' }), ['sequence[0].offer.offer_id']);
    assert.deepEqual(await faults({ offer_id: 'spring', value: 30, unit: 'percent' }), ['sequence[0].offer.value']);
    assert.deepEqual(await faults({ offer_id: 'spring', expiry_days: 8 }), ['sequence[0].offer.expiry_days']);
    assert.equal((await draft({ offer_id: 'spring', label: 'A fifth off', expiry_days: 3 })).status, 201);
    const hole = { day: 0, channel: 'email', template: 'limited_offer', offer: { type: 'gift' }, subject: 'Take {{ offer.code }}' };
    const { blockers } = (await call('POST', '/v1/campaigns', { segment, sequence: [hole] })).body.preflight;
    assert.deepEqual(blockers, ['step 1: it says a code, and its offer has none: name one that has (offer.offer_id)']);
    const silent = (await draft({ offer_id: 'spring' }, 'feature_highlight')).body.preflight;
    assert.deepEqual([silent.can_launch, silent.codes], [true, []]);
    assert.match(silent.warnings[0], /^step 1: the offer spring has codes, and the step does not say them/);
    for (const words of SAYING) {
      const saying = { day: 0, template: 'x', offer: { offer_id: 'spring' }, ...words };
      const { codes } = (await call('POST', '/v1/campaigns', { segment, sequence: [saying] })).body.preflight;
      assert.deepEqual(codes.map(({ offer_id: one }: { offer_id: string }) => one), ['spring'], words.channel); // prettier-ignore
    }
  });
});
