import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { runApi, type RunningApi } from '../../api/main.js';
import { createLogger } from '../../api/logging.js';
import { waitUntil } from '../../sandbox/processes.js';
import { walkerWorkflowId } from '../../workflows/walker/contract.js';
import { walkScheduleId } from '../../workflows/walker-tick/contract.js';
import type { RunningWorker } from '../../workers/main.js';
import { parseLocalDate, parseTenantId } from '../../core/ids.js';
import { openTestWalker, type TestWalker } from '../harness/walker.js';

const ADMIN_KEY = 'operator-key-of-this-test-0123456789';
let walker: TestWalker;
let worker: RunningWorker;
let api: RunningApi;
before(async () => {
  walker = await openTestWalker('end-to-end');
  worker = await walker.startWorker();
  const config = { ...walker.config, api: { ...walker.config.api, adminKey: ADMIN_KEY } };
  api = await runApi(config, { logger: createLogger('silent') });
});
after(async () => {
  await api.close();
  await worker.close();
  await walker.close();
});

// oxlint-disable-next-line typescript/no-explicit-any -- what JSON gives: a test looks into it and asserts what it finds
type Answer = { readonly status: number; readonly headers: Headers; readonly body: any };

async function call(method: string, path: string, key: string, body?: unknown, headers: Record<string, string> = {}): Promise<Answer> {
  const response = await fetch(api.url + path, {
    method,
    headers: { Authorization: key, 'Content-Type': 'application/json', ...headers },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  return { status: response.status, headers: response.headers, body: await response.json() };
}

/** Three kinds of people, 120 of each, as a shop would tell of them: often, once and long ago, lately. */
function purchases(nowMs: number): object[] {
  const bought = (userId: string, daysAgo: number, revenue: number) => ({
    type: 'track',
    messageId: randomUUID(),
    userId,
    event: 'Order Completed',
    timestamp: new Date(nowMs - daysAgo * 86_400_000).toISOString(),
    properties: { revenue, currency: 'EUR', products: [{ category: daysAgo % 2 === 0 ? 'Tea' : 'Coffee' }] },
  });
  return Array.from({ length: 120 }, (_, i) => [
    ...Array.from({ length: 10 }, (_unused, n) => bought(`often-${i}`, 3 + 20 * n + (i % 7), 50 + i)),
    bought(`once-${i}`, 300 + (i % 50), 10),
    ...[2, 9, 20].map((day) => bought(`new-${i}`, day + (i % 5), 20)),
  ]).flat();
}

describe('a tenant of the service', () => {
  const nowMs = Date.now();
  const admin = `Bearer ${ADMIN_KEY}`;
  const tenantId = randomUUID();
  let key = '';

  it('is created with its Schedule and its keys', async () => {
    const created = await call('POST', '/v1/tenants', admin, {
      tenant_id: tenantId,
      name: 'Tea and Coffee',
      time_zone: 'Europe/Berlin',
      currency: 'EUR',
    });
    assert.equal(created.status, 201);
    assert.equal(created.body.schedule, 'applied');
    const schedule = await walker.temporal.client.schedule.getHandle(walkScheduleId(parseTenantId(tenantId))).describe();
    assert.equal(schedule.spec.timezone, 'Europe/Berlin');
    const apiKey = await call('POST', `/v1/tenants/${tenantId}/keys`, admin, {
      name: 'backend',
      scopes: ['read', 'walks:write', 'suggestions:respond'],
    });
    assert.equal(apiKey.status, 201);
    key = `Bearer ${apiKey.body.key}`;
  });

  it('sends its events with a write key', async () => {
    const writeKey = await call('POST', `/v1/tenants/${tenantId}/keys`, admin, { name: 'shop', scopes: ['events:write'] });
    const basic = `Basic ${Buffer.from(`${writeKey.body.key}:`).toString('base64')}`;
    const sent = purchases(nowMs);
    for (let i = 0; i < sent.length; i += 100) {
      const answer = await call('POST', '/v1/batch', basic, { batch: sent.slice(i, i + 100), sentAt: new Date().toISOString() });
      assert.equal(answer.status, 200);
      assert.equal(answer.body.rejected, 0);
    }
    assert.equal((await call('GET', '/v1/segments', basic)).status, 401, 'a write key reads nothing');
  });

  it('asks for a walk, once, and follows it to its end', async () => {
    const once = { 'Idempotency-Key': 'the-first-walk', 'X-Request-Id': 'request-of-this-test' };
    const first = await call('POST', '/v1/walks', key, {}, once);
    assert.equal(first.status, 202);
    assert.deepEqual((await call('POST', '/v1/walks', key, {}, once)).body, first.body);
    const isOver = async () => (await call('GET', first.body.url, key)).body.finished_at !== null;
    assert.ok(await waitUntil(isOver, 60_000, 100));
    const walk = await call('GET', first.body.url, key);
    assert.deepEqual([walk.body.status, walk.body.run, walk.body.error], ['succeeded', 1, null]);
    assert.equal(walk.body.record.delivery.kind, 'not_configured');
    const { memo } = await walker.temporal.client.workflow
      .getHandle(walkerWorkflowId(parseTenantId(tenantId), parseLocalDate(walk.body.walk_date)))
      .describe();
    assert.equal(memo?.requestId, first.headers.get('X-Request-Id'), 'the log of the request and the history can be laid side by side');
  });

  it('looks at its segments, their members and a person', async () => {
    const { body: segments } = await call('GET', '/v1/segments', key);
    const users = segments.items.reduce((sum: number, { size }: { size: number }) => sum + size, 0);
    assert.equal(users, 360);
    const seen: string[] = [];
    for (let cursor: string | null = ''; cursor !== null;) {
      const query: string = cursor ? `&cursor=${encodeURIComponent(cursor)}` : '';
      const { body: page } = await call('GET', `/v1/segments/${segments.items[0].segment_id}/members?limit=7${query}`, key);
      seen.push(...page.items.map(({ user_id }: { user_id: string }) => user_id));
      cursor = page.next_cursor;
    }
    assert.equal(new Set(seen).size, segments.items[0].size);
    const { body: person } = await call('GET', '/v1/users/often-3', key);
    assert.deepEqual(person.features.monetary, { amount_minor: 53_000, currency: 'EUR' });
  });

  it('gets the analytics that En Garde shows', async () => {
    const { status, body } = await call('GET', `/api/v1/audience/analytics/${tenantId}`, key);
    assert.equal(status, 200);
    assert.equal(body.totals.users, 360);
    assert.equal(body.last_walk.status, 'succeeded');
  });

  it('executes a suggestion, which leaves a draft of its campaign, and rejects another one', async () => {
    const { body: list } = await call('GET', '/v1/suggestions', key);
    const [first, second] = list.items.map(({ suggestion_id }: { suggestion_id: string }) => suggestion_id);
    assert.ok(first && second);
    const answer = (id: string, action: string) =>
      call('POST', `/v1/suggestions/${id}/responses`, key, { suggestion_id: id, action, channel: 'in_app' });
    const { body: executed } = await answer(first, 'execute');
    const started = executed.outcome.actions.find(({ kind }: { kind: string }) => kind === 'started');
    const { body: campaign } = await call('GET', `/v1/campaigns/${started.reference}`, key);
    assert.deepEqual([campaign.status, campaign.counts.sent], ['draft', 0]);
    assert.equal((await answer(first, 'reject')).status, 409);
    const rejected = await answer(second, 'reject');
    assert.equal(rejected.status, 200);
    assert.deepEqual((await answer(second, 'reject')).body, { ...rejected.body, repeated: true });
  });

  it('is told by /readyz which server is away', async () => {
    const ready = await call('GET', '/readyz', '');
    assert.equal(ready.status, 200, JSON.stringify(ready.body));
  });
});
