import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { problemCodes } from '../../api/errors.js';
import { listen } from '../../api/server.js';
import { createApiKey } from '../../db/queries/api-keys.js';
import { openDatabase } from '../../db/client.js';
import express from 'express';
import { startTestApi, type ApiAnswer, type TestApi } from '../harness/api.js';
import { createGate } from '../harness/gate.js';
import { createTestDatabase, type TestDatabase } from '../harness/database.js';

let database: TestDatabase;
let api: TestApi;
let key: string;

before(async () => {
  database = await createTestDatabase();
  api = await startTestApi(database);
  const tenantId = await database.newTenant();
  ({ key } = await createApiKey(database, tenantId, { name: 'test', scopes: ['read', 'walks:write', 'suggestions:respond'] }));
});
after(async () => {
  await api.close();
  await database.drop();
});

function assertProblem(answer: ApiAnswer, status: number, code: string): void {
  assert.equal(answer.status, status, answer.text);
  assert.match(answer.headers.get('content-type') ?? '', /^application\/problem\+json/);
  const { type, title, detail, request_id: requestId, ...rest } = answer.body;
  assert.equal(rest.status, status);
  assert.equal(rest.code, code);
  assert.ok(problemCodes.includes(code as never));
  assert.equal(type, `urn:madansara:problem:${code}`);
  assert.ok(title && detail);
  assert.equal(requestId, answer.headers.get('x-request-id'));
}

/** Sends bytes as they are, and gives what came back until the server ended the connection. */
function raw(bytes: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(api.port, '127.0.0.1', () => socket.write(bytes));
    let received = '';
    socket.setEncoding('utf8');
    socket.on('data', (chunk: string) => (received += chunk));
    socket.on('error', reject);
    socket.on('close', () => resolve(received));
  });
}

describe('every error is a problem', () => {
  it('for an address that does not exist', async () => assertProblem(await api.call('GET', '/v1/nothing', { key }), 404, 'not_found'));
  it('for the wrong method, naming the right ones', async () => {
    const answer = await api.call('DELETE', '/v1/walks', { key });
    assertProblem(answer, 405, 'method_not_allowed');
    assert.equal(answer.headers.get('allow'), 'POST, GET, HEAD, OPTIONS');
    const options = await api.call('OPTIONS', '/v1/walks');
    assert.equal(options.status, 204);
    assert.equal(options.headers.get('allow'), 'POST, GET, HEAD, OPTIONS');
    assert.equal((await api.call('HEAD', '/v1/walks', { key })).status, 200);
  });
  it('for a body that is no JSON', async () => {
    for (const body of ['{', '{"walk_date":', 'null x', '\u0000', '{"a":1}}']) {
      assertProblem(await api.call('POST', '/v1/walks', { key, body }), 400, 'invalid');
    }
  });
  it('for a body that is another type of value', async () => {
    for (const body of ['null', '[]', '"text"', '1']) assertProblem(await api.call('POST', '/v1/walks', { key, body }), 400, 'invalid');
  });
  it('for a body that is too large, or of another type', async () => {
    const large = JSON.stringify({ walk_date: 'x'.repeat(200_000) });
    assertProblem(await api.call('POST', '/v1/walks', { key, body: large }), 413, 'too_large');
    const headers = { 'Content-Type': 'text/plain' };
    assertProblem(await api.call('POST', '/v1/walks', { key, body: '{}', headers }), 415, 'unsupported_media_type');
  });
  it('for fields that are wrong, unknown or too many, naming each', async () => {
    const answer = await api.call('POST', '/v1/walks', { key, body: { walk_date: '2026-02-30', refresh: 'yes', more: 1 } });
    assertProblem(answer, 400, 'invalid');
    assert.deepEqual(answer.body.errors.map(({ path }: { path: string }) => path).sort(), ['', 'refresh', 'walk_date']);
    const query = await api.call('GET', '/v1/walks?limit=0&limits=5', { key });
    assertProblem(query, 400, 'invalid');
  });
  it('for a cursor that was never given', async () => {
    const other = Buffer.from('["members x","a"]').toString('base64url');
    const noDate = Buffer.from('["walks","yesterday"]').toString('base64url');
    for (const cursor of ['x', '%00', 'W10', other, noDate]) {
      assertProblem(await api.call('GET', `/v1/walks?cursor=${cursor}`, { key }), 400, 'invalid');
    }
  });
  it('for an address that cannot be decoded', async () => {
    for (const path of ['/v1/users/%', '/v1/users/%ff', '/v1/users/%c0%af', '/v1/users/%00', '/v1/walks/%2e%2e%2fx', '/%']) {
      const answer = await api.call('GET', path, { key });
      assertProblem(answer, path === '/%' && answer.status === 404 ? 404 : 400, answer.status === 404 ? 'not_found' : 'invalid');
    }
  });
  it('for headers that are too large, and for what is not HTTP', async () => {
    const large = await raw(`GET /v1/walks HTTP/1.1\r\nHost: x\r\nX-Large: ${'x'.repeat(20_000)}\r\n\r\n`);
    assert.match(large, /^HTTP\/1\.1 431 [^]*application\/problem\+json[^]*"code":"headers_too_large"/);
    assert.match(await raw('what is this\r\n\r\n'), /^HTTP\/1\.1 400 [^]*application\/problem\+json[^]*"code":"invalid"/);
  });
  it('for too many requests, by key and by address, and says when to come again', async () => {
    const limited = await startTestApi(database, { rateLimits: { perKey: 3, perAddress: 2 } });
    try {
      for (let calls = 0; calls < 3; calls++) assert.equal((await limited.call('GET', '/v1/walks', { key })).status, 200);
      const answer = await limited.call('GET', '/v1/walks', { key });
      assertProblem(answer, 429, 'rate_limited');
      assert.ok(Number(answer.headers.get('retry-after')) > 0);
      // The key's limit is not the address's.
      for (let calls = 0; calls < 2; calls++) assert.equal((await limited.call('GET', '/v1/walks', { key: 'wrong' })).status, 401);
      assertProblem(await limited.call('GET', '/v1/walks', { key: 'wrong' }), 429, 'rate_limited');
      assertProblem(await limited.call('GET', '/healthz'), 429, 'rate_limited');
    } finally {
      await limited.close();
    }
  });
  it('for a fault of our own, about which it tells nothing', async () => {
    const secret = 'a value of somebody';
    const broken = await startTestApi(database, { walker: { startWalk: () => Promise.reject(new Error(secret)) } });
    try {
      const answer = await broken.call('POST', '/v1/walks', { key, body: {} });
      assertProblem(answer, 500, 'internal');
      assert.ok(!answer.text.includes(secret));
      const line = broken.log.find((text) => text.includes('request failed')) ?? '';
      assert.match(line, new RegExp(answer.body.request_id));
    } finally {
      await broken.close();
    }
  });
  it('for a database that is away, while the process is alive', async () => {
    const away = openDatabase('postgres://postgres@127.0.0.1:1/none', { applicationName: 'test' });
    const cut = await startTestApi(away);
    try {
      assertProblem(await cut.call('GET', '/v1/walks', { key }), 503, 'unavailable');
      const ready = await cut.call('GET', '/readyz');
      assert.equal(ready.status, 503);
      assert.deepEqual(ready.body.down, ['postgres']);
      assert.equal((await cut.call('GET', '/healthz')).status, 200);
    } finally {
      await cut.close();
      await away.close();
    }
  });
});

describe('a request', () => {
  it('is logged by its route, without its address, its headers and its body', async () => {
    const from = api.log.length;
    await api.call('GET', '/v1/users/jane@example.org?token=hidden', { key, headers: { 'X-Request-Id': 'req-1' } });
    await api.call('GET', '/v1/users/jane@example.org', { key });
    const lines = api.log.slice(from).join('');
    assert.match(lines, /"requestId":"req-1","method":"GET","route":"\/v1\/users\/\{user_id\}","status":400/);
    for (const secret of ['jane', 'hidden', key, 'Bearer']) assert.ok(!lines.includes(secret), secret);
  });
  it('with an id that could forge a log line gets another one', async () => {
    const { headers } = await api.call('GET', '/healthz', { headers: { 'X-Request-Id': 'a "b"' } });
    assert.match(headers.get('x-request-id') ?? '', /^[0-9a-f-]{36}$/);
  });
  it('is answered with headers that keep browsers from guessing, framing and keeping', async () => {
    const { headers } = await api.call('GET', '/v1/walks', { key });
    assert.equal(headers.get('x-content-type-options'), 'nosniff');
    assert.equal(headers.get('cache-control'), 'no-store');
    assert.match(headers.get('content-security-policy') ?? '', /default-src 'none'/);
    assert.equal(headers.get('x-powered-by'), null);
  });
  it('is counted in the metrics by its route', async () => {
    await api.call('GET', '/v1/users/jane', { key });
    const { text } = await api.call('GET', '/metrics');
    assert.match(text, /madansara_http_requests_total\{method="GET",route="\/v1\/users\/\{user_id\}",status="404"\} \d/);
    assert.ok(!text.includes('jane'));
  });
});

describe('the server', () => {
  it('says in one sentence that its port is occupied', async () => {
    await assert.rejects(listen(express(), { host: '127.0.0.1', port: api.port }), {
      message: `port ${api.port} on 127.0.0.1 is occupied by another program: end it, or set API_PORT to a free port`,
    });
  });

  it('lets a request that is under way end before it closes, and takes no new one', async () => {
    const arrival = createGate();
    const hold = createGate();
    const closing = await startTestApi(database, {
      walker: {
        startWalk: async () => {
          arrival.open();
          await hold.opened;
          return { workflowId: 'late' };
        },
      },
    });
    const underWay = closing.call('POST', '/v1/walks', { key, body: {} });
    await arrival.opened;
    const closed = closing.close();
    await assert.rejects(closing.call('GET', '/healthz'));
    hold.open();
    assert.equal((await underWay).body.workflow_id, 'late');
    await closed;
  });
});
