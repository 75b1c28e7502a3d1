import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { assignVariation } from '../../core/experiment/assignment.js';
import type { TenantId } from '../../core/ids.js';
import { updateTenant } from '../../db/queries/tenants.js';
import { hypothesesOfTenant } from '../../db/queries/test-hypotheses.js';
import { listDecisions, listTests, testsWithoutClock, type TestRow } from '../../db/queries/tests.js';
import { createTestDatabase, type TestDatabase } from '../harness/database.js';
import { addUsers, DAY_MS, exposeMany, lookAt, planOf, startedTest, type twoSubjects } from '../harness/tests.js';

let database: TestDatabase;
before(async () => void (database = await createTestDatabase()));
after(() => database.drop());

const START = new Date('2026-03-02T12:00:00Z');
const later = (days: number) => new Date(START.getTime() + days * DAY_MS);

async function tenantWith(share: number | null, users = 60_000): Promise<TenantId> {
  const tenantId = await database.newTenant();
  await addUsers(database, tenantId, users);
  await updateTenant(database, tenantId, { alwaysOnShare: share });
  return tenantId;
}

/** A test that is decided by its second look. */
async function decided(tenantId: TenantId, changes: Partial<typeof twoSubjects> = {}, personal = 30): Promise<TestRow> {
  const test = await startedTest(database, tenantId, START, { applyAutomatically: true, ...changes });
  const converting = { control: 20, personal };
  await exposeMany(database, test, { from: 0, to: 4_000, at: later(0.1), converting });
  await lookAt(database, test, 1, later(4));
  await exposeMany(database, test, { from: 4_000, to: 6_000, at: later(5), converting });
  await lookAt(database, test, 2, later(16));
  return test;
}

const testsOf = (tenantId: TenantId) => database.withTenant(tenantId, (tx) => listTests(tx, tenantId, { before: undefined, limit: 100 }));
const nextOf = async (tenantId: TenantId): Promise<TestRow | undefined> =>
  (await testsOf(tenantId)).find(({ createdBy }) => createdBy.startsWith('always on'));

describe('a test that is decided where tests may start by themselves', () => {
  it('starts the next hypothesis, against the winner that was applied, on the users that are allowed', async () => {
    const tenantId = await tenantWith(0.5);
    const first = await decided(tenantId);
    const next = await nextOf(tenantId);
    assert.ok(next);
    assert.equal(next.status, 'running');
    assert.deepEqual(next.variations[0]?.parts, { subject: '{{first_name}}, your dashboard is ready' });
    assert.deepEqual(next.variations[1]?.parts, { subject: '✨ {{first_name}}, your dashboard is ready' });
    assert.deepEqual(next.design.exclusion, { group: 'always on', from: 0, to: 0.5 });
    assert.equal(next.design.baseline.source, `the control of ${first.testKey}`);
    const [created] = await database.withTenant(tenantId, (tx) => listDecisions(tx, next));
    assert.match(String(created?.detail['hypothesis']), /^An emoji in the subject raises the rate by \+\d+(\.\d)? % or more\.$/);
    assert.deepEqual(
      await database.withTenant(tenantId, (tx) => testsWithoutClock(tx, tenantId)),
      [next.testKey],
      'a worker starts its clock',
    );
    const plan = planOf(next);
    const places = Array.from({ length: 4_000 }, (_, i) =>
      assignVariation(plan, { userId: `u${i + 1}`, atMs: later(17).getTime(), exposedTo: null }),
    );
    const share = places.filter(({ kind }) => kind === 'in').length / 4_000;
    assert.ok(share > 0.46 && share < 0.54, `${share}`);
  });

  it('starts nothing where nobody allowed it, where the allowed share is taken, and where too few users are', async () => {
    const notAllowed = await tenantWith(null);
    await decided(notAllowed);
    assert.equal(await nextOf(notAllowed), undefined);

    const few = await tenantWith(0.01, 6_000);
    await decided(few);
    assert.equal((await testsOf(few)).length, 1, 'no draft is left');

    const taken = await tenantWith(0.5);
    await startedTest(database, taken, START, { name: 'Another', exclusionGroup: { group: 'always on', share: 0.5 } });
    await decided(taken);
    assert.equal(await nextOf(taken), undefined);
  });

  it('does not go on by itself after harm, or without a template family', async () => {
    const elsewhere = await tenantWith(0.5);
    await decided(elsewhere, { applyTo: undefined as never, applyAutomatically: false });
    assert.equal((await testsOf(elsewhere)).length, 1);

    const harmed = await tenantWith(0.5);
    const test = await startedTest(database, harmed, START);
    await exposeMany(database, test, { from: 0, to: 4_000, at: later(0.1), converting: { control: 20, personal: 20 } });
    await database.admin.query(
      `update ab_test_exposures set unsubscribed_at = exposed_at + interval '1 hour' where tenant_id = $1 and variation_id = 'personal' and user_id like '%7'`,
      [harmed],
    );
    await lookAt(database, test, 1, later(8));
    const [row] = await testsOf(harmed);
    assert.ok(row && 'ending' in row.state);
    assert.equal(row.state.ending.kind, 'harmful');
    assert.equal((await testsOf(harmed)).length, 1);
  });

  it('keeps the default as the control where nothing was found', async () => {
    const tenantId = await tenantWith(0.5);
    await decided(tenantId, {}, 20);
    const next = await nextOf(tenantId);
    assert.deepEqual(next?.variations[0]?.parts, { subject: 'Welcome' });
  });
});

describe('the next hypotheses of a tenant', () => {
  const hypotheses = (tenantId: TenantId, asOf: Date) =>
    database.withTenant(tenantId, (tx) => hypothesesOfTenant(tx, tenantId, { asOf, running: [] }));

  it('are none before a test has taught something, and rest on what tests have found', async () => {
    const tenantId = await tenantWith(null);
    await decided(tenantId);
    assert.deepEqual(await hypotheses(tenantId, later(10)), []);
    const [next, ...others] = await hypotheses(tenantId, later(17));
    assert.ok(next && others.length === 0);
    assert.deepEqual([next.channel, next.metric], ['email', 'conversion_rate']);
    assert.ok(Math.abs(next.baselineRate - 0.2) < 0.001, `${next.baselineRate}`);
    const personalised = next.hypotheses.find(({ change }) => change.trait === 'personalised_subject');
    assert.match(personalised?.evidence.inWords ?? '', /^1 test so far: \+\d/);
    assert.ok(next.hypotheses.every(({ usersPerArm }) => usersPerArm > 100));
  });
});
