import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { ApplicationFailure } from '@temporalio/activity';
import { createNotifyingActivities, type NotifyingActivities } from '../../activities/notifying/notifying.js';
import type { TenantId } from '../../core/ids.js';
import type { DeliveryOutcome } from '../../core/suggestion/delivery.js';
import { openObjectStore, type ObjectStore } from '../../store/objects.js';
import { startSandboxEngarde, type Fault, type SandboxEngarde } from '../../sandbox/engarde.js';
import { createTestDatabase, type TestDatabase } from '../harness/database.js';
import { temporaryFolder } from '../harness/folder.js';
import { newKey, seedWalk, WALK_DATE } from '../harness/notifying.js';

let database: TestDatabase;
let objects: ObjectStore;
let sandbox: SandboxEngarde;
let activities: NotifyingActivities;
const apiKey = newKey();
/** Ends what hangs; far more than an answer takes here. */
const requestTimeoutMs = 1_500;

before(async () => {
  database = await createTestDatabase();
  objects = openObjectStore({ kind: 'directory', directory: temporaryFolder('delivery') });
  sandbox = await startSandboxEngarde({ keys: [apiKey] });
  activities = activitiesAt(sandbox.url);
});
after(async () => {
  await sandbox.close();
  await database.drop();
});

const activitiesAt = (apiUrl: string, key = apiKey) =>
  createNotifyingActivities({
    database,
    objects,
    engarde: { apiUrl, apiKey: key },
    engardeAppUrl: 'https://app.engarde.media',
    requestTimeoutMs,
  });

async function writtenWalk(): Promise<{ readonly tenantId: TenantId; readonly ids: readonly string[] }> {
  const tenantId = await database.newTenant();
  await seedWalk(database, tenantId);
  await activities.writeSuggestions({ tenantId, walkDate: WALK_DATE });
  const { rows } = await database.admin.query('select suggestion_id from suggestions where tenant_id = $1 order by 1', [tenantId]);
  return { tenantId, ids: rows.map(({ suggestion_id }) => suggestion_id) };
}

const deliver = (tenantId: TenantId, by = activities) => by.deliverSuggestions({ tenantId, walkDate: WALK_DATE });
const outboxOf = async (tenantId: TenantId) =>
  (await database.admin.query('select *, due_at - now() as wait from outbox where tenant_id = $1', [tenantId])).rows;
const recordOf = async (tenantId: TenantId) =>
  (await database.admin.query('select record from walks where tenant_id = $1', [tenantId])).rows[0].record.delivery;
const storedFor = (tenantId: TenantId) =>
  sandbox
    .stored()
    .filter(({ tenant_id }) => tenant_id === tenantId)
    .map(({ id }) => id)
    .sort();
const deliveredIds = async (tenantId: TenantId) =>
  (
    await database.admin.query('select suggestion_id from suggestions where tenant_id = $1 and delivered_at is not null order by 1', [
      tenantId,
    ])
  ).rows.map(({ suggestion_id }) => suggestion_id);

/** The time of the next try comes: nobody waits for it here. */
const becomeDue = (tenantId: TenantId) => database.admin.query('update outbox set due_at = now() where tenant_id = $1', [tenantId]);

async function fails(attempt: Promise<unknown>): Promise<ApplicationFailure> {
  let failure: unknown;
  await attempt.catch((error: unknown) => (failure = error));
  assert.ok(failure instanceof ApplicationFailure, `a failure that Temporal tries again was expected, not ${String(failure)}`);
  assert.equal(failure.nonRetryable, false);
  return failure;
}

/** As Temporal does it: again and again until there is an outcome. */
async function deliverUntilSettled(
  tenantId: TenantId,
): Promise<{ readonly outcome: DeliveryOutcome; readonly failures: readonly ApplicationFailure[] }> {
  const failures: ApplicationFailure[] = [];
  for (;;) {
    const attempt = deliver(tenantId);
    const outcome = await attempt.catch((error: unknown) => error);
    if (!(outcome instanceof Error)) return { outcome: outcome as DeliveryOutcome, failures };
    failures.push(await fails(attempt));
    assert.ok(failures.length < 10, 'it never ends');
    await becomeDue(tenantId);
  }
}

describe('a delivery to En Garde', () => {
  it('ends with the answer: the outbox is empty, and the record shows the batch', async () => {
    const { tenantId, ids } = await writtenWalk();
    const outcome = await deliver(tenantId);
    assert.ok(outcome.kind === 'delivered' && outcome.batch_id !== undefined);
    assert.deepEqual(outcome, {
      kind: 'delivered',
      delivered: 2,
      batch_id: outcome.batch_id,
      notifications_sent: { email: 0, whatsapp: 0, chat: 0 },
    });
    assert.deepEqual(storedFor(tenantId), ids);
    assert.deepEqual(await outboxOf(tenantId), []);
    assert.deepEqual(await recordOf(tenantId), outcome);
    assert.deepEqual(await deliveredIds(tenantId), ids);
    const batches = await database.admin.query('select distinct batch_id from suggestions where tenant_id = $1', [tenantId]);
    assert.deepEqual(batches.rows, [{ batch_id: outcome.batch_id }]);
  });

  it('is not made again, neither by a retry nor by another run of the walk', async () => {
    const { tenantId, ids } = await writtenWalk();
    await deliver(tenantId);
    assert.deepEqual(await deliver(tenantId), { kind: 'nothing_to_deliver', delivered_before: 2 });
    await activities.writeSuggestions({ tenantId, walkDate: WALK_DATE });
    assert.deepEqual(await deliver(tenantId), { kind: 'nothing_to_deliver', delivered_before: 2 });
    assert.deepEqual(storedFor(tenantId), ids);
  });

  it('happens once when several workers try at once', async () => {
    const { tenantId, ids } = await writtenWalk();
    const attempts = await Promise.allSettled(Array.from({ length: 8 }, () => deliver(tenantId)));
    assert.ok(attempts.some(({ status }) => status === 'fulfilled'));
    assert.deepEqual(storedFor(tenantId), ids);
  });

  it('waits for another one that is under way, and for as long as a request of its may last', async () => {
    const { tenantId, ids } = await writtenWalk();
    sandbox.misbehave('POST suggestions', { kind: 'hang', stores: true });
    const first = fails(deliver(tenantId));
    while (storedFor(tenantId).length === 0) await new Promise((resolve) => setImmediate(resolve));
    const second = await fails(deliver(tenantId));
    assert.match(second.message, /another delivery is under way/);
    assert.ok(Number(second.nextRetryDelay) >= requestTimeoutMs);
    await first;
    await becomeDue(tenantId);
    assert.equal((await deliver(tenantId)).kind, 'delivered');
    assert.deepEqual(storedFor(tenantId), ids);
  });

  const ambiguous: readonly (readonly [string, Fault])[] = [
    ['a 500 before it was stored', { kind: 'answer', status: 500, body: { detail: 'boom' } }],
    ['a 500 after it was stored', { kind: 'answer', status: 500, stores: true }],
    ['a 502 of a proxy', { kind: 'answer', status: 502, body: 'Bad Gateway', stores: true }],
    ['a reset before it was stored', { kind: 'reset' }],
    ['a reset after it was stored', { kind: 'reset', stores: true }],
    ['silence before it was stored', { kind: 'hang' }],
    ['silence after it was stored', { kind: 'hang', stores: true }],
    ['half an answer after it was stored', { kind: 'half_answer', stores: true }],
    ['half an answer and nothing stored', { kind: 'half_answer' }],
  ];
  for (const [what, fault] of ambiguous) {
    it(`is tried again after ${what}, and nothing is stored twice`, async () => {
      const { tenantId, ids } = await writtenWalk();
      sandbox.misbehave('POST suggestions', fault);
      const failure = await fails(deliver(tenantId));
      assert.equal(failure.type, 'unavailable');
      assert.equal(failure.nextRetryDelay, 2_050);
      const delay = await recordOf(tenantId);
      assert.deepEqual({ ...delay, because: '' }, { kind: 'delayed', because: '', attempt: 1, retry_after_s: 2 });
      assert.match(delay.because, /^En Garde cannot be reached: ./);
      await becomeDue(tenantId);
      const outcome = await deliver(tenantId);
      assert.equal(outcome.kind === 'delivered' && outcome.delivered, 2);
      assert.deepEqual(storedFor(tenantId), ids, 'each is stored once');
      assert.deepEqual(await outboxOf(tenantId), []);
    });
  }

  it('asks what En Garde has before it sends again, and sends nothing while it gets no answer', async () => {
    const { tenantId, ids } = await writtenWalk();
    sandbox.misbehave('POST suggestions', { kind: 'reset', stores: true });
    sandbox.misbehave('GET suggestions', { kind: 'answer', status: 503 }, { kind: 'reset' });
    const { failures, outcome } = await deliverUntilSettled(tenantId);
    assert.equal(failures.length, 3);
    assert.deepEqual(
      failures.map(({ nextRetryDelay }) => nextRetryDelay),
      [2_050, 4_050, 8_050],
    );
    assert.equal(outcome.kind, 'delivered');
    assert.deepEqual(storedFor(tenantId), ids);
  });

  it('sends again where En Garde has no list to ask', async () => {
    const { tenantId, ids } = await writtenWalk();
    sandbox.misbehave('POST suggestions', { kind: 'reset' });
    sandbox.misbehave('GET suggestions', { kind: 'answer', status: 404 });
    const { outcome } = await deliverUntilSettled(tenantId);
    assert.equal(outcome.kind, 'delivered');
    assert.deepEqual(storedFor(tenantId), ids);
  });

  it('is tried again when nobody listens there', async () => {
    const { tenantId } = await writtenWalk();
    const gone = await startSandboxEngarde({ keys: [apiKey] });
    await gone.close();
    const failure = await fails(deliver(tenantId, activitiesAt(gone.url)));
    assert.match(failure.message, /En Garde cannot be reached: .*ECONNREFUSED/);
    await becomeDue(tenantId);
    assert.equal((await deliver(tenantId)).kind, 'delivered');
  });

  it('waits as long as En Garde asks for', async () => {
    for (const [header, delayMs] of [
      ['7', 7_050],
      ['0', 51],
      [undefined, 2_050],
    ] as const) {
      const { tenantId, ids } = await writtenWalk();
      sandbox.misbehave('POST suggestions', { kind: 'answer', status: 429, ...(header && { headers: { 'Retry-After': header } }) });
      const failure = await fails(deliver(tenantId));
      assert.equal(failure.type, 'rate_limited');
      assert.equal(failure.nextRetryDelay, delayMs);
      if (header === '7') {
        const early = await fails(deliver(tenantId));
        assert.ok(Number(early.nextRetryDelay) > 5_000, 'a try before that time is not made');
        assert.deepEqual(storedFor(tenantId), []);
      }
      await becomeDue(tenantId);
      assert.equal((await deliver(tenantId)).kind, 'delivered');
      assert.deepEqual(storedFor(tenantId), ids);
    }
  });

  it('takes its time when the answer does', async () => {
    const { tenantId, ids } = await writtenWalk();
    sandbox.misbehave('POST suggestions', { kind: 'slow', delayMs: 200 });
    assert.equal((await deliver(tenantId)).kind, 'delivered');
    assert.deepEqual(storedFor(tenantId), ids);
  });

  const refusals: readonly (readonly [number, unknown, RegExp])[] = [
    [401, { detail: 'Invalid or revoked API key' }, /^401: Invalid or revoked API key$/],
    [404, { detail: 'Tenant x not found' }, /^404: Tenant x not found$/],
    [422, { detail: [{ loc: ['body', 'suggestions'], msg: 'field required' }] }, /^422: .*field required/],
    [403, 'no', /^403: "no"$/],
    [307, '', /^307: /],
  ];
  for (const [status, body, because] of refusals) {
    it(`is not tried again after a ${status}: it is kept with the reason, until the walk is run again`, async () => {
      const { tenantId, ids } = await writtenWalk();
      sandbox.misbehave('POST suggestions', { kind: 'answer', status, body });
      const outcome = await deliver(tenantId);
      assert.ok(outcome.kind === 'refused');
      assert.match(outcome.because, because);
      const requests = sandbox.journal().length;
      assert.deepEqual(await deliver(tenantId), outcome);
      assert.equal(sandbox.journal().length, requests, 'En Garde is not asked again');
      const [row] = await outboxOf(tenantId);
      assert.equal(row.refused_because, outcome.because);
      assert.deepEqual(await recordOf(tenantId), outcome);
      assert.deepEqual(await deliveredIds(tenantId), []);

      await activities.writeSuggestions({ tenantId, walkDate: WALK_DATE });
      assert.equal((await deliver(tenantId)).kind, 'delivered');
      assert.deepEqual(storedFor(tenantId), ids);
    });
  }

  it('is refused by the real checks: a key that is not known, a tenant that is not there', async () => {
    const { tenantId } = await writtenWalk();
    assert.deepEqual(await deliver(tenantId, activitiesAt(sandbox.url, newKey())), {
      kind: 'refused',
      because: '401: Invalid or revoked API key',
    });
    const other = await startSandboxEngarde({ keys: [apiKey], tenants: [] });
    await activities.writeSuggestions({ tenantId, walkDate: WALK_DATE });
    assert.deepEqual(await deliver(tenantId, activitiesAt(other.url)), { kind: 'refused', because: `404: Tenant ${tenantId} not found` });
    await other.close();
  });

  for (const namesThem of [true, false]) {
    it(`that stores a part is shown as such, and that part is never sent again (errors ${namesThem ? 'name' : 'do not name'} the rest)`, async () => {
      const { tenantId, ids } = await writtenWalk();
      sandbox.misbehave('POST suggestions', { kind: 'partial', missing: 1, namesThem });
      const outcome = await deliver(tenantId);
      assert.ok(outcome.kind === 'partly_delivered');
      assert.equal(outcome.delivered, 1);
      assert.match(outcome.because, /did not store 1 of 2: .*could not be stored/);
      assert.deepEqual(await recordOf(tenantId), outcome);
      assert.deepEqual(await deliveredIds(tenantId), storedFor(tenantId));
      assert.equal((await deliver(tenantId)).kind, 'refused');
      assert.equal(storedFor(tenantId).length, 1);

      await activities.writeSuggestions({ tenantId, walkDate: WALK_DATE });
      const rest = await deliver(tenantId);
      assert.equal(rest.kind === 'delivered' && rest.delivered, 1);
      assert.deepEqual(storedFor(tenantId), ids, 'each is stored once');
      const summaries = sandbox.journal().filter(({ stored }) => stored.some((id) => ids.includes(id)));
      assert.deepEqual(
        summaries.map(({ received }) => received.length),
        [2, 1],
      );
    });
  }

  it('is done when En Garde said yes in words that are not understood', async () => {
    const { tenantId } = await writtenWalk();
    sandbox.misbehave('POST suggestions', { kind: 'answer', status: 201, body: 'created', stores: true });
    assert.deepEqual(await deliver(tenantId), { kind: 'delivered', delivered: 2 });
    assert.deepEqual(await outboxOf(tenantId), []);
  });

  it('of one walk leaves those of other tenants and days alone', async () => {
    const [first, second] = [await writtenWalk(), await writtenWalk()];
    await deliver(first.tenantId);
    assert.deepEqual(storedFor(second.tenantId), []);
    assert.equal((await outboxOf(second.tenantId)).length, 1);
  });
});
