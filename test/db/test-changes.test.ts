import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { TenantId } from '../../core/ids.js';
import type { TestRow } from '../../db/queries/tests.js';
import { createTestDatabase, type TestDatabase } from '../harness/database.js';
import { addUsers, change, columnsOf, DAY_MS, exposeMany, lookAt, makeTest, reload, startedTest } from '../harness/tests.js';

let database: TestDatabase;
before(async () => void (database = await createTestDatabase()));
after(() => database.drop());

const START = new Date('2026-03-02T12:00:00Z');
const hoursLater = (hours: number) => new Date(START.getTime() + hours * 3_600_000);

async function tenantWithUsers(users: number): Promise<TenantId> {
  const tenantId = await database.newTenant();
  await addUsers(database, tenantId, users);
  return tenantId;
}

describe('the life of a test', () => {
  it('begins once, however many ask for it at once', async () => {
    const test = await makeTest(database, await tenantWithUsers(10), START);
    const answers = await Promise.all(
      Array.from({ length: 8 }, () => change(database, test, { kind: 'start', acceptTooSmall: true }, START)),
    );
    assert.equal(answers.filter(({ answer }) => answer.kind === 'done').length, 1);
    assert.equal(answers.filter(({ answer }) => answer.kind === 'unchanged').length, 7);
    const rows = await columnsOf(database, `select from ab_test_decisions where test_id = $1 and kind = 'started'`, test.id);
    assert.equal(rows.length, 1);
  });

  it('does not begin where too few users can take part, unless that is accepted', async () => {
    const test = await makeTest(database, await tenantWithUsers(10), START);
    const { answer } = await change(database, test, { kind: 'start', acceptTooSmall: false }, START);
    assert.ok(answer.kind === 'refused');
    assert.match(answer.because, /^Too small: .* users are needed and \d+ can take part/);
    assert.equal((await reload(database, test)).status, 'draft');
  });

  const winner = async () => {
    const test = await startedTest(database, await tenantWithUsers(4_000), START);
    for (let day = 0; day < 9; day += 1) {
      await exposeMany(database, test, {
        from: day * 400,
        to: (day + 1) * 400,
        at: hoursLater(day * 24 + 1),
        converting: { control: 20, personal: 40 },
      });
    }
    for (let number = 1; number <= 9; number += 1) await lookAt(database, test, number, hoursLater(18 + 24 * (number - 1)));
    return reload(database, test);
  };
  const defaults = (test: TestRow) =>
    columnsOf(database, 'select version, parts, action from template_defaults where tenant_id = $1 order by version', test.tenantId);

  it('lets a winner be applied once, rolled back, and applied again only when that is meant', async () => {
    const test = await winner();
    const at = hoursLater(300);
    assert.equal((await change(database, test, { kind: 'apply' }, at)).answer.kind, 'done');
    assert.equal((await change(database, test, { kind: 'apply' }, at)).answer.kind, 'unchanged');
    assert.equal((await change(database, test, { kind: 'rollback' }, at)).answer.kind, 'done');
    assert.equal((await change(database, test, { kind: 'rollback' }, at)).answer.kind, 'unchanged');
    assert.equal((await change(database, test, { kind: 'apply' }, at)).answer.kind, 'refused');
    assert.equal((await change(database, test, { kind: 'apply', again: true }, at)).answer.kind, 'done');
    const subject = { subject: '{{first_name}}, your dashboard is ready' };
    assert.deepEqual(await defaults(test), [
      { version: 1, parts: subject, action: 'apply' },
      { version: 2, parts: null, action: 'rollback' },
      { version: 3, parts: subject, action: 'apply' },
    ]);
    assert.equal((await reload(database, test)).status, 'applied');
  });

  it('does not take back what a later test has changed', async () => {
    const test = await winner();
    await change(database, test, { kind: 'apply' }, hoursLater(300));
    await database.admin.query(
      `insert into template_defaults (tenant_id, template_family, version, parts, action, test_id, variation_id, actor, changed_at)
       select tenant_id, template_family, 2, '{"subject": "Other"}', 'apply', (select id from ab_tests where test_name = 'Other' and tenant_id = $1), 'x', 'test', now()
       from template_defaults where tenant_id = $1`.replace(`(select id from ab_tests where test_name = 'Other' and tenant_id = $1)`, '$2'),
      [test.tenantId, (await makeTest(database, test.tenantId as TenantId, START)).id],
    );
    await assert.rejects(change(database, test, { kind: 'rollback' }, hoursLater(301)), /was changed by another test since/);
  });

  it('is extended after a stop, at a price that is told, and goes on by another rule', async () => {
    const test = await startedTest(database, await tenantWithUsers(10), START);
    await change(database, test, { kind: 'stop' }, hoursLater(50));
    const { answer, test: extended } = await change(database, test, { kind: 'extend', days: 7 }, hoursLater(60));
    assert.equal(answer.kind, 'done');
    assert.ok(extended.state.mode === 'running');
    assert.equal(extended.state.rule.kind, 'confidence_sequence');
    assert.equal(extended.state.extensions[0]?.errorAfter, 0.05);
    assert.equal(extended.state.endsAtMs, START.getTime() + 15 * DAY_MS + 7 * DAY_MS);
  });

  it('ends at once where its last day passed while everything was down', async () => {
    const test = await startedTest(database, await tenantWithUsers(10), START);
    const { test: ended, look } = await lookAt(database, test, 1, hoursLater(24 * 60));
    assert.equal(look?.verdict.kind, 'inconclusive');
    assert.equal(ended.status, 'decided');
  });
});
