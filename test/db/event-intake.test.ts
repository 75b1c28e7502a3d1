import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { parseTenantId } from '../../core/ids.js';
import { seededRandom } from '../../core/random.js';
import { openDatabase, type Database } from '../../db/client.js';
import { ingestEvents } from '../../db/queries/events.js';
import { startTestApi, type TestApi } from '../harness/api.js';
import { createTestDatabase, type TestDatabase } from '../harness/database.js';
import { createSender, type Sender } from '../harness/segment.js';

let database: TestDatabase;
/** Two API processes would share nothing but the database; here they are two in one. */
let second: Database;
let apis: readonly TestApi[];

before(async () => {
  database = await createTestDatabase();
  second = openDatabase(database.url, { applicationName: 'second', maxConnections: 8 });
  apis = await Promise.all([database, second].map((each) => startTestApi(each)));
});
after(async () => {
  await Promise.all(apis.map((api) => api.close()));
  await second.close();
  await database.drop();
});

const random = seededRandom(7);
function shuffled<T>(items: readonly T[]): T[] {
  return items
    .map((item) => [random(), item] as const)
    .sort(([a], [b]) => a - b)
    .map(([, item]) => item);
}

const newSender = (): Promise<Sender> => createSender(apis[0] as TestApi, database);

/** Sends each batch to one of the two APIs, all at once, and gives the counts. A deadlock would be a 500. */
async function sendAtOnce(sender: Sender, batches: readonly (readonly object[])[]): Promise<{ stored: number; duplicates: number }> {
  const answers = await Promise.all(
    batches.map(async (batch, index) => {
      const api = apis[index % apis.length] as TestApi;
      const headers = { Authorization: `Basic ${Buffer.from(`${sender.key}:`).toString('base64')}` };
      return api.call('POST', '/v1/batch', { body: { batch }, headers });
    }),
  );
  for (const { status, text } of answers) assert.equal(status, 200, text);
  const sum = (of: 'stored' | 'duplicates') => answers.reduce((total, { body }) => total + body[of], 0);
  return { stored: sum('stored'), duplicates: sum('duplicates') };
}

describe('a message id', () => {
  it('is stored once per tenant, however many send overlapping batches at the same time', async () => {
    const sender = await newSender();
    const ids = Array.from({ length: 400 }, (_, i) => `id ${i}`);
    const batches = Array.from({ length: 60 }, () =>
      shuffled(ids)
        .slice(0, 60)
        .map((messageId) => ({
          type: 'track',
          messageId,
          userId: `u${Math.floor(random() * 30)}`,
          event: 'x',
          properties: { n: random() },
        })),
    );
    const distinct = new Set(batches.flat().map(({ messageId }) => messageId)).size;
    const { stored, duplicates } = await sendAtOnce(sender, batches);
    assert.equal(stored, distinct);
    assert.equal(stored + duplicates, 60 * 60);
    const events = await sender.events();
    assert.equal(events.length, distinct);
    assert.equal(new Set(events.map(({ message_id: id }) => id)).size, distinct);
    const [kept] = await sender.rows<{ ids: number }>('select count(*)::int as ids from event_ids where tenant_id = $1');
    assert.equal(kept?.ids, distinct);
  });

  it('is stored once although its time differs each time, in months that nobody has written to before', async () => {
    const sender = await newSender();
    const batches = Array.from({ length: 48 }, () =>
      shuffled(Array.from({ length: 40 }, (_, i) => i)).map((i) => {
        const month = String(1 + Math.floor(random() * 12)).padStart(2, '0');
        const timestamp = `${2001 + Math.floor(random() * 3)}-${month}-15T12:00:00.000Z`;
        return { type: 'track', messageId: `id ${i}`, userId: 'u', event: 'x', timestamp };
      }),
    );
    assert.equal((await sendAtOnce(sender, batches)).stored, 40);
    const events = await sender.events();
    assert.equal(new Set(events.map(({ message_id: id }) => id)).size, 40);
    assert.equal(events.length, 40);
    assert.ok(new Set(events.map(({ occurred_at: at }) => at.toISOString().slice(0, 7))).size > 10);
  });

  it('of one tenant says nothing about that of another', async () => {
    const senders = await Promise.all([newSender(), newSender()]);
    const batch = Array.from({ length: 100 }, (_, i) => ({ type: 'page', messageId: `id ${i}`, userId: 'u' }));
    for (const { stored } of await Promise.all(senders.map((sender) => sendAtOnce(sender, [batch, batch])))) assert.equal(stored, 100);
  });

  it('is not taken in for a tenant that does not exist', async () => {
    const event = { kind: 'event', messageId: 'm', userId: 'u', event: 'x', occurredAtMs: Date.now(), properties: {} } as const;
    await assert.rejects(ingestEvents(database, parseTenantId(randomUUID()), { accepted: [event], rejected: [] }), /there is no tenant/);
  });
});

const track = (who: object) => ({ type: 'track', event: 'x', messageId: randomUUID(), ...who });
const identify = (userId: string, anonymousId: string, traits: object = {}) => ({
  type: 'identify',
  messageId: randomUUID(),
  userId,
  anonymousId,
  traits,
});
const aliases = (sender: Sender) =>
  sender.rows<{ alias_id: string; user_id: string }>('select alias_id, user_id from user_aliases where tenant_id = $1 order by 1');

describe('two ids of one person', () => {
  it('become one user with all that both had, and what comes later under either is theirs', async () => {
    const sender = await newSender();
    await sender.batch(
      { ...track({ anonymousId: 'a' }), timestamp: '2020-01-01T00:00:00Z' },
      { type: 'identify', anonymousId: 'a', traits: { email: 'ada@example.org', city: 'Paris', seen: 'before' } },
      { type: 'identify', userId: 'ada', traits: { city: 'London' } },
    );
    await sender.batch(identify('ada', 'a', { seen: 'after' }), track({ anonymousId: 'a' }));
    await sender.batch(track({ anonymousId: 'a' }), track({ userId: 'ada' }));
    assert.deepEqual(await sender.users(), { ada: 7 });
    const people = await sender.rows<{ user_id: string; traits: object; first_seen: Date }>('select * from users where tenant_id = $1');
    assert.equal(people.length, 1);
    assert.deepEqual(people[0]?.traits, { email: 'ada@example.org', city: 'London', seen: 'after' });
    assert.equal(people[0]?.first_seen.toISOString(), '2020-01-01T00:00:00.000Z');
    assert.deepEqual(await sender.rows('select user_id, address from contacts where tenant_id = $1'), [
      { user_id: 'ada', address: 'ada@example.org' },
    ]);
  });

  it('stay one when they are joined to a third, in whatever order', async () => {
    const sender = await newSender();
    const alias = (previousId: string, userId: string) => ({ type: 'alias', previousId, userId });
    await sender.batch(track({ userId: 'a' }), track({ userId: 'b' }), track({ userId: 'c' }));
    await sender.batch(alias('a', 'b'), alias('b', 'c'), alias('c', 'a'), alias('a', 'c'));
    assert.deepEqual(await sender.users(), { c: 7 });
    assert.deepEqual(await aliases(sender), [
      { alias_id: 'a', user_id: 'c' },
      { alias_id: 'b', user_id: 'c' },
    ]);
  });

  it('do not make two people of a shared device one: its past belongs to who signed in first', async () => {
    const sender = await newSender();
    await sender.batch(track({ anonymousId: 'device' }), track({ userId: 'first' }), track({ userId: 'second' }));
    await sender.batch(identify('first', 'device'));
    await sender.batch(identify('second', 'device'), { type: 'alias', previousId: 'device', userId: 'second' });
    await sender.batch(track({ anonymousId: 'device' }), track({ userId: 'second', anonymousId: 'device' }));
    assert.deepEqual(await sender.users(), { first: 4, second: 4 });
    assert.deepEqual(await aliases(sender), [{ alias_id: 'device', user_id: 'first' }]);
  });

  it('lock nobody out when there is nothing to join, as at most log-ins and on every shared device', async () => {
    const sender = await newSender();
    await sender.batch(identify('first', 'device'), identify('third', 'other'));
    const client = await database.admin.connect();
    try {
      await client.query('begin');
      await client.query('select hold_users($1, false)', [sender.tenantId]); // somebody stores events, and takes their time
      const answer = await sender.batch(identify('first', 'device'), identify('second', 'device'), identify('second', 'other'));
      assert.equal(answer.body.stored, 3);
    } finally {
      await client.query('rollback');
      client.release();
    }
  });

  it('are joined while both are written to from all sides: no event is left behind, none is lost, nobody waits in a circle', async () => {
    const sender = await newSender();
    const devices = Array.from({ length: 40 }, (_, i) => `device ${i}`);
    const ownerOf = (device: string) => `person ${Number(device.split(' ')[1]) % 8}`;
    const someone = () => devices[Math.floor(random() * devices.length)] as string;
    const past = devices.flatMap((anonymousId) => [
      track({ anonymousId }),
      { ...track({ anonymousId }), timestamp: '2019-05-05T00:00:00Z' },
    ]);
    await sendAtOnce(sender, [past]);
    const identified = shuffled([...devices, ...devices]).map((device) =>
      identify(ownerOf(device), device, { email: `${device.replace(' ', '')}@x.org` }),
    );
    const written = Array.from({ length: 600 }, () => {
      const device = someone();
      return random() < 0.5 ? track({ anonymousId: device }) : track({ userId: ownerOf(device) });
    });
    const all = shuffled([...identified, ...written]);
    const batches = Array.from({ length: 34 }, (_, i) => all.slice(i * 20, (i + 1) * 20));
    assert.equal((await sendAtOnce(sender, batches)).stored, all.length);

    const users = await sender.users();
    assert.deepEqual(Object.keys(users), [...new Set(devices.map(ownerOf))].sort());
    assert.equal(
      Object.values(users).reduce((sum, count) => sum + count),
      past.length + all.length,
    );
    const stored = new Map((await sender.events()).map((event) => [event.message_id, event.user_id]));
    for (const message of [...past, ...all] as readonly { messageId: string; userId?: string; anonymousId?: string }[]) {
      assert.equal(stored.get(message.messageId), message.userId ?? ownerOf(message.anonymousId ?? ''));
    }
    const people = await sender.rows<{ user_id: string }>('select user_id from users where tenant_id = $1 order by 1');
    assert.deepEqual(
      people.map(({ user_id: id }) => id),
      Object.keys(users),
    );
    assert.equal((await aliases(sender)).length, devices.length);
    const strays =
      'select from contacts c where tenant_id = $1 and not exists (select from users u where u.tenant_id = $1 and u.user_id = c.user_id)';
    assert.deepEqual(await sender.rows(strays), []);
  });

  it('are joined one way or the other, and not both, when two say the opposite at once', async () => {
    const sender = await newSender();
    const pairs = Array.from({ length: 30 }, (_, i) => [`a${i}`, `b${i}`] as const);
    await sendAtOnce(sender, [pairs.flat().map((userId) => track({ userId }))]);
    const sayings = pairs.flatMap(([a, b]) => [
      [{ type: 'alias', previousId: a, userId: b }],
      [{ type: 'alias', previousId: b, userId: a }],
    ]);
    await sendAtOnce(sender, shuffled(sayings));
    const users = await sender.users();
    for (const [a, b] of pairs) {
      assert.deepEqual(
        [users[a], users[b]].filter((count) => count !== undefined),
        [4],
        `${a} and ${b} are one`,
      );
    }
    assert.equal((await aliases(sender)).length, pairs.length);
  });
});
