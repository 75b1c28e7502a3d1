import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { TenantId } from '../../core/ids.js';
import { startSandboxEngarde, type SandboxEngarde } from '../../sandbox/engarde.js';
import { exchangeWorkflowType, type ExchangeResult } from '../../workflows/exchange/contract.js';
import { walkTaskQueue } from '../../workflows/task-queues.js';
import type { RunningWorker } from '../../workers/main.js';
import { loadCdnow, openTestWalker, type TestWalker } from '../harness/walker.js';

const API_KEY = 'wa_exchange';
let walker: TestWalker;
let engarde: SandboxEngarde;
let worker: RunningWorker;
let tenantId: TenantId;
before(async () => {
  walker = await openTestWalker('exchange');
  engarde = await startSandboxEngarde({ keys: [API_KEY] });
  worker = await walker.startWorker({ engarde: { apiUrl: engarde.url, apiKey: API_KEY } });
});
after(async () => {
  await worker.close();
  await engarde.close();
  await walker.close();
});

const exchange = (name: string): Promise<ExchangeResult> =>
  walker.temporal.client.workflow.execute(exchangeWorkflowType, {
    workflowId: `exchange-${name}`,
    taskQueue: walkTaskQueue,
    args: [{ tenantId }],
  }) as Promise<ExchangeResult>;
const deliveryRecord = async () =>
  (await walker.database.admin.query(`select status, record -> 'delivery' as delivery from walks where tenant_id = $1`, [tenantId]))
    .rows[0];

describe('the exchange with En Garde', () => {
  it('delivers once what a walk could not, because no answer was seen', async () => {
    const loaded = await loadCdnow(walker.database);
    ({ tenantId } = loaded);
    // Stored, but the answer is lost; and then it is away for longer than a walk waits.
    engarde.misbehave('POST suggestions', { kind: 'reset', stores: true });
    engarde.misbehave(
      'GET suggestions',
      ...Array.from({ length: 20 }, () => ({ kind: 'answer', status: 503, headers: { 'retry-after': '3600' } }) as const),
    );
    const result = await walker.walk(tenantId, loaded.lastDay);
    assert.equal(result.counts['suggestions delivered'], 0);
    const waiting = await deliveryRecord();
    assert.equal(waiting.status, 'succeeded', 'the walk does not wait for En Garde');
    assert.equal(waiting.delivery.kind, 'delayed');

    assert.deepEqual((await exchange('too-early')).deliveries, {}, 'it asked to wait for an hour');
    await walker.database.admin.query(`update outbox set due_at = now() where tenant_id = $1`, [tenantId]);
    const stored = engarde.stored().length;
    assert.ok(stored > 0);
    for (let i = 0; (await exchange(`due-${i}`)).deliveries[loaded.lastDay] !== 'delivered'; i++) {
      assert.ok(i < 25, 'never delivered');
      await walker.database.admin.query(`update outbox set due_at = now() where tenant_id = $1`, [tenantId]);
    }
    assert.equal(engarde.stored().length, stored, 'nothing was sent twice');
    assert.equal((await deliveryRecord()).delivery.kind, 'delivered');
    assert.deepEqual((await exchange('nothing-left')).deliveries, {});
  });

  it('takes the answers that people gave there, once', async () => {
    const [first, second] = engarde.stored();
    assert.ok(first && second);
    engarde.respond({ suggestion_id: first.id, action: 'reject', channel: 'email' });
    engarde.respond({ suggestion_id: second.id, action: 'details', channel: 'whatsapp' });
    assert.equal((await exchange('answers')).responses.taken, 2);
    assert.equal((await exchange('no-more-answers')).responses.taken, 0);
    const { rows } = await walker.database.admin.query(
      `select s.suggestion_id, s.status, r.action from suggestion_responses r join suggestions s using (tenant_id, suggestion_id) where tenant_id = $1 order by action`,
      [tenantId],
    );
    assert.deepEqual(rows, [
      { suggestion_id: second.id, status: 'pending', action: 'details' },
      { suggestion_id: first.id, status: 'rejected', action: 'reject' },
    ]);
  });
});
