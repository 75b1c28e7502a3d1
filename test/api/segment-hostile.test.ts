import assert from 'node:assert/strict';
import { connect, type Socket } from 'node:net';
import { after, afterEach, before, describe, it } from 'node:test';
import { gzipSync } from 'node:zlib';
import { waitUntil } from '../../sandbox/processes.js';
import { startTestApi, type ApiAnswer, type TestApi } from '../harness/api.js';
import { createTestDatabase, type TestDatabase } from '../harness/database.js';
import { basicAuth, createSender, type Sender } from '../harness/segment.js';

let database: TestDatabase;
let api: TestApi;
let sender: Sender;

before(async () => {
  database = await createTestDatabase();
  api = await startTestApi(database, { segment: { bodyTimeoutMs: 1_000 } });
  sender = await createSender(api, database);
});
after(async () => {
  await api.close();
  await database.drop();
});
let serial = 0;
afterEach(async () => {
  const answer = await sender.post('/v1/track', { userId: 'next', event: 'next', messageId: `next ${(serial += 1)}` });
  assert.equal(answer.body?.stored, 1, `the next request is served: ${answer.text}`);
});

function assertProblem(answer: ApiAnswer, status: number, code: string, detail: RegExp): void {
  assert.equal(answer.status, status, answer.text);
  assert.equal(answer.body.code, code);
  assert.match(answer.body.detail, detail);
}

const good = (messageId: string) => `{"type":"track","messageId":"${messageId}","userId":"u","event":"x"}`;

/** A hostile message between two good ones: those are stored, it is rejected for the reason. */
async function assertRejectedAlone(hostile: string, reason: RegExp): Promise<void> {
  const one = await createSender(api, database);
  const answer = await one.post('/v1/batch', `{"batch":[${good('1')},${hostile},${good('2')}]}`);
  assert.equal(answer.status, 200, answer.text);
  assert.equal(answer.body.stored, 2);
  assert.match(answer.body.rejections[0].reason, reason);
  assert.deepEqual(
    (await one.events()).map(({ message_id: id }) => id),
    ['1', '2'],
  );
  const [kept, ...more] = await one.rejected();
  assert.match(kept?.reason ?? '', reason);
  assert.deepEqual(more, []);
}

describe('a hostile message', () => {
  const message = (rest: string) => `{"type":"track","userId":"u","event":"x",${rest}}`;
  const nested = (depth: number) => `${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`;
  const cases: readonly [title: string, message: string, reason: RegExp][] = [
    ['with NUL in a property', message('"properties":{"a":"\\u0000"}'), /NUL/],
    ['with NUL in a key', message('"properties":{"\\u0000":1}'), /NUL/],
    ['with NUL in its id', message('"messageId":"m\\u0000"'), /NUL/],
    ['with half of a surrogate pair', message('"properties":{"a":["\\ud83d"]}'), /surrogate/],
    ['that is nested 10,000 deep in its properties', message(`"properties":${nested(10_000)}`), /too deeply|deeper than 32/],
    ['that is nested a little too deep', message(`"properties":${nested(40)}`), /deeper than 32/],
    ['that is a list of 40,000 lists', `${'['.repeat(40_000)}${']'.repeat(40_000)}`, /must be an object/],
    ['with a number beyond all numbers', message('"properties":{"a":1e400}'), /beyond what can be kept/],
    ['with such a number for a time', message('"timestamp":1e400'), /not a time/],
    ['with a key named __proto__', message('"properties":{"__proto__":{"x":1}}'), /__proto__/],
    ['of the year 0001', message('"timestamp":"0001-01-01T00:00:00Z"'), /not between 1990/],
    ['of the year 9999', message('"timestamp":"9999-12-31T23:59:59.999Z"'), /not between 1990/],
    ['of a year that no calendar reaches', message('"timestamp":"+275760-09-13T00:00:00Z"'), /not between 1990/],
    [
      'whose sentAt makes a time before all times',
      message('"timestamp":"2025-01-01T00:00:00Z","sentAt":"9999-01-01T00:00:00Z"'),
      /not between 1990/,
    ],
    [
      'of a clock that is three years fast, without sentAt',
      message(`"timestamp":"${new Date(Date.now() + 95e9).toISOString()}"`),
      /a day from now/,
    ],
    ['of 33 KB', message(`"properties":{"a":"${'x'.repeat(33_000)}"}`), /larger than 32 KB/],
  ];
  for (const [title, text, reason] of cases) it(`${title} is rejected alone`, () => assertRejectedAlone(text, reason));

  it('that hides its depth where nothing is kept is stored without it', async () => {
    const answer = await sender.post('/v1/track', `{"userId":"u","event":"x","context":{"a":${nested(2_000)}},"__proto__":{"userId":"v"}}`);
    assert.equal(answer.body.stored, 1, answer.text);
  });

  it('of a clock that is three years wrong, but says what it shows, is stored at the right time', async () => {
    for (const wrongBy of [95e9, -95e9]) {
      const one = await createSender(api, database);
      const clock = Date.now() + wrongBy;
      const [timestamp, sentAt] = [clock - 3_600_000, clock].map((ms) => new Date(ms).toISOString());
      await one.post('/v1/track', { userId: 'u', event: 'x', timestamp, sentAt });
      const at = (await one.events())[0]?.occurred_at.getTime() ?? 0;
      assert.ok(Math.abs(at - (Date.now() - 3_600_000)) < 60_000, new Date(at).toISOString());
    }
  });

  it('with the largest values that fit is stored', async () => {
    const one = await createSender(api, database);
    const wide = (start: string) => `${start}${'😀'.repeat(127)}`.slice(0, 255).toWellFormed();
    const names = { messageId: wide('m'), userId: wide('u'), anonymousId: wide('a'), event: 'e'.repeat(200) };
    const traits = { email: `${'ü'.repeat(200)}@example.org`, number: 1.7976931348623157e308, tiny: 5e-324, list: Array(1_000).fill(null) };
    assert.equal((await one.post('/v1/identify', { ...names, traits, timestamp: '1990-01-01T00:00:00Z' })).body.stored, 1);
    const rows = await one.rows<{ traits: unknown }>('select traits from users where tenant_id = $1');
    assert.deepEqual(rows[0]?.traits, traits);
  });
});

describe('a hostile body', () => {
  const headers = (more: Readonly<Record<string, string>> = {}) => ({ Authorization: basicAuth(sender.key), ...more });
  const send = (body: string, more = {}) => api.call('POST', '/v1/batch', { body, headers: headers(more) });
  const sendBytes = async (body: Uint8Array<ArrayBuffer>, encoding = 'gzip'): Promise<ApiAnswer> => {
    const init = { method: 'POST', body, headers: headers({ 'Content-Encoding': encoding }) };
    const response = await fetch(`${api.url}/v1/batch`, init);
    const text = await response.text();
    return { status: response.status, headers: response.headers, text, body: JSON.parse(text) };
  };

  it('that is not JSON, or no object, is refused for good', async () => {
    for (const body of ['', '{', '{"batch":[}', 'batch=1', '\0', '{"batch":[]} x', '{"batch":[NaN]}']) {
      assertProblem(await send(body), 400, 'invalid', /not JSON/);
    }
    for (const body of ['[]', '[{"type":"track"}]', 'null', '"text"', '5', '['.repeat(200_000) + ']'.repeat(200_000)]) {
      assertProblem(await send(body), 400, 'invalid', /must be a JSON object/);
    }
    for (const body of ['{}', '{"batch":{}}', '{"batch":null}']) assertProblem(await send(body), 400, 'invalid', /batch must be an array/);
  });

  it('of 5,000 messages is taken, of 5,001 refused', async () => {
    const one = await createSender(api, database);
    const many = (count: number) =>
      `{"batch":[${Array.from({ length: count }, (_, i) => `{"type":"page","userId":"u","messageId":"${i}"}`).join()}]}`;
    assertProblem(await one.post('/v1/batch', many(5_001)), 413, 'too_large', /at most 5000 messages/);
    assert.deepEqual(await one.events(), []);
    assert.equal((await one.post('/v1/batch', many(5_000))).body.stored, 5_000);
  });

  it('of more than 500 KB is refused, whether it says so or not', async () => {
    const body = `{"batch":[],"padding":"${'x'.repeat(600 * 1024)}"}`;
    assertProblem(await send(body), 413, 'too_large', /larger than 500 KB/);
    const stream = new ReadableStream({
      start(controller) {
        controller.enqueue(new TextEncoder().encode(body));
        controller.close();
      },
    });
    const init = { method: 'POST', body: stream, headers: headers(), duplex: 'half' as const };
    assert.equal((await fetch(`${api.url}/v1/batch`, init)).status, 413);
  });

  it('of gzip that unfolds without end, is broken, cut off or no gzip, is refused', async () => {
    const bomb = gzipSync(Buffer.alloc(200 * 1024 * 1024, ' '), { level: 9 });
    assert.ok(bomb.length < 500 * 1024);
    assertProblem(await sendBytes(bomb), 413, 'too_large', /larger than 500 KB/);
    const whole = gzipSync(`{"batch":[${good('zipped')}]}`);
    const flipped = Buffer.from(whole).fill(0xff, 12, 20);
    for (const bytes of [whole.subarray(0, -9), flipped, Buffer.from('{"batch":[]}'), Buffer.alloc(0)]) {
      assertProblem(await sendBytes(Buffer.from(bytes)), 400, 'invalid', /not what gzip makes/);
    }
    for (const encoding of ['br', 'deflate', 'gzip, gzip']) {
      assertProblem(await sendBytes(Buffer.from(whole), encoding), 415, 'unsupported_media_type', /gzip/);
    }
    assert.equal((await sendBytes(Buffer.from(whole))).status, 200);
  });

  it('of 40 MB is refused with an answer that its sender gets to read, and what had been stored stays', async () => {
    const before = (await sender.events()).length;
    for (const framing of [`Content-Length: ${40 * 1024 * 1024}`, 'Transfer-Encoding: chunked']) {
      const received = await pour(framing, 40);
      assert.match(received, /^HTTP\/1\.1 413 /, framing);
      assert.match(received, /larger than 500 KB/);
    }
    assert.equal((await sender.events()).length, before);
  });

  it('that comes too slowly is given up, and its sender is told', async () => {
    const received = await talk((socket) => socket.write(`${head('Content-Length: 1000')}{"batch":`));
    assert.match(received, /^HTTP\/1\.1 408 /);
    assert.match(received, /did not arrive within 1 s/);
  });

  it('that breaks off stores nothing', async () => {
    const one = await createSender(api, database);
    const body = `{"batch":[${good('1')}]}`;
    const lines = api.log.length;
    const socket = connect(api.port, '127.0.0.1', () => {
      socket.write(`${head(`Content-Length: ${body.length + 1}`, one.key)}${body}`, () => socket.destroy());
    });
    assert.ok(await waitUntil(() => Promise.resolve(api.log.slice(lines).some((line) => line.includes('"aborted":true'))), 5_000));
    assert.deepEqual(await one.events(), []);
  });

  it('that comes while too many are at work is refused for now, and its sender is told when to come again', async () => {
    const busy = await startTestApi(database, { segment: { bodyTimeoutMs: 60_000, maxAtWork: 2 } });
    // More than may be at work: some of them are refused themselves.
    const sockets = Array.from({ length: 6 }, () => connect(busy.port, '127.0.0.1').on('error', () => undefined));
    for (const socket of sockets) socket.resume().write(`${head('Content-Length: 1000')}{`);
    const ask = () => busy.call('POST', '/v1/batch', { body: '{"batch":[]}', headers: headers() });
    let answer = await ask();
    assert.ok(await waitUntil(async () => (answer = await ask()).status === 429, 10_000, 10));
    assertProblem(answer, 429, 'rate_limited', /try again in a second/);
    assert.equal(answer.headers.get('retry-after'), '1');
    for (const socket of sockets) socket.destroy();
    assert.ok(await waitUntil(async () => (await ask()).status === 200, 10_000, 10), 'whoever leaves makes room');
    await busy.close();
  });

  const head = (framing: string, key = sender.key) =>
    `POST /v1/batch HTTP/1.1\r\nHost: test\r\nAuthorization: ${basicAuth(key)}\r\n${framing}\r\n\r\n`;

  /** What came back until the other side ended the connection. */
  function talk(say: (socket: Socket) => void): Promise<string> {
    return new Promise((resolve) => {
      let received = '';
      const socket: Socket = connect(api.port, '127.0.0.1', () => say(socket));
      socket.setEncoding('utf8').on('data', (chunk: string) => (received += chunk));
      socket.on('error', () => undefined); // a reset after the answer is no fault; without one the answer is missing, which is seen
      socket.on('close', () => resolve(received));
    });
  }

  /** Sends megabytes without looking at what comes back before all of them are sent, as many clients do. */
  function pour(framing: string, megabytes: number): Promise<string> {
    const chunked = framing.startsWith('Transfer-Encoding');
    const size = 1024 * 1024;
    const piece = chunked ? `${size.toString(16)}\r\n${'x'.repeat(size)}\r\n` : 'x'.repeat(size);
    return talk((socket) => {
      socket.pause().write(head(framing));
      let left = megabytes;
      const next = (): void => {
        left -= 1;
        if (left < 0) socket.resume();
        else socket.write(piece, (error) => (error ? socket.resume() : next()));
      };
      next();
    });
  }
});
