import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { Analytics } from '@segment/analytics-node';
import { startTestApi, type TestApi } from '../harness/api.js';
import { createTestDatabase, type TestDatabase } from '../harness/database.js';
import { faults, startFaultyProxy } from '../harness/faulty-proxy.js';
import { createSender } from '../harness/segment.js';

let database: TestDatabase;
let api: TestApi;

before(async () => {
  database = await createTestDatabase();
  api = await startTestApi(database);
});
after(async () => {
  await api.close();
  await database.drop();
});

const PEOPLE = 200;
const EVENTS = 10_000;
const START = Date.now() - 86_400_000;

const device = (number: number): string => `device ${number % PEOPLE}`;
/** Who a message turns out to be of: every seventh of twenty knows its device alone, which was identified five messages before. */
const personOf = (number: number): string => `person ${(number % 20 === 6 ? number - 5 : number) % PEOPLE}`;

/** Hands the client one message, by its number: mostly tracks, every other kind now and then. */
function say(client: Analytics, number: number): void {
  const userId = `person ${number % PEOPLE}`;
  const common = { userId, messageId: `message ${number}`, timestamp: new Date(START + number) };
  switch (number % 20) {
    case 0:
      return client.page({ ...common, name: 'Pricing', properties: { path: '/pricing', number } });
    case 1:
      return client.identify({ ...common, anonymousId: device(number), traits: { email: `p${number % PEOPLE}@example.org` } });
    case 2:
      return client.group({ ...common, groupId: 'g', traits: { number } });
    case 3:
      return client.screen({ ...common, name: 'Home', properties: { number } });
    case 4:
      return client.alias({ ...common, previousId: `old ${number % PEOPLE}` });
    case 5:
      return client.track({ ...common, event: 'Order Completed', properties: { total: number / 100, currency: 'EUR', number } });
    case 6: {
      const { messageId, timestamp } = common;
      return client.track({ anonymousId: device(number - 5), messageId, timestamp, event: 'Song Played', properties: { number } });
    }
    default:
      return client.track({ ...common, event: 'Song Played', properties: { number } });
  }
}

describe("Segment's official client", () => {
  it('sends 10,000 events, a tenth of them twice, through every fault that a network makes, and each is stored once', async () => {
    const sender = await createSender(api, database);
    const proxy = await startFaultyProxy(api.url, 20_251_228);
    const client = new Analytics({ writeKey: sender.key, host: proxy.url, flushAt: 50, maxRetries: 10, httpRequestTimeout: 60_000 });
    const errors: unknown[] = [];
    client.on('error', (error) => errors.push(error));

    for (let number = 0; number < EVENTS; number += 1) {
      say(client, number);
      if (number % 10 === 0) say(client, number);
    }
    await client.closeAndFlush({ timeout: 300_000 });
    await proxy.close();

    assert.deepEqual(errors, []);
    assert.deepEqual([...proxy.made.keys()].sort(), [...faults].sort(), 'each fault was made');
    const { requests, retries } = proxy.passed();
    assert.ok(requests > (EVENTS * 1.1) / 50 && retries > 20, `${requests} requests reached the API, ${retries} of them again`);

    const events = await sender.events();
    assert.equal(events.length, EVENTS);
    const numbers = events.map(({ message_id: id }) => Number(id.replace('message ', ''))).sort((a, b) => a - b);
    assert.deepEqual(
      numbers,
      Array.from({ length: EVENTS }, (_, number) => number),
    );
    for (const { message_id: id, user_id: userId, occurred_at: at, event, revenue_minor: minor } of events) {
      const number = Number(id.replace('message ', ''));
      assert.equal(userId, personOf(number));
      // The client's and our clock are one: only the way takes time off it.
      assert.ok(Math.abs(at.getTime() - (START + number)) < 60_000, `${id} of ${at.toISOString()}`);
      if (number % 20 === 5) assert.deepEqual([event, minor], ['purchase', String(number)]);
    }
    const kinds = await sender.rows('select event, count(*)::int as events from events where tenant_id = $1 group by 1 order by 1');
    assert.deepEqual(kinds, [
      { event: 'Song Played', events: 7_000 },
      { event: 'alias', events: 500 },
      { event: 'group', events: 500 },
      { event: 'identify', events: 500 },
      { event: 'page_view', events: 500 },
      { event: 'purchase', events: 500 },
      { event: 'screen_view', events: 500 },
    ]);
    assert.deepEqual(await sender.rejected(), []);
    const people = new Set(numbers.map(personOf));
    assert.equal((await sender.rows('select from users where tenant_id = $1')).length, people.size);
  });

  it('drops what is refused for good, and does not come again and again', async () => {
    const client = new Analytics({ writeKey: 'msw_wrong', host: api.url, flushAt: 1 });
    const errors: { readonly message?: string }[] = [];
    client.on('error', (error) => errors.push(error as { message?: string }));
    const lines = api.log.length;
    client.track({ userId: 'u', event: 'x' });
    await client.closeAndFlush({ timeout: 30_000 });
    assert.equal(errors.length, 1);
    assert.equal(api.log.slice(lines).filter((line) => line.includes('"status":401')).length, 1);
  });
});
