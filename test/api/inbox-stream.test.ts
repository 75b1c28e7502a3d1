import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { after, before, describe, it, type TestContext } from 'node:test';
import { beginStream } from '../../api/inbox/stream.js';
import { createInboxStreams } from '../../api/inbox/streams.js';
import { parseUserId } from '../../core/ids.js';
import { signSubscriberToken } from '../../core/inbox/subscriber-token.js';
import { markInbox } from '../../db/queries/inbox.js';
import { waitUntil } from '../../sandbox/processes.js';
import { startTestApi, type TestApi, type TestApiOptions } from '../harness/api.js';
import { ADDRESS_KEY } from '../harness/campaigns.js';
import { createTestDatabase, type TestDatabase } from '../harness/database.js';
import { readEvents, type EventReader } from '../harness/events.js';
import { inboxesOf, type Reader } from '../harness/inbox.js';

let database: TestDatabase;
/** Two processes of one installation, as far as a page can tell. */
let api: TestApi;
let other: TestApi;
before(async () => {
  database = await createTestDatabase();
  [api, other] = await Promise.all([startTestApi(database), startTestApi(database)]);
});
after(async () => {
  await api.close();
  await other.close();
  await database.drop();
});

/** A process of its own for one test, which ends with it however it ends. */
async function startFor(test: TestContext, streams: TestApiOptions['streams'] = {}): Promise<TestApi> {
  const started = await startTestApi(database, { streams });
  test.after(() => started.close());
  return started;
}

const tokenOf = ({ tenantId, userId }: Reader, lastsMs = 3_600_000) =>
  signSubscriberToken(ADDRESS_KEY, { tenantId, userId, expiresAtMs: Date.now() + lastsMs });
const newReader = async (user = 'ann'): Promise<Reader> => inboxesOf(database).reader(await database.newTenant(), user);
const listen = (at: TestApi, token: string, lastEventId?: string | number) =>
  readEvents(`${at.url}/v1/inbox/stream`, { token, ...(lastEventId !== undefined && { lastEventId }) });
const idsOf = ({ heard }: Pick<EventReader, 'heard'>): number[] => heard.flatMap(({ id, event }) => (event === 'item' ? [Number(id)] : []));
const upTo = (n: number, from = 1): number[] => Array.from({ length: n - from + 1 }, (_, i) => from + i);
const hasCounts = (events: EventReader) => events.until((heard) => heard.some(({ event }) => event === 'counts'));
const hasItems = (events: EventReader, n: number) => events.until(() => idsOf(events).length >= n);

/** More than the buffers of a connection hold, when there are some hundred of it. */
const muchFor = (items: number) => Array.from({ length: items }, () => ({ body: 'x'.repeat(100_000) }));

describe('a stream', () => {
  it('tells what comes in, whichever process it is open at, and the counts of the badge', async () => {
    const ann = await newReader();
    await ann.receive([{}]);
    const streams = await Promise.all([listen(api, tokenOf(ann)), listen(other, tokenOf(ann))]);
    await Promise.all(streams.map(hasCounts));
    await ann.receive([{ title: 'News', body: 'A\ntext', actionUrl: '/a' }]);
    for (const events of streams) {
      await events.until((heard) => heard.filter(({ event }) => event === 'counts').length === 2);
      assert.deepEqual([events.status, events.headers['content-type']], [200, 'text/event-stream; charset=utf-8']);
      assert.deepEqual([events.headers['x-accel-buffering'], events.headers['access-control-allow-origin']], ['no', '*']);
      const [item, ...more] = events.dataOf('item');
      assert.deepEqual([item?.item, item?.title, item?.body, item?.action_url, more], [2, 'News', 'A\ntext', '/a', []]);
      const places = events.heard.filter(({ event }) => event !== '').map(({ event, id }) => `${event} ${id}`);
      assert.deepEqual(places, ['counts 1', 'item 2', 'counts undefined'], 'the place to go on from');
      assert.deepEqual(
        events.dataOf('counts'),
        [1, 2].map((n) => ({ unseen: n, unread: n, total: n })),
      );
      events.close();
    }
  });

  it('tells the counts when another page of the user has shown an item', async () => {
    const ann = await newReader();
    await ann.receive([{}, {}]);
    const events = await listen(api, tokenOf(ann));
    await hasCounts(events);
    await markInbox(database, ann, { mark: 'seen', from: 1, to: 1, at: new Date() });
    await events.until((heard) => heard.filter(({ event }) => event === 'counts').length === 2);
    assert.deepEqual(events.dataOf('counts').at(-1), { unseen: 1, unread: 2, total: 2 });
    assert.deepEqual(idsOf(events), []);
    events.close();
  });

  it('goes on behind the item that it is told, at the beginning for 0, and from now on without any', async () => {
    const ann = await newReader();
    await ann.receive(Array.from({ length: 70 }, () => ({})));
    for (const [after, expected] of [
      [69, [70]],
      [0, upTo(70)],
      [70, []],
      ['', []],
    ] as const) {
      // prettier-ignore
      const events = await listen(api, tokenOf(ann), after);
      await hasItems(events, expected.length);
      await hasCounts(events);
      assert.deepEqual(idsOf(events), expected, `behind ${after}`);
      events.close();
    }
    assert.equal((await listen(api, tokenOf(ann), 'x')).status, 400);
  });

  it('begins anew where the inbox that its page knew is gone', async () => {
    const ann = await newReader();
    await ann.receive([{}, {}]);
    const events = await listen(api, tokenOf(ann), 77);
    await hasItems(events, 2);
    await ann.receive([{}]);
    await hasItems(events, 3);
    assert.deepEqual(idsOf(events), [1, 2, 3]);
    events.close();
  });

  it('misses and repeats none of a thousand quick items, however often its page reconnects, and to which process', async () => {
    const ann = await newReader();
    const token = tokenOf(ann);
    const writing = (async () => {
      for (let i = 0; i < 100; i += 1) await ann.receive(Array.from({ length: 10 }, () => ({})));
    })();
    const seen: number[] = [];
    for (let round = 0; (seen.at(-1) ?? 0) < 1_000; round += 1) {
      const events = await listen(round % 2 === 0 ? api : other, token, seen.at(-1) ?? 0);
      await hasItems(events, Math.min(150, 1_000 - seen.length));
      events.close();
      seen.push(...idsOf(events));
    }
    await writing;
    assert.deepEqual(seen, upTo(1_000));
  });

  it('tells each of many users their own items alone, under batches for all of them', async () => {
    const { tenantId, step } = await inboxesOf(database).prepared(60);
    const people = await Promise.all(Array.from({ length: 60 }, (_, i) => inboxesOf(database).reader(tenantId, `u${i + 1}`)));
    const streams = await Promise.all(people.map((one, i) => listen(i % 2 === 0 ? api : other, tokenOf(one))));
    await Promise.all(streams.map(hasCounts));
    await Promise.all([1, 2, 3].map((stepKey) => inboxesOf(database).send({ ...step, stepKey })));
    for (const [i, events] of streams.entries()) {
      await hasItems(events, 3);
      assert.deepEqual(idsOf(events), [1, 2, 3]);
      assert.deepEqual(new Set(events.dataOf('item').map(({ body }) => body)), new Set([`For u${i + 1}`]));
      events.close();
    }
  });

  it('goes on when the session that hears of news is lost, and misses nothing that came meanwhile', async (test) => {
    const patient = await startFor(test, { keepAliveMs: 600_000 });
    const ann = await newReader();
    const events = await listen(patient, tokenOf(ann));
    await hasCounts(events);
    const listeners = `select pg_terminate_backend(pid) from pg_stat_activity where query like 'listen "madansara_inbox"%' and datname = current_database()`;
    assert.ok(await waitUntil(async () => ((await database.admin.query(listeners)).rowCount ?? 0) > 0, 10_000, 20));
    await ann.receive([{}]);
    await hasItems(events, 1);
    await ann.receive([{}]);
    await hasItems(events, 2);
    assert.deepEqual(idsOf(events), [1, 2]);
  });
});

describe('the streams of a process', () => {
  it('show that they live, and find what nobody has announced', async (test) => {
    const quick = await startFor(test, { keepAliveMs: 50 });
    const ann = await newReader();
    const events = await listen(quick, tokenOf(ann));
    await events.until((heard) => heard.filter(({ event, data }) => event === '' && data === 'keep-alive').length >= 2);
    await ann.receive([{}]);
    await hasItems(events, 1);
    // As it is when an announcement got lost: the row is there, and nobody was told.
    await database.admin.query('update inbox_items set read_at = now() where tenant_id = $1', [ann.tenantId]);
    await events.until(() => events.dataOf('counts').at(-1)?.unread === 0);
  });

  it('end with their token, and say so', async () => {
    const ann = await newReader();
    const events = await listen(api, tokenOf(ann, 400));
    await events.until(() => events.isOver());
    assert.equal(events.heard.at(-1)?.event, 'expired');
    assert.equal((await listen(api, tokenOf(ann, -1))).status, 401);
  });

  it('are so many a user and so many in all, and make room when one leaves', async (test) => {
    const small = await startFor(test, { mostPerUser: 2, mostInAll: 3 });
    const [ann, bob] = [await newReader(), await newReader()];
    const open = [await listen(small, tokenOf(ann)), await listen(small, tokenOf(ann))];
    const refused = await listen(small, tokenOf(ann));
    assert.deepEqual([refused.status, refused.headers['retry-after']], [429, '30']);
    open.push(await listen(small, tokenOf(bob)));
    assert.equal((await listen(small, tokenOf(bob))).status, 429);
    assert.equal(small.streams(), 3);
    open[0]?.close();
    assert.ok(await waitUntil(() => Promise.resolve(small.streams() === 2), 10_000, 5));
    assert.equal((await listen(small, tokenOf(ann))).status, 200);
  });

  it('count nobody who has left before theirs began', async () => {
    const streams = createInboxStreams({ database, now: Date.now, onError: (error) => assert.fail(String(error)) });
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const socket = connect((server.address() as AddressInfo).port, '127.0.0.1', () => socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n'));
    const [, response] = (await once(server, 'request')) as [unknown, ServerResponse];
    socket.destroy();
    await once(response, 'close');
    const { tenantId, userId } = await newReader();
    streams.open({ tenantId, userId, expiresAtMs: Date.now() + 60_000 }, undefined, response);
    assert.equal(streams.count(), 0);
    await streams.close();
    server.close();
  });

  it('end when the process does, which need not wait for its readers', async (test) => {
    const leaving = await startFor(test);
    const events = await listen(leaving, tokenOf(await newReader()));
    await hasCounts(events);
    const startedMs = performance.now();
    await leaving.close();
    await events.until(() => events.isOver());
    assert.ok(performance.now() - startedMs < 900, 'sooner than the grace of the server');
  });

  it('keep nothing for a reader who takes nothing: they are cut, and can go on from where they were', async (test) => {
    const strict = await startFor(test, { patienceMs: 300 });
    const ann = await newReader();
    await ann.receive(muchFor(250));
    const socket = connect(strict.port, '127.0.0.1');
    let isCut = false;
    socket.once('close', () => (isCut = true)).on('error', () => undefined);
    socket.pause();
    socket.write(`GET /v1/inbox/stream HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${tokenOf(ann)}\r\nLast-Event-ID: 0\r\n\r\n`);
    assert.ok(await waitUntil(() => Promise.resolve(strict.streams() === 1), 10_000, 5));
    assert.ok(await waitUntil(() => Promise.resolve(strict.streams() === 0), 10_000, 5), 'the reader was cut');
    socket.resume();
    assert.ok(await waitUntil(() => Promise.resolve(isCut), 10_000, 5));
    const events = await listen(strict, tokenOf(ann), 240);
    await hasItems(events, 10);
    assert.deepEqual(idsOf(events), upTo(250, 241));
  });

  it('keep little of what a connection does not take, and their place', async () => {
    const item = {
      title: '',
      actionUrl: null,
      data: {},
      createdAt: new Date(),
      seenAt: null,
      readAt: null,
      interactedAt: null,
      archivedAt: null,
    };
    const news = (after: number) => ({
      items: upTo(after + 20, after + 1).map((seq) => ({ ...item, seq, body: 'x'.repeat(10_000) })),
      unseen: 0,
      unread: 0,
      total: 0,
      lastSeq: 1_000_000,
    });
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const socket = connect((server.address() as AddressInfo).port, '127.0.0.1', () =>
      socket.pause().write('GET / HTTP/1.1\r\nHost: x\r\n\r\n'),
    );
    const [, response] = (await once(server, 'request')) as [unknown, ServerResponse];
    const subscriber = { tenantId: await database.newTenant(), userId: parseUserId('ann'), expiresAtMs: 0 };
    const nothing = () => undefined;
    const stream = beginStream(response, { subscriber, after: 0, endsInMs: 60_000, patienceMs: 60_000, onRoom: nothing, onClose: nothing });
    while (stream.hasRoom()) stream.tell(news(stream.after()));
    const place = stream.after();
    for (let i = 0; i < 100; i += 1) assert.equal(stream.tell(news(place)), false);
    stream.keepAlive();
    assert.equal(stream.after(), place);
    assert.ok(response.writableLength < 200_000, `${response.writableLength} bytes are kept`);
    socket.destroy();
    server.close();
  });

  it('wait for a reader who is slow, and lose nothing', async () => {
    const ann = await newReader();
    await ann.receive(muchFor(120));
    const socket = connect(api.port, '127.0.0.1');
    const ids: number[] = [];
    let rest = '';
    socket.setEncoding('utf8').on('data', (text: string) => {
      const lines = (rest + text).split('\n');
      rest = lines.pop() ?? '';
      ids.push(...lines.flatMap((line) => (line.startsWith('id: ') ? [Number(line.slice(4))] : [])));
      // Takes a breath after every piece.
      socket.pause();
      setImmediate(() => setImmediate(() => socket.resume()));
    });
    socket.write(`GET /v1/inbox/stream HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${tokenOf(ann)}\r\nLast-Event-ID: 0\r\n\r\n`);
    assert.ok(await waitUntil(() => Promise.resolve(ids.at(-1) === 120), 30_000, 20), `${ids.length} of 120`);
    assert.deepEqual(ids, upTo(120));
    socket.destroy();
  });
});
